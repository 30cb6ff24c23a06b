//! The history is reproducible, adds up, and tells its stories.
#![allow(clippy::unwrap_used)]

mod kept;
mod stories;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use jiff::Timestamp;
use sluice_config::plan::{ApiPlan, Plan};
use sluice_config::{Sources, load};
use sluice_transforms::pointer::Pointer;

use super::batches;
use super::calendar::{Calendar, DAYS};
use crate::ledger::batch::{Batch, Row};
use crate::ledger::fact::{Counts, Fact, Kind, Who};
use crate::refusal;

/// The plan of the example.
pub(super) fn plan() -> Plan {
    let sources = Sources::read(&example()).unwrap();
    load(&sources, &|_| None).unwrap().plan
}

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/examples/integrationhub")
}

/// A Saturday, a little after the hour.
fn now() -> Timestamp {
    "2026-11-28T04:20:31Z".parse().unwrap()
}

static HISTORY: LazyLock<Vec<Batch>> = LazyLock::new(|| batches(&plan(), now()));

fn rows() -> impl Iterator<Item = (&'static Batch, &'static Row)> {
    HISTORY
        .iter()
        .flat_map(|batch| batch.rows.iter().map(move |row| (batch, row)))
}

fn calendar() -> Calendar {
    Calendar::until(now())
}

/// The count of what is meant, from so many days ago to so many days ago; midnight to midnight.
fn count(days: (i64, i64), meant: impl Fn(&Fact) -> bool) -> u64 {
    let (from, to) = (calendar().ago(days.0, 0, 0), calendar().ago(days.1, 0, 0));
    let during = rows().filter(|(batch, _)| (from..to).contains(&batch.minute));
    during
        .filter(|(_, row)| meant(&row.fact))
        .map(|(_, row)| row.counts.all())
        .sum()
}

fn versions(days: (i64, i64), begin: &str) -> u64 {
    count(days, |fact| {
        fact.kind == Kind::ByVersion && fact.version.starts_with(begin)
    })
}

fn uses(days: (i64, i64), version: &str, name: &str) -> u64 {
    let who = Who::Consumer(name.into());
    count(days, |fact| {
        fact.kind == Kind::ByConsumer && &*fact.version == version && fact.who == who
    })
}

fn told(days: (i64, i64), kind: Kind, what: &str) -> u64 {
    count(days, |fact| fact.kind == kind && &*fact.what == what)
}

#[test]
fn the_same_time_has_the_same_history() {
    assert!(batches(&plan(), now()) == *HISTORY);
    let later = batches(&plan(), "2026-11-28T04:21:31Z".parse().unwrap());
    assert!(later != *HISTORY);
}

#[test]
fn nothing_is_in_the_future_or_before_the_90_days() {
    let (begin, now) = (calendar().begin, now().as_second());
    assert!(now - begin <= DAYS * 86_400);
    assert!(
        HISTORY
            .windows(2)
            .all(|pair| pair[0].minute < pair[1].minute && pair[0].number < pair[1].number)
    );
    for batch in HISTORY.iter() {
        assert_eq!(batch.minute.rem_euclid(60), 0);
        assert!((begin..now - 60).contains(&batch.minute), "{}", batch.minute);
        assert!(
            batch
                .rows
                .iter()
                .all(|row| (batch.minute..now).contains(&row.last_seen))
        );
        assert_eq!(batch.lost, 0);
    }
    let days: BTreeSet<i64> = HISTORY.iter().map(|batch| batch.minute / 86_400).collect();
    assert_eq!(days.len() as i64, DAYS, "every day has figures");
}

#[test]
fn it_is_small() {
    let rows = rows().count();
    assert!(
        (20_000..70_000).contains(&rows),
        "{rows} rows in {} batches",
        HISTORY.len()
    );
}

#[test]
fn a_fact_stands_once_in_a_batch_and_has_happened() {
    for batch in HISTORY.iter() {
        assert!(batch.rows.windows(2).all(|pair| pair[0].fact < pair[1].fact));
        assert!(
            batch
                .rows
                .iter()
                .all(|row| (1..1_000_000).contains(&row.counts.all()))
        );
    }
}

