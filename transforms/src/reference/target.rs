//! What names the resource of a request, carried without the rest of its document.

use super::step::{Stage, request_step};
use super::{Interpreter, Unobserved};
use crate::change::Action;
use crate::contract::Purpose;
use crate::fault::Fault;
use crate::message::Request;
use crate::value::{Member, Object, Value};

impl Interpreter<'_> {
    /// What names the resource: the request without its document, as far as it can be carried without translating
    /// the rest of the document.
    ///
    /// # Errors
    /// When what names the resource cannot be translated.
    pub fn target(&self, request: &Request) -> Result<Request, Fault> {
        let mut bare = Request {
            body: None,
            ..request.clone()
        };
        bare.body = self.naming_members(request);
        for (index, (pass, to)) in self.chain.steps.iter().enumerate() {
            let stage = Stage::sent(Purpose::Patch, true);
            request_step(pass, *to, &mut bare, &stage, &mut Unobserved)
                .map_err(|f| self.in_first_names(index, &request.operation, f))?;
        }
        bare.body = None;
        Ok(bare)
    }

    /// The members of the document that parameters of later versions are made from.
    fn naming_members(&self, request: &Request) -> Option<Value> {
        let body = request.body.as_ref()?;
        let mut bare = Value::Object(Object::default());
        for (index, (pass, to)) in self.chain.steps.iter().enumerate() {
            let Action::Message { operation, operator } = &pass.action else {
                continue;
            };
            if operation != "*" && *operation != request.operation {
                continue;
            }
            for at in operator.reads_body(*to) {
                let at = self.first_pointer(index, &request.operation, &at);
                if let Some(value) = at.look(body) {
                    let member = Member::own("", value.clone());
                    crate::op::add::insert(&mut bare, &at, member).ok()?;
                }
            }
        }
        Some(bare)
    }
}
