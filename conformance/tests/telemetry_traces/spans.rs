//! What spans there are: one for the exchange, one a stage, one a try.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::json;
use sluice_conformance::oracle::{self, Endpoint};
use sluice_conformance::stage::http2::Http2;
use sluice_conformance::stage::{PATIENCE, Setup, VERSIONS, scripted};
use sluice_gateway::demo::backend::{Canned, Fault, Rule};

use super::collector::{Collector, Manner, Span};
use super::{CALLER, ID, TRACE, parent, traced, traced_by, until};

fn of_kind<'a>(spans: &'a [Span], kind: &str) -> Vec<&'a Span> {
    let mut found: Vec<&Span> = spans.iter().filter(|span| span.kind == kind).collect();
    found.sort_by_key(|span| span.begin);
    found
}

#[track_caller]
fn named<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let mut found = spans.iter().filter(|span| span.name == name);
    let span = found.next().unwrap_or_else(|| panic!("no {name}: {spans:#?}"));
    assert!(found.next().is_none(), "{name} twice");
    span
}

#[test]
fn a_trace_goes_from_the_client_through_every_stage_to_the_upstream() {
    let collector = Collector::start(Manner::Takes);
    // As files say it; the other tests change plans.
    let setting = format!(
        "traces: {{collector: \"{}\", share: 1, service: edge, headers: {{x-token: \"${{TOKEN}}\"}}}}",
        collector.url()
    );
    let setup = Setup::integrationhub().main(&setting);
    let stage = setup.variable("TOKEN", "plantedTokenOfTheCollector").start();
    let fields = [
        ("traceparent", &*parent("01")),
        ("tracestate", "congo=t61rcWkgMzE,rojo=1"),
        ("x-request-id", "ours-1"),
        ("host", "api.example:8443"),
    ];
    stage
        .get(&format!("/v2.0/customers/{ID}?secret=1"), &fields)
        .expect(200);
    let spans = collector.exchange();
    let [server] = of_kind(&spans, "SERVER")[..] else {
        panic!("{spans:#?}")
    };
    assert_eq!((&*server.trace, &*server.parent), (TRACE, CALLER));
    assert_eq!(server.flags & 0x300, 0x300, "the parent is remote");
    assert_eq!(server.name, "GET /v2.0/customers/{id}");
    let attributes = [
        ("http.request.method", "GET"),
        ("http.response.status_code", "200"),
        ("http.route", "/v2.0/customers/{id}"),
        ("url.scheme", "http"),
        ("server.address", "api.example"),
        ("server.port", "8443"),
        ("network.protocol.version", "1.1"),
        ("sluice.api", "customers"),
        ("sluice.version", "2.0"),
        ("sluice.operation", "readCustomer"),
        ("sluice.chosen_by", "path"),
        ("sluice.request_id", "ours-1"),
        ("sluice.generation", "1"),
        ("sluice.consumer", ""),
        ("error.type", ""),
        ("url.path", ""),
        ("url.query", ""),
        ("client.address", ""),
    ];
    for (name, value) in attributes {
        assert_eq!(server.at(name), value, "{name}");
    }
    assert!(!server.failed && server.at("http.response.body.size").parse::<usize>().unwrap() > 100);

    let stages = of_kind(&spans, "INTERNAL");
    let names: Vec<&str> = stages.iter().map(|span| &*span.name).collect();
    let expected = [
        "canonicalise",
        "admit",
        "identify",
        "admit",
        "authenticate",
        "route",
        "live",
        "authorise",
        "limit",
        "validate",
        "keep",
        "lift",
        "forward",
        "receive",
        "lower",
        "links",
        "respond",
    ];
    assert_eq!(names, expected);
    for span in &stages {
        assert_eq!(
            (&span.trace, &span.parent),
            (&server.trace, &server.id),
            "{}",
            span.name
        );
        assert!(
            server.begin <= span.begin && span.begin <= span.end && span.end <= server.end,
            "{span:?}"
        );
    }

    let [try_] = of_kind(&spans, "CLIENT")[..] else {
        panic!("{spans:#?}")
    };
    assert_eq!(try_.parent, named(&spans, "forward").id);
    assert_eq!(
        (&*try_.name, try_.at("http.response.status_code")),
        ("GET", "200")
    );
    assert_eq!(
        (try_.at("server.address"), try_.at("sluice.upstream")),
        ("127.0.0.1", "customers")
    );
    assert_eq!(try_.at("server.port"), stage.backend().addr.port().to_string());
    let asked = &stage.backend().requests()[0];
    assert_eq!(asked.headers["traceparent"], format!("00-{TRACE}-{}-01", try_.id));
    assert_eq!(asked.headers["tracestate"], "congo=t61rcWkgMzE,rojo=1");
    let ids: BTreeSet<_> = spans.iter().map(|span| &span.id).collect();
    assert_eq!(ids.len(), spans.len());

    let resource = collector.resource();
    assert_eq!(
        (&*resource["service.name"], &*resource["telemetry.sdk.language"]),
        ("edge", "rust")
    );
    let head = &collector.heads()[0];
    assert!(
        head.starts_with("post /v1/traces http/1.1\r\n")
            && head.contains("content-type: application/x-protobuf\r\n")
    );
    assert!(head.contains("x-token: plantedtokenofthecollector\r\n"), "{head}");
}

