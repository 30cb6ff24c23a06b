//! `apis/NAME/api.yaml`: origin, versions, how a version is selected, the shape of errors.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::Ordered;
use super::authentication::{RawAuthentication, RawIdentity};
use super::edge::{RawAddresses, RawCompression, RawCors, RawSecurityHeaders};
use super::idempotency::RawIdempotency;
use super::lifecycle::RawLifecycle;
use super::limits::{RawLimit, RawWeight};
use super::validation::RawValidation;

/// apis/NAME/api.yaml: one API.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Api", inline)]
pub(crate) struct RawApi {
    /// The version of the file format: 1.
    #[expect(dead_code, reason = "judged before the file is read as a whole")]
    sluice: u64,
    /// The API's name, which its directory has too.
    pub(crate) api: String,
    /// The hosts it is served on. Empty: every host.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub(crate) hosts: Vec<String>,
    /// The upstream that serves it, by its name in sluice.yaml.
    pub(crate) upstream: String,
    /// The version that the upstream speaks.
    pub(crate) origin: String,
    /// The path prefix at the upstream.
    #[serde(default)]
    pub(crate) base: String,
    /// The origin's OpenAPI 3.0 or 3.1 document, relative to this file.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) document: Option<String>,
    /// What becomes of members that no version mentions: `pass`, `strip` or `refuse`.
    pub(crate) additions: RawAdditions,
    /// Without a document: what becomes of requests on paths that no change mentions, `refuse` (the default) or `pass`.
    #[serde(default)]
    #[schemars(with = "RawUnmentioned")]
    pub(crate) unmentioned: Option<RawUnmentioned>,
    /// How a request may name its version. Where several agree, the first tells how it was chosen.
    #[schemars(length(min = 1, max = 32))]
    pub(crate) select: Vec<RawSelector>,
    /// The path prefix under which the version is named elsewhere than in the path.
    #[serde(default)]
    pub(crate) unversioned: String,
    /// Every version, in the order in which to show them: `from` in a selector counts along it.
    #[schemars(length(min = 1, max = 1000))]
    pub(crate) versions: Vec<RawVersion>,
    /// By type, what becomes of a list with an element of it that cannot be lowered. Without it the
    /// whole answer fails.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, RawOnFailure>")]
    pub(crate) lists: Ordered,
    /// The shape of the errors that the gateway makes. Without it: plain problem documents.
    #[serde(default)]
    #[schemars(with = "RawErrors")]
    pub(crate) errors: Option<RawErrors>,
    /// How consumers are told apart, the first entry that covers a version. Without any: everyone may ask.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub(crate) authentication: Vec<RawAuthentication>,
    /// The fields in which the upstream is told who asks.
    #[serde(default)]
    pub(crate) identity: RawIdentity,
    /// When versions, operations and members go.
    #[serde(default)]
    #[schemars(with = "RawLifecycle")]
    pub(crate) lifecycle: Option<RawLifecycle>,
    /// How much of it may be used.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub(crate) limits: Vec<RawLimit>,
    /// By operation, how much a request counts against limits. Without it: 1.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, RawWeight>")]
    pub(crate) weights: BTreeMap<String, u32>,
    /// By operation, how large a request's body may be, such as `64KiB`: beside `bounds.request` of sluice.yaml.
    #[serde(default)]
    pub(crate) request_sizes: BTreeMap<String, String>,
    /// What is held against the schemas.
    #[serde(default)]
    #[schemars(with = "RawValidation")]
    pub(crate) validation: Option<RawValidation>,
    /// Which operations answer the same key with the same answer.
    #[serde(default)]
    #[schemars(with = "RawIdempotency")]
    pub(crate) idempotency: Option<RawIdempotency>,
    /// Which addresses may ask.
    #[serde(default)]
    #[schemars(with = "RawAddresses")]
    pub(crate) addresses: Option<RawAddresses>,
    /// Which pages of other sites browsers let read the answers. Without it: the backend says so.
    #[serde(default)]
    #[schemars(with = "RawCors")]
    pub(crate) cors: Option<RawCors>,
    /// Which answers are compressed. Without it: none, beside what the backend compresses itself.
    #[serde(default)]
    #[schemars(with = "RawCompression")]
    pub(crate) compression: Option<RawCompression>,
    /// What answers tell browsers to be careful with, and what they do not tell of the backend.
    #[serde(default)]
    #[schemars(with = "RawSecurityHeaders")]
    pub(crate) security_headers: Option<RawSecurityHeaders>,
}

