//! What surrounds an API: addresses, browsers, compression, fields of answers.

use schemars::JsonSchema;
use serde::Deserialize;

/// Which addresses may ask. What is denied stays denied, whatever is allowed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Addresses")]
pub(crate) struct RawAddresses {
    /// Only these, as ranges (`10.0.0.0/8`) or single addresses. Without it: every address.
    #[serde(default)]
    #[schemars(with = "Vec<String>", length(min = 1, max = 1000))]
    pub(crate) allow: Option<Vec<String>>,
    /// None of these.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub(crate) deny: Vec<String>,
}
