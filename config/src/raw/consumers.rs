//! `consumers.yaml`: who may ask.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Ordered;
use super::keys::{RawClientCertificate, RawKey, RawPassword};

/// consumers.yaml: who may ask.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Consumers", inline)]
pub(crate) struct RawConsumers {
    /// The version of the file format: 1.
    #[expect(dead_code, reason = "judged before the file is read as a whole")]
    sluice: u64,
    /// The consumers, by name.
    #[schemars(with = "BTreeMap<String, RawConsumer>")]
    pub(crate) consumers: Ordered,
}

/// One consumer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Consumer")]
pub(crate) struct RawConsumer {
    /// Whom to tell of deprecations, such as an address of mail.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) contact: Option<String>,
    /// The groups that it belongs to.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub(crate) groups: Vec<String>,
    /// Scopes that it has whatever its credential says.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub(crate) scopes: Vec<String>,
    /// By API, the version that it is pinned to: it counts when a request names none.
    #[serde(default)]
    pub(crate) pins: BTreeMap<String, String>,
    /// By API, the versions that it may use. An API that is not named is open to it in every version.
    #[serde(default)]
    pub(crate) versions: BTreeMap<String, Vec<String>>,
    /// The kill switch: every request of it is refused.
    #[serde(default)]
    pub(crate) off: bool,
    /// Its API keys; several while one takes the place of another.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub(crate) keys: Vec<RawKey>,
    /// The subjects (`sub`) that its tokens name.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub(crate) subjects: Vec<String>,
    /// Its users of HTTP Basic.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub(crate) passwords: Vec<RawPassword>,
    /// Its client certificates.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub(crate) certificates: Vec<RawClientCertificate>,
}
