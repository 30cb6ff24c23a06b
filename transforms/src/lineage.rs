//! The tree of an API's versions. Each edge is a change; the contract of every version is computed from the origin's
//! by walking the edges outwards, one step at a time.

use std::collections::HashMap;
use std::sync::Arc;

use crate::change::{Action, Change, Site};
use crate::contract::{Answer, Contract, Operation, Payload, StatusRange};
use crate::op::Direction;
use crate::pointer::Pointer;
use crate::shape::{Field, Kind, Shape, TypeFault, TypeFaultKind, Types};
use crate::template::PathTemplate;
use crate::walk::ListPolicy;

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

/// The tree while it grows from the origin outwards.
struct Growth {
    names: HashMap<String, usize>,
    contracts: Vec<Option<Arc<Contract>>>,
    passes: Vec<Vec<Arc<Pass>>>,
    grown: Vec<bool>,
}

impl Growth {
    fn new(versions: &[String], changes: usize) -> Self {
        let names = versions.iter().enumerate().map(|(i, v)| (v.clone(), i)).collect();
        Self {
            names,
            contracts: vec![None; versions.len()],
            passes: vec![Vec::new(); changes],
            grown: vec![false; changes],
        }
    }

    fn index(&self, version: &str) -> usize {
        self.names.get(version).copied().unwrap_or_default()
    }

    /// A change with one known end, and the direction that leads away from it.
    fn next(&self, changes: &[Change]) -> Option<(usize, Direction)> {
        let known = |version: &str| {
            self.names
                .get(version)
                .is_some_and(|i| self.contracts[*i].is_some())
        };
        changes
            .iter()
            .enumerate()
            .filter(|(index, _)| !self.grown[*index])
            .find_map(|(index, change)| match (known(&change.old), known(&change.new)) {
                (true, false) if self.names.contains_key(&change.new) => Some((index, Direction::Up)),
                (false, true) if self.names.contains_key(&change.old) => Some((index, Direction::Down)),
                _ => None,
            })
    }

    fn grow(&mut self, index: usize, change: &Change, to: Direction, faults: &mut Vec<LineageFault>) {
        self.grown[index] = true;
        let (from, into) = if to == Direction::Up {
            (&change.old, &change.new)
        } else {
            (&change.new, &change.old)
        };
        let Some(mut at) = self.contracts[self.index(from)].clone() else {
            return;
        };
        let mut passes = Vec::with_capacity(change.steps.len());
        let mut steps: Vec<_> = change.steps.iter().collect();
        if to == Direction::Down {
            steps.reverse();
        }
        for step in steps {
            let mut next = (*at).clone();
            let fault = retype(&step.action, to, &mut next).err();
            faults.extend(fault.map(|fault| LineageFault {
                change: index,
                place: step.place.clone(),
                fault,
            }));
            let next = Arc::new(next);
            let (old, new) = if to == Direction::Up {
                (at, next.clone())
            } else {
                (next.clone(), at)
            };
            passes.push(Arc::new(Pass {
                change: index,
                place: step.place.clone(),
                action: step.action.clone(),
                old,
                new,
            }));
            at = next;
        }
        if to == Direction::Down {
            passes.reverse();
        }
        self.passes[index] = passes;
        let into = self.index(into);
        self.contracts[into] = Some(at);
    }
}

/// Turns a contract into the one on the other side of a step.
fn retype(action: &Action, to: Direction, contract: &mut Contract) -> Result<(), TypeFault> {
    match action {
        Action::Type { label, operator } => retype_label(label, operator.as_ref(), to, contract),
        Action::Message { operation, operator } => {
            let known = operation == "*" || contract.operation(operation).is_some();
            if !known && operator.name() != "operation" {
                let names: Vec<&str> = contract.operations.iter().map(|o| o.id.as_str()).collect();
                let fault = TypeFault::new(
                    TypeFaultKind::NoSuchOperation,
                    &Pointer::root(),
                    format!("there is no operation `{operation}`"),
                );
                return Err(fault.hint(format!("the operations there are: {}", names.join(", "))));
            }
            operator.retype(to, contract, operation)
        }
    }
}

