//! A store in memory, obvious and slow: what both kinds of store are compared with.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use sluice_config::plan::Retention;
use sluice_gateway::ledger::batch::Batch;
use sluice_gateway::ledger::fact::{Counts, Fact, Kind, Who};
use sluice_gateway::ledger::question::{Grain, Known, Question, Seen};
use sluice_gateway::ledger::store::Store;

use super::{At, DAY, batch, now, row};

const GRAINS: [Grain; 3] = [Grain::Minute, Grain::Hour, Grain::Day];

#[derive(Default)]
struct Model {
    batches: BTreeSet<(String, i64)>,
    facts: BTreeMap<Fact, (i64, i64)>,
    rows: BTreeMap<(Grain, i64, Fact), Counts>,
}

impl Model {
    fn add(&mut self, batch: &Batch) {
        if !self.batches.insert((batch.gateway.clone(), batch.number)) {
            return;
        }
        for row in &batch.rows {
            let seen = self.facts.entry(row.fact.clone()).or_insert((i64::MAX, i64::MIN));
            *seen = (seen.0.min(row.last_seen), seen.1.max(row.last_seen));
            for grain in GRAINS {
                let key = (grain, grain.floor(batch.minute), row.fact.clone());
                self.rows.entry(key).or_default().add(&row.counts);
            }
        }
    }

    fn ask(&self, question: &Question<'_>) -> Vec<Known> {
        let meant = |at: i64, fact: &Fact| {
            question.kinds.contains(&fact.kind)
                && question.api.is_none_or(|api| *fact.api == *api)
                && question.version.is_none_or(|version| *fact.version == *version)
                && question.who.is_none_or(|who| fact.who == *who)
                && at >= question.grain.floor(question.since.as_second())
                && Timestamp::from_second(at).unwrap() < question.until
        };
        let mut known: BTreeMap<(i64, &Fact), Counts> = BTreeMap::new();
        for ((grain, at, fact), counts) in &self.rows {
            if *grain == question.grain && meant(*at, fact) {
                let at = if question.by_time { *at } else { 0 };
                known.entry((at, fact)).or_default().add(counts);
            }
        }
        let known = known.into_iter().map(|((at, fact), counts)| Known {
            fact: fact.clone(),
            at,
            counts,
            first_seen: self.facts[fact].0,
            last_seen: self.facts[fact].1,
        });
        known.collect()
    }

    fn seen(&self, api: &str, version: &str, now: i64) -> Vec<Seen> {
        let today = Grain::Day.floor(now);
        let sum = |grain: Grain, of: &Fact, since: i64| {
            let rows = self
                .rows
                .iter()
                .filter(|((g, at, fact), _)| *g == grain && fact == of && (since..=now).contains(at));
            rows.map(|(_, counts)| counts.all()).sum::<u64>()
        };
        let facts = self.facts.iter().filter(|(fact, (first, last))| {
            fact.kind == Kind::ByConsumer
                && (&*fact.api, &*fact.version) == (api, version)
                && *last >= today - 89 * DAY
                && *first < today + DAY
        });
        let seen = facts.map(|(fact, (first, last))| Seen {
            who: fact.who.clone(),
            day: sum(Grain::Hour, fact, Grain::Hour.floor(now) - 23 * 3_600),
            week: sum(Grain::Day, fact, today - 6 * DAY),
            quarter: sum(Grain::Day, fact, today - 89 * DAY),
            first_seen: *first,
            last_seen: *last,
        });
        seen.collect()
    }

