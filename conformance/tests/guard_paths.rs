//! What was authorised is what is sent: over every rewrite of a path, whatever a client writes, the backend reads the
//! operation that the gateway recorded, in canonical form, below the API's base, with the client's values in its slots.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Write;
use std::sync::{Arc, Mutex};

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use proptest::prelude::*;
use sluice_conformance::stage::{Setup, Stage, scripted};
use sluice_gateway::canonical;

/// Every kind of rewrite: a prefix for a version and one for the backend, an operation with another name, parameters
/// that move between path and query, both ways, fixed segments beside slots.
const API: &str = r#"sluice: 1
api: things
upstream: customers
origin: "3.0"
base: /internal/api
document: openapi.json
additions: pass
select:
  - path: {template: "/things/v{version}"}
versions: [{name: "1.0"}, {name: "2.0"}, {name: "3.0"}]
"#;

const ONE_TO_TWO: &str = r#"sluice: 1
between: ["1.0", "2.0"]
summary: Things have paths.
operations:
  readThing:
    - operation: {old: "GET /getThing", new: "GET /things/{id}", from: {path.id: query.id}}
  runThing:
    - operation: {old: "POST /run", new: "POST /things/{id}:run", from: {path.id: query.id}}
"#;

const TWO_TO_THREE: &str = r#"sluice: 1
between: ["2.0", "3.0"]
summary: Parts have paths, months are asked for.
operations:
  readPart:
    - operation: {old: "GET /things/{id}/part", new: "GET /things/{id}/parts/{part}", from: {path.part: query.part}}
  readReport:
    - operation: {old: "GET /reports/{month}", new: "GET /reports", from: {query.month: path.month}}
"#;

/// Paths that no change mentions, between versions as they are.
const LOOSE: &str = r#"sluice: 1
api: loose
upstream: customers
origin: "2"
base: /internal/loose
additions: pass
unmentioned: pass
select:
  - path: {template: "/loose/v{version}"}
versions: [{name: "1"}, {name: "2"}]
"#;

const LOOSE_CHANGE: &str = r#"sluice: 1
between: ["1", "2"]
summary: Titles became names.
documents:
  - {of: ["GET /mentioned"], steps: [{rename: {from: /title, to: /name}}]}
"#;

fn document() -> String {
    let operation = |id: &str, parameters: &[(&str, &str)]| {
        let parameters: Vec<_> = parameters
            .iter()
            .map(|(place, name)| {
                serde_json::json!({"name": name, "in": place, "required": *place == "path", "schema": {"type": "string"}})
            })
            .collect();
        serde_json::json!({"operationId": id, "parameters": parameters, "responses": {"204": {"description": "Done."}}})
    };
    let mut paths = serde_json::Map::new();
    let mut add = |path: &str, method: &str, id: &str, parameters: &[(&str, &str)]| {
        let entry = paths.entry(path).or_insert_with(|| serde_json::json!({}));
        entry[method] = operation(id, parameters);
    };
    add("/things", "get", "listThings", &[]);
    add("/things/search", "get", "searchThings", &[]);
    add("/things/{id}", "get", "readThing", &[("path", "id")]);
    add("/things/{id}", "delete", "deleteThing", &[("path", "id")]);
    add("/things/{id}:run", "post", "runThing", &[("path", "id")]);
    add(
        "/things/{id}/parts/{part}",
        "get",
        "readPart",
        &[("path", "id"), ("path", "part")],
    );
    add("/reports", "get", "readReport", &[("query", "month")]);
    serde_json::json!({"openapi": "3.1.0", "info": {"title": "Things", "version": "3.0"}, "paths": paths})
        .to_string()
}

type Seen = Arc<Mutex<Vec<(String, String)>>>;

