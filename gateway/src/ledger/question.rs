//! What can be asked of a store.

use jiff::Timestamp;

use super::fact::{Counts, Fact, Kind, Who};

/// A question. What is left out is not asked for.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The kinds that are meant.
    pub kinds: &'a [Kind],
    /// Of this API.
    pub api: Option<&'a str>,
    /// In this version.
    pub version: Option<&'a str>,
    /// Of these clients.
    pub who: Option<&'a Who>,
    /// How fine. Coarser figures are kept for longer: see the plan's retention.
    pub grain: Grain,
    /// From when on, rounded down to the grain.
    pub since: Timestamp,
    /// The first instant that does not belong to it any more.
    pub until: Timestamp,
    /// Whether each minute, hour or day is told apart. Else there is one answer a fact.
    pub by_time: bool,
    /// How many answers at most, the largest counts first; by time, the earliest first.
    pub most: u32,
}

/// How fine figures are: in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Grain {
    /// By the minute.
    Minute,
    /// By the hour.
    Hour,
    /// By the day.
    Day,
}

impl Grain {
    /// How long one is, in seconds.
    pub fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }

    /// The first second of the one that holds this second.
    pub fn floor(self, second: i64) -> i64 {
        second - second.rem_euclid(self.seconds())
    }
}

/// What a store knows of a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The fact.
    pub fact: Fact,
    /// The first second of the minute, hour or day; 0 where they are not told apart.
    pub at: i64,
    /// How often within what was asked for.
    pub counts: Counts,
    /// When it was seen first, in Unix seconds; whatever was asked for.
    pub first_seen: i64,
    /// When it was seen last, in Unix seconds; whatever was asked for.
    pub last_seen: i64,
}

/// Who asked in a version, in three windows that end now. The key question of a sunset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Who.
    pub who: Who,
    /// Requests within the last 24 hours: the hour at hand and the 23 before it.
    pub day: u64,
    /// Within the last 7 days: the day at hand and the 6 before it.
    pub week: u64,
    /// Within the last 90 days.
    pub quarter: u64,
    /// When it was seen first, in Unix seconds.
    pub first_seen: i64,
    /// When it was seen last, in Unix seconds.
    pub last_seen: i64,
}
