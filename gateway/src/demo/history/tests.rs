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
<<<<<<< HEAD
        (20_000..70_000).contains(&rows),
=======
        (50_000..140_000).contains(&rows),
>>>>>>> refs/heads/config
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
<<<<<<< HEAD
=======

#[test]
fn the_first_generation_is_nearly_gone() {
    let week = (6, -1);
    let (first, all) = (versions(week, "1."), versions(week, ""));
    assert!(first * 100 / all < 6, "{first} of {all}");
    for version in ["1.1", "1.2"] {
        let (megacorp, all) = (uses(week, version, "megacorp"), versions(week, version));
        assert!(megacorp * 100 / all > 90, "{version}: {megacorp} of {all}");
    }
    let script = Who::Unidentified(cast::SCRIPT.into());
    let script = count(week, |fact| fact.kind == Kind::ByConsumer && fact.who == script);
    let megacorp = uses(week, "1.0", "megacorp");
    assert_eq!(
        script + megacorp,
        versions(week, "1.0"),
        "nobody else asks in 1.0"
    );
    assert!(script > 1_000);
}

#[test]
fn the_second_generation_goes_down_and_the_third_up() {
    let weeks: Vec<u64> = (0..12)
        .map(|week| versions((89 - week * 7, 82 - week * 7), "2."))
        .collect();
    assert!(
        weeks.windows(2).all(|pair| pair[1] < pair[0] * 103 / 100),
        "{weeks:?}"
    );
    assert!(weeks[11] * 2 < weeks[0], "{weeks:?}");
    let weeks: Vec<u64> = (0..12)
        .map(|week| versions((89 - week * 7, 82 - week * 7), "3.3"))
        .collect();
    assert!(weeks.windows(2).all(|pair| pair[1] > pair[0]), "{weeks:?}");
    let (beta, all) = (versions((6, -1), "4.0-beta"), versions((6, -1), ""));
    assert!(beta > 0 && beta * 200 < all, "{beta} of {all}");
}

#[test]
fn acme_moved_in_the_eighth_week() {
    let week = |number: i64| (89 - (number - 1) * 7, 82 - (number - 1) * 7);
    assert!(uses(week(7), "2.1", "acme") > 20 * uses(week(7), "3.2", "acme"));
    assert!(uses(week(9), "3.2", "acme") > 10 * uses(week(9), "2.1", "acme"));
}

#[test]
fn weeks_and_days_have_a_rhythm() {
    // Today is a Saturday: six days ago was a Sunday, three days ago a Wednesday.
    let (sunday, wednesday) = (versions((6, 5), "3.3"), versions((3, 2), "3.3"));
    assert!(sunday * 2 < wednesday, "{sunday} {wednesday}");
    let hour = |hour| {
        let (from, to) = (calendar().ago(3, hour, 0), calendar().ago(3, hour + 1, 0));
        let during = rows().filter(|(batch, _)| (from..to).contains(&batch.minute));
        let meant = during.filter(|(_, row)| row.fact.kind == Kind::ByVersion && &*row.fact.version == "3.2");
        meant.map(|(_, row)| row.counts.all()).sum::<u64>()
    };
    assert!(hour(3) * 3 < hour(10), "{} {}", hour(3), hour(10));
}

#[test]
fn incidents_show() {
    let upstream = |days| told(days, Kind::Failed, "upstream");
    assert!(upstream((12, 11)) > 10 * upstream((11, 10)), "the outage");
    let faults = |days| {
        count(days, |fact| {
            fact.kind == Kind::Faulted && &*fact.change == "2.0..2.1"
        })
    };
    assert!(faults((5, 4)) > 5 * faults((4, 3)), "the faulty mapping");
    assert!(
        told((5, 4), Kind::Failed, "transformation")
            > 20 * told((4, 3), Kind::Failed, "transformation").max(1)
    );
    let globex = Who::Consumer("globex".into());
    let limited = |fact: &Fact| fact.kind == Kind::Refused && &*fact.what == "rate_limited";
    assert!(
        count((2, -1), |fact| limited(fact) && fact.who == globex) > 500,
        "the burst"
    );
    assert_eq!(count((DAYS, -1), |fact| limited(fact) && fact.who != globex), 0);
    for code in [
        "unauthenticated",
        "untranslatable_request",
        "scope_missing",
        "version_forbidden",
    ] {
        assert!(told((1, -1), Kind::Refused, code) > 0, "{code}");
    }
    assert!(
        told((DAYS, 0), Kind::Refused, "brownout") > 0,
        "rehearsals of 1.x"
    );
    assert!(
        count((22, 13), |fact| fact.kind == Kind::Withheld) > 10,
        "the trial"
    );
    assert!(count((DAYS, 0), |fact| fact.kind == Kind::Lost) > 0);
}

/// A history that is told after the sunset shows who is refused.
#[test]
fn what_is_gone_is_refused() {
    let history = batches(&plan(), "2027-07-04T12:00:00Z".parse().unwrap());
    let last = history.iter().rev().take(30).flat_map(|batch| &batch.rows);
    let first = last.filter(|row| row.fact.kind == Kind::ByConsumer && row.fact.version.starts_with("1."));
    let mut answered: BTreeMap<&Who, u64> = BTreeMap::new();
    for row in first {
        *answered.entry(&row.fact.who).or_default() += row.counts.0[1];
    }
    let exempt = Who::Consumer("megacorp".into());
    assert!(answered.len() > 1 && answered[&exempt] > 0, "{answered:?}");
    assert!(
        answered.iter().all(|(who, count)| **who == exempt || *count == 0),
        "{answered:?}"
    );
}

