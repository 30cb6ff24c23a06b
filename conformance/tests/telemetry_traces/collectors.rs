//! Collectors that are down, slow, full or exchanged for others: exchanges do not notice, and what is lost is counted.

use std::fs;
use std::time::{Duration, Instant};

use sluice_config::Code;
use sluice_config::plan::Secret;
use sluice_conformance::stage::{Stage, scripted};

use super::collector::{Collector, Manner};
use super::{ID, file, lost, publish, publish_of, traces, until};

/// Much longer than any exchange takes, and shorter than a collector is waited for.
const SOON: Duration = Duration::from_secs(4);

fn ask(stage: &Stage, times: usize) {
    let begun = Instant::now();
    for _ in 0..times {
        stage.get(&format!("/v3.3/customers/{ID}"), &[]).expect(200);
    }
    let each = begun.elapsed() / u32::try_from(times).unwrap();
    assert!(each < SOON, "{each:?}");
}

#[test]
fn a_collector_that_is_down_costs_spans_and_nothing_else() {
    let stage = Stage::integrationhub();
    let down = format!("http://{}/v1/traces", scripted::nobody());
    publish(&stage, |plan| plan.traces = Some(traces(&down)));
    ask(&stage, 3);
    until("the loss", || lost(&stage, "unreachable") > 0.0);
    assert_eq!(lost(&stage, "queue_full"), 0.0);
}

#[test]
fn a_collector_that_hangs_fills_a_bounded_queue() {
    let collector = Collector::start(Manner::Hangs);
    let stage = Stage::integrationhub();
    publish(&stage, |plan| {
        let mut traces = traces(&collector.url());
        traces.collector.timeout = Duration::from_millis(500);
        plan.traces = Some(traces);
    });
    // Each exchange has a dozen spans: so many that the queue holds a part of them only.
    ask(&stage, 1_000);
    assert!(lost(&stage, "queue_full") > 0.0);
    // A flush gives up.
    stage.gateway().editions.current().unwrap().telemetry.flush();
    ask(&stage, 1);
    until("the collector's time is over", || lost(&stage, "timeout") > 0.0);
}

#[test]
fn a_slow_collector_gets_everything_later() {
    let collector = Collector::start(Manner::Slow(Duration::from_millis(300)));
    let stage = Stage::integrationhub();
    publish(&stage, |plan| plan.traces = Some(traces(&collector.url())));
    ask(&stage, 100);
    assert_eq!(collector.exchanges(100).len(), 100);
    let why = [
        "queue_full",
        "timeout",
        "unreachable",
        "status",
        "rejected",
        "too_many",
    ];
    assert!(why.iter().all(|why| lost(&stage, why) == 0.0));
}

#[test]
fn what_may_pass_is_tried_again_and_what_may_not_is_counted() {
    let patient = Collector::start(Manner::Answers(503, 2));
    let stage = Stage::integrationhub();
    publish(&stage, |plan| plan.traces = Some(traces(&patient.url())));
    ask(&stage, 1);
    patient.exchange();
    assert_eq!(patient.heads().len(), 3);
    assert_eq!(lost(&stage, "status"), 0.0);

    let hostile = Collector::start(Manner::Answers(400, usize::MAX));
    publish(&stage, |plan| plan.traces = Some(traces(&hostile.url())));
    ask(&stage, 1);
    until("the loss", || lost(&stage, "status") > 0.0);
    assert_eq!(hostile.heads().len(), 1, "it says that it never takes it");

    let picky = Collector::start(Manner::Rejects(2));
    publish(&stage, |plan| plan.traces = Some(traces(&picky.url())));
    ask(&stage, 1);
    until("the loss", || lost(&stage, "rejected") > 0.0);
    assert_eq!(lost(&stage, "rejected"), 2.0);
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = Collector::start(Manner::Takes);
    let location = format!("http://{}/", elsewhere.address);
    let redirects = scripted::upstream(move |mut stream, _| {
        use std::io::Write;
        if scripted::head(&mut stream).is_some() {
            let _gone = write!(
                stream,
                "HTTP/1.1 307 X\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
            );
        }
    });
    let stage = Stage::integrationhub();
    publish(&stage, |plan| {
        plan.traces = Some(traces(&format!("http://{redirects}/v1/traces")))
    });
    ask(&stage, 1);
    until("the loss", || {
        lost(&stage, "status") + lost(&stage, "unreachable") > 0.0
    });
    assert!(elsewhere.heads().is_empty());
}

