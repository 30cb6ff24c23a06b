//! How the consumers of some versions are told apart, and what the upstream is told of them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::range::RawVersions;
use super::tokens::{RawIntrospection, RawJwt};

/// How the consumers of some versions are told apart.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Authentication")]
pub(crate) struct RawAuthentication {
    /// The versions that it is for. Without it: all that no earlier entry covers.
    #[serde(default)]
    pub(crate) versions: RawVersions,
    /// The ways to prove who asks; any one will do.
    #[serde(default)]
    #[schemars(length(max = 8))]
    pub(crate) schemes: Vec<RawScheme>,
    /// Instead of `schemes`: anyone may ask.
    #[serde(default)]
    pub(crate) open: bool,
    /// Which scopes an operation needs; the first entry that names it. None: no scope is needed.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub(crate) scopes: Vec<RawScopes>,
}

/// One way to prove who asks: exactly one of these.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Scheme", extend("minProperties" = 1, "maxProperties" = 1))]
pub(crate) struct RawScheme {
    /// A key of consumers.yaml.
    #[serde(default)]
    #[schemars(with = "RawApiKey")]
    pub(crate) api_key: Option<RawApiKey>,
    /// A JSON Web Token (RFC 7519) in `Authorization: Bearer`.
    #[serde(default)]
    #[schemars(with = "RawJwt")]
    pub(crate) jwt: Option<RawJwt>,
    /// A token in `Authorization: Bearer` that an authorization server is asked about (RFC 7662).
    #[serde(default)]
    #[schemars(with = "RawIntrospection")]
    pub(crate) introspection: Option<RawIntrospection>,
    /// A user and a password of consumers.yaml (RFC 7617).
    #[serde(default)]
    #[schemars(with = "RawBasic")]
    pub(crate) basic: Option<RawBasic>,
    /// A client certificate that consumers.yaml lists.
    #[serde(default)]
    #[schemars(with = "RawCertificateScheme")]
    pub(crate) certificate: Option<RawCertificateScheme>,
}

/// Where a key stands in a request: exactly one of these.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ApiKey", extend("minProperties" = 1, "maxProperties" = 1))]
pub(crate) struct RawApiKey {
    /// The name of a header, such as `X-API-Key`.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) header: Option<String>,
    /// The name of a query parameter, such as `api_key`. It ends in logs of clients and proxies: for old versions only.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) query: Option<String>,
}

/// HTTP Basic.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Basic")]
pub(crate) struct RawBasic {
    /// What the client is told that the password is for. Without it: the API's name.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1, max = 200))]
    pub(crate) realm: Option<String>,
}

/// A client certificate; there is nothing to set.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CertificateScheme")]
pub(crate) struct RawCertificateScheme {}

/// The scopes that some operations need.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Scopes")]
pub(crate) struct RawScopes {
    /// The operations, by operationId. Without it: every other.
    #[serde(default)]
    #[schemars(with = "Vec<String>", length(min = 1, max = 1000))]
    pub(crate) operations: Option<Vec<String>>,
    /// The scopes that are needed, every one of them.
    #[schemars(length(max = 100))]
    pub(crate) need: Vec<String>,
}

/// The fields in which the upstream is told who asks. What clients send in them is taken out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Identity")]
pub(crate) struct RawIdentity {
    /// The consumer's name.
    pub(crate) consumer: String,
    /// Its groups, with commas between them.
    #[schemars(with = "String")]
    pub(crate) groups: Option<String>,
    /// The scopes of the credential and of the consumer, with spaces between them.
    #[schemars(with = "String")]
    pub(crate) scopes: Option<String>,
    /// Whom the credential itself names: a token's subject, the user of HTTP Basic.
    #[schemars(with = "String")]
    pub(crate) subject: Option<String>,
}

impl Default for RawIdentity {
    fn default() -> Self {
        Self {
            consumer: "X-Consumer".to_owned(),
            groups: None,
            scopes: None,
            subject: None,
        }
    }
}
