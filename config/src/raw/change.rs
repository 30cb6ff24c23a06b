//! `apis/NAME/changes/*.yaml`: one change between two neighbouring versions. The steps' settings
//! belong to their operators; here they are values.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Ordered;

/// apis/NAME/changes/*.yaml: one change between two neighbouring versions.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Change", inline)]
pub(crate) struct RawChange {
    /// The version of the file format: 1.
    #[expect(dead_code, reason = "judged before the file is read as a whole")]
    sluice: u64,
    /// The old version, then the new one. Every step is written old to new.
    #[schemars(length(equal = 2))]
    pub(crate) between: Vec<String>,
    /// The change in a sentence, for people.
    pub(crate) summary: String,
    /// Steps on types, wherever they occur.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Vec<RawTypeStep>>")]
    pub(crate) types: Ordered,
    /// Steps on operations, by operationId; `*` stands for all.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Vec<RawMessageStep>>")]
    pub(crate) operations: Ordered,
    /// Steps on bodies of operations that are named here, without an OpenAPI document.
    #[serde(default)]
    pub(crate) documents: Vec<RawDocument>,
}

/// Steps on bodies of the operations that are named here.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Document")]
pub(crate) struct RawDocument {
    /// The operations, such as `GET /todos/{id}`.
    #[schemars(length(min = 1))]
    pub(crate) of: Vec<String>,
    /// Which bodies.
    #[serde(default)]
    pub(crate) part: RawPart,
    /// Where in the body, as a JSON Pointer. Empty: the whole.
    #[serde(default)]
    pub(crate) at: String,
    /// The steps.
    #[schemars(with = "Vec<RawTypeStep>")]
    pub(crate) steps: Vec<serde_json::Value>,
}

/// Which bodies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Part")]
pub(crate) enum RawPart {
    /// The request's.
    Request,
    /// The answer's.
    Response,
    /// Both.
    #[default]
    Both,
}

/// One operator and its settings, on a type.
#[derive(JsonSchema)]
#[schemars(rename = "TypeStep", extend("minProperties" = 1, "maxProperties" = 1))]
pub(crate) struct RawTypeStep(#[expect(dead_code, reason = "only its schema counts")] Ordered);

/// One operator and its settings, on the messages of an operation.
#[derive(JsonSchema)]
#[schemars(rename = "MessageStep", extend("minProperties" = 1, "maxProperties" = 1))]
pub(crate) struct RawMessageStep(#[expect(dead_code, reason = "only its schema counts")] Ordered);
