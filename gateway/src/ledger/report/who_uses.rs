//! Who uses a version, and what of it.

use jiff::Timestamp;
use serde::Serialize;

/// Who uses a version.
#[derive(Clone, Debug, Serialize)]
pub struct WhoUses {
    /// The API.
    pub api: String,
    /// The version.
    pub version: String,
    /// When this was asked.
    pub at: Timestamp,
    /// Whether the figures were made up by `sluice demo`.
    pub demo: bool,
    /// Those who use it, the most requests within 7 days first.
    pub consumers: Vec<ConsumerUse>,
    /// How many more there are than are listed.
    pub more: u64,
}

/// What one client uses of a version.
#[derive(Clone, Debug, Serialize)]
pub struct ConsumerUse {
    /// The consumer's name; of a client without a credential its address range and user agent; `other` beyond the bound.
    pub who: String,
    /// Whether that is a consumer's name.
    pub identified: bool,
    /// Whether consumers.yaml still has that consumer.
    pub configured: bool,
    /// Whom to tell: `contact` of consumers.yaml.
    pub contact: Option<String>,
    /// Requests within 24 hours.
    pub last_24_hours: u64,
    /// Within 7 days.
    pub last_7_days: u64,
    /// Within 90 days.
    pub last_90_days: u64,
    /// When it was seen first.
    pub first_seen: Timestamp,
    /// When it was seen last.
    pub last_seen: Timestamp,
    /// The operations that it asked for within 90 days, the most requests first.
    pub operations: Vec<OperationUse>,
    /// Members of old versions that it sent within 90 days: evidence of use.
    pub sent: Vec<MemberUse>,
    /// Members of old versions that it was given within 90 days: whether it uses them is unknown.
    pub delivered: Vec<MemberUse>,
}

/// How often an operation was asked for.
#[derive(Clone, Debug, Serialize)]
pub struct OperationUse {
    /// The operation's id; empty for requests that belong to none.
    pub operation: String,
    /// Requests.
    pub requests: u64,
}

/// How often a member was met.
#[derive(Clone, Debug, Serialize)]
pub struct MemberUse {
    /// The change that it went with, as `OLD..NEW`; empty for one that goes by `lifecycle`.
    pub change: String,
    /// The member, as `TYPE POINTER`.
    pub member: String,
    /// Exchanges.
    pub exchanges: u64,
    /// When it was met last.
    pub last_seen: Timestamp,
}
