//! Panels of made reports: what they say, what they say of nothing, and that nothing of a client is read as HTML.
#![allow(clippy::unwrap_used)]

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use maud::Markup;
use sluice_config::plan::Plan;
use sluice_config::{Sources, load};

use super::*;
use crate::console::status::{Failures, Keeping, Live, Status};
use crate::ledger::report::client::Asker;
use crate::ledger::report::fields::{Field, FieldUse, Verdict};
use crate::ledger::report::health::{ChangeHealth, FaultyPointer, Health};
use crate::ledger::report::protection::{Protection, Refusals};
use crate::ledger::report::sunset::{Blocker, Forecast, SunsetReport, VersionReport};
use crate::ledger::report::timeline::{Series, Timeline};
use crate::ledger::store::ReloadRecord;

const MAIN: &str =
    "sluice: 1\nlisten: [\"127.0.0.1:8080\"]\nupstreams: {todos: {endpoints: [\"127.0.0.1:9100\"]}}\n";
const API: &str = "sluice: 1\napi: todos\nupstream: todos\norigin: \"2\"\nadditions: pass\nunmentioned: pass\nselect: [{path: {template: \"/v{version}\"}}]\nversions: [{name: \"1\"}, {name: \"2\"}]\nlifecycle: {versions: [{versions: {only: [\"1\"]}, deprecated: 2026-05-01, sunset: 2026-09-01}]}\n";
const CHANGE: &str = "sluice: 1\nbetween: [\"1\", \"2\"]\nsummary: Titles became names.\ndocuments:\n  - {of: [\"GET /todos/{id}\"], steps: [{rename: {from: /title, to: /name}}]}\n";
/// What a client may call itself.
const HOSTILE: &str = "\"><script>alert(1)</script><img src=x onerror='alert(2)'>&amp;";

fn plan() -> Plan {
    let files = [
        ("sluice.yaml", MAIN),
        ("apis/todos/api.yaml", API),
        ("apis/todos/changes/1-2.yaml", CHANGE),
    ];
    let sources = Sources::from_files(files.map(|(path, text)| (path, text.as_bytes())));
    load(&sources, &|_| None).unwrap().plan
}

fn now() -> Timestamp {
    "2026-06-15T12:00:00Z".parse().unwrap()
}

/// The text of a page, and that nothing hostile is read as HTML.
#[track_caller]
fn text(markup: &Markup) -> &str {
    let html = &markup.0;
    assert!(
        !html.contains("<script") && !html.contains("<img") && !html.contains("javascript:"),
        "{html}"
    );
    html
}

fn timeline() -> Timeline {
    let first: Date = "2026-03-18".parse().unwrap();
    Timeline {
        api: "todos".to_owned(),
        demo: false,
        days: (0..90)
            .map(|day| first.checked_add(day.days()).unwrap())
            .collect(),
        versions: vec![
            Series {
                version: "1".to_owned(),
                requests: (0..90).map(|day| 90 - day).collect(),
            },
            Series {
                version: "2".to_owned(),
                requests: (0..90).map(|day| if day == 40 { 0 } else { 10 + day }).collect(),
            },
        ],
    }
}

fn blocker(who: &str, identified: bool) -> Blocker {
    Blocker {
        asker: Asker {
            who: who.to_owned(),
            identified,
            configured: true,
            contact: Some("api@acme.example".to_owned()),
            last_24_hours: 12,
            last_7_days: 3_456,
            last_90_days: 1_234_567,
            first_seen: "2026-04-01T00:00:00Z".parse().unwrap(),
            last_seen: "2026-06-15T11:18:00Z".parse().unwrap(),
        },
        exempt_until: None,
    }
}

fn version(name: &str, forecast: Forecast, blockers: Vec<Blocker>) -> VersionReport {
    VersionReport {
        version: name.to_owned(),
        state: if name == "1" { "deprecated" } else { "active" }.to_owned(),
        deprecated: (name == "1").then(|| "2026-05-01T00:00:00Z".parse().unwrap()),
        sunset: (name == "1").then(|| "2026-09-01T00:00:00Z".parse().unwrap()),
        share: Some(0.123_4),
        trend: Some(-0.021),
        forecast,
        last_7_days: 3_456,
        last_90_days: 1_234_567,
        blockers,
        more_blockers: 3,
        exempt: Vec::new(),
    }
}

fn sunset(blockers: Vec<Blocker>) -> SunsetReport {
    SunsetReport {
        api: "todos".to_owned(),
        at: now(),
        demo: false,
        versions: vec![
            version("1", Forecast::On("2026-10-05".parse().unwrap()), blockers),
            version("2", Forecast::NotInSight, Vec::new()),
        ],
    }
}

