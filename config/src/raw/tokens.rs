//! Tokens: JWT and introspection.

use schemars::JsonSchema;
use serde::Deserialize;

/// JSON Web Tokens (RFC 7519), judged by the keys of a key set.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Jwt")]
pub(crate) struct RawJwt {}

/// Tokens that an authorization server is asked about (RFC 7662).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Introspection")]
pub(crate) struct RawIntrospection {}
