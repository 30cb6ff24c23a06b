//! Writing over what is stored: how far a write depends on it, what it is at every stage, and where kept members stand.

use super::step::{Stage, Way, body_shape, type_step};
use super::{Interpreter, Unobserved};
use crate::change::Action;
use crate::contract::Contract;
use crate::fault::{Fault, FaultKind};
use crate::lineage::Pass;
use crate::op::{Direction, Stored};
use crate::shape::{Kind, Shape, Types};
use crate::value::{Member, Value};

impl Interpreter<'_> {
    /// How far a write of this operation depends on the stored document.
    pub fn stored(&self, operation: &str) -> Stored {
        let step = |(pass, to): &(std::sync::Arc<Pass>, Direction)| match &pass.action {
            Action::Type { label, operator } => match occurs(pass.source(*to), operation, label) {
                Occurs::No => Stored::Never,
                Occurs::Yes => operator.stored(*to),
                // What is kept inside of lists has no place in a merge patch.
                Occurs::InList if operator.stored(*to) == Stored::Never => Stored::Never,
                Occurs::InList => Stored::Consulted,
            },
            Action::Message { .. } => Stored::Never,
        };
        self.chain.steps.iter().map(step).max().unwrap_or(Stored::Never)
    }

    /// The stored document before and after every step: lowered from the chain's end.
    pub(super) fn snapshots(&self, operation: &str, stored: &Value) -> Result<Vec<Value>, Fault> {
        let mut snapshots = vec![stored.clone()];
        for (pass, to) in self.chain.steps.iter().rev() {
            let mut doc = snapshots.last().cloned().unwrap_or(Value::Null);
            let contract = pass.target(*to);
            let shape = contract
                .operation(operation)
                .and_then(|o| o.request.as_ref())
                .map(|p| &p.shape);
            let stage = Stage::shown(None);
            if let (Some(way), Some(shape)) = (Way::of(pass, to.back()), shape) {
                let target = body_shape(pass.source(*to), operation);
                type_step(&way, &mut doc, (shape, target), &stage, &mut Unobserved).map_err(|f| Fault {
                    kind: FaultKind::Stored,
                    change: Some(pass.change),
                    ..f
                })?;
            }
            snapshots.push(doc);
        }
        snapshots.reverse();
        Ok(snapshots)
    }

    /// The stored document as the version that the chain starts from shows it.
    ///
    /// # Errors
    /// When it cannot be shown there.
    pub fn shown(&self, operation: &str, stored: &Value) -> Result<Value, Fault> {
        let mut snapshots = self.snapshots(operation, stored)?;
        Ok(snapshots.swap_remove(0))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Occurs {
    No,
    Yes,
    InList,
}

/// Whether a type occurs in the document of an operation's requests.
fn occurs(contract: &Contract, operation: &str, label: &str) -> Occurs {
    body_shape(contract, operation).map_or(Occurs::No, |shape| occurs_below(shape, &contract.types, label, 0))
}

fn occurs_below(shape: &Shape, types: &Types, label: &str, depth: usize) -> Occurs {
    // A recursive type is looked at a few levels deep: what it holds, it holds there already.
    if depth > 12 {
        return Occurs::No;
    }
    let here = if shape.label(types) == Some(label) {
        Occurs::Yes
    } else {
        Occurs::No
    };
    let below = |inner: &Shape| occurs_below(inner, types, label, depth + 1);
    let inner = match &shape.resolve(types).kind {
        Kind::Object { fields, .. } => fields.iter().map(|f| below(&f.shape)).max(),
        Kind::Map(inner) => Some(below(inner)),
        Kind::List(inner) => Some(if below(inner) == Occurs::No {
            Occurs::No
        } else {
            Occurs::InList
        }),
        Kind::OneOf(shapes) => shapes.iter().map(below).max(),
        _ => None,
    };
    here.max(inner.unwrap_or(Occurs::No))
}

/// Kept members go to the end of their objects, in stored order.
pub(super) fn settle_kept(doc: &mut Value, stored: &Value) {
    match (doc, stored) {
        (Value::Object(object), Value::Object(stored)) => {
            let index = stored.index();
            for member in object.members_mut() {
                if let Some(before) = index.get(&member.key.decoded()) {
                    settle_kept(&mut member.value, before);
                }
            }
            let place = |m: &Member| {
                m.kept
                    .then(|| index.position(&m.key.decoded()).unwrap_or(usize::MAX))
            };
            object.members_mut().sort_by_cached_key(place);
        }
        (Value::List(items), Value::List(before)) if items.len() == before.len() => {
            items
                .iter_mut()
                .zip(before)
                .for_each(|(item, before)| settle_kept(item, before));
        }
        _ => {}
    }
}