fn retype_label(
    label: &str,
    operator: &dyn crate::op::Operator,
    to: Direction,
    contract: &mut Contract,
) -> Result<(), TypeFault> {
    let types = contract.types.clone();
    let mut found = false;
    for (name, shape) in &mut contract.types {
        retype_below(shape, label, operator, to, &types, name == label, &mut found)?;
    }
    for shape in contract.shapes_mut() {
        retype_below(shape, label, operator, to, &types, false, &mut found)?;
    }
    if found {
        return Ok(());
    }
    let names: Vec<&str> = types.keys().map(String::as_str).collect();
    let fault = TypeFault::new(
        TypeFaultKind::NoSuchType,
        &Pointer::root(),
        format!("there is no type `{label}`"),
    );
    Err(fault.hint(format!("the types there are: {}", names.join(", "))))
}

/// Retypes the labelled occurrences inside a shape, inner ones first.
fn retype_below(
    shape: &mut Shape,
    label: &str,
    operator: &dyn crate::op::Operator,
    to: Direction,
    types: &Types,
    named: bool,
    found: &mut bool,
) -> Result<(), TypeFault> {
    match &mut shape.kind {
        Kind::Object { fields, .. } => {
            for field in fields {
                retype_below(&mut field.shape, label, operator, to, types, false, found)?;
            }
        }
        Kind::List(inner) | Kind::Map(inner) => {
            retype_below(inner, label, operator, to, types, false, found)?
        }
        Kind::OneOf(shapes) => {
            for inner in shapes {
                retype_below(inner, label, operator, to, types, false, found)?;
            }
        }
        _ => {}
    }
    let reference = matches!(shape.kind, Kind::Ref(_));
    if named || !reference && shape.label.as_deref() == Some(label) {
        *found = true;
        operator.retype(to, shape, types)?;
        // A rewritten type is still the type of that name.
        shape.label.get_or_insert_with(|| label.to_owned());
    }
    Ok(())
}

/// Makes the operations and places that changes name themselves.
fn plant_all(contract: &mut Contract, sites: &[Site]) {
    for site in sites {
        if contract.operation(&site.operation).is_none() {
            contract.operations.extend(bare_operation(&site.operation));
        }
        let Some(operation) = contract.operation_mut(&site.operation) else {
            continue;
        };
        let label = site.label();
        if site.request {
            operation
                .request
                .iter_mut()
                .for_each(|p| plant(&mut p.shape, &site.at, &label));
        } else {
            operation
                .answers
                .iter_mut()
                .filter_map(|a| a.shape.as_mut())
                .for_each(|s| plant(s, &site.at, &label));
        }
    }
}

/// An operation of which only method and path are known.
fn bare_operation(id: &str) -> Option<Operation> {
    let (method, path) = id.split_once(' ')?;
    let body = matches!(method, "POST" | "PUT" | "PATCH");
    Some(Operation {
        id: id.to_owned(),
        method: method.to_owned(),
        path: PathTemplate::parse(path).ok()?,
        parameters: Vec::new(),
        request: body.then(|| Payload {
            shape: Shape::any(),
            patch: method == "PATCH",
        }),
        answers: vec![Answer {
            status: StatusRange::Class(2),
            shape: Some(Shape::any()),
            headers: Vec::new(),
        }],
    })
}

fn plant(shape: &mut Shape, at: &Pointer, label: &str) {
    let mut place = shape;
    for name in at.names() {
        if name == "*" {
            if !matches!(place.kind, Kind::List(_)) {
                place.kind = Kind::List(Box::new(Shape::any()));
            }
        } else if !matches!(place.kind, Kind::Object { .. }) {
            place.kind = Kind::Object {
                fields: Vec::new(),
                open: true,
            };
        }
        place = match &mut place.kind {
            Kind::List(inner) => inner,
            Kind::Object { fields, .. } => {
                let index = fields.iter().position(|f| f.name == *name).unwrap_or_else(|| {
                    fields.push(Field::any(name));
                    fields.len() - 1
                });
                &mut fields[index].shape
            }
            _ => return,
        };
    }
    place.label = Some(label.to_owned());
}
