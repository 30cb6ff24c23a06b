//! Listeners with TLS.

use schemars::JsonSchema;
use serde::Deserialize;

/// Listeners with TLS.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Tls")]
pub(crate) struct RawTls {}

/// TLS towards an upstream.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "UpstreamTls")]
pub(crate) struct RawUpstreamTls {}
