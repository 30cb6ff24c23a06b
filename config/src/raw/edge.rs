//! What surrounds an API: addresses, browsers, compression, fields of answers.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Ordered;

/// Which addresses may ask. What is denied stays denied, whatever is allowed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Addresses")]
pub(crate) struct RawAddresses {
    /// Only these, as ranges (`10.0.0.0/8`) or single addresses. Without it: every address.
    #[serde(default)]
    #[schemars(with = "Vec<String>", length(min = 1, max = 1000))]
    pub(crate) allow: Option<Vec<String>>,
    /// None of these.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub(crate) deny: Vec<String>,
}

/// Which pages of other sites browsers let read the answers (CORS).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Cors")]
pub(crate) struct RawCors {
    /// The sites: `https://app.example`, `https://*.app.example` for every host below, or `*` for all.
    #[schemars(length(min = 1, max = 1000))]
    pub(crate) origins: Vec<String>,
    /// The methods that pages may use. Without it: those that a path has in any version.
    #[serde(default)]
    #[schemars(with = "Vec<String>", length(min = 1, max = 100))]
    pub(crate) methods: Option<Vec<String>>,
    /// The request headers that pages may send. Without it: those of HTTP for documents, and those that name the version.
    #[serde(default)]
    #[schemars(with = "Vec<String>", length(max = 100))]
    pub(crate) headers: Option<Vec<String>>,
    /// The answer headers that pages may read. Without it: those that the gateway sets.
    #[serde(default)]
    #[schemars(with = "Vec<String>", length(max = 100))]
    pub(crate) expose: Option<Vec<String>>,
    /// Whether browsers send cookies and credentials of their own.
    #[serde(default)]
    pub(crate) credentials: bool,
    /// How long a browser remembers what it was told, such as `10m`.
    #[serde(default = "ten_minutes")]
    pub(crate) max_age: String,
}

/// Which answers are compressed for clients that accept gzip or br.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Compression")]
pub(crate) struct RawCompression {
    /// The size from which an answer is compressed, such as `1KiB`.
    #[serde(default = "one_kibibyte")]
    pub(crate) minimum: String,
    /// The media types that are compressed: `application/json`, `text/*`, `*+json`. Without it: texts and documents.
    #[serde(default)]
    #[schemars(with = "Vec<String>", length(min = 1, max = 100))]
    pub(crate) media_types: Option<Vec<String>>,
}

/// What answers tell browsers to be careful with, and what they do not tell of the backend.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SecurityHeaders")]
pub(crate) struct RawSecurityHeaders {
    /// `Strict-Transport-Security`, on answers over TLS.
    #[serde(default)]
    #[schemars(with = "RawTransportSecurity")]
    pub(crate) strict_transport_security: Option<RawTransportSecurity>,
    /// `X-Content-Type-Options: nosniff`.
    #[serde(default)]
    pub(crate) nosniff: bool,
    /// `X-Frame-Options`, where the backend sends none.
    #[serde(default)]
    #[schemars(with = "RawFrames")]
    pub(crate) frame_options: Option<RawFrames>,
    /// `Referrer-Policy`, where the backend sends none, such as `no-referrer`.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) referrer_policy: Option<String>,
    /// `Content-Security-Policy`, where the backend sends none, such as `default-src 'none'`.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) content_security_policy: Option<String>,
    /// Other headers of every answer, in the place of the backend's.
    #[serde(default)]
    #[schemars(with = "std::collections::BTreeMap<String, String>")]
    pub(crate) set: Ordered,
    /// Headers of the backend that are not passed on, such as `Server` and `X-Powered-By`.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub(crate) remove: Vec<String>,
}

/// `Strict-Transport-Security` (RFC 6797).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TransportSecurity")]
pub(crate) struct RawTransportSecurity {
    /// How long a browser remembers to use TLS only, such as `365d`.
    pub(crate) max_age: String,
    /// For the hosts below too.
    #[serde(default)]
    pub(crate) subdomains: bool,
    /// Browsers may ship the host in their list.
    #[serde(default)]
    pub(crate) preload: bool,
}

/// Who may show an answer in a frame.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Frames")]
pub(crate) enum RawFrames {
    /// Nobody.
    Deny,
    /// Pages of the same origin.
    SameOrigin,
}

fn ten_minutes() -> String {
    "10m".into()
}

fn one_kibibyte() -> String {
    "1KiB".into()
}
