//! Requests held against their version's schema before anything else is done with them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use http::StatusCode;
use serde_json::{Value, json};
use sluice_conformance::customers::{Rng, customers};
use sluice_conformance::engine::{document, integrationhub};
use sluice_conformance::oracle::{self, Endpoint, lower};
use sluice_conformance::stage::{Answer, PATIENCE, Setup, Stage, VERSIONS};
use sluice_gateway::demo::backend::{Canned, Fault};
use sluice_gateway::validation::schema::Schema;
use sluice_transforms::export;
use sluice_transforms::pointer::Pointer;
use sluice_transforms::shape::{Kind, Shape, Types};

const API: &str = "apis/customers/api.yaml";
const ID: &str = "cus_000017";

/// The example with every request judged.
fn judged() -> Setup {
    Setup::integrationhub().replace(
        API,
        "additions: pass",
        "additions: pass\nvalidation: {requests: true}",
    )
}

fn target(version: &str, endpoint: Endpoint) -> (&'static str, String) {
    let call = oracle::path(version, endpoint, ID).unwrap();
    (call.method, call.target)
}

/// The pointer that an error names: as a member from 2.0 on, in words before.
fn pointer(version: &str, answer: &Answer) -> String {
    let error = answer.json();
    let place = match version {
        "4.0-beta" => error["errors"][0]["pointer"].clone(),
        old if old.starts_with("1.") => {
            let message = error["error"].as_str().unwrap_or_default().to_owned();
            let (place, _) = message.split_once(": ").unwrap_or_default();
            return place.to_owned();
        }
        _ => error["error"]["field"].clone(),
    };
    place.as_str().unwrap_or_default().to_owned()
}

/// Every member of a document that the specification names, with a value of another kind.
fn places(document: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (name, value) in document.as_object().unwrap() {
        if name.starts_with("x-") || !KNOWN.contains(&name.as_str()) {
            continue;
        }
        let wrong = match value {
            Value::Object(_) | Value::Array(_) => json!("text"),
            _ => json!({"no": "scalar"}),
        };
        found.push((format!("/{name}"), wrong));
    }
    found
}

/// Members that some version has; of the password hint 1.0 says nothing but that it is ignored.
const KNOWN: [&str; 24] = [
    "id",
    "cust_id",
    "customerId",
    "full_name",
    "name",
    "email",
    "status",
    "tier",
    "phone",
    "phones",
    "addr",
    "address",
    "addresses",
    "balance",
    "currency",
    "consent",
    "marketing_opt_in",
    "created",
    "created_at",
    "createdAt",
    "tags",
    "insights",
    "segment",
    "never",
];

#[test]
fn what_a_version_shows_may_be_written_back_and_nothing_of_another_kind() {
    let stage = judged().customers(customers(11, 3)).start();
    let all = customers(11, 3);
    for version in VERSIONS {
        for stored in &all {
            let id = stored["id"].as_str().unwrap();
            let document = lower(version, stored).document().unwrap();
            let call = oracle::path(version, Endpoint::Replace, id).unwrap();
            let before = stage.backend().requests().len();
            stage.write(call.method, &call.target, &[], &document).expect(200);
            assert!(stage.backend().requests().len() > before);
            for (place, wrong) in places(&document) {
                let mut bad = document.clone();
                *bad.pointer_mut(&place).unwrap() = wrong;
                let before = stage.backend().requests().len();
                let answer = stage.write(call.method, &call.target, &[], &bad).expect(422);
                assert_eq!(pointer(version, &answer), place, "{version} {}", answer.text());
                assert_eq!(
                    stage.backend().requests().len(),
                    before,
                    "{version}: it reached the backend"
                );
            }
        }
    }
}

