//! Counting from cores to batches: nothing is lost, nothing is counted twice, everything is bounded.

mod bounds;
mod keeping;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use proptest::prelude::*;
use sluice_config::plan::Plan;

use super::batch::{Batch, Row};
use super::fact::{Counts, Fact, Kind, Who, class};
use super::gathered::{BY_LIFECYCLE, Gathered, Member};
use super::names::Names;
use super::pending::Pending;
use super::shard::Shard;
use super::table::Bounds;
use super::told::{Told, Unknown};
use super::took::Times;
use crate::refusal::Kind as Refused;
use sluice_transforms::pointer::Pointer;

const ROOM: Bounds = Bounds {
    keys: 10_000,
    unidentified: 100,
};

/// The names of the example: an API with fourteen versions and four consumers.
fn names() -> Arc<Names> {
    Names::of(&example(), None)
}

fn example() -> Plan {
    let directory =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/examples/integrationhub");
    let sources = sluice_config::Sources::read(&directory).unwrap();
    sluice_config::load(&sources, &|_: &str| None).unwrap().plan
}

fn told(version: usize, operation: usize, consumer: Option<usize>, status: u16) -> Told<'static> {
    Told {
        api: Some(0),
        version: Some(version),
        operation: Some(operation),
        chosen_by: "path",
        consumer,
        client: Unknown::default(),
        status,
        refused: None,
        times: Times::of(
            Duration::from_millis(3),
            Duration::ZERO,
            None,
            Some(Duration::from_millis(2)),
        ),
        gathered: Gathered::default(),
    }
}

/// Everything that a pending table gives, by fact; each batch once.
fn all(pending: &mut Pending) -> (BTreeMap<Fact, Counts>, Vec<Batch>) {
    let (mut facts, mut batches) = (BTreeMap::<Fact, Counts>::new(), Vec::new());
    while let Some(batch) = pending.next("g") {
        // What is not acknowledged comes again as it was.
        assert_eq!(pending.next("g").as_ref(), Some(&batch));
        pending.acknowledge(batch.number);
        for Row { fact, counts, .. } in &batch.rows {
            facts.entry(fact.clone()).or_default().add(counts);
        }
        batches.push(batch);
    }
    (facts, batches)
}

fn of(facts: &BTreeMap<Fact, Counts>, kind: Kind) -> u64 {
    facts
        .iter()
        .filter(|(fact, _)| fact.kind == kind)
        .map(|(_, counts)| counts.all())
        .sum()
}

fn flushed(shard: &Shard, pending: &mut Pending, at: i64, bounds: Bounds) {
    let taken = shard.take(bounds);
    pending.lose(taken.lost);
    for table in taken.tables {
        pending.lose(table.lost);
        pending.add(at, &table, bounds, at + 5);
    }
}