#[test]
fn the_timeline_has_a_picture_its_lines_and_the_same_in_figures() {
    let plan = plan();
    let markup = timeline::panel(
        &Reading::Known(timeline()),
        &Reading::Known(sunset(Vec::new())),
        &plan,
        &plan.apis[0],
        now(),
    );
    let html = text(&markup);
    for part in [
        "role=\"img\"",
        "f-going n-0",
        "f-current n-0",
        "2026-05-01: deprecated 1",
        "1 falls to 1 % on 2026-10-05; sunset on 2026-09-01",
        "after the sunset",
        "On 2026-06-14: 2 ",
        "12.3 %",
        "-2.1",
        "1,234,567",
        "sluice report sunset DIR --api todos",
        "/console/api/timeline.json?api=todos",
    ] {
        assert!(html.contains(part), "{part} is missing in {html}");
    }
    // A day without requests is a gap: two areas in one path.
    assert!(html.matches('Z').count() > 2);
    assert!(!html.contains("style="), "no inline styles: {html}");
}

#[test]
fn a_timeline_without_requests_says_how_to_send_one() {
    let plan = plan();
    let mut empty = timeline();
    empty
        .versions
        .iter_mut()
        .for_each(|series| series.requests.fill(0));
    let markup = timeline::panel(
        &Reading::Known(empty),
        &Reading::Unkept,
        &plan,
        &plan.apis[0],
        now(),
    );
    assert!(
        text(&markup).contains("curl -i 'http://127.0.0.1:8080/v2/todos/{id}'"),
        "{}",
        markup.0
    );
}

#[test]
fn blockers_are_told_by_version_and_escaped() {
    let many = (0..10).map(|number| blocker(&format!("consumer {number}"), true));
    let hostile = blocker(HOSTILE, false);
    let all = std::iter::once(hostile).chain(many).collect();
    let markup = blockers::panel(&Reading::Known(sunset(all)), "todos", now());
    let html = text(&markup);
    assert!(html.contains("&lt;script&gt;alert(1)"));
    assert!(html.contains("3,456") && html.contains("1,234,567") && html.contains("42 min ago"));
    assert!(
        html.contains("/console/consumer?api=todos&amp;name=consumer%200"),
        "{html}"
    );
    // Eight are shown, of eleven and three more.
    assert!(html.contains("and 6 more") && !html.contains("consumer 8"));
    assert!(html.contains("mailto:api@acme.example"));
}

#[test]
fn exempt_clients_that_are_not_shown_are_counted() {
    let mut report = sunset(vec![blocker("acme", true)]);
    let exempt = (0..10).map(|number| blocker(&format!("exempt {number}"), true));
    report.versions[0].exempt = exempt.collect();
    report.versions[0].more_blockers = 0;
    report.versions[1].more_blockers = 0;
    let markup = blockers::panel(&Reading::Known(report), "todos", now());
    let html = text(&markup);
    assert!(html.contains("exempt 7") && !html.contains("exempt 8"));
    assert!(html.contains("and 2 more"), "{html}");
}

#[test]
fn a_contact_is_linked_only_where_that_is_safe() {
    let shown = |contact: &str| clients::contact(Some(contact)).into_string();
    assert_eq!(shown("javascript:alert(1)"), "javascript:alert(1)");
    assert!(!shown("a@b?subject=x").contains("href"));
    assert!(!shown("http://plain.example").contains("href"));
    assert!(shown("https://help.example/\"x").contains("href=\"https://help.example/&quot;x\""));
    assert!(shown("#team-acme").starts_with('#'));
}

#[test]
fn nothing_kept_and_a_store_that_is_away_leave_a_sentence() {
    let unkept = blockers::panel(&Reading::Unkept, "todos", now());
    assert!(
        text(&unkept).contains("says where it is to be kept"),
        "{}",
        unkept.0
    );
    let plan = plan();
    let first = timeline::panel(&Reading::Unkept, &Reading::Unkept, &plan, &plan.apis[0], now());
    assert!(
        text(&first).contains(
            "usage:
  store:"
        ),
        "{}",
        first.0
    );
    let away = blockers::panel(&Reading::Unknown(HOSTILE.to_owned()), "todos", now());
    assert!(text(&away).contains("are not to be had now"));
}

#[test]
fn nobody_in_the_way_is_told() {
    let mut report = sunset(Vec::new());
    report.versions[0].more_blockers = 0;
    let markup = blockers::panel(&Reading::Known(report), "todos", now());
    assert!(text(&markup).contains("can be switched off"));
}

