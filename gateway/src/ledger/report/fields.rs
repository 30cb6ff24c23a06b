//! Members of old versions that a version's clients send and are given.

use jiff::Timestamp;
use serde::Serialize;

/// Use of the members of a version that are gone, renamed, moved or deprecated.
#[derive(Clone, Debug, Serialize)]
pub struct FieldUse {
    /// The API.
    pub api: String,
    /// The version.
    pub version: String,
    /// Whether the figures were made up by `sluice demo`.
    pub demo: bool,
    /// The members, within 90 days.
    pub members: Vec<Field>,
}

/// Use of a member.
#[derive(Clone, Debug, Serialize)]
pub struct Field {
    /// The change that it went with, as `OLD..NEW`; empty for one that goes by `lifecycle`.
    pub change: String,
    /// The member, as `TYPE POINTER`.
    pub member: String,
    /// Requests that sent it: evidence of use.
    pub sent: u64,
    /// By how many clients.
    pub senders: u64,
    /// Answers that delivered it: whether it is used is unknown.
    pub delivered: u64,
    /// To how many clients.
    pub receivers: u64,
    /// Answers from which a trial withheld it.
    pub withheld: u64,
    /// What can be said.
    pub verdict: Verdict,
    /// When it was met last.
    pub last_seen: Timestamp,
}

/// What can be said of a member's use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Somebody sends it.
    Used,
    /// It is only delivered: nobody can say whether it is read. Never "unused".
    Unknown,
}