#[test]
fn sums_are_those_of_requests() {
    for batch in HISTORY.iter() {
        let (mut by_consumer, mut by_version) = (BTreeMap::new(), BTreeMap::new());
        let (mut sums, mut totals) = (BTreeMap::new(), BTreeMap::new());
        for row in &batch.rows {
            let consumer = (row.fact.version.clone(), row.fact.who.clone());
            match row.fact.kind {
                Kind::Request => {
                    let known: &mut Counts = by_version.entry(row.fact.version.clone()).or_default();
                    known.add(&row.counts);
                    let known: &mut Counts = by_consumer.entry(consumer).or_default();
                    known.add(&row.counts);
                }
                Kind::ByConsumer => drop(sums.insert(consumer, row.counts)),
                Kind::ByVersion => drop(totals.insert(row.fact.version.clone(), row.counts)),
                _ => {}
            }
        }
        assert_eq!((by_consumer, by_version), (sums, totals));
    }
}

#[test]
fn every_failure_is_somebodys_and_every_refusal_a_request() {
    let mut failed: BTreeMap<&str, [u64; 2]> = BTreeMap::new();
    let mut refused: BTreeMap<(&str, &Who), [u64; 2]> = BTreeMap::new();
    for (_, row) in rows() {
        let (version, who, counts) = (&*row.fact.version, &row.fact.who, row.counts.0);
        match row.fact.kind {
            Kind::ByVersion => failed.entry(version).or_default()[0] += counts[4],
            Kind::Failed => failed.entry(version).or_default()[1] += counts[4],
            Kind::ByConsumer => refused.entry((version, who)).or_default()[0] += counts[3] + counts[4],
            Kind::Refused => refused.entry((version, who)).or_default()[1] += counts[3] + counts[4],
            _ => {}
        }
    }
    assert!(failed.values().all(|[asked, told]| asked == told), "{failed:?}");
    assert!(refused.values().all(|[asked, told]| asked >= told), "{refused:?}");
}

#[test]
fn every_exchange_took_its_time() {
    for version in plan().apis[0].versions.iter().map(|v| v.name.as_str()) {
        let of = |kind| {
            count((DAYS, 0), move |fact| {
                fact.kind == kind && &*fact.version == version
            })
        };
        let (asked, added, above) = (of(Kind::ByVersion), of(Kind::TookGateway), of(Kind::TookUpstream));
        // Who was stopped at the door has no operation, and is in no histogram.
        assert!(
            added <= asked && added > asked / 2,
            "{version}: {added} of {asked}"
        );
        assert!(
            above <= added && above > added / 2,
            "{version}: {above} of {added}"
        );
        let origin = plan().apis[0].lineage.origin() == version;
        assert_eq!(of(Kind::TookTransformation) > 0, !origin, "{version}");
        assert_eq!(of(Kind::TookTransformation), of(Kind::Lifted), "{version}");
    }
}

#[test]
fn every_name_is_one_of_the_plan() {
    let plan = plan();
    let api = &plan.apis[0];
    let changes: Vec<String> = api
        .lineage
        .changes()
        .iter()
        .map(|c| format!("{}..{}", c.old, c.new))
        .collect();
    let codes: Vec<&str> = refusal::Kind::ALL.iter().map(|kind| kind.code()).collect();
    for fact in rows().map(|(_, row)| &row.fact).collect::<BTreeSet<_>>() {
        let contract = api.lineage.contract(&fact.version).unwrap();
        assert_eq!(&*fact.api, api.name);
        assert!(
            fact.operation.is_empty() || contract.operation(&fact.operation).is_some(),
            "{fact:?}"
        );
        assert!(
            fact.change.is_empty() || changes.iter().any(|known| **known == *fact.change),
            "{fact:?}"
        );
        if let Who::Consumer(name) = &fact.who {
            assert!(plan.consumers.named(name).is_some(), "{fact:?}");
        }
        match fact.kind {
            Kind::Sent | Kind::Delivered | Kind::Withheld => is_member(api, fact),
            Kind::Refused => assert!(codes.contains(&&*fact.what), "{fact:?}"),
            Kind::Failed => assert!(["gateway", "transformation", "upstream"].contains(&&*fact.what)),
            _ => {}
        }
    }
}

/// A member is one of its type in the change's old version, or in the version itself.
fn is_member(api: &ApiPlan, fact: &Fact) {
    let (label, at) = fact.what.split_once(' ').unwrap();
    let old = fact
        .change
        .split_once("..")
        .map_or(&*fact.version, |(old, _)| old);
    let types = &api.lineage.contract(old).unwrap().types;
    let at = Pointer::parse(at).unwrap();
    let shape = types.get(label).unwrap_or_else(|| panic!("{fact:?}"));
    assert!(shape.at(&at, types).is_some(), "{fact:?}");
}
