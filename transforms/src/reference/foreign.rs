//! Merge patches that name members of another version: also where they only say that a member goes.

use super::{Interpreter, Unobserved};
use crate::contract::Purpose;
use crate::fault::{Fault, FaultKind};
use crate::message::Request;
use crate::pointer::Pointer;
use crate::shape::{Kind, Shape, Types};
use crate::value::{Member, Object, Value};

impl Interpreter<'_> {
    /// Refuses a merge patch that names a member that means something in another version, but nothing in its own; also
    /// where it only says that the member goes.
    ///
    /// # Errors
    /// [`FaultKind::Captured`] at the first of them.
    pub fn refuse_foreign(&self, operation: &str, patch: &Value) -> Result<(), Fault> {
        let Some(shape) = self.request_shape(operation) else {
            return Ok(());
        };
        let mut unknown = Vec::new();
        unknown_members(
            patch,
            shape,
            &self.chain.source.types,
            &Pointer::root(),
            &mut unknown,
        );
        self.refuse_among(operation, &unknown)
    }

    /// All of them at once; each half by itself where something else is wrong with one.
    fn refuse_among(&self, operation: &str, unknown: &[Pointer]) -> Result<(), Fault> {
        let mut bare = Object::default();
        unknown.iter().for_each(|at| remove_at(&mut bare, at.names()));
        let body = Some(Value::Object(bare));
        let request = Request {
            operation: operation.to_owned(),
            arguments: Vec::new(),
            body,
        };
        match self.lift(request, Purpose::Patch, &mut Unobserved) {
            Err(fault) if fault.kind == FaultKind::Captured => Err(fault),
            Err(_) if unknown.len() > 1 => {
                let (first, second) = unknown.split_at(unknown.len() / 2);
                self.refuse_among(operation, first)?;
                self.refuse_among(operation, second)
            }
            _ => Ok(()),
        }
    }
}

/// The members of a merge patch that the type does not know. Where it says nothing, those that go: others are met in the
/// whole document.
fn unknown_members(patch: &Value, shape: &Shape, types: &Types, at: &Pointer, unknown: &mut Vec<Pointer>) {
    let Value::Object(object) = patch else { return };
    for member in object.members() {
        let name = member.key.decoded();
        let place = at.child(&name);
        let goes = matches!(shape.resolve(types).kind, Kind::Any) && member.value == Value::Null;
        match shape.child(&name, types).filter(|_| !goes) {
            Some(child) => unknown_members(&member.value, child, types, &place, unknown),
            None => unknown.push(place),
        }
    }
}

/// Says in a merge patch that the member at a place goes. Places come in the order of a document.
fn remove_at(patch: &mut Object, names: &[String]) {
    let Some((name, below)) = names.split_first() else {
        return;
    };
    let members = patch.members_mut();
    if below.is_empty() {
        members.push(Member::own(name, Value::Null));
        return;
    }
    if members.last().is_none_or(|last| !last.key.is(name)) {
        members.push(Member::own(name, Value::Object(Object::default())));
    }
    if let Some(Value::Object(inner)) = members.last_mut().map(|last| &mut last.value) {
        remove_at(inner, below);
    }
}
