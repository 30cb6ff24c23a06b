//! Where places lead along a chain: those of faults back to the sender's names, those in error bodies to the client's.

use super::Interpreter;
use super::step::{answer_shape, answered, body_shape};
use crate::change::Action;
use crate::fault::Fault;
use crate::lineage::Pass;
use crate::message::Response;
use crate::op::Direction;
use crate::pointer::Pointer;
use crate::shape::{Shape, Types};
use crate::value::{Object, Value};

impl Interpreter<'_> {
    /// A fault of a step, told in the names of the version that the chain starts from.
    pub(super) fn in_first_names(&self, index: usize, operation: &str, fault: Fault) -> Fault {
        let pointer = self.first_pointer(index, operation, &fault.pointer);
        Fault { pointer, ..fault }
    }

    /// The same for a fault in an answer, which had these statuses after the steps that were taken.
    pub(super) fn in_answered_names(&self, statuses: &[u16], operation: &str, fault: Fault) -> Fault {
        let steps = self.chain.steps.iter().zip(statuses).rev();
        let pointer = steps.fold(fault.pointer.clone(), |pointer, ((pass, to), status)| {
            if let Action::Message {
                operation: own,
                operator,
            } = &pass.action
            {
                let taken = (own == "*" || own == operation) && *status < 400;
                return if taken {
                    operator.locate_answer(to.back(), &pointer)
                } else {
                    pointer
                };
            }
            let shape = answered(pass.target(*to), operation, *status);
            pointer_step(pass, to.back(), shape, &pointer)
        });
        Fault { pointer, ..fault }
    }

    /// Where a place before the step of that number was in the version that the chain starts from.
    pub(crate) fn first_pointer(&self, index: usize, operation: &str, pointer: &Pointer) -> Pointer {
        self.chain.steps[..index]
            .iter()
            .rev()
            .fold(pointer.clone(), |pointer, (pass, to)| {
                let shape = body_shape(pass.target(*to), operation);
                pointer_step(pass, to.back(), shape, &pointer)
            })
    }

    /// Where a place in the request's document of the version that the chain starts from leads, as far as the
    /// version that it leads to has a place for it.
    pub fn pointer(&self, operation: &str, pointer: &Pointer) -> Pointer {
        self.chain
            .steps
            .iter()
            .fold(pointer.clone(), |pointer, (pass, to)| {
                nearest_step(pass, *to, operation, &pointer)
            })
    }

    /// JSON Pointers in error bodies follow the members that they name; one without a place is left out.
    pub(super) fn carry_pointers(&self, pass: &Pass, to: Direction, response: &mut Response) {
        let (Some(label), true) = (&self.policy.pointers, response.is_error() && self.pointers) else {
            return;
        };
        let shape = answer_shape(pass.source(to), response).cloned();
        let operation = response.operation.clone();
        let (Some(body), Some(shape)) = (response.body.as_mut(), shape) else {
            return;
        };
        let types = &pass.source(to).types;
        rewrite_pointers(body, &shape, types, label, &|text| {
            let pointer = Pointer::parse(text).ok()?;
            let near = nearest_step(pass, to, &operation, &pointer);
            (!near.is_root() || pointer.is_root()).then(|| near.to_string())
        });
    }
}

/// Where a pointer into the request's document leads, one step on.
pub(super) fn pointer_step(pass: &Pass, to: Direction, shape: Option<&Shape>, pointer: &Pointer) -> Pointer {
    let (Action::Type { label, operator }, Some(shape)) = (&pass.action, shape) else {
        return pointer.clone();
    };
    let types = &pass.source(to).types;
    let mut moved = pointer.clone();
    for depth in (0..=pointer.names().len()).rev() {
        let above = moved.truncate(depth);
        let here = shape.at(&above, types).and_then(|s| s.label(types));
        if let (true, Some(rest)) = (here == Some(label), moved.strip(&above)) {
            moved = above.join(&operator.locate(to, &rest));
        }
    }
    moved
}

/// The same, as far as the target has a place for it. A member that neither side knows keeps its name, where the object
/// that holds it stands.
pub(super) fn nearest_step(pass: &Pass, to: Direction, operation: &str, pointer: &Pointer) -> Pointer {
    let shape = body_shape(pass.source(to), operation);
    let moved = pointer_step(pass, to, shape, pointer);
    let Some(target) = body_shape(pass.target(to), operation) else {
        return moved;
    };
    let near = target.nearest(&moved, &pass.target(to).types);
    let known = shape
        .map(|s| s.nearest(pointer, &pass.source(to).types))
        .filter(|known| known != pointer);
    let holds =
        known.is_some_and(|known| pointer_step(pass, to, shape, &known).names().len() <= near.names().len());
    if holds { moved } else { near }
}

fn rewrite_pointers(
    doc: &mut Value,
    shape: &Shape,
    types: &Types,
    label: &str,
    rewrite: &dyn Fn(&str) -> Option<String>,
) {
    let shape = shape.resolve(types);
    match doc {
        Value::Object(object) => object.members_mut().retain_mut(|member| {
            let Some(child) = shape.child(&member.key.decoded(), types) else {
                return true;
            };
            if child.label(types) != Some(label) {
                rewrite_pointers(&mut member.value, child, types, label, rewrite);
                return true;
            }
            let Some(text) = member.value.as_text() else {
                return true;
            };
            let moved = rewrite(&text).map(|t| Value::text(&t));
            let stays = moved.is_some();
            member.value = moved.unwrap_or(Value::Null);
            stays
        }),
        Value::List(items) => {
            let Some(inner) = shape.child("*", types) else {
                return;
            };
            items
                .iter_mut()
                .for_each(|item| rewrite_pointers(item, inner, types, label, rewrite));
            items.retain(|item| !item.as_object().is_some_and(Object::is_empty));
        }
        _ => {}
    }
}
