//! Errors in every version's shape: the backend's own, and answers that cannot be shown.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use http::StatusCode;
use serde_json::{Value, json};
use sluice_conformance::oracle::{self, Endpoint, equal};
use sluice_conformance::stage::{Setup, Stage, VERSIONS};
use sluice_gateway::demo::backend::{Canned, Fault};

const ID: &str = "cus_000017";
const LISTS: &str = "lists: {Customer: omit}";
const API: &str = "apis/customers/api.yaml";

fn target(version: &str, endpoint: Endpoint, id: &str) -> String {
    oracle::path(version, endpoint, id).unwrap().target
}

/// What a version's client gets of an error of the backend.
fn assert_lowered(version: &str, stored: &Value, status: u16, answer: &sluice_conformance::stage::Answer) {
    assert_eq!(answer.status, status, "{version}: {}", answer.text());
    let expected = oracle::error(version, status, stored);
    assert!(
        equal(&answer.json(), &expected),
        "{version}: {}\n{expected}",
        answer.text()
    );
    let media = if version == "4.0-beta" {
        "application/problem+json"
    } else {
        "application/json"
    };
    assert_eq!(answer.header("content-type"), media, "{version}");
    assert_eq!(answer.header("api-version"), version);
    assert_eq!(answer.header("content-length"), answer.body.len().to_string());
}

#[test]
fn errors_of_the_backend_have_the_clients_shape_and_names() {
    let stage = Stage::integrationhub();
    let fields = [
        "",
        "/id",
        "/name",
        "/address",
        "/address/postalCode",
        "/address/country",
        "/address/geo/lat",
        "/address/timezone",
        "/phones",
        "/phones/1/number",
        "/balance",
        "/balance/amount",
        "/balance/currency",
        "/consent",
        "/consent/marketing",
        "/consent/analytics",
        "/createdAt",
        "/insights",
        "/insights/segment",
        "/insights/churnRisk",
        "/tags/0",
        "/unknown/x",
    ];
    let kinds = [
        (400, "malformed"),
        (404, "not_found"),
        (409, "exists"),
        (412, "changed"),
        (422, "invalid"),
        (429, "slow_down"),
        (503, "away"),
    ];
    for version in VERSIONS {
        let call = oracle::path(version, Endpoint::Create, ID).unwrap();
        let document = stage
            .get(&target(version, Endpoint::Read, ID), &[])
            .expect(200)
            .json();
        for (status, code) in kinds {
            for field in fields {
                let mut stored = json!({"error": {"code": code, "message": "Because."}});
                if !field.is_empty() {
                    stored["error"]["field"] = json!(field);
                }
                let canned = Canned::new(
                    StatusCode::from_u16(status).unwrap(),
                    "application/json",
                    stored.to_string(),
                );
                stage.backend().inject(Fault::Answer(canned));
                let answer = stage.write(call.method, &call.target, &[], &document);
                assert_lowered(version, &stored, status, &answer);
            }
        }
    }
}

#[test]
fn real_errors_of_the_backend() {
    let stage = Stage::integrationhub();
    for version in VERSIONS {
        let missing = json!({"error": {"code": "not_found", "message": "There is no such customer."}});
        assert_lowered(
            version,
            &missing,
            404,
            &stage.get(&target(version, Endpoint::Read, "cus_999999"), &[]),
        );
        let document = stage
            .get(&target(version, Endpoint::Read, ID), &[])
            .expect(200)
            .json();
        let create = oracle::path(version, Endpoint::Create, ID).unwrap();
        let exists = json!({"error": {"code": "exists", "message": format!("A customer {ID} is there already."), "field": "/id"}});
        assert_lowered(
            version,
            &exists,
            409,
            &stage.write(create.method, &create.target, &[], &document),
        );
    }
}

#[test]
fn an_error_that_is_no_document_passes() {
    let stage = Stage::integrationhub();
    for version in VERSIONS {
        let canned = Canned::new(StatusCode::BAD_GATEWAY, "text/html", "<h1>down</h1>");
        stage.backend().inject(Fault::Answer(canned));
        let answer = stage.get(&target(version, Endpoint::Read, ID), &[]).expect(502);
        assert_eq!(
            (answer.text().as_str(), answer.header("content-type")),
            ("<h1>down</h1>", "text/html")
        );
    }
}

#[test]
fn an_answer_that_should_be_a_document_and_is_none_is_refused() {
    let stage = Stage::integrationhub();
    for version in VERSIONS.into_iter().filter(|version| *version != "3.3") {
        for (media, body) in [
            ("text/plain", "{}"),
            ("application/json", "{\"id\": "),
            ("application/json", ""),
            ("application/json", "\u{feff}{}"),
        ] {
            stage
                .backend()
                .inject(Fault::Answer(Canned::new(StatusCode::OK, media, body)));
            let answer = stage.get(&target(version, Endpoint::Read, ID), &[]);
            assert_eq!(
                answer.status,
                502,
                "{version} {media} {body:?}: {}",
                answer.text()
            );
            assert_eq!(answer.header("api-version"), version);
        }
    }
}

