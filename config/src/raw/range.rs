//! Some of an API's versions, and some of its operations, as settings name them.

use schemars::JsonSchema;
use serde::Deserialize;

/// Some versions: from one to another in the order of `versions`, or those that are listed. Without any key: all.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Versions")]
pub(crate) struct RawVersions {
    /// The first. Without it: the first of all.
    #[schemars(with = "String")]
    pub(crate) from: Option<String>,
    /// The last, which is in it. Without it: the last of all.
    #[schemars(with = "String")]
    pub(crate) to: Option<String>,
    /// These and no others.
    #[schemars(with = "Vec<String>", length(min = 1, max = 1000))]
    pub(crate) only: Option<Vec<String>>,
}
