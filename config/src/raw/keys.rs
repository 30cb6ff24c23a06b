//! Keys: how they are hashed, and those of consumers and administrators.

use schemars::JsonSchema;
use serde::Deserialize;

/// What keys are hashed with: exactly one of these.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Keys", extend("minProperties" = 1, "maxProperties" = 1))]
pub(crate) struct RawKeys {
    /// The secret, from the environment: `${SLUICE_KEY_SECRET}`. 16 bytes at least.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) secret: Option<String>,
    /// A file that holds it, relative to the configuration directory.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1))]
    pub(crate) secret_file: Option<String>,
}

/// One key of a consumer. `sluice key new` makes one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Key")]
pub(crate) struct RawKey {
    /// Its keyed hash, `hmac-sha256:` and 64 hexadecimal digits.
    pub(crate) hash: String,
    /// From when on it counts no more, such as `2027-01-01T00:00:00Z`.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) expires: Option<String>,
    /// What to remember of it; nothing reads it.
    #[serde(default)]
    #[schemars(with = "String")]
    #[expect(dead_code, reason = "a note for people")]
    pub(crate) note: Option<String>,
}

/// A user with a password. `sluice password hash` makes the hash.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Password")]
pub(crate) struct RawPassword {
    /// The user's name, without `:`.
    #[schemars(length(min = 1, max = 255))]
    pub(crate) user: String,
    /// The password's hash, `$argon2id$…`.
    pub(crate) hash: String,
}

/// What is in a client certificate: exactly one of these.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ClientCertificate", extend("minProperties" = 1, "maxProperties" = 1))]
pub(crate) struct RawClientCertificate {
    /// `sha256:` and the 64 hexadecimal digits of the certificate's hash.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) fingerprint: Option<String>,
    /// The whole subject as RFC 4514 writes it: `CN=erp,O=Megacorp`.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1, max = 1000))]
    pub(crate) subject: Option<String>,
    /// A DNS name among the subject's alternative names.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1, max = 255))]
    pub(crate) dns: Option<String>,
    /// A URI among them, such as `spiffe://example/erp`.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1, max = 2048))]
    pub(crate) uri: Option<String>,
}

/// Who may use the admin API.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AdminAccess")]
pub(crate) struct RawAdminAccess {
    /// The administrators' keys, sent as `Authorization: Bearer` or `X-API-Key`.
    #[schemars(length(min = 1, max = 1000))]
    pub(crate) keys: Vec<RawAdminKey>,
}

/// One administrator's key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AdminKey")]
pub(crate) struct RawAdminKey {
    /// Who has it: the audit log names them so.
    pub(crate) name: String,
    /// Its keyed hash, as a consumer's.
    pub(crate) hash: String,
    /// From when on it counts no more.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) expires: Option<String>,
}
