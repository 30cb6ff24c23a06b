//! Tokens: JWT and introspection.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::choice::Algorithm;

/// JSON Web Tokens (RFC 7519), judged by the keys of a key set.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Jwt")]
pub(crate) struct RawJwt {
    /// The key set (RFC 7517): an `https://` address, or a file relative to the configuration directory.
    #[schemars(length(min = 1, max = 2000))]
    pub(crate) jwks: String,
    /// How often the key set is read again.
    #[serde(default = "ten_minutes")]
    pub(crate) refresh: String,
    /// A token with a key that is not in the set has the set read again, at the earliest so long after the last time.
    #[serde(default = "half_a_minute")]
    pub(crate) unknown_key: String,
    /// How the address is reached.
    #[serde(default)]
    pub(crate) reach: RawReach,
    /// Who must have issued a token: its `iss`.
    #[schemars(length(min = 1, max = 2000))]
    pub(crate) issuer: String,
    /// For whom a token must be: its `aud` names one of these.
    #[schemars(length(min = 1, max = 100))]
    pub(crate) audience: Vec<String>,
    /// How far the clocks of issuer and gateway may be apart.
    #[serde(default = "a_minute")]
    pub(crate) leeway: String,
    /// The algorithms that are accepted at most. Which of them a signature must have, its key says.
    #[schemars(length(min = 1, max = 9))]
    pub(crate) algorithms: Vec<Algorithm>,
    /// The claim that names the consumer.
    #[serde(default = "sub")]
    #[schemars(length(min = 1, max = 200))]
    pub(crate) subject: String,
    /// The claim that holds the scopes: a text with spaces between them, or a list. Without it: `scope`, else `scp`.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1, max = 200))]
    pub(crate) scopes: Option<String>,
}

/// Tokens that an authorization server is asked about (RFC 7662).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Introspection")]
pub(crate) struct RawIntrospection {
    /// The `https://` address that is asked.
    #[schemars(length(min = 1, max = 2000))]
    pub(crate) url: String,
    /// As whom the gateway asks: the user of HTTP Basic.
    #[schemars(length(min = 1, max = 200))]
    pub(crate) client: String,
    /// What proves it, from the environment: `${INTROSPECTION_SECRET}`. Exactly one of this and `secret_file`.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1))]
    pub(crate) secret: Option<String>,
    /// A file that holds it, relative to the configuration directory.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1))]
    pub(crate) secret_file: Option<String>,
    /// How long an answer is believed, at most until the token ends. An answer that a token is not active: a quarter of
    /// it, five seconds at most.
    #[serde(default = "half_a_minute")]
    pub(crate) cache: String,
    /// How the address is reached.
    #[serde(default)]
    pub(crate) reach: RawReach,
    /// Who must have issued a token. Without it: anyone whom the server knows.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1, max = 2000))]
    pub(crate) issuer: Option<String>,
    /// For whom a token must be: its `aud` names one of these. Without it: anyone.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub(crate) audience: Vec<String>,
    /// How far the clocks of server and gateway may be apart.
    #[serde(default = "a_minute")]
    pub(crate) leeway: String,
    /// The member that names the consumer: `sub`, `client_id`, `username`.
    #[serde(default = "sub")]
    #[schemars(length(min = 1, max = 200))]
    pub(crate) subject: String,
    /// The member that holds the scopes. Without it: `scope`, else `scp`.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1, max = 200))]
    pub(crate) scopes: Option<String>,
}

/// How the address of a server is reached. Redirects are not followed, and no proxy is asked.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Reach")]
pub(crate) struct RawReach {
    /// How long one exchange may take.
    pub(crate) timeout: String,
    /// A file of the authorities (PEM) that its certificate is verified by, relative to the configuration directory.
    /// Without it: those of the system.
    #[schemars(with = "String", length(min = 1))]
    pub(crate) authorities: Option<String>,
    /// Whether `http://` may go to other machines: whoever is on the way can then read and forge what is said.
    pub(crate) plain_http: bool,
    /// Whether it may be a link-local address, where clouds hand out credentials.
    pub(crate) link_local: bool,
}

impl Default for RawReach {
    fn default() -> Self {
        Self {
            timeout: "2s".to_owned(),
            authorities: None,
            plain_http: false,
            link_local: false,
        }
    }
}

fn ten_minutes() -> String {
    "10m".to_owned()
}

fn a_minute() -> String {
    "60s".to_owned()
}

fn half_a_minute() -> String {
    "30s".to_owned()
}

fn sub() -> String {
    "sub".to_owned()
}