/// A gateway, and what reaches its backend, by method and target as sent.
fn stage() -> (Stage, Seen) {
    let seen = Seen::default();
    let told = Arc::clone(&seen);
    let upstream = scripted::upstream(move |mut stream, _| {
        while let Some(line) = request_line(&mut stream) {
            told.lock().unwrap().push(line);
            if stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").is_err() {
                return;
            }
        }
    });
    let stage = Setup::integrationhub()
        .file("apis/things/api.yaml", API)
        .file("apis/things/openapi.json", document())
        .file("apis/things/changes/1-2.yaml", ONE_TO_TWO)
        .file("apis/things/changes/2-3.yaml", TWO_TO_THREE)
        .file("apis/loose/api.yaml", LOOSE)
        .file("apis/loose/changes/1-2.yaml", LOOSE_CHANGE)
        .upstream(upstream)
        .start();
    (stage, seen)
}

/// The request line as it was written; the rest of the head is skipped.
fn request_line(stream: &mut std::net::TcpStream) -> Option<(String, String)> {
    use std::io::Read;
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    let head = String::from_utf8(head).expect("an ASCII head");
    let mut words = head.lines().next()?.split(' ');
    Some((words.next()?.to_owned(), words.next()?.to_owned()))
}

/// What a backend executes that cuts off path parameters and decodes once, with what fills the slots.
fn executed(method: &str, path: &str) -> Option<(&'static str, Vec<String>)> {
    let below = path.strip_prefix("/internal/api/")?;
    let decode = |raw: &str| {
        let plain = raw.split(';').next().unwrap_or_default();
        percent_decode_str(plain)
            .decode_utf8()
            .expect("UTF-8")
            .into_owned()
    };
    let segments: Vec<String> = below.split('/').map(decode).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let method = if method == "HEAD" { "GET" } else { method };
    let (operation, slots): (_, &[&str]) = match (method, &segments[..]) {
        ("GET", ["things"]) => ("listThings", &[]),
        ("GET", ["things", "search"]) => ("searchThings", &[]),
        ("GET", ["things", id]) => ("readThing", &[id]),
        ("DELETE", ["things", id]) => ("deleteThing", &[id]),
        ("POST", ["things", id]) => ("runThing", &[id.strip_suffix(":run")?]),
        ("GET", ["things", id, "parts", part]) => ("readPart", &[id, part]),
        ("GET", ["reports"]) => ("readReport", &[]),
        _ => return None,
    };
    Some((operation, slots.iter().map(|slot| (*slot).to_owned()).collect()))
}

/// What paths are broken with, as it is written.
fn hostile() -> impl Strategy<Value = String> {
    let tricks = [
        "..",
        ".",
        "/",
        "//",
        "\\",
        "%2e",
        "%2E%2e",
        "%2f",
        "%5c",
        "%00",
        "%252e",
        "%252f",
        "%25",
        "%c0%ae",
        "%c0%af",
        "%e0%80%af",
        "%ed%a0%80",
        ";",
        ";a=b",
        "..;",
        "%3b",
        "?",
        "#",
        "&",
        "+",
        "%20",
        "%0d%0a",
        "%ef%bc%8e",
        "%ef%bc%8f",
        "%e2%88%95",
        "%e2%80%a5",
        "%",
        "%zz",
        "search",
        "things",
        "parts",
        ":run",
        "%3arun",
        "v1.0",
        "*",
        "@",
        "%u002e",
    ];
    let piece = prop_oneof![
        4 => prop::sample::select(tricks.to_vec()).prop_map(str::to_owned),
        1 => "[a-z0-9_-]{1,6}",
        1 => any::<char>().prop_map(|c| utf8_percent_encode(&c.to_string(), NON_ALPHANUMERIC).to_string()),
    ];
    prop::collection::vec(piece, 1..5).prop_map(|pieces| pieces.concat())
}