#[test]
fn an_exchange_becomes_facts_with_names() {
    let (shard, names, mut pending) = (Shard::new(ROOM), names(), Pending::default());
    let member = |at: &str| Member {
        change: 0,
        label: "Customer".to_owned(),
        at: Pointer::parse(at).unwrap(),
    };
    let mut exchange = told(0, 0, Some(1), 502);
    exchange.refused = Some(Refused::UntranslatableAnswer);
    exchange.gathered = Gathered {
        sent: vec![member("/cust_id")],
        delivered: vec![Member {
            change: BY_LIFECYCLE,
            ..member("/fax")
        }],
        lifted: true,
        faults: vec![(0, "/data/*".to_owned())],
        lost: vec![(0, 3)],
        ..Gathered::default()
    };
    shard.count(&names, exchange);
    flushed(&shard, &mut pending, 600, ROOM);
    let (facts, batches) = all(&mut pending);
    assert_eq!((batches.len(), batches[0].minute, batches[0].number), (1, 600, 1));
    assert!(batches[0].rows.iter().all(|row| row.last_seen == 605));
    let told: Vec<String> = facts
        .iter()
        .map(|(fact, counts)| {
            let who = match &fact.who {
                Who::Everybody => "all",
                Who::Consumer(name) | Who::Unidentified(name) => name,
                Who::Other => "other",
            };
            let Fact {
                kind,
                api,
                version,
                chosen_by,
                change,
                what,
                ..
            } = fact;
            assert_eq!(
                (counts.0[4], counts.all()),
                (counts.all(), counts.all()),
                "502 counts as 5xx"
            );
            format!(
                "{kind:?} {api} {version} {who} {chosen_by} {change} {what} {}",
                counts.all()
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "Request customers 1.0 acme path   1",
            "ByConsumer customers 1.0 acme    1",
            "ByVersion customers 1.0 all    1",
            "Sent customers 1.0 acme  1.0..1.1 Customer /cust_id 1",
            "Delivered customers 1.0 acme   Customer /fax 1",
            "Refused customers 1.0 acme   untranslatable_answer 1",
            "Failed customers 1.0 all   transformation 1",
            "Lifted customers 1.0 all    1",
            "Faulted customers 1.0 all  1.0..1.1 /data/* 1",
            "Lost customers 1.0 all  1.0..1.1  3",
            "TookGateway customers 1.0 all   0.001 1",
            "TookUpstream customers 1.0 all   0.005 1",
        ]
    );
}

#[test]
fn what_was_for_no_api_is_counted_too() {
    let (shard, names, mut pending) = (Shard::new(ROOM), names(), Pending::default());
    let agent = HeaderValue::from_static("curl/8.5");
    let exchange = Told {
        api: None,
        version: None,
        operation: None,
        client: Unknown {
            address: Some([203, 0, 113, 9].into()),
            agent: Some(&agent),
        },
        refused: Some(Refused::UnknownApi),
        ..told(0, 0, None, 404)
    };
    shard.count(&names, exchange);
    flushed(&shard, &mut pending, 0, ROOM);
    let (facts, _) = all(&mut pending);
    let request = facts.keys().find(|fact| fact.kind == Kind::Request).unwrap();
    assert_eq!(
        (&*request.api, &*request.version, &*request.operation),
        ("", "", "")
    );
    assert_eq!(request.who, Who::Unidentified("203.0.113.0/24 curl".into()));
}

#[test]
fn clients_beyond_the_bound_are_other_and_the_frequent_are_told() {
    let bounds = Bounds {
        unidentified: 10,
        ..ROOM
    };
    let (shard, names, mut pending) = (Shard::new(bounds), names(), Pending::default());
    for network in 0..=255_u8 {
        // A client's address is one of 256; the fourth is the most frequent of those that are met early.
        for _ in 0..if network == 3 { 50 } else { 1 } {
            let client = Unknown {
                address: Some([10, 0, network, 1].into()),
                agent: None,
            };
            shard.count(
                &names,
                Told {
                    client,
                    ..told(0, 0, None, 200)
                },
            );
        }
    }
    flushed(&shard, &mut pending, 0, bounds);
    let (facts, _) = all(&mut pending);
    let requests: Vec<(&Fact, &Counts)> = facts
        .iter()
        .filter(|(fact, _)| fact.kind == Kind::Request)
        .collect();
    assert_eq!(requests.len(), 11, "ten clients and other");
    assert_eq!(of(&facts, Kind::Request), 255 + 50);
    let frequent = requests
        .iter()
        .find(|(fact, _)| fact.who == Who::Unidentified("10.0.3.0/24".into()));
    assert_eq!(frequent.unwrap().1.all(), 50);
    assert!(
        requests
            .iter()
            .any(|(fact, counts)| fact.who == Who::Other && counts.all() == 255 - 9)
    );
}

#[test]
fn a_store_that_is_down_costs_fine_times_first_and_then_the_oldest_counts() {
    let bounds = Bounds { keys: 200, ..ROOM };
    let (shard, names, mut pending) = (Shard::new(bounds), names(), Pending::default());
    let minute = |pending: &mut Pending, at: i64| {
        for consumer in 0..4 {
            for operation in 0..5 {
                shard.count(&names, told(0, operation, Some(consumer), 200));
            }
        }
        flushed(&shard, pending, at, bounds);
    };
    // The same things within three hours: minutes are put together, and nothing is lost.
    for at in (0..180).map(|minute| minute * 60) {
        minute(&mut pending, at);
    }
    assert_eq!(pending.lost, 0);
    assert!(pending.rows() <= 300, "{}", pending.rows());
    // Within three days there are too many hours.
    for at in (180..4_320).map(|minute| minute * 60) {
        minute(&mut pending, at);
    }
    assert!(pending.rows() <= 300, "{}", pending.rows());
    let lost = pending.lost;
    assert!(lost > 0);
    let (facts, batches) = all(&mut pending);
    assert_eq!(of(&facts, Kind::Request) + lost, 4_320 * 20);
    assert_eq!(of(&facts, Kind::ByVersion), of(&facts, Kind::Request));
    assert_eq!(
        batches.iter().map(|batch| batch.lost).sum::<u64>(),
        lost,
        "the store is told once"
    );
}

#[test]
fn two_hundred_editions_between_two_flushes_lose_nothing_that_has_a_place() {
    let (shard, mut pending) = (Shard::new(ROOM), Pending::default());
    let (plan, mut other) = (example(), example());
    other.apis[0].versions.truncate(3);
    // The same names are the same table, however often they are made.
    let first = Names::of(&plan, None);
    assert!(Arc::ptr_eq(&first, &Names::of(&plan, Some(&first))));
    let mut counted = 0;
    for edition in 0..40 {
        let names = Names::of(if edition % 2 == 0 { &plan } else { &other }, None);
        for _ in 0..3 {
            shard.count(&names, told(0, 0, Some(0), 200));
            counted += 1;
        }
    }
    flushed(&shard, &mut pending, 0, ROOM);
    let (facts, _) = all(&mut pending);
    assert_eq!((of(&facts, Kind::Request), pending.lost), (counted, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is counted on however many cores, flushed whenever: sums are exact, by fact, and bounded tables lose only the
    /// names of clients.
    #[test]
    fn sums_are_exact(
        exchanges in prop::collection::vec((0_usize..3, 0_usize..14, 0_usize..5, 0_usize..6, 0_u16..6, any::<bool>()), 1..400),
        keys in prop_oneof![Just(20_usize), Just(10_000)],
    ) {
        let bounds = Bounds { keys, unidentified: 2 };
        let (names, mut pending) = (names(), Pending::default());
        let shards: Vec<Shard> = (0..3).map(|_| Shard::new(bounds)).collect();
        let mut expected: BTreeMap<(String, usize), u64> = BTreeMap::new();
        let mut facts: BTreeMap<Fact, Counts> = BTreeMap::new();
        for (core, version, operation, consumer, hundreds, flush) in &exchanges {
            let status = hundreds * 100;
            let consumer = Some(*consumer).filter(|place| *place < 4);
            shards[*core].count(&names, told(*version, *operation, consumer, status));
            *expected.entry((names.version(0, *version as u16).to_string(), class(status))).or_default() += 1;
            if *flush {
                flushed(&shards[*core], &mut pending, 0, bounds);
                for (fact, counts) in all(&mut pending).0 {
                    facts.entry(fact).or_default().add(&counts);
                }
            }
        }
        shards.iter().for_each(|shard| flushed(shard, &mut pending, 60, bounds));
        for (fact, counts) in all(&mut pending).0 {
            facts.entry(fact).or_default().add(&counts);
        }
        prop_assert_eq!(pending.lost, 0);
        for kind in [Kind::Request, Kind::ByConsumer, Kind::ByVersion, Kind::TookGateway] {
            prop_assert_eq!(of(&facts, kind), exchanges.len() as u64, "{:?}", kind);
            let mut sums: BTreeMap<(String, usize), u64> = BTreeMap::new();
            for (fact, counts) in facts.iter().filter(|(fact, _)| fact.kind == kind) {
                for (class, count) in counts.0.into_iter().enumerate().filter(|(_, count)| *count > 0) {
                    *sums.entry((fact.version.to_string(), class)).or_default() += count;
                }
            }
            prop_assert_eq!(&sums, &expected, "{:?}", kind);
        }
    }
}
