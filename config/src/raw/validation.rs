//! What is held against the schemas.

use schemars::JsonSchema;
use serde::Deserialize;

/// What is held against the schemas.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Validation")]
pub(crate) struct RawValidation {}