#[test]
fn traces_follow_the_plan_and_what_was_traced_before_arrives() {
    let (old, new) = (Collector::start(Manner::Takes), Collector::start(Manner::Takes));
    let stage = Stage::integrationhub();
    publish(&stage, |plan| plan.traces = Some(traces(&old.url())));
    ask(&stage, 1);
    publish(&stage, |plan| plan.traces = Some(traces(&new.url())));
    ask(&stage, 1);
    assert_eq!((old.exchanges(1).len(), new.exchanges(1).len()), (1, 1));
    publish(&stage, |plan| plan.traces = None);
    ask(&stage, 1);
    publish(&stage, |plan| plan.traces = Some(traces(&new.url())));
    ask(&stage, 1);
    assert_eq!(new.exchanges(2).len(), 2);
    assert_eq!(old.spans().iter().filter(|span| span.kind == "SERVER").count(), 1);
}

/// A drain waits for what was traced, but not for its time to come.
#[test]
fn a_flush_sends_what_waits() {
    let collector = Collector::start(Manner::Takes);
    let stage = Stage::integrationhub();
    publish(&stage, |plan| plan.traces = Some(traces(&collector.url())));
    ask(&stage, 5);
    stage.gateway().editions.current().unwrap().telemetry.flush();
    assert_eq!(
        collector
            .spans()
            .iter()
            .filter(|span| span.kind == "SERVER")
            .count(),
        5
    );
}

#[test]
fn a_changed_secret_is_noticed_and_used() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token");
    fs::write(&path, "first\n").unwrap();
    let collector = Collector::start(Manner::Takes);
    let stage = Stage::integrationhub();
    let with_file = || {
        publish(&stage, |plan| {
            let mut traces = traces(&collector.url());
            traces.headers[0].1 = Secret::File(file(&path));
            plan.traces = Some(traces);
        })
    };
    with_file();
    ask(&stage, 1);
    collector.exchanges(1);
    let running = || stage.gateway().editions.current().unwrap();
    assert_eq!(running().changed(), None);
    fs::write(&path, "second\n").unwrap();
    assert!(running().changed().is_some());
    with_file();
    ask(&stage, 1);
    collector.exchanges(2);
    let heads = collector.heads();
    assert!(
        heads[0].contains("x-token: first\r\n") && heads[1].contains("x-token: second\r\n"),
        "{heads:?}"
    );
}

#[test]
fn what_cannot_be_put_to_work_leaves_the_running_edition() {
    let collector = Collector::start(Manner::Takes);
    let stage = Stage::integrationhub();
    publish_of(&stage, stage.setup(), |plan| {
        plan.traces = Some(traces(&collector.url()))
    });
    let faults = [
        ("http://192.0.2.1/v1/traces", None, Code::BadUrl),
        ("http://169.254.169.254/v1/traces", None, Code::BadUrl),
        ("not a url", None, Code::BadUrl),
        (
            "http://127.0.0.1:4318/v1/traces",
            Some("missing"),
            Code::MissingFile,
        ),
    ];
    for (url, secret, code) in faults {
        let mut plan = stage.setup().plan(stage.upstream());
        let mut traces = traces(url);
        if let Some(path) = secret {
            traces.headers[0].1 = Secret::File(file(path.as_ref()));
        }
        plan.traces = Some(traces);
        let refused = stage
            .gateway()
            .editions
            .publish(plan, &stage.gateway().shared)
            .unwrap_err();
        assert_eq!(refused[0].code, code, "{url}: {refused:?}");
        assert!(!format!("{refused:?}").contains("planted"));
    }
    ask(&stage, 1);
    assert_eq!(collector.exchange()[0].trace.len(), 32);
}