#[test]
fn every_violation_is_listed_in_the_clients_own_names() {
    let setup = judged().replace(API, PLAIN, "");
    let stage = setup.start();
    let (method, path) = target("2.3", Endpoint::Create);
    let bad = json!({"name": 5, "status": "prospect", "address": {"street": "x", "postal_code": 1}, "phones": [{"kind": "main"}]});
    let answer = stage.write(method, &path, &[], &bad).expect(422);
    let problem = answer.json();
    assert_eq!(problem["code"], "invalid");
    let violations = problem["violations"].as_array().unwrap();
    let told = |pointer: &str| {
        violations
            .iter()
            .find(|v| v["pointer"] == pointer)
            .unwrap_or_else(|| panic!("{pointer}: {problem}"))
    };
    assert_eq!(told("/name")["expected"], "a text");
    assert_eq!(told("/name")["found"], "a number");
    assert_eq!(
        told("/status")["expected"],
        "one of \"active\", \"suspended\", \"closed\""
    );
    assert_eq!(told("/status")["found"], "\"prospect\"");
    assert_eq!(told("/address/postal_code")["expected"], "a text");
    assert_eq!(told("/phones/0/number")["found"], "nothing");
    for missing in [
        "/email",
        "/tier",
        "/balance",
        "/consent",
        "/tags",
        "/address/country",
    ] {
        assert_eq!(
            told(missing)["expected"],
            "a value: the member is required",
            "{missing}"
        );
    }
    assert_eq!(problem["pointer"], violations[0]["pointer"]);
    assert!(stage.backend().requests().is_empty());
}

#[test]
fn parameters_are_judged_and_unknown_ones_left_alone() {
    let stage = judged().start();
    let refused = |target: &str, name: &str| {
        let answer = stage.get(target, &[]).expect(400);
        assert!(
            answer.text().contains(&format!("`{name}`")),
            "{target}: {}",
            answer.text()
        );
    };
    refused("/v3.3/customers?page=0", "page");
    refused("/v3.3/customers?page=1.5", "page");
    refused("/v3.3/customers?page=+1", "page");
    refused("/v3.3/customers?page=x", "page");
    refused("/v3.3/customers?page=", "page");
    refused("/v3.3/customers?page=1&page=2", "page");
    refused("/v3.3/customers?page_size=101", "page_size");
    refused("/v2.0/customers?per_page=101", "per_page");
    refused("/v3.3/customers/17", "id");
    refused("/api/v1.0/getCustomer?id=x", "id");
    refused("/api/v1.0/getCustomer", "id");
    stage
        .get("/v3.3/customers?page=1&page_size=100&other=x&other=y", &[])
        .expect(200);
    stage.get("/api/v1.0/getCustomer?id=17", &[]).expect(200);
    stage
        .get("/v3.3/customers/cus_000017", &[("if-none-match", "\"x\"")])
        .expect(200);
}

#[test]
fn patches_may_be_parts_and_nulls() {
    let stage = judged().start();
    for (version, part) in [
        ("3.3", json!({"insights": null, "address": {"geo": null}})),
        ("3.3", json!({})),
        ("2.2", json!({"phone": null})),
        ("2.0", json!({"status": "S"})),
    ] {
        let (method, path) = target(version, Endpoint::Patch);
        stage.write(method, &path, &[], &part).expect(200);
    }
    for (version, part, place) in [
        (
            "3.3",
            json!({"address": {"geo": {"lat": "1"}}}),
            "/address/geo/lat",
        ),
        ("3.3", json!([1]), ""),
        ("2.0", json!({"status": "active"}), "/status"),
        ("2.3", json!({"phones": [{"kind": "main"}]}), "/phones/0/number"),
    ] {
        let (method, path) = target(version, Endpoint::Patch);
        let answer = stage.write(method, &path, &[], &part).expect(422);
        assert_eq!(pointer(version, &answer), place, "{}", answer.text());
    }
}

