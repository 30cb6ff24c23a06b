//! What surrounds an API: addresses, browsers, compression, fields of answers.

use schemars::JsonSchema;
use serde::Deserialize;

/// What surrounds an API: addresses, browsers, compression, fields of answers.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Edge")]
pub(crate) struct RawEdge {}
