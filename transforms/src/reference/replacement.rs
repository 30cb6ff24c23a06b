//! A replacement said as a merge patch, which leaves alone what the client cannot see.

use super::Interpreter;
use super::pointers::pointer_step;
use super::step::body_shape;
use crate::fault::Fault;
use crate::pointer::Pointer;
use crate::shape::{Known, Shape};
use crate::value::{Member, Object, Value};

impl Interpreter<'_> {
    /// A replaced document as a merge patch that leaves alone what the client cannot see: optional members that it
    /// can see and did not send are removed.
    ///
    /// # Errors
    /// When the document holds a null in an object, which a merge patch cannot set.
    pub fn replacement(&self, operation: &str, body: Option<Value>) -> Result<Option<Value>, Fault> {
        let Some(mut body) = body else { return Ok(None) };
        body = crate::patch::difference(&Value::Object(Object::default()), &body)?;
        if let Some(shape) = body_shape(&self.chain.target, operation) {
            let back = self.chain.back();
            let visible = Interpreter {
                chain: &back,
                ..*self
            };
            visible.remove_unsent(operation, &mut body, shape, &Pointer::root());
        }
        Ok(Some(body))
    }

    fn remove_unsent(&self, operation: &str, doc: &mut Value, shape: &Shape, at: &Pointer) {
        let types = &self.chain.source.types;
        let Value::Object(object) = doc else { return };
        for field in shape.resolve(types).fields() {
            let place = at.child(&field.name);
            match object.get_mut(&field.name) {
                Some(inner) => self.remove_unsent(operation, inner, &field.shape, &place),
                None if !field.required && self.shows(operation, &place) => {
                    object.members_mut().push(Member::own(&field.name, Value::Null));
                }
                None => {}
            }
        }
    }

    /// Whether the version that the chain leads to has a place of its own for this one.
    fn shows(&self, operation: &str, pointer: &Pointer) -> bool {
        let mut steps = self.chain.steps.iter();
        let end = steps.try_fold(pointer.clone(), |pointer, (pass, to)| {
            let moved = pointer_step(pass, *to, body_shape(pass.source(*to), operation), &pointer);
            let shape = body_shape(pass.target(*to), operation)?;
            let hidden = shape.knows(&moved, &pass.target(*to).types) == Known::No
                || moved.names().len() < pointer.names().len() && pointer.strip(&moved).is_some();
            (!hidden).then_some(moved)
        });
        end.is_some()
    }
}
