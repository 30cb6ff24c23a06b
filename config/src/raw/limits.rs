//! Limits of an API.

use schemars::JsonSchema;
use serde::Deserialize;

use super::RawVersions;

/// One limit: exactly one of `rate`, `quota` and `concurrency`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Limit")]
pub(crate) struct RawLimit {
    /// Its name: clients and operators see it.
    pub(crate) name: String,
    /// What is counted apart: `consumer` (a client without a credential counts by its address), `address` (an IPv6
    /// address by its /64), `operation`, `version`, `header:NAME`. Empty: everything is counted together.
    #[serde(default)]
    #[schemars(length(max = 8))]
    pub(crate) key: Vec<String>,
    /// How many requests a second (`100/s`), a minute (`100/m`) or an hour (`100/h`).
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) rate: Option<String>,
    /// How many requests at once the rate may be ahead of. Without it: as many as the rate allows in a second, one at least.
    #[serde(default)]
    #[schemars(with = "u32", range(min = 1, max = 1_000_000_000))]
    pub(crate) burst: Option<u32>,
    /// How many requests a day (`1000/day`) or a month (`100000/month`) of the calendar, in UTC.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) quota: Option<String>,
    /// How many requests may be in progress at once, in one gateway.
    #[serde(default)]
    #[schemars(with = "u32", range(min = 1, max = 1_000_000))]
    pub(crate) concurrency: Option<u32>,
    /// Where it is counted: `local`, in each gateway by itself (the default), or `fleet`, by all that share the store.
    #[serde(default, rename = "where")]
    #[schemars(with = "RawWhere")]
    pub(crate) place: Option<RawWhere>,
    /// With `where: fleet`: every request asks the store, instead of one in many.
    #[serde(default)]
    #[schemars(with = "bool")]
    pub(crate) exact: Option<bool>,
    /// With `where: fleet`: what holds while the store cannot be asked, `local` (the default), `closed` or `open`.
    #[serde(default)]
    #[schemars(with = "RawOnStoreFailure")]
    pub(crate) on_failure: Option<RawOnStoreFailure>,
    /// Requests of these versions count. Without it: all.
    #[serde(default)]
    #[schemars(with = "RawVersions")]
    pub(crate) versions: Option<RawVersions>,
    /// Requests of these operations count. Empty: all.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub(crate) operations: Vec<String>,
    /// Requests of these consumers count. With `groups`: of either. Both empty: all.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub(crate) consumers: Vec<String>,
    /// Requests of consumers of these groups count.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub(crate) groups: Vec<String>,
    /// Whether answers tell of it in `RateLimit` and `RateLimit-Policy`. Without it: they do.
    #[serde(default = "yes")]
    pub(crate) fields: bool,
}

/// Where a limit is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Where")]
pub(crate) enum RawWhere {
    /// In each gateway by itself.
    Local,
    /// By all gateways that share the store.
    Fleet,
}

/// What holds while the store cannot be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "OnStoreFailure")]
pub(crate) enum RawOnStoreFailure {
    /// Each gateway counts by itself, and allows its share.
    Local,
    /// Requests are refused with 503.
    Closed,
    /// Nothing is counted.
    Open,
}

fn yes() -> bool {
    true
}

/// How much a request counts.
#[derive(JsonSchema)]
#[schemars(rename = "Weight")]
pub(crate) struct RawWeight(
    #[expect(dead_code, reason = "the schema is made of it")]
    #[schemars(range(min = 1, max = 1_000_000))]
    u32,
);
