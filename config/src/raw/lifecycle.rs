//! When what of an API goes.

use schemars::JsonSchema;
use serde::Deserialize;

/// When what of an API goes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Lifecycle")]
pub(crate) struct RawLifecycle {}
