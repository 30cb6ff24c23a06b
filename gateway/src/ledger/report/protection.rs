//! Who was refused, and why.

use jiff::Timestamp;
use serde::Serialize;

/// Who was refused within 24 hours, and why.
#[derive(Clone, Debug, Serialize)]
pub struct Protection {
    /// When this was asked.
    pub at: Timestamp,
    /// Whether the figures were made up by `sluice demo`.
    pub demo: bool,
    /// Each reason and client, the most often first.
    pub refusals: Vec<Refusals>,
    /// How many more there are than are listed.
    pub more: u64,
}

/// How often a client was refused for a reason.
#[derive(Clone, Debug, Serialize)]
pub struct Refusals {
    /// The API; empty where a request was for none.
    pub api: String,
    /// The status: 401, 403, 422, 429 and the like.
    pub status: u16,
    /// The refusal's code, such as `rate_limited`.
    pub reason: String,
    /// Who: see [`super::who_uses::ConsumerUse`].
    pub who: String,
    /// Whether that is a consumer's name.
    pub identified: bool,
    /// How often within 24 hours.
    pub refused: u64,
    /// When last.
    pub last_seen: Timestamp,
}
