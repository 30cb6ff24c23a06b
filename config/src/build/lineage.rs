//! Versions and changes are one tree, rooted at the origin: between two versions there is one way.

use super::change::Change;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{VersionId, VersionPlan};
use crate::yaml::Tree;

/// Judges the changes together. The tree is that of `api.yaml`. `complete` is false when a change
/// could not be read: a version that it would reach is not said to be out of reach.
pub(super) fn judge(
    tree: &Tree,
    versions: &[VersionPlan],
    origin: Option<VersionId>,
    changes: &[Change<'_>],
    complete: bool,
    faults: &mut Vec<Diagnostic>,
) {
    let mut islands = Islands::new(versions.len());
    for (i, change) in changes.iter().enumerate() {
        if let Some(earlier) = changes[..i].iter().find(|other| pair(other) == pair(change)) {
            let message = format!(
                "`{}` describes the change between these versions already",
                earlier.tree.file
            );
            let fault = change.tree.fault(Code::DuplicateChange, "/between", message);
            faults.push(fault.hint("put the steps of both into one file"));
        } else if !islands.join(change.old, change.new) {
            let [old, new] = [change.old, change.new].map(|id| &versions[id.index()].name);
            let message = format!("other changes lead from `{old}` to `{new}` already");
            let fault = change.tree.fault(Code::Cycle, "/between", message);
            faults.push(
                fault.hint("between two versions there is one way: delete the change that does not belong"),
            );
        }
    }
    if let Some(origin) = origin.filter(|_| complete) {
        out_of_reach(tree, versions, origin, &mut islands, faults);
    }
}

fn out_of_reach(
    tree: &Tree,
    versions: &[VersionPlan],
    origin: VersionId,
    islands: &mut Islands,
    faults: &mut Vec<Diagnostic>,
) {
    let home = islands.find(origin.index());
    for (i, version) in versions.iter().enumerate() {
        let first = |other: &VersionPlan| other.name == version.name;
        let listed_before = versions[..i].iter().any(first);
        if !listed_before && islands.find(i) != home {
            let origin = &versions[origin.index()].name;
            let message = format!("no changes lead from `{}` to the origin `{origin}`", version.name);
            let fault = tree.fault(Code::Unreachable, &format!("/versions/{i}"), message);
            faults.push(fault.hint(format!(
                "write the change between `{}` and its neighbour in `changes/`",
                version.name
            )));
        }
    }
}

fn pair(change: &Change<'_>) -> (VersionId, VersionId) {
    (change.old.min(change.new), change.old.max(change.new))
}

/// Sets of versions that changes connect (union-find, with path halving).
struct Islands {
    parent: Vec<usize>,
}

impl Islands {
    fn new(count: usize) -> Self {
        Islands {
            parent: (0..count).collect(),
        }
    }

    fn find(&mut self, mut at: usize) -> usize {
        while self.parent[at] != at {
            self.parent[at] = self.parent[self.parent[at]];
            at = self.parent[at];
        }
        at
    }

    /// Connects two versions; false if they were connected.
    fn join(&mut self, a: VersionId, b: VersionId) -> bool {
        let (a, b) = (self.find(a.index()), self.find(b.index()));
        self.parent[a] = b;
        a != b
    }
}