    fn prune(&mut self, now: i64, retention: &Retention) {
        let kept = |grain| match grain {
            Grain::Minute => Some(retention.minutes),
            Grain::Hour => Some(retention.hours),
            Grain::Day => retention.days,
        };
        let cutoff =
            |grain: Grain| kept(grain).map_or(i64::MIN, |kept| grain.floor(now - kept.as_secs() as i64));
        let longest = Duration::from_secs(90 * 86_400)
            .max(retention.minutes)
            .max(retention.hours);
        let quarter = Grain::Day.floor(now - longest.as_secs() as i64);
        let unidentified = |fact: &Fact| matches!(fact.who, Who::Unidentified(_));
        self.rows.retain(|(grain, at, fact), _| {
            *at >= cutoff(*grain) && (*grain != Grain::Day || *at >= quarter || !unidentified(fact))
        });
        let rows = &self.rows;
        self.facts
            .retain(|fact, _| rows.keys().any(|(_, _, kept)| kept == fact));
        for (fact, (first, _)) in &mut self.facts {
            if unidentified(fact) {
                *first = quarter.max(*first);
            }
        }
    }
}

/// What is done to a store.
#[derive(Clone, Debug)]
enum Act {
    Add {
        gateway: usize,
        number: i64,
        age: i64,
        rows: Vec<(usize, [u64; 5], i64)>,
    },
    Ask {
        kinds: Vec<Kind>,
        version: Option<usize>,
        who: Option<usize>,
        grain: usize,
        since: i64,
        lasts: i64,
        by_time: bool,
    },
    Seen {
        version: usize,
        age: i64,
    },
    Prune {
        age: i64,
    },
}

/// Ages in seconds: often near edges of minutes, hours and days.
fn age() -> impl Strategy<Value = i64> {
    let edges = vec![
        0,
        1,
        55,
        56,
        57,
        59,
        3_600,
        2_096,
        2_097,
        DAY,
        7 * DAY,
        45_296,
        45_297,
        89 * DAY + 45_296,
        90 * DAY,
    ];
    prop_oneof![select(edges), 0..2 * DAY, 0..100 * DAY]
}

fn act() -> impl Strategy<Value = Act> {
    let row = (0..24_usize, proptest::array::uniform5(0..4_u64), 0..60_i64);
    let add = (0..3_usize, 0..8_i64, age(), vec(row, 0..12));
    let kinds = vec(select(vec![Kind::Request, Kind::ByConsumer, Kind::Sent]), 0..3);
    let (version, who) = (proptest::option::of(0..2_usize), proptest::option::of(0..4_usize));
    let ask = (kinds, version, who, 0..3_usize, age(), age(), any::<bool>());
    prop_oneof![
        6 => add.prop_map(|(gateway, number, age, rows)| Act::Add { gateway, number, age, rows }),
        3 => ask.prop_map(|(kinds, version, who, grain, since, lasts, by_time)| {
            Act::Ask { kinds, version, who, grain, since, lasts, by_time }
        }),
        1 => (0..2_usize, age()).prop_map(|(version, age)| Act::Seen { version, age }),
        1 => age().prop_map(|age| Act::Prune { age }),
    ]
}

/// For how long figures are kept: the same for all of a case, as the plan says it.
fn retention() -> impl Strategy<Value = Retention> {
    let kept = (
        0..3 * 86_400_u64,
        0..9_000_000_u64,
        proptest::option::of(0..9_000_000_u64),
    );
    kept.prop_map(|(minutes, hours, days)| Retention {
        minutes: Duration::from_secs(minutes),
        hours: Duration::from_secs(hours),
        days: days.map(Duration::from_secs),
    })
}

const VERSIONS: [&str; 2] = ["1.0", "2.0"];

fn who(number: usize) -> Who {
    match number {
        0 => Who::Everybody,
        1 => Who::Consumer("acme".into()),
        2 => Who::Unidentified("acme".into()),
        _ => Who::Other,
    }
}

/// One of 24.
fn fact(api: &str, number: usize) -> Fact {
    Fact {
        kind: [Kind::Request, Kind::ByConsumer, Kind::Sent][number % 3],
        api: api.into(),
        version: VERSIONS[number / 3 % 2].into(),
        who: who(number / 6),
        operation: "".into(),
        chosen_by: "".into(),
        change: "".into(),
        what: "".into(),
    }
}

/// One store for all cases: each has an API of its own.
struct Subject {
    store: Store,
    model: Model,
    retention: Retention,
    api: String,
}

