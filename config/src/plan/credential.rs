//! Credentials of consumers and administrators. What is compared is never shown whole.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Place, Secret};

/// The keyed hash (HMAC-SHA256) of a key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyHash(pub [u8; 32]);

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Enough to tell two apart; without the secret nothing follows from it.
        let [a, b, c, d, ..] = self.0;
        write!(f, "KeyHash({a:02x}{b:02x}{c:02x}{d:02x}…)")
    }
}

/// A key of a consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPlan {
    /// Its keyed hash.
    pub hash: KeyHash,
    /// From when on it counts no more.
    pub expires: Option<Timestamp>,
}

/// A user of HTTP Basic.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordPlan {
    /// The user's name.
    pub user: String,
    /// The password's hash, in the form of the password hashing competition (`$argon2id$…`).
    pub hash: Arc<str>,
    /// Where it was written.
    pub place: Place,
}

impl fmt::Debug for PasswordPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordPlan")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// What tells a consumer's certificate.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CertificateMatch {
    /// The SHA-256 of the whole certificate.
    Fingerprint([u8; 32]),
    /// The whole subject as RFC 4514 writes it, without spaces after its commas.
    Subject(String),
    /// A DNS name among the subject's alternative names, in lower case.
    Dns(String),
    /// A URI among them.
    Uri(String),
}

/// What keys are hashed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysPlan {
    /// The secret.
    pub secret: Secret,
}

/// Who may use the admin API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminAccess {
    /// The administrators' keys.
    pub keys: Vec<AdminKey>,
}

/// An administrator's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminKey {
    /// Who has it.
    pub name: Arc<str>,
    /// The key.
    pub key: KeyPlan,
}
