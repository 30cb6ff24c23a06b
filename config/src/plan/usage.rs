//! Where it is kept who used what.

use std::time::Duration;

use super::{NamedFile, Place, Secret};

/// Where it is kept who used what, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsagePlan {
    /// Where.
    pub store: UsageStore,
    /// How often what was counted goes there. A minute is a whole number of these.
    pub flush: Duration,
    /// How many different things a core tells apart between two flushes, and all cores together in a minute; what is beyond is
    /// counted under `other`. Half as many more may wait for a store that is down.
    pub keys: usize,
    /// How many clients without a credential are told apart within a UTC day.
    pub unidentified: usize,
    /// For how long.
    pub retention: Retention,
    /// Where it was written.
    pub place: Place,
}

/// A store of usage figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UsageStore {
    /// A file, for one machine.
    Sqlite(NamedFile),
    /// A server, for any number of gateways: `postgres://…`; it may hold a password.
    Postgres(Secret),
}

/// For how long figures are kept, by how fine they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// By the minute.
    pub minutes: Duration,
    /// By the hour.
    pub hours: Duration,
    /// By the day; without it for ever.
    pub days: Option<Duration>,
}
