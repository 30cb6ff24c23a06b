//! The stories show in the figures.

use std::collections::BTreeMap;

use sluice_transforms::contract::Purpose;
use sluice_transforms::message::{Request, Response};
use sluice_transforms::pointer::Pointer;
use sluice_transforms::reference::{Interpreter, Unobserved};
use sluice_transforms::value::Value;

use super::{calendar, count, example, now, plan, rows, told, uses, versions};
use crate::demo::history::calendar::DAYS;
use crate::demo::history::{batches, cast, reloads};
use crate::ledger::fact::{Fact, Kind, Who};

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
        let (from, to) = (calendar().ago(1, hour, 0), calendar().ago(1, hour + 1, 0));
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
    let reloads = reloads::reloads(calendar());
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
    assert!(example().join(file).is_file(), "{file}");
    for version in ["1.0", "1.1", "1.2", "2.0"] {
        let chain = plan.apis[0].lineage.chain(version, "3.3").unwrap();
        let change = |step: usize| &plan.apis[0].lineage.changes()[step].old;
        assert!(
            chain.steps.iter().any(|(pass, _)| change(pass.change) == "2.0"),
            "{version}"
        );
    }
}
