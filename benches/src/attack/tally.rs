//! What one generator sent and how it was answered.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Counts of one generator.
#[derive(Debug)]
pub(crate) struct Tally {
    name: &'static str,
    until: Instant,
    sent: AtomicU64,
    answers: Mutex<BTreeMap<String, u64>>,
    slowest: AtomicU64,
}

impl Tally {
    /// Nothing yet.
    pub(crate) fn new(name: &'static str, until: Instant) -> Self {
        Self {
            name,
            until,
            sent: AtomicU64::default(),
            answers: Mutex::default(),
            slowest: AtomicU64::default(),
        }
    }

    /// Whether the attack goes on.
    pub(crate) fn goes_on(&self) -> bool {
        Instant::now() < self.until
    }

    /// How long the attack still goes on.
    pub(crate) fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// One attack was sent, answered so (`400`, `closed`, …) after so long.
    pub(crate) fn note(&self, answer: &str, took: Duration) {
        self.sent.fetch_add(1, Ordering::Relaxed);
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        *answers.entry(answer.to_owned()).or_default() += 1;
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.slowest.fetch_max(micros, Ordering::Relaxed);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let told: Vec<String> = answers
            .iter()
            .map(|(answer, count)| format!("{answer}: {count}"))
            .collect();
        let slowest = self.slowest.load(Ordering::Relaxed) as f64 / 1e3;
        write!(
            f,
            "{:<20}{:>8} sent; {}; slowest {slowest:.1} ms",
            self.name,
            self.sent.load(Ordering::Relaxed),
            told.join(", ")
        )
    }
}
