//! The last reloads of this process, for whoever looks at the console.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use sluice_config::Diagnostic;

use super::Reloaded;
use crate::audit;
use crate::edition::Edition;
use crate::gateway::Gateway;
use crate::ledger::store::ReloadRecord;

/// How many reloads are remembered.
const MOST: usize = 100;
/// How many lines of one are.
const LINES: usize = 200;

/// The last reloads.
#[derive(Debug, Default)]
pub struct History(Mutex<VecDeque<ReloadRecord>>);

impl History {
    /// Remembers a reload.
    pub fn add(&self, reload: ReloadRecord) {
        let mut all = self.lock();
        if all.len() >= MOST {
            all.pop_front();
        }
        all.push_back(reload);
    }

    /// The last one.
    pub fn last(&self) -> Option<ReloadRecord> {
        self.lock().back().cloned()
    }

    /// All that are remembered, the newest first.
    pub fn newest_first(&self) -> Vec<ReloadRecord> {
        self.lock().iter().rev().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<ReloadRecord>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is remembered of a reload; nothing of one that changed nothing.
pub(super) fn record(
    gateway: &Gateway,
    before: Option<&Edition>,
    reloaded: &Reloaded,
    at: Timestamp,
    why: &str,
) -> Option<ReloadRecord> {
    let (outcome, mut changes) = match reloaded {
        Reloaded::Published { .. } => {
            let after = gateway.editions.current()?;
            ("published", audit::changes(before, &after))
        }
        Reloaded::Refused { diagnostics, .. } => ("refused", faults(diagnostics)),
        Reloaded::Unchanged { .. } => return None,
    };
    if changes.len() > LINES {
        let more = changes.len() - LINES;
        changes.truncate(LINES);
        changes.push(format!("and {more} more"));
    }
    let running = gateway.editions.current();
    Some(ReloadRecord {
        at,
        gateway: String::new(),
        generation: running.as_ref().map_or(0, |edition| edition.generation),
        hash: running.map_or_else(String::new, |edition| edition.plan.hash.to_string()),
        why: why.to_owned(),
        outcome: outcome.to_owned(),
        changes,
    })
}

/// Places alone: what a fault says may repeat what was written, such as a secret.
fn faults(diagnostics: &[Diagnostic]) -> Vec<String> {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
    errors
        .map(|fault| format!("{} in {}", fault.code, fault.file))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_hundred_are_remembered() {
        let history = History::default();
        for generation in 0..150 {
            history.add(ReloadRecord {
                at: Timestamp::UNIX_EPOCH,
                gateway: String::new(),
                generation,
                hash: String::new(),
                why: String::new(),
                outcome: "published".to_owned(),
                changes: Vec::new(),
            });
        }
        let all = history.newest_first();
        assert_eq!(
            (all.len(), all[0].generation, all[99].generation),
            (MOST, 149, 50)
        );
        assert_eq!(history.last().map(|last| last.generation), Some(149));
    }
}