#[test]
fn a_version_that_needs_no_translation_has_no_stage_of_it() {
    let collector = Collector::start(Manner::Takes);
    let stage = traced(&collector);
    stage.get(&format!("/v3.3/customers/{ID}"), &[]).expect(200);
    let spans = collector.exchange();
    let names: Vec<&str> = spans.iter().map(|span| &*span.name).collect();
    assert!(
        names.contains(&"forward") && !names.contains(&"lift") && !names.contains(&"lower"),
        "{names:?}"
    );
    let [server] = of_kind(&spans, "SERVER")[..] else {
        panic!("{spans:#?}")
    };
    assert_eq!((&*server.parent, server.flags & 0x200), ("", 0));
}

/// A kept connection turns out to be dead: the request goes out again, on a new one.
#[test]
fn each_try_is_a_span_and_each_calls_the_upstream_itself() {
    let collector = Collector::start(Manner::Takes);
    let stage = traced_by(
        Setup::integrationhub().serve(|settings| settings.workers = 1),
        &collector,
    );
    let target = format!("/v3.3/customers/{ID}");
    stage.get(&target, &[]).expect(200);
    stage.backend().forget();
    stage.backend().inject(Fault::Reset);
    stage.get(&target, &[]).expect(200);
    let spans = collector.exchanges(2).remove(1);
    let tries = of_kind(&spans, "CLIENT");
    let told: Vec<_> = tries
        .iter()
        .map(|span| {
            (
                span.at("error.type"),
                span.at("http.request.resend_count"),
                span.failed,
            )
        })
        .collect();
    assert_eq!(told, [("reset", "", true), ("", "1", false)]);
    assert!(
        tries
            .iter()
            .all(|span| span.parent == named(&spans, "forward").id)
    );
    assert_eq!(called(&stage), ids(&tries));
}

/// A write of an old client reads first, is beaten by another, and reads again.
#[test]
fn reads_before_a_write_and_its_tries_each_have_a_span() {
    let collector = Collector::start(Manner::Takes);
    let stage = traced(&collector);
    let target = format!("/v3.2/customers/{ID}");
    let document = stage.get(&target, &[]).expect(200).json();
    stage.backend().forget();
    let beaten = Canned::new(StatusCode::PRECONDITION_FAILED, "application/json", "{}");
    stage
        .backend()
        .inject(Rule::from(Fault::Answer(beaten)).method(Method::PUT));
    let fields = [("traceparent", &*parent("01"))];
    stage.write("PUT", &target, &fields, &document).expect(200);
    let spans = collector.exchanges(2).remove(1);
    let tries = of_kind(&spans, "CLIENT");
    let told: Vec<_> = tries
        .iter()
        .map(|span| (&*span.name, span.at("http.response.status_code"), span.failed))
        .collect();
    let expected = [
        ("GET", "200", false),
        ("PUT", "412", true),
        ("GET", "200", false),
        ("PUT", "200", false),
    ];
    assert_eq!(told, expected);
    assert_eq!(called(&stage), ids(&tries));
    let count = |name: &str| spans.iter().filter(|span| span.name == name).count();
    assert_eq!((count("forward"), count("lift"), count("lower")), (4, 2, 1));
    assert!(spans.iter().all(|span| span.trace == TRACE));
}

