//! What clients and backends say stays out of traces: secrets planted in every place of a request are in none.

use sluice_conformance::stage::{Setup, Stage};

use super::collector::{Collector, Manner};
use super::{parent, traced_by};

/// Each is one word that nothing else contains.
const PLANTED: [&str; 12] = [
    "plantedKey",
    "plantedCookie",
    "plantedAgent",
    "plantedQueryValue",
    "plantedQueryName",
    "plantedPath",
    "plantedBody",
    "plantedBasic",
    "plantedState",
    "plantedField",
    "plantedMethod",
    "plantedTokenOfTheCollector",
];

fn ask(stage: &Stage) {
    let state = "v=plantedState".to_owned();
    let parent = parent("01");
    let fields: Vec<(&str, &str)> = vec![
        ("x-api-key", "plantedKey"),
        ("cookie", "session=plantedCookie"),
        ("user-agent", "plantedAgent"),
        ("authorization", "Basic plantedBasic"),
        ("x-anything", "plantedField"),
        ("traceparent", &parent),
        ("tracestate", &state),
        ("content-type", "application/json"),
    ];
    let query = "api_key=plantedKey&q=plantedQueryValue&plantedQueryName=1";
    let targets = [
        format!("/v2.0/customers/plantedPath?{query}"),
        format!("/v3.3/customers/plantedPath?{query}"),
        format!("/api/v1.0/getCustomer?id=plantedPath&{query}"),
        format!("/plantedPath/nowhere?{query}"),
        format!("/v2.0/../plantedPath?{query}"),
        format!("/v2.0/plantedPath?{query}"),
    ];
    for target in &targets {
        for (method, body) in [
            ("GET", ""),
            ("POST", "{\"name\": \"plantedBody\"}"),
            ("PUT", "plantedBody"),
            ("PLANTEDMETHOD", ""),
        ] {
            let answer = stage.send(method, target, &fields, body);
            assert!(answer.status >= 200, "{answer:?}");
        }
    }
}

#[test]
fn no_secret_is_in_a_trace() {
    for setup in [Setup::guarded(), Setup::integrationhub()] {
        let collector = Collector::start(Manner::Takes);
        let stage = traced_by(setup, &collector);
        ask(&stage);
        stage.gateway().editions.current().unwrap().telemetry.flush();
        let told = collector.raw().to_lowercase();
        assert!(
            collector
                .spans()
                .iter()
                .filter(|span| span.kind == "SERVER")
                .count()
                >= 24
        );
        for planted in PLANTED {
            assert!(!told.contains(&planted.to_lowercase()), "{planted}");
        }
        let shown = format!("{:?}", stage.gateway().editions.current().unwrap().telemetry);
        assert!(!shown.contains("planted"), "{shown}");
    }
}
