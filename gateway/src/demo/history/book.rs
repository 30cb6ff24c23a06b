//! Rows of one batch, while they are put together.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::sums::sums;
use crate::ledger::batch::{Batch, Row};
use crate::ledger::fact::{Counts, Fact, Kind, Who};

/// Which gateway the figures are of.
pub(super) const GATEWAY: &str = "demo-history";

/// Facts with their counts, each once.
#[derive(Debug)]
pub(super) struct Book {
    api: Arc<str>,
    none: Arc<str>,
    rows: FxHashMap<Fact, Counts>,
}

impl Book {
    /// An empty one, of an API.
    pub(super) fn new(api: &str) -> Self {
        Self {
            api: api.into(),
            none: "".into(),
            rows: FxHashMap::default(),
        }
    }

    /// A fact of a version of which nothing else is known.
    pub(super) fn fact(&self, kind: Kind, version: &Arc<str>) -> Fact {
        Fact {
            kind,
            api: Arc::clone(&self.api),
            version: Arc::clone(version),
            who: Who::Everybody,
            operation: Arc::clone(&self.none),
            chosen_by: Arc::clone(&self.none),
            change: Arc::clone(&self.none),
            what: Arc::clone(&self.none),
        }
    }

    /// Counts; what never happened is no row.
    pub(super) fn add(&mut self, fact: Fact, counts: Counts) {
        if counts.all() > 0 {
            self.rows.entry(fact).or_default().add(&counts);
        }
    }

    /// What was counted so far, with its sums, as a batch; the book is empty after that.
    pub(super) fn batch(&mut self, number: i64, minute: i64, last_seen: i64) -> Batch {
        let row = |(fact, counts)| Row {
            fact,
            counts,
            last_seen,
        };
        let mut rows: Vec<Row> = self.rows.drain().map(row).collect();
        rows.extend(sums(&rows));
        rows.sort_unstable_by(|a, b| a.fact.cmp(&b.fact));
        Batch {
            gateway: GATEWAY.to_owned(),
            number,
            minute,
            rows,
            lost: 0,
        }
    }
}
