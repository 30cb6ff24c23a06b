//! Requests held against their version's schema before anything else is done with them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use sluice_conformance::customers::{Rng, customers};
use sluice_conformance::oracle::{self, Endpoint, lower};
use sluice_conformance::stage::{Answer, Setup, VERSIONS};

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
    let setup = judged().replace(
        API,
        "errors:\n  version: \"3.3\"\n  type: Error\n  pointers: FieldPointer\n  body: {error: {code: \"{code}\", message: \"{detail}\", field: \"{pointer}\"}}",
        "",
    );
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
