//! `answer`: one version answers with a constant where the other answers with another, or with nothing.
//!
//! ```yaml
//! deleteCustomer:
//!   - answer: {old: {status: 200, body: {ok: true}}, new: {status: 204}}
//! ```

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{MessageEntry, MessageOperator, MessageSite};
use crate::contract::{Contract, StatusRange};
use crate::fault::Fault;
use crate::message::Response;
use crate::op::Direction;
use crate::op::entry::{SettingsFault, schema, settings};
use crate::shape::{Shape, TypeFault};
use crate::value::Value;

/// Settings of `answer`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The old version's answer.
    pub old: Constant,
    /// The new version's answer.
    pub new: Constant,
}

/// A constant answer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Constant {
    /// Its status.
    pub status: u16,
    /// Its body; none when absent.
    #[serde(default)]
    pub body: Option<Json>,
}

/// `answer`.
pub const ENTRY: MessageEntry = MessageEntry {
    name: "answer",
    summary: "One version answers with a constant where the other answers with another.",
    schema: schema::<Settings>,
    build,
};

fn build(json: &Json) -> Result<Box<dyn MessageOperator>, SettingsFault> {
    let settings: Settings = settings(json)?;
    for (side, constant) in [("/old", &settings.old), ("/new", &settings.new)] {
        if !(200..400).contains(&constant.status) {
            return Err(SettingsFault::new(
                side,
                "only a success can be a constant; its status lies between 200 and 399",
            ));
        }
        if constant.status == 204 && constant.body.is_some() {
            return Err(SettingsFault::new(side, "204 has no body (RFC 9110 §15.3.5)"));
        }
    }
    Ok(Box::new(ConstantAnswer {
        old: settings.old,
        new: settings.new,
    }))
}

#[derive(Debug)]
struct ConstantAnswer {
    old: Constant,
    new: Constant,
}

impl ConstantAnswer {
    fn way(&self, to: Direction) -> (&Constant, &Constant) {
        if to == Direction::Up {
            (&self.old, &self.new)
        } else {
            (&self.new, &self.old)
        }
    }
}

impl MessageOperator for ConstantAnswer {
    fn name(&self) -> &'static str {
        "answer"
    }

    fn retype(&self, to: Direction, contract: &mut Contract, id: &str) -> Result<(), TypeFault> {
        let (from, into) = self.way(to);
        for operation in contract.operations.iter_mut().filter(|o| o.id == id) {
            for answer in operation
                .answers
                .iter_mut()
                .filter(|a| a.status == StatusRange::Exact(from.status))
            {
                answer.status = StatusRange::Exact(into.status);
                answer.shape = into.body.as_ref().map(|_| Shape::any());
            }
        }
        Ok(())
    }

    fn response(&self, to: Direction, response: &mut Response, _: &MessageSite<'_>) -> Result<(), Fault> {
        let (from, into) = self.way(to);
        if response.status == from.status {
            response.status = into.status;
            response.body = into.body.as_ref().map(Value::from_serde);
            let media = into.body.as_ref().map(|_| "application/json".to_owned());
            response.set_header("content-type", media);
        }
        Ok(())
    }
}
