//! Traces over real sockets: W3C Trace Context from client to upstream, a span for each stage and each try, and collectors
//! that are down, slow or full.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod collector;
mod collectors;
mod context;
mod secrets;
mod spans;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sluice_config::plan::{NamedFile, Place, Remote, Secret, TracesPlan};
use sluice_config::{Plan, Span};
use sluice_conformance::stage::{PATIENCE, Setup, Stage};

use collector::Collector;

const ID: &str = "cus_000017";
/// A trace of a client.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

fn parent(flags: &str) -> String {
    format!("00-{TRACE}-{CALLER}-{flags}")
}

fn place() -> Place {
    Place {
        file: "sluice.yaml".to_owned(),
        span: Span::START,
    }
}

/// Everything is traced, and sent there.
fn traces(url: &str) -> TracesPlan {
    TracesPlan {
        collector: Remote {
            url: url.to_owned(),
            timeout: Duration::from_secs(5),
            authorities: None,
            plain_http: false,
            link_local: false,
            place: place(),
        },
        headers: vec![(
            http::HeaderName::from_static("x-token"),
            Secret::Value(Arc::from("plantedTokenOfTheCollector"), place()),
        )],
        share: 1.0,
        follow: false,
        service: "edge".to_owned(),
        place: place(),
    }
}

/// Makes a changed plan the running one.
fn publish(stage: &Stage, change: impl FnOnce(&mut Plan)) -> u64 {
    publish_of(stage, stage.setup(), change)
}

fn publish_of(stage: &Stage, setup: &Setup, change: impl FnOnce(&mut Plan)) -> u64 {
    let mut plan = setup.plan(stage.upstream());
    change(&mut plan);
    let published = stage.gateway().editions.publish(plan, &stage.gateway().shared);
    published.expect("a plan that can be put to work")
}

/// The example, all of whose exchanges are traced.
fn traced(collector: &Collector) -> Stage {
    traced_by(Setup::integrationhub(), collector)
}

fn traced_by(setup: Setup, collector: &Collector) -> Stage {
    let stage = setup.start();
    publish(&stage, |plan| plan.traces = Some(traces(&collector.url())));
    stage
}

/// What counts lost spans.
fn lost(stage: &Stage, why: &str) -> f64 {
    stage
        .gateway()
        .shared
        .meters
        .value("sluice_spans_lost", &[("why", why)])
}

/// Waits for what must come.
#[track_caller]
fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what} does not come");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn file(path: &std::path::Path) -> NamedFile {
    NamedFile {
        path: PathBuf::from(path),
        place: place(),
    }
}
