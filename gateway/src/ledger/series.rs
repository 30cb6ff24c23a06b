//! What the process counted since it began, by version and operation: for metrics and the console's status strip.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fact::Kind;
use super::source::Source;
use super::table::{Table, Text};
use super::took::{Part, Took};

/// How many operations are told apart; beyond it they are counted under `other`.
const MOST: usize = 10_000;

/// An operation of a version: API, version, operation.
pub type Place = (Arc<str>, Arc<str>, Arc<str>);

/// What was counted since the process began.
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// By operation.
    pub operations: BTreeMap<Place, Operation>,
    /// Refusals by API, version and code.
    pub refusals: BTreeMap<(Arc<str>, Arc<str>, &'static str), u64>,
}

/// What was counted of one operation.
#[derive(Clone, Debug, Default)]
pub struct Operation {
    /// By number of [`Part`] and class of status.
    pub times: [[Histogram; 5]; 5],
    /// Answers with 5xx, by number of [`Source`].
    pub failures: [u64; 3],
}

/// Exchanges by how long they took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// By bucket; none before the first exchange.
    pub buckets: Vec<u64>,
    /// The sum of all times, in nanoseconds.
    pub nanos: u64,
}

impl Histogram {
    /// How many exchanges.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// Adds another one of the same part.
    pub(super) fn absorb(&mut self, other: &Self) {
        self.buckets
            .resize(self.buckets.len().max(other.buckets.len()), 0);
        for (bucket, count) in self.buckets.iter_mut().zip(&other.buckets) {
            *bucket += count;
        }
        self.nanos = self.nanos.saturating_add(other.nanos);
    }

    fn add(&mut self, part: Part, class: usize, took: &Took) {
        let counts = took.counts(part, class);
        if counts.iter().all(|count| *count == 0) {
            return;
        }
        self.buckets.resize(counts.len(), 0);
        for (bucket, count) in self.buckets.iter_mut().zip(counts) {
            *bucket += u64::from(*count);
        }
        self.nanos = self.nanos.saturating_add(took.nanos(part, class));
    }
}

impl Series {
    /// Adds what a core counted.
    pub(super) fn add(&mut self, table: &Table) {
        let names = &table.names;
        for (&(api, version, operation), took) in &table.took {
            let place = (
                names.api(api),
                names.version(api, version),
                names.operation(api, version, operation),
            );
            self.operation(place).add(took);
        }
        for (key, cell) in &table.cells {
            let Some(Text::Name(name)) = table.texts.get(key.what) else {
                continue;
            };
            let count: u64 = cell.iter().map(|count| u64::from(*count)).sum();
            let (api, version) = (names.api(key.api), names.version(key.api, key.version));
            match key.kind {
                Kind::Refused => *self.refusals.entry((api, version, name)).or_default() += count,
                Kind::Failed => {
                    let operation = names.operation(key.api, key.version, key.operation);
                    self.operation((api, version, operation)).fail(name, count);
                }
                _ => {}
            }
        }
    }

    /// Exchanges of a class of status since the process began; of all without one.
    pub fn exchanges(&self, class: Option<usize>) -> u64 {
        let whole = self
            .operations
            .values()
            .map(|operation| &operation.times[Part::Whole as usize]);
        let classes = whole.flat_map(|classes| classes.iter().enumerate());
        let meant = classes.filter(|(at, _)| class.is_none_or(|class| class == *at));
        meant.map(|(_, histogram)| histogram.count()).sum()
    }

    fn operation(&mut self, place: Place) -> &mut Operation {
        let known = self.operations.contains_key(&place) || self.operations.len() < MOST;
        let other = || (Arc::clone(&place.0), Arc::from("other"), Arc::from("other"));
        let place = if known { place } else { other() };
        self.operations.entry(place).or_default()
    }
}

impl Operation {
    fn add(&mut self, took: &Took) {
        for part in Part::ALL {
            for (class, histogram) in self.times[part as usize].iter_mut().enumerate() {
                histogram.add(part, class, took);
            }
        }
    }

    fn fail(&mut self, name: &str, count: u64) {
        for (source, failures) in Source::ALL.into_iter().zip(&mut self.failures) {
            if source.name() == name {
                *failures += count;
            }
        }
    }
}
