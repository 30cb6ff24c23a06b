//! Choices that the files and the plan both have, each declared once.

use schemars::JsonSchema;
use serde::Deserialize;

/// How what an older version cannot show is kept on writes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// The edit goes on as a merge patch: one request, no race.
    Patch,
    /// Read, put, and write on condition with `If-Match`.
    #[default]
    Read,
    /// Read, put, and write without a condition, since the backend has no `ETag`.
    UnsafeRead,
}

/// Where something is kept that several gateways may need.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "KeptWhere")]
pub enum Where {
    /// In this process.
    #[default]
    Memory,
    /// In the store that the fleet shares.
    Fleet,
}

/// What becomes of requests that need the fleet's store while it cannot be reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "OnOutage")]
pub enum OnOutage {
    /// They are refused.
    #[default]
    Closed,
    /// They pass as if they had no key.
    Open,
}

/// How a token is signed (RFC 7518, RFC 8037). Only signatures that a public key verifies: who can verify a token cannot
/// make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
pub enum Algorithm {
    /// ECDSA with P-256 and SHA-256.
    ES256,
    /// ECDSA with P-384 and SHA-384.
    ES384,
    /// Ed25519.
    EdDSA,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RS384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RS512,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// RSASSA-PSS with SHA-384.
    PS384,
    /// RSASSA-PSS with SHA-512.
    PS512,
}

/// The oldest version of TLS that is spoken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    #[default]
    #[serde(rename = "1.2")]
    V12,
    /// TLS 1.3 (RFC 8446).
    #[serde(rename = "1.3")]
    V13,
}