#[test]
fn a_document_without_a_media_type_is_not_passed_in_the_wrong_version() {
    let stage = Stage::integrationhub();
    let stored = stage.backend().customer(ID).unwrap();
    for version in VERSIONS {
        let mut canned = Canned::new(StatusCode::OK, "application/json", stored.to_string());
        canned.headers.clear();
        stage.backend().inject(Fault::Answer(canned));
        let answer = stage.get(&target(version, Endpoint::Read, ID), &[]).expect(200);
        assert_eq!(
            Some(answer.json()),
            oracle::lower(version, &stored).document(),
            "{version}"
        );
    }
}

fn unshown() -> Vec<Value> {
    let mut customers = sluice_gateway::demo::backend::customers();
    customers.truncate(5);
    customers[2]["address"]["country"] = json!("ZZ");
    customers
}

#[test]
fn a_customer_that_cannot_be_shown_is_502_and_left_out_of_lists() {
    let customers = unshown();
    let stage = Setup::integrationhub().customers(customers.clone()).start();
    let id = customers[2]["id"].as_str().unwrap();
    for version in VERSIONS {
        let shown = oracle::lower(version, &customers[2]).document().is_some();
        let answer = stage.get(&target(version, Endpoint::Read, id), &[]);
        assert_eq!(answer.status, if shown { 200 } else { 502 }, "{version}");
        let listed = stage.get(&target(version, Endpoint::List, id), &[]).expect(200);
        let expected = oracle::list(version, &customers, customers.len() as u64);
        assert_eq!(listed.text(), expected.body.to_string(), "{version}");
        let omitted = if expected.omitted == 0 {
            String::new()
        } else {
            expected.omitted.to_string()
        };
        assert_eq!(listed.header("sluice-omitted"), omitted, "{version}");
        let total = expected
            .total_count
            .map(|total| total.to_string())
            .unwrap_or_default();
        assert_eq!(listed.header("x-total-count"), total);
    }
}

#[test]
fn lists_fail_or_show_a_substitute_where_that_is_declared() {
    let customers = unshown();
    let failing = Setup::integrationhub()
        .customers(customers.clone())
        .replace(API, LISTS, "lists: {Customer: fail}")
        .start();
    let substituting = Setup::integrationhub()
        .customers(customers.clone())
        .replace(API, LISTS, "lists: {Customer: {substitute: {gone: true}}}")
        .start();
    for version in VERSIONS {
        let target = target(version, Endpoint::List, ID);
        let shown = oracle::lower(version, &customers[2]).document().is_some();
        assert_eq!(
            failing.get(&target, &[]).status,
            if shown { 200 } else { 502 },
            "{version}"
        );
        let answer = substituting.get(&target, &[]).expect(200);
        let listed = answer.json();
        let data = listed.get("data").unwrap_or(&listed);
        assert_eq!(data.as_array().unwrap().len(), 5, "{version}");
        assert_eq!(data[2] == json!({"gone": true}), !shown, "{version}: {}", data[2]);
        assert_eq!(
            answer.header("sluice-omitted"),
            if shown { "" } else { "1" },
            "{version}"
        );
    }
}

#[test]
fn a_body_of_which_the_document_says_nothing_is_refused_and_not_lost() {
    let stage = Stage::integrationhub();
    for version in ["2.0", "3.2", "4.0-beta"] {
        stage.backend().forget();
        let target = format!("/v{version}/customers/{ID}");
        let answer = stage.send("DELETE", &target, &[("content-type", "application/json")], b"{}");
        assert_eq!(answer.status, 422, "{version}: {}", answer.text());
        assert!(stage.backend().requests().is_empty());
    }
    let passed = stage.send("DELETE", &format!("/v3.3/customers/{ID}"), &[], b"{}");
    assert_eq!(passed.status, 204);
}

#[test]
fn a_version_whose_errors_have_no_pointer_is_told_the_place_in_words() {
    let stage = Stage::integrationhub();
    let mut document = stage.get("/api/v1.0/getCustomer?id=17", &[]).expect(200).json();
    document["name"] = json!("captured");
    let answer = stage
        .write("POST", "/api/v1.0/updateCustomer", &[], &document)
        .expect(422);
    let error = answer.json()["error"].as_str().unwrap().to_owned();
    assert!(error.starts_with("/name: "), "{error}");
}