#[test]
fn generated_edits_pass_when_the_specification_takes_them() {
    let stage = judged().start();
    let mut rng = Rng::new(12);
    let stored = stage
        .get(&format!("/v3.3/customers/{ID}"), &[])
        .expect(200)
        .json();
    for version in VERSIONS {
        for _ in 0..10 {
            let mut document = lower(version, &stored).document().unwrap();
            oracle::edit(version, &mut document, &mut rng);
            let (method, path) = target(version, Endpoint::Replace);
            stage.write(method, &path, &[], &document).expect(200);
        }
    }
}

const PLAIN: &str = "errors:\n  version: \"3.3\"\n  type: Error\n  pointers: FieldPointer\n  body: {error: {code: \"{code}\", message: \"{detail}\", field: \"{pointer}\"}}";

fn watched(settings: &str) -> Setup {
    let with = format!("additions: pass\nvalidation: {{requests: false, answers: {{{settings}}}}}");
    Setup::integrationhub().replace(API, "additions: pass", &with)
}

/// A customer of the backend that is not what its document says, in two places of one kind and one other.
fn drifted() -> Value {
    let mut customer = customers(3, 1).remove(0);
    customer["phones"] = json!([{"kind": "main", "number": 1}, {"kind": "main", "number": 2}]);
    customer["tier"] = json!(false);
    customer
}

fn drift(stage: &Stage, pointer: &str) -> f64 {
    let labels = [
        ("api", "customers"),
        ("operation", "readCustomer"),
        ("pointer", pointer),
    ];
    stage.gateway().shared.meters.value("sluice_drift", &labels)
}

fn inject(stage: &Stage, document: &Value) {
    let text = document.to_string();
    stage.backend().inject(Fault::Answer(Canned::new(
        StatusCode::OK,
        "application/json",
        text,
    )));
}

