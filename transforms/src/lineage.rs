//! The tree of an API's versions. Each edge is a change; the contract of every version is computed from the origin's
//! by walking the edges outwards, one step at a time.

mod growth;
mod plant;

use std::collections::HashMap;
use std::sync::Arc;

use crate::change::{Action, Change, Site};
use crate::contract::Contract;
use crate::op::Direction;
use crate::shape::TypeFault;
use crate::walk::ListPolicy;
use growth::Growth;
use plant::plant_all;

/// What a lineage is made of.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Every version, in display order.
    pub versions: Vec<String>,
    /// The version that the upstream speaks.
    pub origin: String,
    /// What the origin promises.
    pub contract: Contract,
    /// The changes between neighbours.
    pub changes: Vec<Change>,
    /// Places that changes name themselves.
    pub sites: Vec<Site>,
    /// How documents are treated.
    pub policy: Policy,
}

/// How documents are treated, whatever the version.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Members that no version mentions.
    pub additions: Additions,
    /// Elements of lists that cannot be lowered.
    pub lists: ListPolicy,
    /// The scalar type whose values are JSON Pointers into the request.
    pub pointers: Option<String>,
}

/// What becomes of members that no version mentions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Additions {
    /// They pass through.
    #[default]
    Pass,
    /// They are taken out.
    Strip,
    /// They are refused.
    Refuse,
}

/// A fault in a change, with its place in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineageFault {
    /// Which change, by its position in the draft.
    pub change: usize,
    /// Where in its file, as a JSON Pointer.
    pub place: String,
    /// The direction that does not fit.
    pub fault: TypeFault,
}

/// A step of a change with the contracts on both of its sides.
#[derive(Debug)]
pub struct Pass {
    /// The change that it is part of, by position.
    pub change: usize,
    /// Where it is written in the change's file.
    pub place: String,
    /// What it does.
    pub action: Action,
    /// The contract before the step.
    pub old: Arc<Contract>,
    /// The contract after it.
    pub new: Arc<Contract>,
}

/// The tree of an API's versions, compiled.
#[derive(Debug)]
pub struct Lineage {
    versions: Vec<String>,
    origin: usize,
    contracts: Vec<Arc<Contract>>,
    changes: Vec<Change>,
    /// Passes of each change, in the order of its file.
    passes: Vec<Vec<Arc<Pass>>>,
    policy: Policy,
}

/// The steps on the path between two versions, in the order in which they are taken.
#[derive(Clone, Debug)]
pub struct Chain {
    /// The version that it starts from.
    pub from: String,
    /// The version that it leads to.
    pub to: String,
    /// The contract that it starts from.
    pub source: Arc<Contract>,
    /// The contract that it leads to.
    pub target: Arc<Contract>,
    /// The steps.
    pub steps: Vec<(Arc<Pass>, Direction)>,
}

impl Pass {
    /// The contract that a step in this direction starts from.
    pub fn source(&self, to: Direction) -> &Arc<Contract> {
        if to == Direction::Up { &self.old } else { &self.new }
    }

    /// The contract that a step in this direction leads to.
    pub fn target(&self, to: Direction) -> &Arc<Contract> {
        self.source(to.back())
    }
}

impl Chain {
    /// The same path, walked back.
    #[must_use]
    pub fn back(&self) -> Self {
        Self {
            from: self.to.clone(),
            to: self.from.clone(),
            source: self.target.clone(),
            target: self.source.clone(),
            steps: self
                .steps
                .iter()
                .rev()
                .map(|(pass, to)| (pass.clone(), to.back()))
                .collect(),
        }
    }
}

impl Lineage {
    /// Compiles a draft.
    ///
    /// # Errors
    /// Every step that does not fit. The draft's changes must form one tree over its versions; steps of changes that
    /// hang off nothing are not compiled.
    pub fn compile(draft: Draft) -> Result<Self, Vec<LineageFault>> {
        let mut contract = draft.contract;
        plant_all(&mut contract, &draft.sites);
        let mut faults = Vec::new();
        let mut growth = Growth::new(&draft.versions, draft.changes.len());
        let origin = growth.index(&draft.origin);
        growth.contracts[origin] = Some(Arc::new(contract));
        while let Some((index, to)) = growth.next(&draft.changes) {
            growth.grow(index, &draft.changes[index], to, &mut faults);
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let contracts = growth
            .contracts
            .into_iter()
            .map(Option::unwrap_or_default)
            .collect();
        let Draft {
            versions,
            changes,
            policy,
            ..
        } = draft_rest(draft.versions, draft.changes, draft.policy);
        Ok(Self {
            versions,
            origin,
            contracts,
            changes,
            passes: growth.passes,
            policy,
        })
    }

    /// Every version, in display order.
    pub fn versions(&self) -> &[String] {
        &self.versions
    }

    /// The version that the upstream speaks.
    pub fn origin(&self) -> &str {
        &self.versions[self.origin]
    }

    /// The changes.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// How documents are treated.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What a version promises.
    pub fn contract(&self, version: &str) -> Option<&Arc<Contract>> {
        self.position(version).map(|index| &self.contracts[index])
    }

    fn position(&self, version: &str) -> Option<usize> {
        self.versions.iter().position(|v| v == version)
    }

    /// The steps between two versions; `None` if one is unknown.
    pub fn chain(&self, from: &str, to: &str) -> Option<Chain> {
        let path = self.path(self.position(from)?, self.position(to)?)?;
        let mut steps = Vec::new();
        for (change, direction) in path {
            let passes = self.passes[change].iter().map(|pass| (pass.clone(), direction));
            if direction == Direction::Up {
                steps.extend(passes)
            } else {
                steps.extend(passes.rev())
            }
        }
        let (source, target) = (self.contract(from)?.clone(), self.contract(to)?.clone());
        Some(Chain {
            from: from.to_owned(),
            to: to.to_owned(),
            source,
            target,
            steps,
        })
    }

    /// The changes between a version and the origin, by position, the version's own first; `None` if it is unknown.
    pub fn way(&self, version: &str) -> Option<Vec<usize>> {
        let path = self.path(self.position(version)?, self.origin)?;
        Some(path.into_iter().map(|(change, _)| change).collect())
    }

    /// The changes between two versions with their directions: in a tree there is one path.
    fn path(&self, from: usize, to: usize) -> Option<Vec<(usize, Direction)>> {
        let mut came: HashMap<usize, (usize, usize, Direction)> = HashMap::new();
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            for (index, change) in self.changes.iter().enumerate() {
                let (old, new) = (self.position(&change.old)?, self.position(&change.new)?);
                for (here, there, direction) in [(old, new, Direction::Up), (new, old, Direction::Down)] {
                    if here == at && there != from && !came.contains_key(&there) {
                        came.insert(there, (at, index, direction));
                        open.push(there);
                    }
                }
            }
        }
        let mut path = Vec::new();
        let mut at = to;
        while at != from {
            let (previous, change, direction) = *came.get(&at)?;
            path.push((change, direction));
            at = previous;
        }
        path.reverse();
        Some(path)
    }
}

/// The parts of a draft that a lineage keeps.
fn draft_rest(versions: Vec<String>, changes: Vec<Change>, policy: Policy) -> Draft {
    Draft {
        versions,
        changes,
        policy,
        origin: String::new(),
        contract: Contract::default(),
        sites: Vec::new(),
    }
}
