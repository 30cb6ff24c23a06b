//! A translated message is another representation: entity tags, HEAD, lengths, links and digests in every version.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};
use sluice_conformance::oracle::{self, Endpoint};
use sluice_conformance::stage::{Stage, VERSIONS};
use sluice_gateway::demo::backend::{Canned, Fault};

const ID: &str = "cus_000017";

fn read(version: &str) -> String {
    oracle::path(version, Endpoint::Read, ID).unwrap().target
}

fn tag(stage: &Stage, version: &str) -> String {
    stage
        .get(&read(version), &[])
        .expect(200)
        .header("etag")
        .to_owned()
}

/// The stored customer, answered with these fields besides.
fn dressed(stage: &Stage, fields: &[(&'static str, &'static str)]) {
    let stored = stage.backend().customer(ID).unwrap();
    let mut canned = Canned::new(StatusCode::OK, "application/json", stored.to_string());
    for (name, value) in fields {
        canned
            .headers
            .append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    stage.backend().inject(Fault::Answer(canned));
}

/// The document of a replacement by a version's client, and how it is sent.
fn replacement(stage: &Stage, version: &str) -> (&'static str, String, Value) {
    let call = oracle::path(version, Endpoint::Replace, ID).unwrap();
    (
        call.method,
        call.target,
        stage.get(&read(version), &[]).expect(200).json(),
    )
}

#[test]
fn every_version_has_a_tag_of_its_own() {
    let stage = Stage::integrationhub();
    let tags: BTreeSet<String> = VERSIONS.iter().map(|version| tag(&stage, version)).collect();
    assert_eq!(tags.len(), VERSIONS.len());
    assert!(
        tags.contains(&stage.backend().etag(ID).unwrap()),
        "3.3 is not translated"
    );
}

#[test]
fn an_unmodified_customer_is_304_in_every_version() {
    let stage = Stage::integrationhub();
    for version in VERSIONS {
        let own = tag(&stage, version);
        let list = format!("\"other, with a comma\", {own}");
        for condition in [own.clone(), format!("W/{own}"), list, "*".to_owned()] {
            let answer = stage
                .get(&read(version), &[("if-none-match", &condition)])
                .expect(304);
            assert_eq!(answer.header("etag"), own, "{version}");
            assert_eq!(answer.header("api-version"), version);
            assert!(
                !answer.has("content-length") && answer.has("vary"),
                "{version}: {answer:?}"
            );
        }
    }
}

#[test]
fn a_tag_of_another_version_matches_nothing() {
    let stage = Stage::integrationhub();
    for version in VERSIONS {
        for other in VERSIONS.iter().filter(|other| **other != version) {
            let foreign = tag(&stage, other);
            drop(
                stage
                    .get(&read(version), &[("if-none-match", &foreign)])
                    .expect(200),
            );
        }
    }
}

#[test]
fn a_write_on_the_right_tag_goes_through_and_on_another_one_does_not() {
    let stage = Stage::integrationhub();
    for version in VERSIONS {
        let (method, target, mut document) = replacement(&stage, version);
        document["tier"] = json!(format!("by {version}"));
        let own = tag(&stage, version);
        let foreign = tag(&stage, if version == "3.3" { "2.0" } else { "3.3" });
        let stored = stage.backend().customer(ID);
        for condition in [foreign.as_str(), "\"gone\"", "W/\"weak\""] {
            let answer = stage
                .write(method, &target, &[("if-match", condition)], &document)
                .expect(412);
            assert_eq!(answer.header("api-version"), version);
            // Where nothing is kept the backend itself says 412, and the demo backend gives no tag with it.
            let keeps = !["3.3", "4.0-beta"].contains(&version);
            assert_eq!(
                answer.header("etag"),
                if keeps { own.as_str() } else { "" },
                "{version}"
            );
            let code = if version == "4.0-beta" {
                answer.json()["type"].clone()
            } else {
                answer.json()["error"].clone()
            };
            assert!(
                code.to_string().contains("changed") || version.starts_with('1'),
                "{version}: {code}"
            );
        }
        assert_eq!(stage.backend().customer(ID), stored);
        let written = stage
            .write(method, &target, &[("if-match", &own)], &document)
            .expect(200);
        assert_eq!(written.json()["tier"], document["tier"], "{version}");
        assert_ne!(written.header("etag"), own);
        assert_eq!(
            written.header("etag"),
            tag(&stage, version),
            "the tag of the answer is the resource's"
        );
        drop(
            stage
                .write(method, &target, &[("if-match", &own)], &document)
                .expect(412),
        );
    }
}

#[test]
fn a_write_that_must_not_find_anything_finds_something() {
    let stage = Stage::integrationhub();
    for version in VERSIONS {
        let (method, target, document) = replacement(&stage, version);
        let stored = stage.backend().etag(ID);
        let own = tag(&stage, version);
        for condition in ["*", own.as_str()] {
            drop(
                stage
                    .write(method, &target, &[("if-none-match", condition)], &document)
                    .expect(412),
            );
        }
        assert_eq!(stage.backend().etag(ID), stored, "{version}");
        drop(
            stage
                .write(method, &target, &[("if-match", "*")], &document)
                .expect(200),
        );
    }
}

#[test]
fn patches_and_deletes_have_preconditions_too() {
    let stage = Stage::integrationhub();
    for version in VERSIONS.into_iter().filter(|version| !version.starts_with('1')) {
        let target = read(version);
        let own = tag(&stage, version);
        drop(
            stage
                .write(
                    "PATCH",
                    &target,
                    &[("if-match", "\"gone\"")],
                    &json!({"tier": "x"}),
                )
                .expect(412),
        );
        drop(
            stage
                .send("DELETE", &target, &[("if-match", "\"gone\"")], "")
                .expect(412),
        );
        drop(
            stage
                .write("PATCH", &target, &[("if-match", &own)], &json!({"tier": version}))
                .expect(200),
        );
        assert_eq!(stage.backend().customer(ID).unwrap()["tier"], version);
    }
}

#[test]
fn a_weak_tag_stays_weak() {
    let stage = Stage::integrationhub();
    for version in VERSIONS {
        dressed(&stage, &[("etag", "W/\"a,b\"")]);
        let answer = stage.get(&read(version), &[]).expect(200);
        let tag = answer.header("etag");
        assert!(
            tag.starts_with("W/\"a,b") && tag.ends_with('"'),
            "{version}: {tag}"
        );
        stage.backend().forget();
        drop(stage.get(&read(version), &[("if-none-match", tag)]).expect(200));
        assert_eq!(
            stage.backend().requests()[0].headers["if-none-match"],
            "W/\"a,b\""
        );
    }
}

#[test]
fn head_says_what_get_says_without_a_length() {
    let stage = Stage::integrationhub();
    for version in VERSIONS {
        let own = oracle::path(version, Endpoint::List, ID).unwrap().target;
        for target in [read(version), own] {
            let get = stage.get(&target, &[]).expect(200);
            let head = stage.send("HEAD", &target, &[], "").expect(200);
            assert!(head.body.is_empty());
            let of_body = |name: &HeaderName| {
                ["date", "content-length", "x-total-count", "x-request-id"].contains(&name.as_str())
            };
            for name in get.headers.keys().filter(|name| !of_body(name)) {
                assert_eq!(
                    head.list(name.as_str()),
                    get.list(name.as_str()),
                    "{version} {target}"
                );
            }
            assert_eq!(
                head.has("content-length"),
                version == "3.3",
                "{version}: {head:?}"
            );
        }
        assert_eq!(stage.backend().requests().last().unwrap().method, "HEAD");
    }
}

#[test]
fn lengths_are_those_of_the_body_that_goes_out() {
    let stage = Stage::integrationhub();
    for version in VERSIONS {
        let answer = stage.get(&read(version), &[]).expect(200);
        assert_eq!(
            answer.header("content-length"),
            answer.body.len().to_string(),
            "{version}"
        );
        stage.backend().inject(Fault::Chunked(7));
        let chunked = stage.get(&read(version), &[]).expect(200);
        assert_eq!(chunked.text(), answer.text());
        assert_eq!(chunked.has("content-length"), version != "3.3", "{version}");
        let (method, target, document) = replacement(&stage, version);
        drop(stage.write(method, &target, &[], &document).expect(200));
        let asked = stage.backend().requests().pop().unwrap();
        assert_eq!(
            asked.headers["content-length"],
            asked.body.len().to_string(),
            "{version}"
        );
    }
}

#[test]
fn what_speaks_of_the_exact_bytes_goes_with_them() {
    let stage = Stage::integrationhub();
    let fields = [
        ("content-digest", "sha-256=:x:"),
        ("repr-digest", "sha-256=:x:"),
        ("digest", "x"),
        ("content-md5", "x"),
        ("signature", "s=:x:"),
        ("signature-input", "s=()"),
        ("accept-ranges", "bytes"),
        ("trailer", "x-sum"),
    ];
    for version in VERSIONS {
        dressed(&stage, &fields);
        let answer = stage.get(&read(version), &[]).expect(200);
        for (name, _) in fields {
            assert_eq!(answer.has(name), version == "3.3", "{version}: {name}");
        }
    }
}

#[test]
fn what_belongs_to_the_upstreams_connection_stays_there() {
    let stage = Stage::integrationhub();
    for version in VERSIONS {
        dressed(
            &stage,
            &[
                ("connection", "x-hop"),
                ("x-hop", "1"),
                ("proxy-connection", "x"),
                ("x-kept", "1"),
                ("vary", "Accept-Language"),
            ],
        );
        let answer = stage.get(&read(version), &[]).expect(200);
        assert!(
            !answer.has("x-hop") && !answer.has("proxy-connection") && answer.has("x-kept"),
            "{version}: {answer:?}"
        );
        assert_eq!(answer.list("vary"), "Accept-Language, api-version, accept");
        assert_eq!(answer.header("via"), "1.1 sluice");
    }
}

#[test]
fn what_is_created_is_where_the_client_is_told() {
    let stage = Stage::integrationhub();
    for version in VERSIONS {
        let mut document = stage.get(&read(version), &[]).expect(200).json();
        ["id", "cust_id", "customerId"]
            .iter()
            .for_each(|name| drop(document.as_object_mut().unwrap().remove(*name)));
        let call = oracle::path(version, Endpoint::Create, ID).unwrap();
        let created = stage
            .write(call.method, &call.target, &[], &document)
            .expect(call.success);
        assert_eq!(created.header("content-length"), created.body.len().to_string());
        if version.starts_with('1') {
            assert!(!created.has("location"), "{version}");
            continue;
        }
        let location = created.header("location");
        assert!(
            location.starts_with(&format!("/v{version}/customers/cus_")),
            "{location}"
        );
        let found = stage.get(location, &[]).expect(200);
        assert_eq!(found.text(), created.text(), "{version}");
        assert_eq!(found.header("etag"), created.header("etag"), "{version}");
        let unversioned = stage
            .write("POST", "/customers", &[("api-version", version)], &document)
            .expect(201);
        assert!(
            unversioned.header("location").starts_with("/customers/cus_"),
            "{version}"
        );
    }
}

#[test]
fn other_links_lead_into_the_clients_version() {
    let stage = Stage::integrationhub();
    let upstream = stage.backend().addr;
    let absolute: &'static str = Box::leak(format!("http://{upstream}/customers/{ID}").into_boxed_str());
    for version in VERSIONS {
        dressed(
            &stage,
            &[
                ("content-location", "/customers/cus_000017"),
                ("location", absolute),
                (
                    "link",
                    "<https://elsewhere.example/customers/1>; rel=help, </customers?page=2&page_size=5#x>; rel=next",
                ),
            ],
        );
        let answer = stage.get(&read(version), &[("host", "api.example")]).expect(200);
        assert_eq!(answer.header("content-location"), read(version));
        if !version.starts_with('1') {
            assert_eq!(
                answer.header("location"),
                format!("http://api.example{}", read(version))
            );
        }
        let list = oracle::path(version, Endpoint::List, ID).unwrap().target;
        let size = if oracle_bare(version) {
            "per_page"
        } else {
            "page_size"
        };
        assert_eq!(
            answer.headers["link"],
            format!(
                "<https://elsewhere.example/customers/1>; rel=help, <{list}?page=2&{size}=5#x>; rel=next"
            )
        );
    }
}

fn oracle_bare(version: &str) -> bool {
    version.starts_with('1') || ["2.0", "2.1", "2.1-megacorp"].contains(&version)
}