/// What becomes of members that no version mentions.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Additions")]
pub(crate) enum RawAdditions {
    /// They pass through as they came.
    Pass,
    /// They are taken out.
    Strip,
    /// A document that holds one is refused.
    Refuse,
}

/// What becomes of requests on paths that no change mentions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Unmentioned")]
pub(crate) enum RawUnmentioned {
    /// They are refused: nothing says how their versions differ.
    Refuse,
    /// They pass as they came, untranslated.
    Pass,
}

/// One way to name a version: exactly one of these.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Selector", extend("minProperties" = 1, "maxProperties" = 1))]
pub(crate) struct RawSelector {
    /// A path prefix.
    #[serde(default)]
    #[schemars(with = "RawPathSelector")]
    pub(crate) path: Option<RawPathSelector>,
    /// A request header.
    #[serde(default)]
    #[schemars(with = "RawNamed")]
    pub(crate) header: Option<RawNamed>,
    /// A parameter of the media type that is accepted.
    #[serde(default)]
    #[schemars(with = "RawMediaType")]
    pub(crate) media_type: Option<RawMediaType>,
    /// A parameter of the query.
    #[serde(default)]
    #[schemars(with = "RawNamed")]
    pub(crate) query: Option<RawNamed>,
    /// The version that the consumer is pinned to. Counts only when the request names none.
    #[serde(default)]
    #[schemars(with = "RawPin")]
    pub(crate) pin: Option<RawPin>,
}

/// A version in the path.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PathSelector")]
pub(crate) struct RawPathSelector {
    /// The prefix with `{version}` in it, such as `/v{version}`. Without it only versions that have
    /// their own `path` can be named so.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) template: Option<String>,
}

/// A version in a header or a parameter.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Named")]
pub(crate) struct RawNamed {
    /// The name of the header or parameter.
    pub(crate) name: String,
    /// The first version that can be named so. Without it: all.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) from: Option<String>,
}

/// A version in a media type.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MediaType")]
pub(crate) struct RawMediaType {
    /// The media type, such as `application/vnd.example+json`.
    #[serde(rename = "type")]
    pub(crate) media_type: String,
    /// Its parameter that holds the version.
    #[serde(default = "version")]
    pub(crate) parameter: String,
    /// The first version that can be named so. Without it: all.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) from: Option<String>,
}

/// A version from the consumer's pin.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Pin")]
pub(crate) struct RawPin {
    /// The first version that a consumer can be pinned to. Without it: all.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) from: Option<String>,
}

/// One version.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Version")]
pub(crate) struct RawVersion {
    /// Its name, in quotes: "1.0".
    pub(crate) name: String,
    /// Its own path prefix instead of the template's.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) path: Option<String>,
    /// It is open to these consumers alone, and to those of `groups`.
    #[serde(default)]
    #[schemars(with = "Vec<String>", length(max = 1000))]
    pub(crate) consumers: Option<Vec<String>>,
    /// It is open to consumers of these groups alone, and to those of `consumers`.
    #[serde(default)]
    #[schemars(with = "Vec<String>", length(max = 1000))]
    pub(crate) groups: Option<Vec<String>>,
}

/// What becomes of an element of a list that cannot be lowered: `omit`, `fail`, or `{substitute: VALUE}`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "OnFailure")]
pub(crate) enum RawOnFailure {
    /// It is left out, and a header counts how many were.
    Omit,
    /// The whole answer fails.
    Fail,
    /// This stands in its place, in the client's version.
    Substitute(Value),
}

/// The shape of the errors that the gateway makes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Errors")]
pub(crate) struct RawErrors {
    /// The version in which the body is written.
    pub(crate) version: String,
    /// The type that error bodies have in the document.
    #[serde(default, rename = "type")]
    #[schemars(with = "String")]
    pub(crate) error_type: Option<String>,
    /// The scalar type whose values are JSON Pointers into the request.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) pointers: Option<String>,
    /// The body, with {code}, {title}, {status}, {detail} and {pointer}. A member without a value is
    /// left out.
    pub(crate) body: Value,
}

fn version() -> String {
    "version".to_owned()
}
