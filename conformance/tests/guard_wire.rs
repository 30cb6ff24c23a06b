//! Strict HTTP/1 at the socket: every row of `conformance/framing/requests.json`, as raw bytes over real sockets.
//!
//! A row is refused with a problem, the connection closes, and nothing of it reaches the backend, nor of the request that
//! is sent behind it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use serde::Deserialize;
use sluice_conformance::stage::tls::{Asking, Authority};
use sluice_conformance::stage::{Client, Setup, Stage};

/// What is sent behind each row: it must never be read as a request.
const BEHIND: &str = "GET /v3.3/customers/cus_000017 HTTP/1.1\r\nhost: a\r\n\r\n";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    rfc: String,
    /// One character a byte.
    raw: String,
    /// What stands for a text many times.
    #[serde(default)]
    fill: BTreeMap<String, (String, usize)>,
    status: u16,
    code: String,
}

impl Row {
    fn all() -> Vec<Self> {
        serde_json::from_str(include_str!("../framing/requests.json")).unwrap()
    }

    fn bytes(&self) -> Vec<u8> {
        let mut raw = self.raw.clone();
        for (name, (text, times)) in &self.fill {
            raw = raw.replace(name, &text.repeat(*times));
        }
        raw.chars().map(|byte| u8::try_from(byte).unwrap()).collect()
    }

    fn at(&self) -> String {
        format!("{} (RFC {})", self.name, self.rfc)
    }

    fn judge(&self, stage: &Stage, client: &mut Client, how: &str) {
        let at = format!("{}, {how}", self.at());
        let answer = client
            .answer("GET")
            .unwrap_or_else(|broken| panic!("{at}: {broken:?}"));
        assert_eq!(answer.status, self.status, "{at}: {}", answer.text());
        // A fault in the body is told when the version is known, in that version's shape.
        let (told, problem) = (
            answer.json(),
            answer.header("content-type") == "application/problem+json",
        );
        let code = told.pointer(if problem { "/code" } else { "/error/code" });
        assert_eq!(code, Some(&self.code.clone().into()), "{at}: {told}");
        assert_eq!(answer.list("connection"), "close", "{at}");
        assert!(client.has_ended(), "{at}: more came");
        assert!(
            stage.backend().requests().is_empty(),
            "{at}: {:?}",
            stage.backend().requests()
        );
    }
}

#[test]
fn what_two_would_read_differently_is_refused_and_the_connection_closes() {
    let stage = Stage::integrationhub();
    let rows = Row::all();
    for row in &rows {
        let mut client = stage.client();
        client.write(row.bytes()).write(BEHIND);
        row.judge(&stage, &mut client, "at once");
    }
    let meters = &stage.gateway().shared.meters;
    let counted = |code| meters.value("sluice_requests_malformed", &[("code", code)]);
    let expected = |code: &str| rows.iter().filter(|row| row.code == code).count() as f64;
    for code in [
        "bad_host",
        "head_too_large",
        "target_too_long",
        "expectation_failed",
    ] {
        assert_eq!(counted(code), expected(code), "{code}");
    }
    println!("{} rows refused", rows.len());
}

#[test]
fn what_is_translated_is_refused_in_the_same_way() {
    let stage = Stage::integrationhub();
    for row in Row::all() {
        let at = row.at();
        let raw = String::from_utf8_lossy(&row.bytes()).replace("/v3.3/", "/v2.0/");
        if raw.contains('\u{fffd}') {
            continue; // Not a text; sent in the other tests.
        }
        let mut client = stage.client();
        client.write(&raw).write(BEHIND);
        let answer = client
            .answer("GET")
            .unwrap_or_else(|broken| panic!("{at}: {broken:?}"));
        assert_eq!(answer.status, row.status, "{at}: {}", answer.text());
        assert!(client.has_ended(), "{at}: more came");
        assert!(stage.backend().requests().is_empty(), "{at}");
    }
}

#[test]
fn the_check_stands_behind_tls_too() {
    let (files, authority) = (tempfile::tempdir().unwrap(), Authority::new("Test authority"));
    authority.issue(&["a"]).write(files.path(), "a");
    let at = files.path().display();
    let tls = format!("{{certificates: [{{certificate: \"{at}/a.pem\", key: \"{at}/a.key\"}}]}}");
    let stage = Setup::integrationhub().secured(&tls).start();
    let address = *stage.addresses().last().unwrap();
    let asking = Asking::of(&authority);
    for row in Row::all() {
        let mut client = Client::secured(asking.connect(address, "a").unwrap(), "a");
        client.write(row.bytes()).write(BEHIND);
        row.judge(&stage, &mut client, "over TLS");
    }
}

#[test]
fn bounds_of_the_wire_are_settings() {
    let bounds = |text: &str| Setup::integrationhub().main(&format!("bounds: {{{text}}}"));
    let plan = bounds("head: 2KiB, headers: 7, target: 1KiB, head_within: 1s, body_rate: 0B, body_grace: 3s")
        .plan("127.0.0.1:1");
    let intake = &plan.bounds.intake;
    assert_eq!((intake.head, intake.headers, intake.target), (2048, 7, 1024));
    assert_eq!(
        (
            intake.body_rate,
            intake.body_grace.as_secs(),
            intake.head_within.as_secs()
        ),
        (0, 3, 1)
    );
    for wrong in [
        "head: 1B",
        "head: 1GiB",
        "target: 64KiB",
        "headers: 0",
        "head_within: 0s",
        "body_rate: 1GiB",
        "body_grace: 30d",
    ] {
        let refused = std::panic::catch_unwind(|| bounds(wrong).plan("127.0.0.1:1"));
        assert!(refused.is_err(), "{wrong}");
    }
}

#[test]
fn a_refusal_stands_in_its_place_in_the_pipeline() {
    let stage = Stage::integrationhub();
    for row in Row::all() {
        let mut client = stage.client();
        let before = "GET /v3.3/customers/cus_000017 HTTP/1.1\r\nhost: a\r\n\r\n\
                      POST /v3.3/nothing HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc";
        client.write([before.as_bytes(), &row.bytes(), BEHIND.as_bytes()].concat());
        drop(client.answer("GET").unwrap().expect(200));
        drop(client.answer("POST").unwrap().expect(404));
        stage.backend().forget();
        row.judge(&stage, &mut client, "third in a pipeline");
    }
}

#[test]
fn however_the_bytes_come_the_answer_is_the_same() {
    let stage = Stage::integrationhub();
    let short = |row: &&Row| row.fill.is_empty();
    let rows = Row::all();
    for row in rows.iter().filter(short) {
        let mut client = stage.client();
        for byte in row.bytes() {
            client.write([byte]);
        }
        row.judge(&stage, &mut client, "byte by byte");
    }
    for row in rows.iter().filter(short).step_by(9) {
        let bytes = row.bytes();
        for at in 1..bytes.len() {
            let mut client = stage.client();
            client.write(&bytes[..at]);
            // The first part is read before the second is sent.
            std::thread::sleep(std::time::Duration::from_millis(1));
            client.write(&bytes[at..]);
            row.judge(&stage, &mut client, &format!("split at {at}"));
        }
    }
}
