//! Upstreams that fail: a problem with a reason within the configured times, never a hang, never a truncated 200.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::json;
use sluice_conformance::oracle::{self, Endpoint};
use sluice_conformance::stage::scripted::{head, nobody, upstream};
use sluice_conformance::stage::{Answer, Broken, Setup, Stage, VERSIONS};
use sluice_gateway::demo::backend::{Fault, Rule};

const ID: &str = "cus_000017";
/// Much longer than the timeouts below, much shorter than a client waits.
const SOON: Duration = Duration::from_secs(15);

fn setup() -> Setup {
    Setup::integrationhub().upstream_setting("timeouts: {connect: 300ms, first_byte: 300ms, idle: 300ms}")
}

fn read(version: &str) -> String {
    oracle::path(version, Endpoint::Read, ID).unwrap().target
}

/// The refusal in the version's shape, with its code where the shape has one.
fn assert_refused(version: &str, answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{version}: {}", answer.text());
    assert_eq!(answer.header("api-version"), version);
    let body = answer.json();
    let told = match version {
        "1.0" | "1.1" | "1.2" => return assert!(body["error"].is_string(), "{version}: {body}"),
        "4.0-beta" => body["type"]
            .as_str()
            .unwrap()
            .rsplit('/')
            .next()
            .unwrap()
            .to_owned(),
        _ => body["error"]["code"].as_str().unwrap().to_owned(),
    };
    assert_eq!(told, code, "{version}: {body}");
}

fn every(stage: &Stage, fault: impl Fn() -> Fault, status: u16, code: &str) {
    for version in VERSIONS {
        stage.backend().inject(Rule::from(fault()).times(3));
        let begun = Instant::now();
        assert_refused(version, &stage.get(&read(version), &[]), status, code);
        assert!(begun.elapsed() < SOON, "{version}");
        stage.backend().heal();
        drop(stage.get(&read(version), &[]).expect(200));
    }
}

#[test]
fn an_upstream_that_is_gone() {
    let stage = setup().upstream(nobody()).start();
    for version in VERSIONS {
        assert_refused(
            version,
            &stage.get(&read(version), &[]),
            502,
            "upstream_unreachable",
        );
    }
}

#[test]
fn an_upstream_that_does_not_begin_to_answer() {
    every(
        &setup().start(),
        || Fault::Delay(Duration::from_secs(60)),
        504,
        "upstream_timeout",
    );
}

#[test]
fn an_upstream_that_resets() {
    every(&setup().start(), || Fault::Reset, 502, "upstream_reset");
}

#[test]
fn an_upstream_that_does_not_speak_http() {
    every(
        &setup().start(),
        || Fault::Garbage(b"SSH-2.0-OpenSSH\r\n".to_vec()),
        502,
        "upstream_garbage",
    );
}

#[test]
fn a_body_that_ends_early_or_stops() {
    let stage = setup().start();
    let wait = Duration::from_secs(60);
    for version in VERSIONS {
        for (fault, status, code) in [
            (Fault::CutAfter(40), 502, "upstream_incomplete"),
            (Fault::Pause { after: 40, wait }, 504, "upstream_timeout"),
        ] {
            stage.backend().inject(fault.clone());
            let answer = stage.try_send("GET", &read(version), &[], "");
            match (version, answer) {
                // The head was on its way already: an aborted body is all that can be said.
                ("3.3", Err(Broken::Cut { status: 200, got })) => assert!(got <= 40),
                ("3.3", other) => panic!("{fault:?}: {other:?}"),
                (_, answer) => assert_refused(version, &answer.unwrap(), status, code),
            }
        }
    }
}

#[test]
fn a_chunked_body_that_ends_early() {
    let address = upstream(|mut stream, _| {
        let _head = head(&mut stream);
        let _sent = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n8\r\n{\"id\": 1\r\n");
    });
    let stage = setup().upstream(address).start();
    for version in VERSIONS {
        match stage.try_send("GET", &read(version), &[], "") {
            Err(Broken::Cut { status: 200, .. }) => assert_eq!(version, "3.3"),
            Ok(answer) => assert_refused(version, &answer, 502, "upstream_incomplete"),
            other => panic!("{version}: {other:?}"),
        }
    }
}

