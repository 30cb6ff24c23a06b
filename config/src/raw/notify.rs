//! How the people behind consumers are told of what goes.

use schemars::JsonSchema;
use serde::Deserialize;

use super::tokens::RawReach;

/// How the people behind consumers are told of deprecations, brownouts and sunsets: what `sluice notify` sends.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Notify")]
pub(crate) struct RawNotify {
    /// Where messages go: `{directory: messages}`, or `{webhook: "https://hooks.example/sunset"}`.
    pub(crate) to: RawNotifyTo,
    /// How many days before a sunset each reminder is due.
    #[serde(default = "usual_days")]
    #[schemars(length(max = 20), inner(range(min = 1, max = 3650)))]
    pub(crate) days: Vec<u16>,
}

/// Where messages go: exactly one of `directory` and `webhook`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NotifyTo")]
pub(crate) struct RawNotifyTo {
    /// A directory for a file each. A relative path is meant from the configuration directory.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1))]
    pub(crate) directory: Option<String>,
    /// An address for a POST with JSON each.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1, max = 2000))]
    pub(crate) webhook: Option<String>,
    /// What the body of each POST is signed with (HMAC-SHA256), from the environment: `${HOOK_SECRET}`. 16 bytes at
    /// least. Without it and `secret_file`: it is not signed.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1))]
    pub(crate) secret: Option<String>,
    /// A file that holds it, relative to the configuration directory.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1))]
    pub(crate) secret_file: Option<String>,
    /// How the address is reached.
    #[serde(default)]
    #[schemars(with = "RawReach")]
    pub(crate) reach: Option<RawReach>,
}

fn usual_days() -> Vec<u16> {
    vec![90, 30, 7]
}