fn wait(mut until: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !until() {
        assert!(begin.elapsed() < PATIENCE, "it does not come");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn answers_that_drift_are_counted_and_no_client_notices() {
    let stage = watched("sample: 1").start();
    let document = drifted();
    // As it passes, and as it is translated.
    for (version, count) in [("3.3", 1.0), ("3.2", 2.0)] {
        inject(&stage, &document);
        let answer = stage.get(&format!("/v{version}/customers/{ID}"), &[]).expect(200);
        assert_eq!(answer.json()["tier"], json!(false));
        assert_eq!(answer.header("content-length"), answer.body.len().to_string());
        wait(|| drift(&stage, "/tier") == count);
        assert_eq!(drift(&stage, "/phones/*/number"), count, "once for each answer");
    }
    // What is as it should be is not counted; what is no document is.
    stage.get(&format!("/v3.3/customers/{ID}"), &[]).expect(200);
    stage
        .send("HEAD", &format!("/v3.3/customers/{ID}"), &[], "")
        .expect(200);
    for (media, body) in [
        ("text/html", "<p>"),
        ("application/json", "{\"a\":"),
        ("application/json", ""),
    ] {
        let before = drift(&stage, "");
        stage
            .backend()
            .inject(Fault::Answer(Canned::new(StatusCode::OK, media, body)));
        assert_eq!(
            stage
                .get(&format!("/v3.3/customers/{ID}"), &[])
                .expect(200)
                .text(),
            body
        );
        wait(|| drift(&stage, "") == before + 1.0);
    }
    assert_eq!(drift(&stage, "/tier"), 2.0);
    let rendered = stage.gateway().shared.meters.render();
    assert!(rendered.contains(
        "sluice_drift_total{api=\"customers\",operation=\"readCustomer\",pointer=\"/phones/*/number\"} 2"
    ));
}

#[test]
fn an_answer_may_be_refused_when_it_drifts() {
    let stage = watched("enforce: true").replace(API, PLAIN, "").start();
    for version in ["3.3", "3.2", "2.0"] {
        inject(&stage, &drifted());
        let refused = stage.get(&format!("/v{version}/customers/{ID}"), &[]).expect(502);
        assert_eq!(refused.json()["code"], "invalid_answer");
        assert!(
            !refused.text().contains("tier"),
            "the backend's names stay behind: {}",
            refused.text()
        );
        let good = stage.get(&format!("/v{version}/customers/{ID}"), &[]).expect(200);
        assert_eq!(good.header("content-length"), good.body.len().to_string());
    }
    assert_eq!(drift(&stage, "/tier"), 3.0);
}

#[test]
fn compressed_answers_are_judged_and_pass_as_they_came() {
    let stage = watched("sample: 1").start();
    let packed = gzip(drifted().to_string().as_bytes());
    let mut canned = Canned::new(StatusCode::OK, "application/json", packed.clone());
    canned.headers.insert("content-encoding", "gzip".parse().unwrap());
    stage.backend().inject(Fault::Answer(canned));
    let accept = [("accept-encoding", "gzip")];
    let answer = stage.get(&format!("/v3.3/customers/{ID}"), &accept).expect(200);
    assert_eq!(answer.body, packed);
    wait(|| drift(&stage, "/tier") == 1.0);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

#[test]
fn compressed_requests_are_opened_for_judging_and_passed_unchanged() {
    let stage = judged().start();
    let stored = stage
        .get(&format!("/v3.3/customers/{ID}"), &[])
        .expect(200)
        .json();
    let headers = [("content-encoding", "gzip"), ("content-type", "application/json")];
    let good = gzip(stored.to_string().as_bytes());
    let target = format!("/v3.3/customers/{ID}");
    stage.send("PUT", &target, &headers, &good);
    let last = stage.backend().requests().pop().unwrap();
    assert_eq!(
        (last.method.as_str(), last.body.as_ref()),
        ("PUT", good.as_slice())
    );
    let bad = gzip(json!({"name": 1}).to_string().as_bytes());
    stage.send("PUT", &target, &headers, &bad).expect(422);
    stage.send("PUT", &target, &headers, b"no gzip").expect(400);
    let bomb = gzip(&vec![b' '; 64 << 20]);
    stage.send("PUT", &target, &headers, &bomb).expect(413);
    let other = [("content-encoding", "zstd"), ("content-type", "application/json")];
    stage.send("PUT", &target, &other, b"x").expect(415);
}

#[test]
fn what_is_no_document_is_refused() {
    let stage = judged().start();
    let send =
        |media: &str, body: &str| stage.send("POST", "/v3.3/customers", &[("content-type", media)], body);
    for media in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json-patch+json",
        "multipart/form-data",
    ] {
        send(media, "{}").expect(415);
    }
    for media in [
        "application/json",
        "application/json; charset=utf-8",
        "application/vnd.other+json",
    ] {
        send(media, "{}").expect(422);
    }
    for body in ["", "{", "{}{}", "\u{feff}{}", "nul"] {
        send("application/json", body).expect(400);
    }
    let twice = send("application/json", "{\"name\": \"a\", \"na\\u006de\": \"b\"}").expect(400);
    assert_eq!(twice.json()["error"]["field"], "/name");
    send("application/json", "{\"x\": 1, \"x\": 2}").expect(422);
    assert!(stage.backend().requests().is_empty());
}

#[test]
fn numbers_are_judged_as_they_are_written() {
    let stage = judged().start();
    let stored = stage
        .get(&format!("/v3.3/customers/{ID}"), &[])
        .expect(200)
        .json();
    let put = |amount: &str| {
        let text = stored.to_string();
        let before = format!("\"amount\":{}", stored["balance"]["amount"]);
        assert!(text.contains(&before));
        let text = text.replace(&before, &format!("\"amount\":{amount}"));
        let headers = [("content-type", "application/json")];
        stage
            .send("PUT", &format!("/v3.3/customers/{ID}"), &headers, text)
            .status
    };
    for whole in ["0", "12345678901234567890123", "-18446744073709551617", "1e2"] {
        assert_ne!(put(whole), 422, "{whole}");
    }
    for no in [
        "1.5",
        "1e-2",
        "12345678901234567890123.5",
        "\"1\"",
        "true",
        "null",
    ] {
        assert_eq!(put(no), 422, "{no}");
    }
}

/// Documents that are made to be slow. Each is answered, and the gateway goes on.
#[test]
fn hostile_documents_end_soon() {
    let stage = judged().start();
    let many =
        |count: usize, one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<Vec<_>>().join(",");
    let hostile = [
        "[".repeat(100_000),
        "{\"a\":".repeat(100_000),
        format!("[{}]", many(300_000, &|_| "1".to_owned())),
        format!("{{\"phones\":[{}]}}", many(300_000, &|_| "1".to_owned())),
        format!("{{\"phones\":[{}]}}", many(200_000, &|_| "{}".to_owned())),
        format!("{{{}}}", many(90_000, &|i| format!("\"{i}\":{i}"))),
        format!("{{{}}}", many(90_000, &|_| "\"x\":1".to_owned())),
        format!("{{\"balance\":{{\"amount\":{}}}}}", "9".repeat(1_000_000)),
        format!("{{\"balance\":{{\"amount\":1{}e-1000000}}}}", "0".repeat(500_000)),
        format!("{{\"balance\":{{\"amount\":1e{}}}}}", "9".repeat(500_000)),
        format!(
            "{{\"balance\":{{\"amount\":1e-9999}},\"x\":[{}]}}",
            many(100_000, &|_| "1e-9999".to_owned())
        ),
        format!("{{\"id\":\"cus_{}\"}}", "0".repeat(1_000_000)),
        format!("{{\"createdAt\":\"{}Z\"}}", "2020-01-01T00:00:00.".repeat(50_000)),
        format!("{{\"name\":\"{}\"}}", "\\ud83d\\ude00".repeat(80_000)),
        format!("{{\"status\":\"{}\"}}", "a".repeat(1_000_000)),
    ];
    for document in &hostile {
        let begin = Instant::now();
        let headers = [("content-type", "application/json")];
        let answer = stage.send("POST", "/v2.3/customers", &headers, document);
        let shown = &document[..30.min(document.len())];
        assert!((400..500).contains(&answer.status), "{shown}: {}", answer.status);
        assert!(answer.body.len() < 20_000, "{shown}: {} bytes", answer.body.len());
        println!(
            "{:>6} ms  {} {shown}…",
            begin.elapsed().as_millis(),
            answer.status
        );
        assert!(begin.elapsed() < PATIENCE, "{shown}");
    }
    assert!(stage.backend().requests().is_empty());
    stage.get("/v3.3/customers", &[]).expect(200);
}

#[test]
fn large_documents_are_judged_beside_the_cores() {
    let setup = judged().main("bounds: {request: 4MiB, offload: 64KiB}");
    let stage = setup.start();
    let stored = stage
        .get(&format!("/v3.3/customers/{ID}"), &[])
        .expect(200)
        .json();
    for version in ["3.3", "2.0"] {
        let mut document = lower(version, &stored).document().unwrap();
        document["tags"] = json!(vec!["tag"; 100_000]);
        let (method, path) = target(version, Endpoint::Replace);
        stage.write(method, &path, &[], &document).expect(200);
        document["tags"][99_999] = json!(1);
        let answer = stage.write(method, &path, &[], &document).expect(422);
        assert_eq!(pointer(version, &answer), "/tags/99999");
    }
}

#[test]
fn secrets_and_long_values_are_not_repeated() {
    let document = include_str!("../../config/examples/integrationhub/apis/customers/openapi.yaml")
        .replace("        name: {type: string}\n", "        name: {type: string, pattern: \"^[A-Z]\"}\n        apiToken: {type: string, maxLength: 4}\n        pin: {type: string, writeOnly: true, pattern: \"^[0-9]+$\"}\n");
    let stage = judged()
        .replace(API, PLAIN, "")
        .file("apis/customers/openapi.yaml", document)
        .start();
    let bad = json!({"name": format!("a{}", "b".repeat(500)), "apiToken": "sesame-opens", "pin": "sesame"});
    let answer = stage.write("POST", "/v3.3/customers", &[], &bad).expect(422);
    assert!(!answer.text().contains("sesame"), "{}", answer.text());
    assert!(
        answer.text().contains(&format!("a{}…", "b".repeat(63))),
        "{}",
        answer.text()
    );
    assert!(!answer.text().contains(&"b".repeat(64)));
}

#[test]
fn a_reload_brings_other_rules_and_keeps_what_is_the_same() {
    let stage = judged().start();
    stage.get("/v3.3/customers?page=0", &[]).expect(400);
    stage.publish(&Setup::integrationhub());
    assert_ne!(
        stage.get("/v3.3/customers?page=0", &[]).json()["error"]["code"],
        "invalid_parameter"
    );
    stage.publish(&judged());
    assert_eq!(
        stage.get("/v3.3/customers?page=0", &[]).expect(400).json()["error"]["code"],
        "invalid_parameter"
    );
}

/// Every place of a document that its type knows the kind of.
fn typed(document: &Value, shape: &Shape, types: &Types, at: &Pointer, found: &mut Vec<Pointer>) {
    let resolved = shape.resolve(types);
    if !matches!(resolved.kind, Kind::Any | Kind::OneOf(_)) && !at.is_root() {
        found.push(at.clone());
    }
    let children: Vec<(String, &Value)> = match document {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), value))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(i, value)| (i.to_string(), value))
            .collect(),
        _ => return,
    };
    for (name, value) in children {
        if let Some(child) = resolved.child(&name, types) {
            typed(value, child, types, &at.child(&name), found);
        }
    }
}

