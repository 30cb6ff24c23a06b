//! `status`: an answer has another status code: `status: {map: {200: 201}}` (old: new).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{MessageEntry, MessageOperator, MessageSite};
use crate::contract::{Contract, StatusRange};
use crate::fault::Fault;
use crate::message::Response;
use crate::op::Direction;
use crate::op::entry::{SettingsFault, schema, settings};
use crate::shape::TypeFault;

/// Settings of `status`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Old status to new status.
    pub map: BTreeMap<String, u16>,
}

/// `status`.
pub const ENTRY: MessageEntry = MessageEntry {
    name: "status",
    summary: "An answer has another status code.",
    schema: schema::<Settings>,
    build,
};

fn build(json: &Json) -> Result<Box<dyn MessageOperator>, SettingsFault> {
    let settings: Settings = settings(json)?;
    let mut map = Vec::new();
    for (old, new) in settings.map {
        let old: u16 = old
            .parse()
            .map_err(|_| SettingsFault::new("/map", format!("`{old}` is no status code")))?;
        if !(200..600).contains(&old) || !(200..600).contains(&new) {
            return Err(SettingsFault::new(
                "/map",
                "status codes of answers lie between 200 and 599",
            ));
        }
        if map.iter().any(|(_, seen)| *seen == new) {
            return Err(SettingsFault::new(
                "/map",
                format!("{new} stands for two old statuses"),
            ));
        }
        map.push((old, new));
    }
    Ok(Box::new(MapStatus { map }))
}

#[derive(Debug)]
struct MapStatus {
    map: Vec<(u16, u16)>,
}

impl MapStatus {
    fn mapped(&self, to: Direction, status: u16) -> u16 {
        let pair = |(old, new): &(u16, u16)| {
            if to == Direction::Up {
                (*old, *new)
            } else {
                (*new, *old)
            }
        };
        self.map
            .iter()
            .map(pair)
            .find(|(from, _)| *from == status)
            .map_or(status, |(_, into)| into)
    }
}

impl MessageOperator for MapStatus {
    fn name(&self) -> &'static str {
        "status"
    }

    fn retype(&self, to: Direction, contract: &mut Contract, id: &str) -> Result<(), TypeFault> {
        for operation in contract.operations.iter_mut().filter(|o| id == "*" || o.id == id) {
            for answer in &mut operation.answers {
                if let StatusRange::Exact(status) = answer.status {
                    answer.status = StatusRange::Exact(self.mapped(to, status));
                }
            }
        }
        Ok(())
    }

    fn response(&self, to: Direction, response: &mut Response, _: &MessageSite<'_>) -> Result<(), Fault> {
        response.status = self.mapped(to, response.status);
        Ok(())
    }
}
