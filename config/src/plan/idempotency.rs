//! Idempotency keys.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Place;
pub use crate::choice::{OnOutage, Where};

/// Which operations answer the same key with the same answer; none by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdempotencyPlan {
    /// The operations, by their id.
    pub operations: BTreeSet<String>,
    /// How keys are kept. There where there is an operation.
    pub keeping: Option<KeepingPlan>,
}

/// How keys and their answers are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeepingPlan {
    /// How long.
    pub keep: Duration,
    /// Where.
    pub store: Where,
    /// Whether these operations are refused without a key.
    pub required: bool,
    /// The most answers in memory.
    pub entries: usize,
    /// The largest body that is kept.
    pub answer: usize,
    /// What becomes of requests while the store cannot be reached.
    pub on_failure: OnOutage,
    /// Where it was written.
    pub place: Place,
}

impl IdempotencyPlan {
    /// How an operation's keys are kept, if it takes any.
    pub fn of(&self, operation: &str) -> Option<&KeepingPlan> {
        self.keeping
            .as_ref()
            .filter(|_| self.operations.contains(operation))
    }
}