#[test]
fn a_delivered_field_is_unknown_and_never_unused() {
    let plan = plan();
    let field = |member: &str, verdict| Field {
        change: "1..2".to_owned(),
        member: member.to_owned(),
        sent: 5,
        senders: 1,
        delivered: 4_321,
        receivers: 2,
        withheld: 7,
        verdict,
        last_seen: now(),
    };
    let report = FieldUse {
        api: "todos".to_owned(),
        version: "1".to_owned(),
        demo: false,
        members: vec![
            field("Todo /title", Verdict::Used),
            field(HOSTILE, Verdict::Unknown),
        ],
    };
    let markup = fields::panel(&Reading::Known(report), &plan.apis[0], "1", now());
    let html = text(&markup);
    assert!(html.contains(">used<") && html.contains(">unknown<") && html.contains("4,321"));
    assert!(html.contains("Withheld") && !html.contains(">unused<"));
    assert!(html.contains("<option value=\"1\" selected>"));
}

#[test]
fn health_tells_where_a_change_fails() {
    let pointers = (0..5).map(|number| FaultyPointer {
        pointer: if number == 0 {
            HOSTILE.to_owned()
        } else {
            format!("/items/*/{number}")
        },
        version: "1".to_owned(),
        failures: 9,
    });
    let report = Health {
        api: "todos".to_owned(),
        at: now(),
        demo: false,
        changes: vec![ChangeHealth {
            change: "1..2".to_owned(),
            summary: "Titles became names.".to_owned(),
            lifted: 600,
            lowered: 400,
            failures: 10,
            losses: 3,
            pointers: pointers.collect(),
        }],
    };
    let markup = health::panel(&Reading::Known(report), "todos");
    let html = text(&markup);
    assert!(
        html.contains("1 → 2") && html.contains("1.0 %") && html.contains("2 more places"),
        "{html}"
    );
}

#[test]
fn protection_sums_by_status() {
    let refusals = |status: u16, reason: &str, refused| Refusals {
        api: "todos".to_owned(),
        status,
        reason: reason.to_owned(),
        who: HOSTILE.to_owned(),
        identified: true,
        refused,
        last_seen: now(),
    };
    let report = Protection {
        at: now(),
        demo: false,
        refusals: vec![
            refusals(429, "rate_limited", 1_000),
            refusals(429, "quota_exceeded", 500),
            refusals(401, "unauthenticated", 7),
        ],
        more: 4,
    };
    let markup = protection::panel(&Reading::Known(report), now());
    let html = text(&markup);
    assert!(
        html.contains("<dd>1,500</dd>") && html.contains("<dd>7</dd>") && html.contains("and 4 more"),
        "{html}"
    );
}

#[test]
fn reloads_are_told_with_what_they_changed() {
    let reload = |outcome: &str, changes: &[&str]| ReloadRecord {
        at: now(),
        gateway: "0123456789abcdef".to_owned(),
        generation: 4,
        hash: "9c".to_owned(),
        why: HOSTILE.to_owned(),
        outcome: outcome.to_owned(),
        changes: changes.iter().map(|change| (*change).to_owned()).collect(),
    };
    let published = reload(
        "published",
        &[
            "consumer acme added",
            "API todos: lifecycle changed",
            "consumer x removed",
            HOSTILE,
        ],
    );
    let all = [
        published,
        reload("refused", &["SLU0001 in sluice.yaml"]),
        reload("\" onclick=\"x", &[]),
    ];
    let markup = reloads::panel(&all, true, None, "http://localhost:9901", now());
    let html = text(&markup);
    assert!(
        html.contains("class=\"came\"") && html.contains("class=\"went\"") && html.contains("o-refused"),
        "{html}"
    );
    assert!(html.contains("gateway 01234567") && html.contains("o-other"));
    assert!(
        text(&reloads::panel(
            &[],
            false,
            Some("away"),
            "http://localhost:9901",
            now()
        ))
        .contains("No reload yet")
    );
}

#[test]
fn the_strip_tells_figures_and_what_is_wrong() {
    let mut status = Status {
        at: now(),
        demo: false,
        live: Some(Live {
            seconds: 300.0,
            requests: 12_600,
            failures: Failures {
                gateway: 1,
                transformation: 2,
                upstream: 3,
            },
            added_p50: Some(0.000_12),
            added_p99: Some(0.004),
        }),
        generation: 7,
        hash: "0123456789abcdef".to_owned(),
        pending: vec!["listen"],
        last_reload: None,
        ledger: Keeping {
            kept: true,
            fault: Some(HOSTILE.to_owned()),
            waiting: 5,
            lost: 6,
        },
    };
    let markup = status::panel(&status, "http://localhost:9901", now());
    let html = text(&markup);
    for part in [
        "42.0",
        "12,600 in 5 min",
        "120 µs",
        "4.0 ms",
        "plan 0123456789ab",
        "wait for a restart",
        "5 rows wait",
        "6 exchanges are missing",
    ] {
        assert!(html.contains(part), "{part} is missing in {html}");
    }
    status.live = None;
    assert!(text(&status::panel(&status, "http://localhost:9901", now())).contains("nothing counted yet"));
}
