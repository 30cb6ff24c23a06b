//! W3C Trace Context: what is read, what is passed on, who is sampled.

use sluice_conformance::stage::Stage;

use super::collector::{Collector, Manner};
use super::{CALLER, ID, TRACE, parent, publish, traced, traces};

const STATE: &str = "congo=t61rcWkgMzE";

/// What the upstream was told by the last request.
fn told(stage: &Stage) -> (String, String) {
    let requests = stage.backend().requests();
    let headers = &requests.last().unwrap().headers;
    let text = |name: &str| {
        let lines = headers.get_all(name).iter();
        lines
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect::<Vec<_>>()
            .join("|")
    };
    (text("traceparent"), text("tracestate"))
}

fn ask(stage: &Stage, fields: &[(&str, &str)]) {
    // Both ways of a request: translated, and passed.
    for version in ["2.0", "3.3"] {
        stage
            .get(&format!("/v{version}/customers/{ID}"), fields)
            .expect(200);
    }
}

#[test]
fn a_malformed_parent_begins_a_new_trace() {
    let collector = Collector::start(Manner::Takes);
    let stage = traced(&collector);
    let good = parent("01");
    let bad = [
        "".to_owned(),
        "garbage".to_owned(),
        good[..54].to_owned(),
        format!("{good}-more"),
        good.to_uppercase(),
        good.replacen("00", "ff", 1),
        good.replacen("00", "zz", 1),
        good.replace(TRACE, &"0".repeat(32)),
        good.replace(CALLER, &"0".repeat(16)),
        good.replace(TRACE, &TRACE[1..]),
        good.replace('-', "_"),
        good.replace("-01", "-1x"),
        format!("{good},{good}"),
        format!("\"{good}\""),
    ];
    for (number, malformed) in bad.iter().enumerate() {
        let target = format!("/v2.0/customers/{ID}");
        stage
            .get(&target, &[("traceparent", malformed), ("tracestate", STATE)])
            .expect(200);
        let spans = collector.exchanges(number + 1).remove(number);
        let server = spans.iter().find(|span| span.kind == "SERVER").unwrap();
        assert_eq!(server.parent, "", "{malformed}");
        assert_ne!(server.trace, TRACE, "{malformed}");
        let (called, state) = told(&stage);
        assert!(
            called.starts_with(&format!("00-{}-", server.trace)),
            "{malformed}: {called}"
        );
        assert_eq!(state, "", "what belongs to no trace is not passed on");
    }
    let twice = [("traceparent", &*good), ("traceparent", &*good)];
    stage.get(&format!("/v2.0/customers/{ID}"), &twice).expect(200);
    assert!(!told(&stage).0.contains(TRACE));
}

#[test]
fn a_state_is_passed_on_unless_it_is_malformed() {
    let collector = Collector::start(Manner::Takes);
    let stage = traced(&collector);
    let with = |state| [("traceparent", parent("01")), ("tracestate", state)];
    for (state, expected) in [
        (STATE, STATE),
        ("Congo=1", ""),
        ("a=1,a=2", ""),
        ("a@b=1, c=2", "a@b=1, c=2"),
    ] {
        let fields = with(state.to_owned());
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, &**value)).collect();
        ask(&stage, &fields);
        let (called, state) = told(&stage);
        assert_eq!(state, expected);
        assert!(called.contains(TRACE));
    }
}

#[test]
fn without_traces_both_fields_pass_as_they_came() {
    let stage = Stage::integrationhub();
    for value in [&*parent("01"), "garbage"] {
        ask(&stage, &[("traceparent", value), ("tracestate", "Not A State")]);
        assert_eq!(told(&stage), (value.to_owned(), "Not A State".to_owned()));
    }
    ask(&stage, &[]);
    assert_eq!(told(&stage), (String::new(), String::new()));
}

#[test]
fn shares_and_clients_decide_who_is_sampled() {
    let collector = Collector::start(Manner::Takes);
    let stage = Stage::integrationhub();
    // The share, whether clients are followed, what the client says, and whether it is traced.
    let cases = [
        (0.0, false, None, false),
        (1.0, false, None, true),
        (0.0, false, Some("01"), false),
        (1.0, false, Some("00"), true),
        (0.0, true, Some("01"), true),
        (1.0, true, Some("00"), false),
        (0.0, true, None, false),
        (1.0, true, None, true),
    ];
    let mut sampled = 0;
    for (share, follow, said, expected) in cases {
        let case = format!("share {share}, follow {follow}, {said:?}");
        publish(&stage, |plan| {
            let mut traces = traces(&collector.url());
            (traces.share, traces.follow) = (share, follow);
            plan.traces = Some(traces);
        });
        let said = said.map(parent);
        let fields: Vec<_> = said.iter().map(|parent| ("traceparent", &**parent)).collect();
        ask(&stage, &fields);
        sampled += if expected { 2 } else { 0 };
        stage.gateway().editions.current().unwrap().telemetry.flush();
        let servers = collector
            .spans()
            .iter()
            .filter(|span| span.kind == "SERVER")
            .count();
        assert_eq!(servers, sampled, "{case}");
        let (called, _) = told(&stage);
        match (&said, expected) {
            (_, true) => {
                assert!(
                    called.ends_with("-01") && !called.contains(CALLER),
                    "{case}: {called}"
                );
                assert_eq!(said.is_some(), called.contains(TRACE), "{case}");
            }
            (Some(said), false) => assert_eq!(called, *said, "{case}: the caller stays the parent"),
            (None, false) => assert!(
                called.starts_with("00-") && called.ends_with("-00"),
                "{case}: {called}"
            ),
        }
    }
}