/// Requests with a hostile text wherever a client writes something, in every version.
fn requests(text: &str) -> Vec<(&'static str, String)> {
    let mut all = vec![
        ("GET", format!("/things/v1.0/getThing?id={text}")),
        ("HEAD", format!("/things/v1.0/getThing?id={text}")),
        ("POST", format!("/things/v1.0/run?id={text}")),
        ("GET", format!("/things/v2.0/things/{text}/part?part=a")),
        ("GET", format!("/things/v2.0/things/a/part?part={text}")),
        ("GET", format!("/things/v2.0/reports/{text}")),
        ("POST", format!("/things/v2.0/things/{text}:run")),
        ("GET", format!("/things/v3.0/things/{text}/parts/{text}")),
        ("GET", format!("/things/v3.0/reports?month={text}")),
        ("GET", format!("/things/{text}/things")),
        ("GET", format!("/{text}")),
    ];
    for version in ["1.0", "2.0", "3.0"] {
        all.push(("GET", format!("/things/v{version}/things/{text}")));
        all.push(("DELETE", format!("/things/v{version}/things/{text}")));
        all.push(("GET", format!("/things/v{version}/{text}")));
        all.push(("GET", format!("/things/v{version}{text}/things")));
    }
    for version in ["1", "2"] {
        all.push(("GET", format!("/loose/v{version}/{text}")));
        all.push(("GET", format!("/loose/v{version}/a/{text}/b")));
    }
    all
}

/// Sends one request as it is written, and judges what reached the backend.
fn judge(stage: &Stage, seen: &Seen, method: &str, target: &str) -> usize {
    seen.lock().unwrap().clear();
    let before = stage.counted();
    let head = format!("{method} {target} HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n");
    let answer = stage.client().write(head).answer(method);
    let answer = answer.unwrap_or_else(|broken| panic!("{method} {target}: {broken:?}"));
    let reached = std::mem::take(&mut *seen.lock().unwrap());
    let Some((asked, to)) = reached.first() else {
        let refused = [400, 404, 405, 414, 422].contains(&answer.status);
        assert!(refused, "{method} {target}: {answer:?}");
        return 0;
    };
    assert_eq!(
        (reached.len(), answer.status),
        (1, 204),
        "{method} {target} -> {reached:?}"
    );
    let (path, query) = to.split_once('?').unwrap_or((to, ""));
    let form = canonical::path(path).unwrap_or_else(|fault| panic!("{target} -> {to}: {fault}"));
    assert_eq!(form.as_str(), path, "{target}");
    let after = stage.counted();
    let mut more = after
        .iter()
        .filter(|(place, count)| before.get(*place) != Some(count));
    let ((api, _, recorded), _) = more.next().unwrap_or_else(|| panic!("{target}: not counted"));
    assert!(more.next().is_none(), "{target}: counted twice");
    if api == "loose" {
        assert!(
            path == "/internal/loose" || path.starts_with("/internal/loose/"),
            "{target} -> {to}"
        );
        return 1;
    }
    let (operation, slots) =
        executed(asked, path).unwrap_or_else(|| panic!("{target} -> {to}: no operation"));
    assert_eq!(operation, recorded, "{method} {target} -> {asked} {to}");
    assert!(slots.iter().all(|slot| !slot.is_empty()), "{to}");
    if let Some((_, value)) = target.split_once("?id=") {
        // What stood in the query, decoded once, stands in the path, decoded once.
        let value = value
            .split('&')
            .next()
            .unwrap_or_default()
            .split('#')
            .next()
            .unwrap_or_default();
        let value = percent_decode_str(&value.replace('+', " "))
            .decode_utf8()
            .unwrap()
            .into_owned();
        assert_eq!(slots, [value], "{target} -> {to}");
        assert_eq!(query.matches("id=").count(), 0, "{to}");
    }
    1
}