impl Subject {
    async fn act(&mut self, act: Act) {
        let now = now().as_second();
        let instant = |age: i64| Timestamp::from_second(now - age).unwrap();
        match act {
            Act::Add {
                gateway,
                number,
                age,
                rows,
            } => self.add(gateway, number, now - age, rows).await,
            Act::Ask {
                kinds,
                version,
                who: number,
                grain,
                since,
                lasts,
                by_time,
            } => {
                let who = number.map(who);
                let question = Question {
                    kinds: &kinds,
                    api: Some(&self.api),
                    version: version.map(|version| VERSIONS[version]),
                    who: who.as_ref(),
                    grain: GRAINS[grain],
                    since: instant(since),
                    until: instant(since - lasts),
                    by_time,
                    most: 10_000,
                };
                compare(
                    &question,
                    self.store.ask(&question).await.unwrap(),
                    self.model.ask(&question),
                );
            }
            Act::Seen { version, age } => self.seen(VERSIONS[version], instant(age)).await,
            Act::Prune { age } => {
                let retention = self.retention;
                self.store.prune(instant(age), &retention).await.unwrap();
                self.model.prune(now - age, &retention);
            }
        }
    }

    async fn add(&mut self, gateway: usize, number: i64, second: i64, rows: Vec<(usize, [u64; 5], i64)>) {
        let minute = Grain::Minute.floor(second);
        let rows: BTreeMap<usize, _> = rows
            .into_iter()
            .map(|(number, counts, last)| (number, (counts, last)))
            .collect();
        let rows = rows
            .into_iter()
            .map(|(number, (counts, last))| row(fact(&self.api, number), counts, minute + last));
        let gateway = format!("{gateway} of {}", self.api);
        let batch = batch(&gateway, number, second, rows.collect());
        self.store.add(&batch).await.unwrap();
        self.model.add(&batch);
    }

    async fn seen(&self, version: &str, now: Timestamp) {
        let (seen, all) = self.store.seen(&self.api, version, now, 100, 0).await.unwrap();
        assert!(
            seen.is_sorted_by(|a, b| (b.week, b.last_seen) <= (a.week, a.last_seen)),
            "{seen:?}"
        );
        assert_eq!(all as usize, seen.len());
        let by_who = |mut seen: Vec<Seen>| {
            seen.sort_by(|a, b| a.who.cmp(&b.who));
            seen
        };
        assert_eq!(
            by_who(seen),
            by_who(self.model.seen(&self.api, version, now.as_second()))
        );
    }
}

fn compare(question: &Question<'_>, mut known: Vec<Known>, expected: Vec<Known>) {
    let ordered = known.is_sorted_by(|a, b| (a.at, b.counts.all()) <= (b.at, a.counts.all()) || a.at < b.at);
    assert!(ordered, "{known:?}");
    known.sort_by(|a, b| (a.at, &a.fact).cmp(&(b.at, &b.fact)));
    assert_eq!(known, expected, "{question:?}");
}

async fn whatever_happens_it_is_as_in_memory(at: At) {
    let store = at.open().await;
    let case = Cell::new(0);
    let mut runner = TestRunner::new(Config {
        cases: 48,
        max_shrink_iters: 200,
        ..Config::default()
    });
    let tried = runner.run(&(retention(), vec(act(), 1..24)), |(retention, acts)| {
        case.set(case.get() + 1);
        let mut subject = Subject {
            store: store.clone(),
            model: Model::default(),
            retention,
            api: format!("api {}", case.get()),
        };
        let trying = std::panic::AssertUnwindSafe(|| {
            tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(async {
                    for act in acts {
                        subject.act(act).await;
                    }
                });
            });
        });
        std::panic::catch_unwind(trying).map_err(|_| TestCaseError::fail("see above"))
    });
    tried.unwrap();
}

#[test]
fn sqlite() {
    super::on_file(whatever_happens_it_is_as_in_memory);
}

#[test]
fn postgres() {
    super::on_server(whatever_happens_it_is_as_in_memory);
}
