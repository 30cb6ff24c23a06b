//! The document after every step.

use sluice_transforms::change::Change;
use sluice_transforms::lineage::{Lineage, Pass};
use sluice_transforms::op::Direction;
use sluice_transforms::reference::Observer;
use sluice_transforms::value::Value;

/// A document on its way through a chain.
pub(super) struct Taken {
    changes: Vec<Change>,
    /// As it began.
    pub(super) before: Option<Value>,
    /// After every step that was taken.
    pub(super) steps: Vec<Step>,
}

/// A step that was taken.
pub(super) struct Step {
    /// The version that it leads from.
    pub(super) from: String,
    /// The version that it leads to.
    pub(super) to: String,
    /// What was done.
    pub(super) operator: &'static str,
    /// To what.
    pub(super) subject: String,
    /// Where the step is written, as a JSON Pointer into the change's file.
    pub(super) place: String,
    /// The document after it.
    pub(super) document: Option<Value>,
}

impl Taken {
    /// Before the first step.
    pub(super) fn new(lineage: &Lineage, before: Option<Value>) -> Self {
        Self {
            changes: lineage.changes().to_vec(),
            before,
            steps: Vec::new(),
        }
    }

    /// Every step with the document before it.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (Option<&Value>, &Step)> {
        let before =
            std::iter::once(self.before.as_ref()).chain(self.steps.iter().map(|step| step.document.as_ref()));
        before.zip(&self.steps)
    }
}

impl Observer for Taken {
    fn step(&mut self, pass: &Pass, to: Direction, body: Option<&Value>) {
        let Some(change) = self.changes.get(pass.change) else {
            return;
        };
        let (from, into) = ends(change, to);
        self.steps.push(Step {
            from: from.to_owned(),
            to: into.to_owned(),
            operator: pass.action.name(),
            subject: pass.action.subject().to_owned(),
            place: pass.place.clone(),
            document: body.cloned(),
        });
    }
}

/// The versions that a change leads from and to, in a direction.
pub(super) fn ends(change: &Change, to: Direction) -> (&str, &str) {
    if to == Direction::Up {
        (&change.old, &change.new)
    } else {
        (&change.new, &change.old)
    }
}
