//! Where it is kept who used what.

use schemars::JsonSchema;
use serde::Deserialize;

/// Where it is kept who used what, and for how long. `usage: {}` keeps it in the file usage.sqlite.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Usage")]
pub(crate) struct RawUsage {
    /// Where: exactly one of these.
    pub(crate) store: RawUsageStore,
    /// How often what was counted goes there: a crash loses no more. `1s`, `2s`, `5s`, `10s`, `15s`, `20s`, `30s` or `60s`,
    /// so that a minute is a whole number of these.
    pub(crate) flush: String,
    /// How many different things a core tells apart between two flushes, and all cores together in a minute. What is beyond is
    /// counted under `other`. Half as many more may wait while the store is down.
    #[schemars(range(min = 1000, max = 10_000_000))]
    pub(crate) keys: usize,
    /// How many clients without a credential are told apart within a UTC day, by address range and user agent.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) unidentified: usize,
    /// For how long figures are kept.
    pub(crate) retention: RawRetention,
}

impl Default for RawUsage {
    fn default() -> Self {
        Self {
            store: RawUsageStore::default(),
            flush: "10s".to_owned(),
            keys: 400_000,
            unidentified: 1_000,
            retention: RawRetention::default(),
        }
    }
}

/// A store of usage figures: exactly one of these.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "UsageStore", extend("minProperties" = 1, "maxProperties" = 1))]
pub(crate) struct RawUsageStore {
    /// A file, such as `/var/lib/sluice/usage.sqlite`, for one machine. A relative path is meant from the configuration
    /// directory.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1))]
    pub(crate) sqlite: Option<String>,
    /// A PostgreSQL server for any number of gateways, `postgres://user:password@host:port/database`. With a password it
    /// comes from the environment: `"${USAGE_DATABASE}"`.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1))]
    pub(crate) postgres: Option<String>,
    /// A file that holds the server's address, relative to the configuration directory.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1))]
    pub(crate) postgres_file: Option<String>,
}

impl Default for RawUsageStore {
    fn default() -> Self {
        Self {
            sqlite: Some("usage.sqlite".to_owned()),
            postgres: None,
            postgres_file: None,
        }
    }
}

/// For how long usage figures are kept; coarser ones at least as long as finer ones.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Retention")]
pub(crate) struct RawRetention {
    /// By the minute, such as `48h`; one hour at least.
    pub(crate) minutes: String,
    /// By the hour, such as `90d`; one day at least.
    pub(crate) hours: String,
    /// By the day, such as `1095d`. Without it: for ever.
    #[schemars(with = "String")]
    pub(crate) days: Option<String>,
}

impl Default for RawRetention {
    fn default() -> Self {
        Self {
            minutes: "48h".to_owned(),
            hours: "90d".to_owned(),
            days: None,
        }
    }
}