#[test]
fn over_every_rewrite_the_backend_reads_what_was_authorised() {
    let (stage, seen) = stage();
    let mut config = ProptestConfig::with_cases(150);
    config.failure_persistence = None;
    let (mut sent, mut reached) = (0, 0);
    let counted = std::cell::RefCell::new((&mut sent, &mut reached));
    let run = proptest::test_runner::TestRunner::new(config).run(&hostile(), |text| {
        for (method, target) in requests(&text) {
            let mut counted = counted.borrow_mut();
            *counted.0 += 1;
            *counted.1 += judge(&stage, &seen, method, &target);
        }
        Ok(())
    });
    run.unwrap();
    println!("{sent} requests, {reached} of them reached the backend");
    assert!(reached > sent / 20, "{reached} of {sent}");
}

#[test]
fn plain_values_arrive_in_every_version() {
    let (stage, seen) = stage();
    for (method, target, expected) in [
        (
            "GET",
            "/things/v1.0/getThing?id=a%20b",
            "/internal/api/things/a%20b",
        ),
        (
            "GET",
            "/things/v1.0/getThing?id=a%3Bb",
            "/internal/api/things/a%3Bb",
        ),
        ("POST", "/things/v1.0/run?id=a", "/internal/api/things/a:run"),
        (
            "GET",
            "/things/v2.0/things/a/part?part=b",
            "/internal/api/things/a/parts/b",
        ),
        (
            "GET",
            "/things/v2.0/reports/2024-01",
            "/internal/api/reports?month=2024-01",
        ),
        ("GET", "/things/v3.0/things/a", "/internal/api/things/a"),
        ("POST", "/things/v3.0/things/a:run", "/internal/api/things/a:run"),
        ("GET", "/loose/v1/anything/here", "/internal/loose/anything/here"),
    ] {
        assert_eq!(judge(&stage, &seen, method, target), 1, "{target}");
        let head = format!("{method} {target} HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n");
        drop(stage.client().write(head).answer(method).unwrap().expect(204));
        assert_eq!(seen.lock().unwrap().pop().unwrap().1, expected);
    }
}

#[test]
fn a_value_does_not_make_another_operation() {
    let (stage, seen) = stage();
    for (method, target) in [
        // It would be searchThings.
        ("GET", "/things/v1.0/getThing?id=search"),
        ("HEAD", "/things/v1.0/getThing?id=%73earch"),
        // It would be without an id.
        ("POST", "/things/v1.0/run?id="),
        // A backend that cuts off parameters would search, list, or climb.
        ("GET", "/things/v3.0/things/search;x"),
        ("GET", "/things/v3.0/things/;x"),
        ("GET", "/things/v3.0/things/a;b/parts/..;c"),
        ("GET", "/loose/v1/..;/admin"),
        ("GET", "/loose/v1/a/%2e%2e;x/admin"),
        // A backend that is lenient with slashes and capitals would take them for what is mentioned.
        ("GET", "/loose/v1/mentioned/"),
        ("GET", "/loose/v2/Mentioned"),
        // Dots and slashes once a text is normalised.
        ("GET", "/things/v3.0/things/%ef%bc%8e%ef%bc%8e"),
        ("GET", "/things/v3.0/things/a%ef%bc%8fb"),
    ] {
        assert_eq!(judge(&stage, &seen, method, target), 0, "{target}");
    }
}

#[test]
fn long_paths_are_refused_or_arrive_whole() {
    let (stage, seen) = stage();
    let long = "a".repeat(4_000);
    assert_eq!(
        judge(&stage, &seen, "GET", &format!("/things/v1.0/getThing?id={long}")),
        1
    );
    let deep = "/x".repeat(1_500);
    assert_eq!(judge(&stage, &seen, "GET", &format!("/loose/v1{deep}")), 1);
    let longer = "%41".repeat(40_000);
    let head = format!("GET /things/v3.0/things/{longer} HTTP/1.1\r\nhost: a\r\n\r\n");
    if let Ok(answer) = stage.client().write(head).answer("GET") {
        assert!([400, 414, 431].contains(&answer.status), "{answer:?}");
    }
    assert!(
        seen.lock()
            .unwrap()
            .iter()
            .all(|(_, target)| target.len() < 5_000)
    );
}
