//! How the tree grows: from the origin outwards, change by change, each step turning one contract into the next.

use std::collections::HashMap;
use std::sync::Arc;

use super::{LineageFault, Pass};
use crate::change::{Action, Change};
use crate::contract::{Contract, Operation};
use crate::op::Direction;
use crate::pointer::Pointer;
use crate::shape::{Kind, Shape, TypeFault, TypeFaultKind, Types};

/// The tree while it grows from the origin outwards.
pub(super) struct Growth {
    names: HashMap<String, usize>,
    pub(super) contracts: Vec<Option<Arc<Contract>>>,
    pub(super) passes: Vec<Vec<Arc<Pass>>>,
    grown: Vec<bool>,
}

impl Growth {
    pub(super) fn new(versions: &[String], changes: usize) -> Self {
        let names = versions.iter().enumerate().map(|(i, v)| (v.clone(), i)).collect();
        Self {
            names,
            contracts: vec![None; versions.len()],
            passes: vec![Vec::new(); changes],
            grown: vec![false; changes],
        }
    }

    pub(super) fn index(&self, version: &str) -> usize {
        self.names.get(version).copied().unwrap_or_default()
    }

    /// A change with one known end, and the direction that leads away from it.
    pub(super) fn next(&self, changes: &[Change]) -> Option<(usize, Direction)> {
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

    pub(super) fn grow(
        &mut self,
        index: usize,
        change: &Change,
        to: Direction,
        faults: &mut Vec<LineageFault>,
    ) {
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
        faults.extend(twice(&at, change).map(|(place, fault)| LineageFault {
            change: index,
            place,
            fault,
        }));
        if to == Direction::Down {
            passes.reverse();
        }
        self.passes[index] = passes;
        let into = self.index(into);
        self.contracts[into] = Some(at);
    }
}

/// Two operations of a version with the same method and path: one of them could never be reached.
fn twice(contract: &Contract, change: &Change) -> Option<(String, TypeFault)> {
    let operations = &contract.operations;
    let same = |a: &Operation, b: &Operation| a.method == b.method && a.path.same_paths(&b.path);
    let (index, again) = operations
        .iter()
        .enumerate()
        .find(|(i, o)| operations[..*i].iter().any(|other| same(other, o)))?;
    let first = operations[..index].iter().find(|other| same(other, again))?;
    let names = [&first.id, &again.id];
    let step = change
        .steps
        .iter()
        .find(|s| s.action.name() == "operation" && names.iter().any(|n| *n == s.action.subject()))?;
    let message = format!(
        "{} and {} would both be {} {}",
        first.id, again.id, again.method, again.path
    );
    Some((
        step.place.clone(),
        TypeFault::new(TypeFaultKind::FieldExists, &Pointer::root(), message),
    ))
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
