//! The store that a fleet of gateways shares.

use std::time::Duration;

use super::{Place, Secret};

/// The store that a fleet of gateways shares: Redis or Valkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorePlan {
    /// Where it is, `redis://…`; it may hold a password.
    pub redis: Secret,
    /// How long a request may wait for it.
    pub timeout: Duration,
    /// What every key in it begins with.
    pub prefix: String,
    /// How many gateways share it, until the store has told.
    pub nodes: u32,
    /// Where its address was written.
    pub place: Place,
}

impl StorePlan {
    /// Whether another plan means the same store, wherever it was written.
    pub fn is_same(&self, other: &Self) -> bool {
        let same_address = match (&self.redis, &other.redis) {
            (Secret::Value(one, _), Secret::Value(another, _)) => one == another,
            (one, another) => one == another,
        };
        same_address
            && (self.timeout, &self.prefix, self.nodes) == (other.timeout, &other.prefix, other.nodes)
    }
}
