//! The store that a fleet of gateways shares.

use schemars::JsonSchema;
use serde::Deserialize;

/// The store that a fleet of gateways shares.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Store")]
pub(crate) struct RawStore {
    /// Redis or Valkey, as `redis://host:port/database`. With a password, `redis://user:password@host:port`, it comes from
    /// the environment: `"${REDIS_URL}"`.
    pub(crate) redis: String,
    /// How long a request may wait for it, such as `20ms`.
    #[serde(default = "timeout")]
    pub(crate) timeout: String,
    /// What every key in it begins with.
    #[serde(default = "prefix")]
    #[schemars(length(min = 1, max = 64))]
    pub(crate) prefix: String,
    /// How many gateways share it, until the store has told how many live.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) nodes: u32,
}

fn timeout() -> String {
    "20ms".to_owned()
}

fn prefix() -> String {
    "sluice".to_owned()
}

fn one() -> u32 {
    1
}
