//! A configuration with a store that holds traffic of known counts.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::JoinHandle;

use jiff::Timestamp;
use sluice_config::plan::Plan;
use sluice_config::{Sources, load, render_all};
use sluice_gateway::ledger::batch::{Batch, Row};
use sluice_gateway::ledger::fact::{Counts, Fact, Kind, Who};
use sluice_gateway::ledger::store::Store;
use tempfile::TempDir;

use super::binary::example;

/// When everything is asked: a Wednesday.
pub(crate) const NOW: &str = "2027-03-10T12:00:00Z";
/// The versions that are used.
pub(crate) const VERSIONS: [&str; 3] = ["1.0", "2.0", "3.3"];
/// A client whose user agent would be a formula.
pub(crate) const FORMULA: &str = "=1+1";
const CLIENTS: [(&str, bool); 7] = [
    ("megacorp", true),
    ("acme", true),
    ("globex", true),
    ("initech", true),
    ("left-last-year", true),
    ("203.0.113.0/24 curl", false),
    (FORMULA, false),
];
const OPERATIONS: [&str; 3] = ["readCustomer", "listCustomers", "replaceCustomer"];

/// Requests of a client on a day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Use {
    pub(crate) version: &'static str,
    pub(crate) who: &'static str,
    pub(crate) operation: &'static str,
    pub(crate) days_ago: i64,
    pub(crate) count: u64,
}

/// The operation that sends or delivers the old member, each time.
pub(crate) fn with(list: &str) -> &'static str {
    match list {
        "sent" => "replaceCustomer",
        _ => "readCustomer",
    }
}

pub(crate) fn used(version: &'static str, who: &'static str, days_ago: i64, count: u64) -> Use {
    Use {
        version,
        who,
        operation: "listCustomers",
        days_ago,
        count,
    }
}

/// Requests that send the old member.
pub(crate) fn sending(version: &'static str, who: &'static str, days_ago: i64, count: u64) -> Use {
    Use {
        operation: with("sent"),
        ..used(version, who, days_ago, count)
    }
}

/// Ninety days of every client in every version.
pub(crate) fn traffic() -> Vec<Use> {
    let mut state = 7_u64;
    let mut uses = Vec::new();
    for days_ago in 0..90 {
        for version in VERSIONS {
            for (who, _) in CLIENTS {
                for operation in OPERATIONS {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    let count = (state >> 33) % 40;
                    if count > 0 {
                        uses.push(Use {
                            version,
                            who,
                            operation,
                            days_ago,
                            count,
                        });
                    }
                }
            }
        }
    }
    uses
}

/// A copy of the example with more in its sluice.yaml.
pub(crate) struct Given {
    directory: TempDir,
    number: AtomicI64,
}

impl Given {
    pub(crate) fn new(more: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        copy(Path::new(&example("integrationhub")), directory.path());
        let main = directory.path().join("sluice.yaml");
        let text = fs::read_to_string(&main).unwrap();
        fs::write(&main, format!("{text}\n{more}")).unwrap();
        Self {
            directory,
            number: AtomicI64::new(1),
        }
    }

    pub(crate) fn path(&self) -> &str {
        self.directory.path().to_str().unwrap()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The same with these uses in its store.
    pub(crate) fn fill(self, uses: &[Use]) -> Self {
        let batches = batches(uses, &self.number);
        run(self.directory.path(), async move |store| {
            for batch in &batches {
                store.add(batch).await.unwrap();
            }
        });
        self
    }

    pub(crate) fn mark_demo(self) -> Self {
        run(self.directory.path(), async |store| {
            store.mark_demo().await.unwrap()
        });
        self
    }

    /// Writes the same uses again and again, as a gateway does.
    pub(crate) fn write_on(&self, uses: &[Use], times: usize) -> JoinHandle<()> {
        let directory = self.directory.path().to_owned();
        let batches: Vec<Batch> = (0..times).flat_map(|_| batches(uses, &self.number)).collect();
        std::thread::spawn(move || {
            run(&directory, async move |store| {
                for batch in &batches {
                    store.add(batch).await.unwrap();
                }
            });
        })
    }
}

fn run(directory: &Path, work: impl AsyncFnOnce(Store)) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let usage = plan(directory).usage.unwrap();
        work(Store::open(&usage, Some(directory)).await.unwrap()).await;
    });
}

fn plan(directory: &Path) -> Plan {
    let sources = Sources::read(directory).unwrap();
    match load(&sources, &|_| None) {
        Ok(loaded) => loaded.plan,
        Err(faults) => panic!("{}", render_all(&faults, &sources)),
    }
}

/// One batch for each day.
fn batches(uses: &[Use], number: &AtomicI64) -> Vec<Batch> {
    let now: Timestamp = NOW.parse().unwrap();
    let midnight = now.as_second().div_euclid(86_400) * 86_400;
    let mut days: BTreeMap<i64, BTreeMap<Fact, u64>> = BTreeMap::new();
    for one in uses {
        let facts = days.entry(one.days_ago).or_default();
        for fact in facts_of(one) {
            *facts.entry(fact).or_default() += one.count;
        }
    }
    let batch = |(days_ago, facts): (i64, BTreeMap<Fact, u64>)| {
        let minute = midnight - days_ago * 86_400 + 11 * 3_600 + 30 * 60;
        let row = |(fact, count)| Row {
            fact,
            counts: Counts([0, count, 0, 0, 0]),
            last_seen: minute + 59,
        };
        Batch {
            gateway: "test".to_owned(),
            number: number.fetch_add(1, Ordering::Relaxed),
            minute,
            rows: facts.into_iter().map(row).collect(),
            lost: 0,
        }
    };
    days.into_iter().map(batch).collect()
}

/// What a gateway counts of a use, and the sums that it derives.
fn facts_of(one: &Use) -> Vec<Fact> {
    let identified = CLIENTS
        .iter()
        .any(|(who, identified)| *who == one.who && *identified);
    let who = match identified {
        true => Who::Consumer(one.who.into()),
        false => Who::Unidentified(one.who.into()),
    };
    let request = Fact {
        kind: Kind::Request,
        api: "customers".into(),
        version: one.version.into(),
        who,
        operation: one.operation.into(),
        chosen_by: "path".into(),
        change: "".into(),
        what: "".into(),
    };
    let by_consumer = Fact {
        kind: Kind::ByConsumer,
        operation: "".into(),
        chosen_by: "".into(),
        ..request.clone()
    };
    let by_version = Fact {
        kind: Kind::ByVersion,
        who: Who::Everybody,
        ..by_consumer.clone()
    };
    let mut facts = vec![request.clone(), by_consumer, by_version];
    for (list, kind) in [("sent", Kind::Sent), ("delivered", Kind::Delivered)] {
        if with(list) == one.operation {
            facts.push(Fact {
                kind,
                chosen_by: "".into(),
                change: "2.0..2.1".into(),
                what: "Customer /address".into(),
                ..request.clone()
            });
        }
    }
    facts
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(from, to).map(drop).unwrap();
        }
    }
}
