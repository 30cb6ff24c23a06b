//! How an operator is known to mapping files: its settings, its schema, its table of cases.

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::Operator;

/// Reads the content of a file that a mapping names, relative to its API's directory.
pub type Files<'a> = &'a dyn Fn(&str) -> Result<Vec<u8>, String>;

/// Makes an operator from its settings.
pub type Build = fn(&Json, Files<'_>) -> Result<Box<dyn Operator>, SettingsFault>;

/// An operator as mapping files know it.
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// One sentence for the list of operators.
    pub summary: &'static str,
    /// JSON Schema of its settings.
    pub schema: fn() -> Schema,
    /// Makes the operator from its settings.
    pub build: Build,
    /// Its table of cases: tests run them, documentation shows them.
    pub cases: &'static [Case],
}

/// One line of an operator's table of cases.
pub struct Case {
    /// The settings, as JSON.
    pub settings: &'static str,
    /// What happens.
    pub what: What,
}

impl Case {
    /// One line.
    pub const fn new(settings: &'static str, what: What) -> Self {
        Self { settings, what }
    }
}

/// What a case shows.
pub enum What {
    /// The two documents are each other's translation.
    Both(&'static str, &'static str),
    /// The old document becomes the new one.
    Up(&'static str, &'static str),
    /// The new document becomes the old one.
    Down(&'static str, &'static str),
    /// A client of the old version writes `sent` over `stored` (new), and this is stored.
    PutUp {
        /// The stored document, new side.
        stored: &'static str,
        /// What the client sends, old side.
        sent: &'static str,
        /// What is stored then, new side.
        gives: &'static str,
    },
    /// A client of the new version writes `sent` over `stored` (old), and this is stored.
    PutDown {
        /// The stored document, old side.
        stored: &'static str,
        /// What the client sends, new side.
        sent: &'static str,
        /// What is stored then, old side.
        gives: &'static str,
    },
    /// The old document is refused at this place.
    RefusedUp(&'static str, &'static str),
    /// The new document is refused at this place.
    RefusedDown(&'static str, &'static str),
    /// A merge patch of the old version becomes one of the new version, or `None` when the stored document is needed.
    Patch(&'static str, Option<&'static str>),
    /// The same for a merge patch of the new version.
    PatchDown(&'static str, Option<&'static str>),
}

/// Why settings make no operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SettingsFault {
    /// Where in the settings (a JSON Pointer).
    pub pointer: String,
    /// What is wrong, for a person.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl SettingsFault {
    /// A fault at a place in the settings.
    pub fn new(pointer: &str, message: impl Into<String>) -> Self {
        Self {
            pointer: pointer.to_owned(),
            message: message.into(),
            hint: None,
        }
    }
}

/// The settings as their own type.
///
/// # Errors
/// When a key is unknown or missing, or a value of the wrong kind.
pub fn settings<T: DeserializeOwned>(json: &Json) -> Result<T, SettingsFault> {
    serde_json::from_value(json.clone()).map_err(|e| SettingsFault::new("", e.to_string()))
}

/// The JSON Schema of settings.
pub fn schema<T: JsonSchema>() -> Schema {
    SchemaGenerator::new(SchemaSettings::draft2020_12()).into_root_schema_for::<T>()
}

/// Reads a pointer of the settings.
///
/// # Errors
/// When it is not of RFC 6901's form.
pub fn pointer(text: &str, setting: &str) -> Result<crate::pointer::Pointer, SettingsFault> {
    crate::pointer::Pointer::parse(text).map_err(|e| SettingsFault::new(setting, e.to_string()))
}
