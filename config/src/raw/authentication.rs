//! How the consumers of some versions are told apart.

use schemars::JsonSchema;
use serde::Deserialize;

/// How the consumers of some versions are told apart.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Authentication")]
pub(crate) struct RawAuthentication {}