#[test]
fn writes_through_a_failing_upstream() {
    let stage = setup().start();
    for version in VERSIONS {
        let document = stage.get(&read(version), &[]).expect(200).json();
        let call = oracle::path(version, Endpoint::Replace, ID).unwrap();
        for (fault, status) in [
            (Fault::Reset, 502),
            (Fault::LoseAnswer, 502),
            (Fault::Fail, 500),
            (Fault::Garbage(b"x\r\n\r\n".to_vec()), 502),
        ] {
            for times in [1, 9] {
                stage.backend().inject(Rule::from(fault.clone()).times(times));
                let answer = stage.write(call.method, &call.target, &[], &document);
                // A lost connection is tried once more where that is safe.
                assert!(
                    [200, status].contains(&answer.status),
                    "{version} {fault:?}: {}",
                    answer.text()
                );
                assert!(
                    times == 1 || answer.status == status,
                    "{version} {fault:?}: {}",
                    answer.text()
                );
                stage.backend().heal();
            }
        }
    }
}

#[test]
fn without_a_tag_a_write_that_would_lose_something_is_refused() {
    let stage = setup().start();
    let (document, call) = (
        stage.get(&read("2.0"), &[]).expect(200).json(),
        oracle::path("2.0", Endpoint::Replace, ID).unwrap(),
    );
    let stored = stage.backend().etag(ID);
    stage.backend().inject(Fault::DropEtag);
    assert_refused(
        "2.0",
        &stage.write(call.method, &call.target, &[], &document),
        502,
        "no_entity_tag",
    );
    assert_eq!(stage.backend().etag(ID), stored);
    let unsafely = Setup::integrationhub().keep("unsafe_read").start();
    unsafely.backend().inject(Rule::from(Fault::DropEtag).always());
    drop(
        unsafely
            .write(call.method, &call.target, &[], &document)
            .expect(200),
    );
    assert!(
        !unsafely
            .backend()
            .requests()
            .last()
            .unwrap()
            .headers
            .contains_key("if-match")
    );
}

#[test]
fn another_writer_that_is_always_faster_ends_the_tries() {
    let stage = setup().upstream_setting("retries: 3").start();
    let (mut document, call) = (
        stage.get(&read("2.0"), &[]).expect(200).json(),
        oracle::path("2.0", Endpoint::Replace, ID).unwrap(),
    );
    document["name"] = json!("Ada King");
    let race = || Fault::Race {
        id: ID.to_owned(),
        patch: json!({"tier": "raced"}),
    };
    let on_writes = |times| Rule::from(race()).method(http::Method::PUT).times(times);
    stage.backend().inject(on_writes(3));
    let written = stage
        .write(call.method, &call.target, &[], &document)
        .expect(200)
        .json();
    assert_eq!(
        (written["name"].as_str(), written["tier"].as_str()),
        (Some("Ada King"), document["tier"].as_str())
    );
    stage.backend().inject(on_writes(99));
    let begun = Instant::now();
    let given_up = stage.write(call.method, &call.target, &[], &document).expect(409);
    assert_eq!(given_up.json()["error"]["code"], "contended");
    assert!(begun.elapsed() < SOON);
}

#[test]
fn a_client_that_stops_in_its_body_is_told_so() {
    let stage = setup().start();
    for version in ["1.0", "2.0", "3.3", "4.0-beta"] {
        let call = oracle::path(version, Endpoint::Create, ID).unwrap();
        let mut client = stage.client();
        client.request(
            call.method,
            &call.target,
            &[("content-type", "application/json"), ("content-length", "100")],
            b"{\"na",
        );
        assert_refused(
            version,
            &client.answer(call.method).unwrap(),
            408,
            "request_timeout",
        );
    }
}
