//! Who stands in the way of a sunset, by the example's lifecycle.

use std::sync::LazyLock;

use sluice_config::{Sources, load};

use super::super::given;
use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Reading the example takes longer than everything else here.
static EXAMPLE: LazyLock<Plan> = LazyLock::new(|| {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/examples/integrationhub");
    let sources = Sources::read(std::path::Path::new(directory)).unwrap();
    load(&sources, &|_| None).unwrap().plan
});

fn plan() -> Plan {
    EXAMPLE.clone()
}

fn seen(who: Who, week: u64) -> Seen {
    Seen {
        who,
        day: week / 7,
        week,
        quarter: week * 10,
        first_seen: 0,
        last_seen: 1_000,
    }
}

fn clients() -> Vec<Seen> {
    vec![
        seen(given::consumer("megacorp"), 700),
        seen(given::consumer("acme"), 70),
        seen(given::consumer("left-last-year"), 7),
        seen(given::unidentified("203.0.113.0/24 curl"), 3),
        seen(Who::Other, 1),
    ]
}

fn judged(version: &str, now: &str) -> (Vec<String>, Vec<String>) {
    let plan = plan();
    let api = &plan.apis[0];
    let id = api.version(version).unwrap();
    let clients = judge(&clients(), &plan, api, id, at(now));
    let names = |list: Vec<Blocker>| list.into_iter().map(|one| one.asker.who).collect();
    (names(clients.blockers), names(clients.exempt))
}

#[test]
fn exemptions_are_considered_while_they_last() {
    let others = ["acme", "left-last-year", "203.0.113.0/24 curl", "other"];
    let (blockers, exempt) = judged("1.0", "2027-03-01T00:00:00Z");
    assert_eq!(
        (blockers, exempt),
        (others.map(str::to_owned).into(), vec!["megacorp".to_owned()])
    );
    let (blockers, exempt) = judged("1.0", "2028-01-01T00:00:00Z");
    assert_eq!(
        (blockers.len(), exempt.len(), blockers[0].as_str()),
        (5, 0, "megacorp")
    );
    // Nobody is exempt there.
    let (blockers, exempt) = judged("2.0", "2027-03-01T00:00:00Z");
    assert_eq!((blockers.len(), exempt.len()), (5, 0));
}

#[test]
fn what_is_switched_off_spares_nobody() {
    let mut plan = plan();
    let id = plan.apis[0].version("1.0").unwrap();
    plan.apis[0].lifecycle.off = sluice_config::plan::VersionSet::of([id]);
    let megacorp = plan.consumers.named("megacorp");
    let now = at("2027-03-01T00:00:00Z");
    assert_eq!(outlasts(&plan.apis[0], id, megacorp, now), None);
}

#[test]
fn contacts_are_those_of_now_and_who_has_left_is_listed() {
    let plan = plan();
    let api = &plan.apis[0];
    let id = api.version("1.0").unwrap();
    let clients = judge(&clients(), &plan, api, id, at("2027-03-01T00:00:00Z"));
    let acme = &clients.blockers[0].asker;
    assert_eq!(
        (acme.contact.as_deref(), acme.configured),
        (Some("api@acme.example"), true)
    );
    let left = &clients.blockers[1].asker;
    assert_eq!(
        (left.contact.as_deref(), left.identified, left.configured),
        (None, true, false)
    );
    assert!(!clients.blockers[2].asker.identified);
    let megacorp = &clients.exempt[0];
    assert_eq!(megacorp.exempt_until, Some(at("2027-12-31T23:59:59Z")));
}

#[test]
fn a_version_is_reported_by_its_days() {
    let plan = plan();
    let api = &plan.apis[0];
    let id = api.version("2.0").unwrap();
    let now = at("2027-03-10T12:00:00Z");
    let window = Window::of_90_days(now);
    let rows: Vec<_> = (0..90_i64)
        .flat_map(|day| {
            let at = window.since.as_second() + day * 86_400;
            let old = 1_000.0 * f64::exp2(-(day as f64) / 20.0);
            let old = given::by_version("2.0", old.round() as u64).at(at);
            [old.into(), given::by_version("3.3", 1_000).at(at).into()]
        })
        .collect();
    let versions: Vec<&str> = api.versions.iter().map(|v| v.name.as_str()).collect();
    let timeline = timeline::put(&versions, &window, &rows);
    let report = version_report(api, id, &days(&timeline, id.index()), Clients::default(), now);
    assert_eq!(report.state, "deprecated");
    assert_eq!(report.sunset, Some(at("2028-01-01T00:00:00Z")));
    let old: u64 = rows
        .iter()
        .filter(|row| &*row.fact.version == "2.0")
        .map(|row| row.counts.all())
        .sum();
    assert_eq!(report.last_90_days, old);
    let share = report.last_7_days as f64 / (report.last_7_days + 7_000) as f64;
    assert_eq!(report.share, Some(share));
    let Forecast::On(end) = report.forecast else {
        panic!("{report:?}")
    };
    // It halves every twenty days, and is at a twentieth now.
    let days = window.days().last().unwrap().until(end).unwrap().get_days();
    assert!((40..=46).contains(&days), "{days}");
    assert!(
        (-0.015..-0.008).contains(&report.trend.unwrap()),
        "{:?}",
        report.trend
    );
}
