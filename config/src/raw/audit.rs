//! Where the audit log goes.

use schemars::JsonSchema;
use serde::Deserialize;

/// Where the audit log goes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Audit")]
pub(crate) struct RawAudit {}
