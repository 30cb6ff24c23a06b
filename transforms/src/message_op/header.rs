//! `header`: a header field of answers has another name: `header: {old: X-Count, new: X-Total-Count}`; null on one
//! side takes it out.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{MessageEntry, MessageOperator, MessageSite};
use crate::contract::Contract;
use crate::fault::Fault;
use crate::message::Response;
use crate::op::Direction;
use crate::op::entry::{SettingsFault, schema, settings};
use crate::shape::TypeFault;

/// Settings of `header`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Its name in the old version; null when the old version has none.
    #[serde(default)]
    pub old: Option<String>,
    /// Its name in the new version; null when the new version has none.
    #[serde(default)]
    pub new: Option<String>,
}

/// `header`.
pub const ENTRY: MessageEntry = MessageEntry {
    name: "header",
    summary: "A header field of answers has another name.",
    schema: schema::<Settings>,
    build,
};

fn build(json: &Json) -> Result<Box<dyn MessageOperator>, SettingsFault> {
    let settings: Settings = settings(json)?;
    if settings.old.is_none() && settings.new.is_none() {
        return Err(SettingsFault::new("", "`old` and `new` cannot both be absent"));
    }
    Ok(Box::new(MapHeader {
        old: settings.old,
        new: settings.new,
    }))
}

#[derive(Debug)]
struct MapHeader {
    old: Option<String>,
    new: Option<String>,
}

impl MapHeader {
    fn way(&self, to: Direction) -> (Option<&String>, Option<&String>) {
        if to == Direction::Up {
            (self.old.as_ref(), self.new.as_ref())
        } else {
            (self.new.as_ref(), self.old.as_ref())
        }
    }
}

impl MessageOperator for MapHeader {
    fn name(&self) -> &'static str {
        "header"
    }

    fn retype(&self, to: Direction, contract: &mut Contract, id: &str) -> Result<(), TypeFault> {
        let (from, into) = self.way(to);
        let Some(from) = from else { return Ok(()) };
        for operation in contract.operations.iter_mut().filter(|o| id == "*" || o.id == id) {
            for answer in &mut operation.answers {
                answer
                    .headers
                    .retain(|h| into.is_some() || !h.name.eq_ignore_ascii_case(from));
                let renamed = answer
                    .headers
                    .iter_mut()
                    .find(|h| h.name.eq_ignore_ascii_case(from));
                if let (Some(header), Some(into)) = (renamed, into) {
                    header.name.clone_from(into);
                }
            }
        }
        Ok(())
    }

    fn response(&self, to: Direction, response: &mut Response, _: &MessageSite<'_>) -> Result<(), Fault> {
        let (Some(from), into) = self.way(to) else {
            return Ok(());
        };
        let value = response.header(from).map(str::to_owned);
        response.set_header(from, None);
        if let (Some(into), Some(value)) = (into, value) {
            response.set_header(into, Some(value));
        }
        Ok(())
    }
}