/// Where documents fail is where the lineage says that such documents fail.
#[test]
fn faults_are_where_the_lineage_has_them() {
    let plan = plan();
    let lineage = &plan.apis[0].lineage;
    let customer = Value::from_serde(&crate::demo::backend::customers()[16]);
    let cases = [
        ("1.2", "/addr", "nowhere"),
        ("2.0", "/address", "nowhere"),
        ("2.2", "/address/country", "Nowhere"),
    ];
    for (version, at, text) in cases {
        let lower = lineage.chain(lineage.origin(), version).unwrap();
        let answer = Response {
            operation: "readCustomer".to_owned(),
            status: 200,
            headers: Vec::new(),
            body: Some(customer.clone()),
        };
        let shown = Interpreter::new(lineage, &lower)
            .lower(answer, &mut Unobserved)
            .unwrap();
        let mut body = shown.response.body.unwrap();
        let place = Pointer::parse(at).unwrap();
        *place.look_mut(&mut body).unwrap() = Value::text(text);
        let request = Request {
            operation: "createCustomer".to_owned(),
            arguments: Vec::new(),
            body: Some(body),
        };
        let lift = lineage.chain(version, lineage.origin()).unwrap();
        let fault = Interpreter::new(lineage, &lift)
            .lift(request, Purpose::Create, &mut Unobserved)
            .unwrap_err();
        assert_eq!(fault.pointer.to_string(), at, "{version}: {fault:?}");
        let known = rows().any(|(_, row)| {
            row.fact.kind == Kind::Faulted && &*row.fact.version == version && &*row.fact.what == at
        });
        assert!(known, "{version} {at}");
    }
}

#[test]
fn reloads_explain_the_figures() {
    let reloads = super::reloads::reloads(calendar());
    assert!(reloads.windows(2).all(|pair| pair[0].at < pair[1].at));
    assert!(
        reloads
            .iter()
            .all(|reload| reload.at < now() && reload.hash.len() == 64)
    );
    let refused = reloads
        .iter()
        .position(|reload| reload.outcome == "refused")
        .unwrap();
    let (before, refused) = (&reloads[refused - 1], &reloads[refused]);
    assert_eq!(
        (before.generation, &before.hash),
        (refused.generation, &refused.hash),
        "nothing was swapped"
    );
    let (file, plan) = (refused.changes[0].split_once(" in ").unwrap().1, plan());
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/examples/integrationhub");
    assert!(example.join(file).is_file(), "{file}");
    for version in ["1.0", "1.1", "1.2", "2.0"] {
        let chain = plan.apis[0].lineage.chain(version, "3.3").unwrap();
        let change = |step: usize| &plan.apis[0].lineage.changes()[step].old;
        assert!(
            chain.steps.iter().any(|(pass, _)| change(pass.change) == "2.0"),
            "{version}"
        );
    }
}

/// What a store says after it was filled is what the batches say.
#[tokio::test]
async fn a_store_is_filled_and_marked() {
    let directory = tempfile::tempdir().unwrap();
    let place = Place {
        file: "sluice.yaml".to_owned(),
        span: Span::START,
    };
    let usage = UsagePlan {
        store: UsageStore::Sqlite(NamedFile {
            path: directory.path().join("usage.sqlite"),
            place: place.clone(),
        }),
        flush: Duration::from_secs(10),
        keys: 400_000,
        unidentified: 1_000,
        retention: Retention {
            minutes: Duration::from_secs(48 * 3_600),
            hours: Duration::from_secs(90 * 86_400),
            days: None,
        },
        place,
    };
    let store = Store::open(&usage, None).await.unwrap();
    assert!(!store.is_demo().await.unwrap());
    let begun = std::time::Instant::now();
    super::fill(&store, &plan(), now()).await.unwrap();
    println!("filled in {:?}", begun.elapsed());
    assert!(store.is_demo().await.unwrap());
    for (grain, days) in [
        (Grain::Day, (DAYS, -1)),
        (Grain::Hour, (7, 0)),
        (Grain::Minute, (1, 0)),
    ] {
        let question = Question {
            kinds: &[Kind::ByVersion],
            api: Some("customers"),
            version: Some("3.3"),
            who: None,
            grain,
            since: Timestamp::from_second(calendar().ago(days.0, 0, 0)).unwrap(),
            until: Timestamp::from_second(calendar().ago(days.1, 0, 0)).unwrap(),
            by_time: false,
            most: 10,
        };
        let known: u64 = store
            .ask(&question)
            .await
            .unwrap()
            .iter()
            .map(|known| known.counts.all())
            .sum();
        assert_eq!(known, versions(days, "3.3"), "{grain:?}");
    }
    let (seen, all) = store.seen("customers", "1.0", now(), 10, 0).await.unwrap();
    let names: Vec<&Who> = seen.iter().map(|seen| &seen.who).collect();
    assert_eq!(all, 3, "{names:?}");
    assert_eq!(store.reloads(100).await.unwrap().len(), 11);
}
>>>>>>> refs/heads/config