/// The spans that the upstream was told to be called by.
fn called(stage: &sluice_conformance::stage::Stage) -> Vec<String> {
    let requests = stage.backend().requests();
    let parents = requests
        .iter()
        .map(|asked| asked.headers["traceparent"].to_str().unwrap().to_owned());
    parents
        .map(|parent| parent.split('-').nth(2).unwrap().to_owned())
        .collect()
}

fn ids(spans: &[&Span]) -> Vec<String> {
    spans.iter().map(|span| span.id.clone()).collect()
}

#[test]
fn an_endpoint_that_cannot_be_reached_is_a_try_too() {
    let collector = Collector::start(Manner::Takes);
    let down = scripted::nobody();
    let setup = Setup::integrationhub()
        .serve(|settings| settings.workers = 1)
        .replace(
            "sluice.yaml",
            "endpoints: [\"${CUSTOMERS_UPSTREAM",
            &format!("endpoints: [\"{down}\", \"${{CUSTOMERS_UPSTREAM"),
        );
    let stage = traced_by(setup, &collector);
    for _ in 0..2 {
        stage.get(&format!("/v3.3/customers/{ID}"), &[]).expect(200);
    }
    let all = collector.exchanges(2).concat();
    let refused: Vec<&Span> = all
        .iter()
        .filter(|span| span.at("error.type") == "unreachable")
        .collect();
    assert_eq!(refused.len(), 1, "{all:#?}");
    assert_eq!(refused[0].at("server.port"), down.port().to_string());
    assert!(refused[0].failed);
}

#[test]
fn refusals_say_where_and_why_and_only_a_fault_is_an_error() {
    let collector = Collector::start(Manner::Takes);
    let stage = traced_by(Setup::guarded().upstream(scripted::nobody()), &collector);
    let target = format!("/v2.0/customers/{ID}");
    let unauthorised = stage.get(&target, &[]).expect(401);
    assert!(unauthorised.has("x-request-id"));
    stage.get(&target, &[("x-api-key", "demo-key-acme")]).expect(502);
    let mut all = collector.exchanges(2);
    all.sort_by_key(|spans| spans.len());
    let server = |spans: &[Span]| of_kind(spans, "SERVER")[0].clone();
    let (denied, failed) = (server(&all[0]), server(&all[1]));
    assert_eq!(
        (denied.at("http.response.status_code"), denied.at("error.type")),
        ("401", "")
    );
    assert!(!denied.failed && !denied.at("sluice.refused").is_empty());
    let authenticate = named(&all[0], "authenticate");
    assert_eq!(
        (authenticate.at("error.type"), authenticate.failed),
        (denied.at("sluice.refused"), true)
    );
    assert_eq!(
        (failed.at("error.type"), failed.failed),
        ("upstream_unreachable", true)
    );
    assert_eq!(
        (failed.at("sluice.consumer"), failed.at("sluice.operation")),
        ("acme", "readCustomer")
    );
    assert_eq!(named(&all[1], "forward").at("error.type"), "upstream_unreachable");
    assert_eq!(of_kind(&all[1], "CLIENT")[0].at("error.type"), "unreachable");
}

#[test]
fn a_client_that_goes_away_is_told_of() {
    let collector = Collector::start(Manner::Takes);
    let stage = traced(&collector);
    stage.backend().inject(Fault::Delay(Duration::from_secs(20)));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        // HTTP/2 says that a client has gone: HTTP/1.1 serves a connection that is closed on one side.
        let client = Http2::connect(stage.address()).await;
        let target = format!("/v2.0/customers/{ID}");
        let patience = tokio::time::timeout(PATIENCE, async {
            while stage.backend().seen() == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        tokio::select! {
            answer = client.send("GET", &target, &[], b"") => panic!("{answer:?}"),
            seen = patience => seen.unwrap(),
        }
    });
    drop(runtime);
    let spans = collector.exchange();
    let server = of_kind(&spans, "SERVER")[0];
    assert_eq!((server.at("error.type"), server.failed), ("client_gone", true));
    assert_eq!(
        (
            server.at("sluice.operation"),
            server.at("http.response.status_code")
        ),
        ("readCustomer", "")
    );
    assert_eq!(of_kind(&spans, "CLIENT")[0].at("error.type"), "given_up");
}

