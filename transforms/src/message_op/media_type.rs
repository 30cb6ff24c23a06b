//! `media_type`: answers have another Content-Type: `media_type: {old: application/json, new:
//! application/problem+json, of: errors}`.

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

/// Settings of `media_type`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The old version's media type.
    pub old: String,
    /// The new version's media type.
    pub new: String,
    /// Which answers.
    #[serde(default)]
    pub of: Of,
}

/// Which answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// All of them.
    #[default]
    All,
    /// Those with a status of 400 and more.
    Errors,
    /// Those with a status below 400.
    Successes,
}

impl Of {
    /// Whether an answer is one of them.
    pub fn has(self, response: &Response) -> bool {
        match self {
            Self::All => true,
            Self::Errors => response.is_error(),
            Self::Successes => !response.is_error(),
        }
    }
}

/// `media_type`.
pub const ENTRY: MessageEntry = MessageEntry {
    name: "media_type",
    summary: "Answers have another Content-Type.",
    schema: schema::<Settings>,
    build,
};

fn build(json: &Json) -> Result<Box<dyn MessageOperator>, SettingsFault> {
    let settings: Settings = settings(json)?;
    for (at, text) in [("/old", &settings.old), ("/new", &settings.new)] {
        if text.split('/').filter(|part| !part.is_empty()).count() != 2 {
            return Err(SettingsFault::new(at, format!("`{text}` is no media type")));
        }
    }
    Ok(Box::new(MapMediaType { settings }))
}

#[derive(Debug)]
struct MapMediaType {
    settings: Settings,
}

impl MessageOperator for MapMediaType {
    fn name(&self) -> &'static str {
        "media_type"
    }

    fn retype(&self, _: Direction, _: &mut Contract, _: &str) -> Result<(), TypeFault> {
        Ok(())
    }

    fn response(&self, to: Direction, response: &mut Response, _: &MessageSite<'_>) -> Result<(), Fault> {
        let Settings { old, new, of } = &self.settings;
        let (from, into) = if to == Direction::Up {
            (old, new)
        } else {
            (new, old)
        };
        let essence = |text: &str| {
            text.split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase()
        };
        if of.has(response)
            && response
                .header("content-type")
                .is_some_and(|now| essence(now) == essence(from))
        {
            response.set_header("content-type", Some(into.clone()));
        }
        Ok(())
    }
}
