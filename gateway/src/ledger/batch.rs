//! What goes to a store at once.

use super::fact::{Counts, Fact};

/// Counts of one minute. A store that is given the same batch again, since nobody knows whether it arrived, counts it once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Which process: a random name that it made when it began.
    pub gateway: String,
    /// Counted from 1 in that process.
    pub number: i64,
    /// The first second of the minute, in Unix time.
    pub minute: i64,
    /// Each fact once.
    pub rows: Vec<Row>,
    /// How many exchanges could not be kept before this batch, since the store was down for too long.
    pub lost: u64,
}

/// A fact and its counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What was counted.
    pub fact: Fact,
    /// How often.
    pub counts: Counts,
    /// When it was seen last, in Unix seconds.
    pub last_seen: i64,
}
