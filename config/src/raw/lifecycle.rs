//! When what of an API goes.

use schemars::JsonSchema;
use serde::Deserialize;

use super::RawVersions;

/// When what of an API goes. Dates are RFC 3339 instants (`2027-06-30T23:59:59Z`), or days (`2028-01-01`), which begin at
/// midnight UTC.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Lifecycle")]
pub(crate) struct RawLifecycle {
    /// Where clients read how to move on: `Link` with `rel="deprecation"` and `rel="sunset"`.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) guide: Option<String>,
    /// The version to move to: `Link` with `rel="successor-version"`.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) successor: Option<String>,
    /// Whether answers of what goes carry `Warning: 299` with a sentence, too.
    #[serde(default)]
    pub(crate) warning: bool,
    /// When versions go. A version stands in one entry at most.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub(crate) versions: Vec<RawVersionCourse>,
    /// When operations go. An operation of a version stands in one entry at most.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub(crate) operations: Vec<RawOperationCourse>,
    /// When members of documents go.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub(crate) members: Vec<RawMemberCourse>,
    /// The kill switch: these versions are refused to everyone, now.
    #[serde(default)]
    #[schemars(with = "RawVersions")]
    pub(crate) off: Option<RawVersions>,
}

/// What becomes of versions, and when.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "VersionCourse")]
pub(crate) struct RawVersionCourse {
    /// The versions. Without it: all.
    #[serde(default)]
    pub(crate) versions: RawVersions,
    /// They may still change: nobody should build on them.
    #[serde(default)]
    pub(crate) preview: bool,
    /// From when on they are deprecated; a date to come is announced.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) deprecated: Option<String>,
    /// When they go: the last instant at which they answer. Not before `deprecated`.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) sunset: Option<String>,
    /// Another guide for these.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) guide: Option<String>,
    /// Another successor for these.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) successor: Option<String>,
    /// Consumers that brownouts and the sunset do not concern, for a while.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub(crate) exempt: Vec<RawExemption>,
    /// Rehearsals of the sunset: from the deprecation to the sunset, requests are refused in these windows.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub(crate) brownouts: Vec<RawBrownout>,
    /// What a brownout answers: 410 as the sunset will, or 503, which invites retries.
    #[serde(default = "gone")]
    #[schemars(extend("enum" = [410, 503]))]
    pub(crate) brownout_status: u16,
}

/// What becomes of operations, and when.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "OperationCourse")]
pub(crate) struct RawOperationCourse {
    /// The operations, by their `operationId`.
    #[schemars(length(min = 1, max = 1000))]
    pub(crate) operations: Vec<String>,
    /// In these versions. Without it: in all.
    #[serde(default)]
    pub(crate) versions: RawVersions,
    /// From when on they are deprecated; a date to come is announced.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) deprecated: Option<String>,
    /// When they go: the last instant at which they answer. Not before `deprecated`.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) sunset: Option<String>,
    /// Another guide for these.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) guide: Option<String>,
    /// Another successor for these.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) successor: Option<String>,
    /// Consumers that brownouts and the sunset do not concern, for a while.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub(crate) exempt: Vec<RawExemption>,
    /// Rehearsals of the sunset: from the deprecation to the sunset, requests are refused in these windows.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub(crate) brownouts: Vec<RawBrownout>,
    /// What a brownout answers: 410 as the sunset will, or 503, which invites retries.
    #[serde(default = "gone")]
    #[schemars(extend("enum" = [410, 503]))]
    pub(crate) brownout_status: u16,
}

/// What becomes of a member of documents, and when.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MemberCourse")]
pub(crate) struct RawMemberCourse {
    /// The type that has it.
    #[serde(rename = "type")]
    pub(crate) label: String,
    /// Where it stands in the type: a JSON Pointer.
    pub(crate) at: String,
    /// In these versions. Without it: in all that have it.
    #[serde(default)]
    pub(crate) versions: RawVersions,
    /// From when on it is deprecated; a date to come is announced.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) deprecated: Option<String>,
    /// When it goes: requests that send it are refused then, and answers leave it out where it is optional. Not before
    /// `deprecated`.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) sunset: Option<String>,
    /// Another guide for it.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) guide: Option<String>,
    /// Consumers that its sunset does not concern, for a while.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub(crate) exempt: Vec<RawExemption>,
    /// Field brownouts: a share of one consumer's answers lacks the member for a while, so that it shows whether it is
    /// missed. Optional members alone.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub(crate) trials: Vec<RawTrial>,
}

/// A field brownout: a share of one consumer's answers lacks the member.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Trial")]
pub(crate) struct RawTrial {
    /// Whose answers: the consumer, by its name in consumers.yaml.
    pub(crate) consumer: String,
    /// Which share of them: more than 0, and 1 for all.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0))]
    pub(crate) share: f64,
    /// Its first instant.
    pub(crate) from: String,
    /// The first instant after it.
    pub(crate) to: String,
}

/// A consumer that a sunset does not concern, for a while.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Exemption")]
pub(crate) struct RawExemption {
    /// The consumer, by its name in consumers.yaml.
    pub(crate) consumer: String,
    /// The last instant of the exemption. An exemption without an end would be no sunset.
    pub(crate) until: String,
}

/// A window of brownouts. Recurring, in UTC: `{on: first tuesday, from: "14:00", to: "15:00"}`. One-off:
/// `{from: 2027-05-01T10:00:00Z, to: 2027-05-01T11:00:00Z}`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Brownout")]
pub(crate) struct RawBrownout {
    /// The days: `first tuesday` (to `fourth`, or `last`) of each month, `every tuesday`, `every day`, or `day 15` of each
    /// month. Without it the window is one-off.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) on: Option<String>,
    /// When it begins: a time of day with `on`, such as `"14:00"`, else an instant.
    pub(crate) from: String,
    /// When it has ended: a time of day with `on`, up to `"24:00"`, else an instant. A time that is not after `from` is
    /// one of the next day.
    pub(crate) to: String,
}

fn gone() -> u16 {
    410
}