#[test]
fn generated_documents_are_valid_in_every_version_and_each_wrong_place_is_named() {
    let lineage = integrationhub();
    let (mut valid, mut wrong) = (0, 0);
    for version in VERSIONS {
        let contract = lineage.contract(version).unwrap();
        let shape = &contract
            .operation("createCustomer")
            .unwrap()
            .request
            .as_ref()
            .unwrap()
            .shape;
        let types = &contract.types;
        let request = Schema::compile(export::request_schema(shape, types)).unwrap();
        let answer = Schema::compile(export::answer_schema(shape, types)).unwrap();
        let patch = Schema::compile(export::patch_schema(shape, types)).unwrap();
        for stored in customers(21, 150) {
            let shown = lower(version, &stored).document().unwrap();
            let parsed = document(&shown);
            for schema in [&request, &answer, &patch] {
                assert_eq!(schema.judge(&parsed, 9), [], "{version} {shown}");
            }
            valid += 1;
            let mut places = Vec::new();
            typed(&shown, shape, types, &Pointer::root(), &mut places);
            for place in places {
                let mut bad = shown.clone();
                let at = bad.pointer_mut(&place.to_string()).unwrap();
                *at = match at {
                    Value::Array(_) | Value::Object(_) => json!(17.5),
                    _ => json!([]),
                };
                for schema in [&request, &answer, &patch] {
                    let told = schema.judge(&document(&bad), 9);
                    let place = place.to_string();
                    assert!(
                        told.iter().any(|v| v.pointer == place),
                        "{version} {place} {bad} {told:?}"
                    );
                    // A rule of what holds it may be broken with it: a country's name goes with its code.
                    assert!(
                        told.iter().all(|v| place.starts_with(&v.pointer)),
                        "{version} {place} {told:?}"
                    );
                }
                wrong += 1;
            }
        }
    }
    println!("{valid} documents are valid, and {wrong} wrong places were named");
    assert!(wrong > 20_000);
}