#[test]
fn an_answer_that_breaks_off_is_told_of_when_it_does() {
    let collector = Collector::start(Manner::Takes);
    let stage = traced(&collector);
    stage.backend().inject(Fault::CutAfter(10));
    let mut socket = TcpStream::connect(stage.address()).unwrap();
    write!(
        socket,
        "GET /v3.3/customers/{ID} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = Vec::new();
    let _cut = socket.read_to_end(&mut answer);
    let server = of_kind(&collector.exchange(), "SERVER")[0].clone();
    assert_eq!(
        (server.at("error.type"), server.at("http.response.status_code")),
        ("answer_broken", "200")
    );
    assert_eq!(server.at("http.response.body.size"), "10");
}

/// A write with a key goes on without its client, and so does its trace.
#[test]
fn what_ends_after_its_exchange_is_sent_all_the_same() {
    let collector = Collector::start(Manner::Takes);
    let stage = traced(&collector);
    let document = stage
        .get(&format!("/v3.3/customers/{ID}"), &[])
        .expect(200)
        .json();
    let mut new = document.clone();
    new.as_object_mut().unwrap().remove("id");
    new["email"] = json!("other@example.com");
    let body = new.to_string();
    collector.exchange();
    stage.backend().forget();
    stage
        .backend()
        .inject(Rule::from(Fault::Delay(Duration::from_millis(300))).method(Method::POST));
    let mut socket = TcpStream::connect(stage.address()).unwrap();
    write!(
        socket,
        "POST /v3.3/customers HTTP/1.1\r\nhost: x\r\nidempotency-key: \"k-1\"\r\ntraceparent: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        parent("01"),
        body.len()
    )
    .unwrap();
    until("the request", || !stage.backend().requests().is_empty());
    drop(socket);
    let spans = collector.until(|spans| {
        spans
            .iter()
            .any(|span| span.trace == TRACE && span.kind == "CLIENT")
    });
    let own: Vec<Span> = spans.into_iter().filter(|span| span.trace == TRACE).collect();
    assert_eq!(of_kind(&own, "CLIENT")[0].at("http.request.method"), "POST");
}

/// Many clients at once, on two cores: each exchange is one tree, and no span is in another's.
#[test]
fn exchanges_at_the_same_time_do_not_mix() {
    let collector = Collector::start(Manner::Takes);
    let stage = traced(&collector);
    let (clients, each) = (4_u32, 40_u32);
    let trace = |client: u32, number: u32| format!("{:016x}{:016x}", client + 1, number + 1);
    std::thread::scope(|scope| {
        for client in 0..clients {
            let stage = &stage;
            scope.spawn(move || {
                for number in 0..each {
                    let version = VERSIONS[number as usize % VERSIONS.len()];
                    let parent = format!("00-{}-{CALLER}-01", trace(client, number));
                    let target = oracle::path(version, Endpoint::Read, ID).unwrap().target;
                    stage.get(&target, &[("traceparent", &parent)]).expect(200);
                }
            });
        }
    });
    let exchanges = collector.exchanges((clients * each) as usize);
    let traces: BTreeSet<String> = exchanges.iter().map(|spans| spans[0].trace.clone()).collect();
    let expected = (0..clients).flat_map(|client| (0..each).map(move |number| trace(client, number)));
    assert_eq!(traces, expected.collect());
    for spans in &exchanges {
        assert_eq!(of_kind(spans, "SERVER").len(), 1, "{spans:#?}");
        assert_eq!(of_kind(spans, "CLIENT").len(), 1, "{spans:#?}");
        let known: BTreeSet<&str> = spans.iter().map(|span| &*span.id).collect();
        for span in spans {
            let parent = &*span.parent;
            assert!(parent == CALLER || known.contains(parent), "{span:#?}");
        }
    }
}
