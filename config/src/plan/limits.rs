//! Limits: rates, quotas, concurrency, weights, sizes of bodies.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::time::Duration;

use http::HeaderName;

use super::{ConsumerId, VersionSet};

/// How much of an API may be used.
#[derive(Debug, Clone, Default)]
pub struct LimitsPlan {
    /// The limits, as written.
    pub limits: Vec<LimitPlan>,
    /// By operation, how much a request counts; 1 where it is not named.
    pub weights: BTreeMap<String, NonZeroU32>,
    /// By operation, how many bytes a request's body may have.
    pub bodies: BTreeMap<String, usize>,
}

impl LimitsPlan {
    /// How much a request of an operation counts.
    pub fn weight(&self, operation: &str) -> NonZeroU32 {
        self.weights.get(operation).copied().unwrap_or(NonZeroU32::MIN)
    }
}

/// One limit.
#[derive(Debug, Clone)]
pub struct LimitPlan {
    /// Its name; once in an API.
    pub name: String,
    /// What is counted apart. Empty: everything together.
    pub key: Vec<KeyPart>,
    /// How much.
    pub measure: Measure,
    /// Where it is counted.
    pub reach: Reach,
    /// What counts.
    pub applies: Applies,
    /// Whether answers tell of it.
    pub fields: bool,
}

/// A part of what is counted apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum KeyPart {
    /// The consumer; the address of a client without a credential.
    Consumer,
    /// The client's address; of IPv6 the /64.
    Address,
    /// The operation.
    Operation,
    /// The version.
    Version,
    /// A request header.
    Header(HeaderName),
}

/// How much is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// So many in each period on average, and at most `burst` at once.
    Rate {
        /// How many.
        count: NonZeroU32,
        /// In which time.
        per: Duration,
        /// At once.
        burst: NonZeroU32,
    },
    /// So many in each period of the calendar.
    Quota {
        /// How many.
        count: u64,
        /// The period.
        period: Period,
    },
    /// So many in progress.
    Concurrency(NonZeroU32),
}

/// A period of the calendar, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// From midnight to midnight.
    Day,
    /// From the first of a month to the first of the next.
    Month,
}

/// Where a limit is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// In each gateway by itself.
    Local,
    /// By all gateways that share the store.
    Fleet {
        /// Every request asks the store.
        exact: bool,
        /// What holds while the store cannot be asked.
        on_failure: OnStoreFailure,
    },
}

/// What holds while the store cannot be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnStoreFailure {
    /// Each gateway counts by itself, and allows its share.
    Local,
    /// Requests are refused.
    Closed,
    /// Nothing is counted.
    Open,
}

/// The requests that count against a limit.
#[derive(Debug, Clone)]
pub struct Applies {
    /// Those of these versions; without it of all.
    pub versions: Option<VersionSet>,
    /// Those of these operations; empty: all.
    pub operations: BTreeSet<String>,
    /// Those of these consumers.
    pub consumers: Vec<ConsumerId>,
    /// Those of consumers of these groups.
    pub groups: Vec<String>,
}

impl Applies {
    /// Whether every request counts, whoever sends it and for whatever.
    pub fn to_all(&self) -> bool {
        self.versions.is_none() && self.operations.is_empty() && self.to_everyone()
    }

    /// Whether it does not matter who asks.
    pub fn to_everyone(&self) -> bool {
        self.consumers.is_empty() && self.groups.is_empty()
    }
}
