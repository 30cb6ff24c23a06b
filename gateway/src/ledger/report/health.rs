//! What becomes of documents at each change.

use jiff::Timestamp;
use serde::Serialize;

/// What became of documents at each change of an API, within 7 days.
#[derive(Clone, Debug, Serialize)]
pub struct Health {
    /// The API.
    pub api: String,
    /// When this was asked.
    pub at: Timestamp,
    /// Whether the figures were made up by `sluice demo`.
    pub demo: bool,
    /// The changes, in the order of the lineage.
    pub changes: Vec<ChangeHealth>,
}

/// What became of documents at a change.
#[derive(Clone, Debug, Serialize)]
pub struct ChangeHealth {
    /// The change, as `OLD..NEW`.
    pub change: String,
    /// What it is, for people.
    pub summary: String,
    /// Messages that were carried up through it.
    pub lifted: u64,
    /// Messages that were carried down through it.
    pub lowered: u64,
    /// Messages that it could not carry.
    pub failures: u64,
    /// Elements of lists that were left out or replaced.
    pub losses: u64,
    /// Where it fails, the most often first: at most ten.
    pub pointers: Vec<FaultyPointer>,
}

/// Where a change fails.
#[derive(Clone, Debug, Serialize)]
pub struct FaultyPointer {
    /// The place, in the client's names.
    pub pointer: String,
    /// In which version it was met.
    pub version: String,
    /// How often.
    pub failures: u64,
}
