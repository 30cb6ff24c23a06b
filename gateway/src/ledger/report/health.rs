//! What becomes of documents at each change.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use sluice_config::plan::ApiPlan;
use sluice_transforms::change::Change;
use sluice_transforms::lineage::Lineage;

use super::window::Window;
use crate::ledger::fact::Kind;
use crate::ledger::question::{Known, Question};
use crate::ledger::store::{Store, StoreFault};

/// How many places are listed for a change.
const PLACES: usize = 10;
/// What becomes of documents.
const FATES: [Kind; 4] = [Kind::Lifted, Kind::Lowered, Kind::Faulted, Kind::Lost];

/// What became of documents at each change of an API, within 7 days.
#[derive(Clone, Debug, Serialize)]
pub struct Health {
    /// The API.
    pub api: String,
    /// When this was asked.
    pub at: Timestamp,
    /// Whether the figures were made up by `sluice demo`.
    pub demo: bool,
    /// The changes, in the order of the lineage.
    pub changes: Vec<ChangeHealth>,
}

/// What became of documents at a change.
#[derive(Clone, Debug, Serialize)]
pub struct ChangeHealth {
    /// The change, as `OLD..NEW`.
    pub change: String,
    /// What it is, for people.
    pub summary: String,
    /// Messages that were carried up through it.
    pub lifted: u64,
    /// Messages that were carried down through it.
    pub lowered: u64,
    /// Messages that it could not carry.
    pub failures: u64,
    /// Elements of lists that were left out or replaced.
    pub losses: u64,
    /// Where it fails, the most often first: at most ten.
    pub pointers: Vec<FaultyPointer>,
}

/// Where a change fails.
#[derive(Clone, Debug, Serialize)]
pub struct FaultyPointer {
    /// The place, in the client's names.
    pub pointer: String,
    /// In which version it was met.
    pub version: String,
    /// How often.
    pub failures: u64,
}

/// What became of documents at each change within the 7 days that end with the day at hand.
///
/// # Errors
/// The store does not answer.
pub async fn of(store: &Store, api: &ApiPlan, now: Timestamp) -> Result<Health, StoreFault> {
    let known = store
        .ask(&Question {
            api: Some(&api.name),
            ..Window::of_7_days(now).ask(&FATES)
        })
        .await?;
    Ok(Health {
        api: api.name.clone(),
        at: now,
        demo: store.is_demo().await?,
        changes: judge(&api.lineage, &known),
    })
}

/// What rows say of each change. A message passes every change between the client's version and the origin; only where it
/// fails is counted by change.
pub fn judge(lineage: &Lineage, known: &[Known]) -> Vec<ChangeHealth> {
    let mut tallies: Vec<Tally<'_>> = lineage.changes().iter().map(Tally::new).collect();
    let mut ways: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for row in known {
        let version = &*row.fact.version;
        let passed = || lineage.way(version).unwrap_or_default();
        match row.fact.kind {
            Kind::Lifted | Kind::Lowered => {
                for index in ways.entry(version).or_insert_with(passed).iter() {
                    tallies[*index].pass(row);
                }
            }
            _ => {
                let mut named = tallies.iter_mut();
                if let Some(tally) = named.find(|one| one.health.change == *row.fact.change) {
                    tally.stop(row);
                }
            }
        }
    }
    tallies.into_iter().map(Tally::health).collect()
}

/// What becomes of documents at a change.
struct Tally<'k> {
    health: ChangeHealth,
    /// Failures by pointer and version.
    places: BTreeMap<(&'k str, &'k str), u64>,
}

impl<'k> Tally<'k> {
    fn new(change: &Change) -> Self {
        Self {
            health: fresh(change),
            places: BTreeMap::new(),
        }
    }

    fn pass(&mut self, row: &Known) {
        match row.fact.kind {
            Kind::Lifted => self.health.lifted += row.counts.all(),
            _ => self.health.lowered += row.counts.all(),
        }
    }

    fn stop(&mut self, row: &'k Known) {
        let count = row.counts.all();
        if row.fact.kind == Kind::Lost {
            self.health.losses += count;
        } else {
            self.health.failures += count;
            let place = (&*row.fact.what, &*row.fact.version);
            *self.places.entry(place).or_default() += count;
        }
    }

    fn health(self) -> ChangeHealth {
        ChangeHealth {
            pointers: worst(self.places),
            ..self.health
        }
    }
}

fn fresh(change: &Change) -> ChangeHealth {
    ChangeHealth {
        change: format!("{}..{}", change.old, change.new),
        summary: change.summary.clone(),
        lifted: 0,
        lowered: 0,
        failures: 0,
        losses: 0,
        pointers: Vec::new(),
    }
}

/// The places where the most fails.
fn worst(places: BTreeMap<(&str, &str), u64>) -> Vec<FaultyPointer> {
    let mut all: Vec<FaultyPointer> = places
        .into_iter()
        .map(|((pointer, version), failures)| FaultyPointer {
            pointer: pointer.to_owned(),
            version: version.to_owned(),
            failures,
        })
        .collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.failures));
    all.truncate(PLACES);
    all
}

#[cfg(test)]
mod tests;
