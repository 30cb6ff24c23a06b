//! Which operations answer the same key with the same answer.

use schemars::JsonSchema;
use serde::Deserialize;

/// Which operations answer the same key with the same answer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Idempotency")]
pub(crate) struct RawIdempotency {}
