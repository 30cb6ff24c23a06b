//! Lifecycle over real sockets: every version of IntegrationHub on every kind of day, by injected clocks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use jiff::Timestamp;
use sluice_conformance::oracle::{self, Endpoint};
use sluice_conformance::stage::{Answer, Setup, Stage, VERSIONS};
use sluice_gateway::auth::keys::Hasher;
use sluice_gateway::clock::Clock;

const API: &str = "apis/customers/api.yaml";
const GUIDE: &str = "https://docs.integrationhub.example/migrate";

fn at(now: &str) -> Clock {
    Clock::Fixed(now.parse::<Timestamp>().unwrap())
}

fn on(now: &str) -> Stage {
    Setup::integrationhub().clock(at(now)).start()
}

/// Reads the customer of the specification in a version.
fn read(stage: &Stage, version: &str) -> Answer {
    let call = oracle::path(version, Endpoint::Read, "cus_000017").unwrap();
    stage.get(&call.target, &[])
}

/// What the README of IntegrationHub says of a version: deprecation as a structured date, sunset as HTTP's date.
fn dates(version: &str) -> Option<(&'static str, &'static str)> {
    match version {
        "1.0" | "1.1" | "1.2" => Some(("@1704067200", "Wed, 30 Jun 2027 23:59:59 GMT")),
        "2.0" | "2.1" | "2.2" | "2.3" => Some(("@1767225600", "Sat, 01 Jan 2028 00:00:00 GMT")),
        _ => None,
    }
}

/// The fields that announce what goes are there on every answer of what goes, and on no other.
fn announced(answer: &Answer, version: &str) {
    match dates(version) {
        Some((deprecation, sunset)) => {
            assert_eq!(answer.header("deprecation"), deprecation, "{version}");
            assert_eq!(answer.header("sunset"), sunset, "{version}");
            let links = answer.list("link");
            for relation in ["deprecation", "sunset"] {
                let link = format!("<{GUIDE}>; rel=\"{relation}\"");
                assert!(links.contains(&link), "{version}: {links}");
            }
            assert!(links.contains("rel=\"successor-version\""), "{version}: {links}");
        }
        None => {
            for name in ["deprecation", "sunset", "link", "warning"] {
                assert!(!answer.has(name), "{version}: {:?}", answer.headers);
            }
        }
    }
    assert!(!answer.has("warning"), "nobody asked for it");
}

#[test]
fn every_version_stands_as_its_dates_say() {
    let first = |version: &str| version.starts_with("1.");
    let second = |version: &str| dates(version).is_some() && !first(version);
    // A brownout's hour before anybody was told; the instants around one; the last second.
    for now in [
        "2023-06-06T14:30:00Z",
        "2026-12-01T13:59:59Z",
        "2026-12-01T15:00:00Z",
        "2027-06-30T23:59:59Z",
    ] {
        let stage = on(now);
        for version in VERSIONS {
            announced(&read(&stage, version).expect(200), version);
        }
    }
    let stage = on("2027-07-01T00:00:00Z");
    for version in VERSIONS {
        let status = if first(version) { 410 } else { 200 };
        announced(&read(&stage, version).expect(status), version);
    }
    let stage = on("2028-01-01T00:00:01Z");
    for version in VERSIONS {
        let status = if first(version) || second(version) {
            410
        } else {
            200
        };
        announced(&read(&stage, version).expect(status), version);
    }
}

#[test]
fn what_is_gone_says_where_to_go_in_its_own_shape() {
    let stage = on("2028-06-01T00:00:00Z");
    for version in VERSIONS.iter().filter(|v| dates(v).is_some()) {
        let asked = stage.backend().requests().len();
        let answer = read(&stage, version).expect(410);
        assert_eq!(
            stage.backend().requests().len(),
            asked,
            "nothing reaches the backend"
        );
        assert_eq!(answer.header("api-version"), *version);
        assert_eq!(answer.header("cache-control"), "no-store");
        let error = &answer.json()["error"];
        let said = match version.starts_with('1') {
            true => error.as_str().unwrap().to_owned(),
            false => {
                assert_eq!(error["code"], "version_sunset");
                error["message"].as_str().unwrap().to_owned()
            }
        };
        assert!(said.contains("3.3") && said.contains(GUIDE), "{said}");
    }
    // None of its paths is there any more, nor any that never was.
    stage.get("/api/v1.0/none", &[]).expect(410);
    stage
        .send("DELETE", "/api/v1.0/getCustomer", &[], b"")
        .expect(410);
}

#[test]
fn a_problem_names_successor_guide_and_dates() {
    let shape = "errors:\n  version: \"3.3\"\n  type: Error\n  pointers: FieldPointer\n  body: {error: {code: \"{code}\", message: \"{detail}\", field: \"{pointer}\"}}\n";
    let plain = Setup::integrationhub().replace(API, shape, "");
    let stage = plain.clock(at("2027-07-01T00:00:00Z")).start();
    let answer = read(&stage, "1.0").expect(410);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!(problem["type"], "urn:sluice:problem:version_sunset");
    assert_eq!(problem["version"], "1.0");
    assert_eq!(problem["successor"], "3.3");
    assert_eq!(problem["guide"], GUIDE);
    assert_eq!(problem["sunset"], "2027-06-30T23:59:59Z");
}

#[test]
fn a_brownout_is_a_rehearsal_with_an_end() {
    let stage = on("2026-12-01T14:20:00Z");
    for version in VERSIONS {
        let answer = read(&stage, version);
        if !version.starts_with("1.") {
            announced(&answer.expect(200), version);
            continue;
        }
        let answer = answer.expect(410);
        announced(&answer, version);
        assert_eq!(answer.header("retry-after"), "2400");
        let said = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(said.contains("2026-12-01T15:00:00Z"), "{said}");
    }
    let counted = |version| {
        let labels = [("api", "customers"), ("version", version)];
        stage.gateway().shared.meters.value("sluice_brownouts", &labels)
    };
    assert_eq!([counted("1.0"), counted("1.2"), counted("2.0")], [1.0, 1.0, 0.0]);
}

#[test]
fn a_brownout_may_invite_retries() {
    let window = "      brownouts: [{on: first tuesday, from: \"14:00\", to: \"15:00\"}]\n";
    let invites = format!("{window}      brownout_status: 503\n");
    let setup = Setup::integrationhub().replace(API, window, &invites);
    let stage = setup.clock(at("2026-12-01T14:59:59Z")).start();
    let answer = read(&stage, "1.1").expect(503);
    assert_eq!(answer.header("retry-after"), "1");
    announced(&answer, "1.1");
}

#[test]
fn heads_rest_too_and_options_do_not() {
    let stage = on("2026-12-01T14:20:00Z");
    let call = oracle::path("1.1", Endpoint::Read, "cus_000017").unwrap();
    stage.send("HEAD", &call.target, &[], b"").expect(410);
    stage.send("OPTIONS", &call.target, &[], b"").expect(204);
    let preflight = [
        ("origin", "https://app.example"),
        ("access-control-request-method", "GET"),
    ];
    assert_ne!(stage.send("OPTIONS", &call.target, &preflight, b"").status, 410);
}

#[test]
fn refusals_carry_what_goes_too() {
    let stage = Stage::integrationhub();
    let missing = oracle::path("2.0", Endpoint::Read, "cus_999999").unwrap();
    announced(&stage.get(&missing.target, &[]).expect(404), "2.0");
    let created = oracle::path("2.0", Endpoint::Create, "").unwrap();
    let answer = stage.send(
        "POST",
        &created.target,
        &[("content-type", "application/json")],
        b"{",
    );
    announced(&answer.expect(400), "2.0");
}

#[test]
fn the_successor_is_the_same_resource_where_its_url_names_the_version() {
    let gone = on("2028-06-01T00:00:00Z");
    for stage in [Stage::integrationhub(), gone] {
        for version in VERSIONS.iter().filter(|version| dates(version).is_some()) {
            let links = read(&stage, version).list("link");
            let own = "</v3.3/customers/cus_000017>; rel=\"successor-version\"";
            assert!(links.contains(own), "{version}: {links}");
            let list = oracle::path(version, Endpoint::List, "cus_000017")
                .unwrap()
                .target;
            let size = if version.starts_with('1') || *version < "2.2" {
                "per_page"
            } else {
                "page_size"
            };
            let links = stage.get(&format!("{list}?page=2&{size}=5"), &[]).list("link");
            let own = "</v3.3/customers?page=2&page_size=5>; rel=\"successor-version\"";
            assert!(links.contains(own), "{version}: {links}");
        }
        // A URL that names no version is the same in the next one; a write's names no resource.
        let guide = format!("<{GUIDE}>; rel=\"successor-version\"");
        let answer = stage.get("/customers/cus_000017", &[("api-version", "2.1")]);
        assert!(answer.list("link").contains(&guide), "{answer:?}");
        let answer = stage.send("POST", "/api/v1.1/deleteCustomer", &[], b"{}");
        assert!(answer.list("link").contains(&guide), "{answer:?}");
        // What has no place in the next version leads nowhere.
        let answer = stage.get("/api/v1.0/getCustomer?id=abc", &[]);
        assert!(answer.list("link").contains(&guide), "{answer:?}");
    }
}

#[test]
fn a_warning_is_said_on_request() {
    let guide = "lifecycle:\n";
    let setup = Setup::integrationhub().replace(API, guide, "lifecycle:\n  warning: true\n");
    let stage = setup.start();
    let warned = read(&stage, "1.0").expect(200);
    let text = warned.header("warning");
    assert!(
        text.starts_with("299 - \"") && text.ends_with('"') && text.contains("2027-06-30T23:59:59Z"),
        "{text}"
    );
    assert!(
        read(&stage, "4.0-beta")
            .expect(200)
            .header("warning")
            .contains("preview")
    );
    assert!(!read(&stage, "3.3").expect(200).has("warning"));
}

#[test]
fn a_version_is_switched_off_for_everyone() {
    let off = "lifecycle:\n  off: {only: [\"2.2\"]}\n";
    let setup = Setup::integrationhub().replace(API, "lifecycle:\n", off);
    let stage = setup.start();
    for version in VERSIONS {
        let status = if version == "2.2" { 503 } else { 200 };
        read(&stage, version).expect(status);
    }
}

#[test]
fn operations_go_their_own_way() {
    let lifecycle = "lifecycle:\n  operations:\n    - operations: [deleteCustomer]\n      versions: {from: \"2.3\"}\n      deprecated: 2026-05-01\n      sunset: 2026-12-31\n      guide: https://docs.integrationhub.example/erase\n";
    let setup = |now| {
        let setup = Setup::integrationhub().replace(API, "lifecycle:\n", lifecycle);
        setup.clock(at(now)).start()
    };
    let stage = setup("2026-11-01T00:00:00Z");
    let delete = |stage: &Stage, version: &str| {
        let call = oracle::path(version, Endpoint::Delete, "cus_000017").unwrap();
        stage.send("DELETE", &call.target, &[], b"")
    };
    announced(&read(&stage, "2.3").expect(200), "2.3");
    announced(&read(&stage, "3.3").expect(200), "3.3");
    // Of version and operation, the dates that come first.
    let answer = delete(&stage, "2.3").expect(204);
    assert_eq!(answer.header("deprecation"), "@1767225600");
    assert_eq!(answer.header("sunset"), "Thu, 31 Dec 2026 00:00:00 GMT");
    assert!(
        answer
            .list("link")
            .contains("https://docs.integrationhub.example/erase")
    );
    assert!(answer.list("link").contains(GUIDE));
    let stage = setup("2027-01-01T00:00:00Z");
    for version in ["2.3", "3.0", "3.3", "4.0-beta"] {
        let asked = stage.backend().requests().len();
        let gone = delete(&stage, version).expect(410);
        // Where the version itself is the one to move to, there is nothing to move to.
        assert_eq!(
            gone.list("link").contains("successor-version"),
            version != "3.3",
            "{gone:?}"
        );
        assert_eq!(
            gone.text().contains("move to version 3.3"),
            version != "3.3",
            "{}",
            gone.text()
        );
        assert_eq!(stage.backend().requests().len(), asked);
        read(&stage, version).expect(200);
    }
    delete(&stage, "2.2").expect(204);
}

const SECRET: &str = "a-secret-of-more-than-sixteen-bytes";

/// Two consumers with a key each; megacorp is exempt from the end of the versions before 2.0.
fn exempting(now: &str) -> Stage {
    let hash = |key: &str| -> String {
        let digits = Hasher::new(SECRET.as_bytes()).hash(key.as_bytes()).0;
        digits.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let consumer = |name| format!("  {name}: {{keys: [{{hash: \"hmac-sha256:{}\"}}]}}\n", hash(name));
    let window = "      brownouts: [{on: first tuesday, from: \"14:00\", to: \"15:00\"}]\n";
    let exempt = format!("{window}      exempt: [{{consumer: megacorp, until: 2028-06-30T00:00:00Z}}]\n");
    Setup::integrationhub()
        .clock(at(now))
        .main(&format!("keys: {{secret: {SECRET}}}"))
        .file(
            "consumers.yaml",
            format!(
                "sluice: 1\nconsumers:\n{}{}",
                consumer("megacorp"),
                consumer("acme")
            ),
        )
        .append(
            API,
            "authentication:\n  - schemes: [{api_key: {header: X-API-Key}}]\n",
        )
        .replace(API, window, &exempt)
        .start()
}

#[test]
fn a_consumer_may_be_exempt_for_a_while() {
    let asks = |stage: &Stage, who: &str| {
        let call = oracle::path("1.1", Endpoint::Read, "cus_000017").unwrap();
        stage.get(&call.target, &[("x-api-key", who)])
    };
    for (now, everyone, exempt) in [
        ("2026-06-15T12:00:00Z", 200, 200),
        ("2026-12-01T14:20:00Z", 410, 200),
        ("2027-07-01T00:00:00Z", 410, 200),
        ("2027-07-06T14:20:00Z", 410, 200),
        ("2028-06-30T00:00:00Z", 410, 200),
        ("2028-06-30T00:00:01Z", 410, 410),
    ] {
        let stage = exempting(now);
        let other = asks(&stage, "acme").expect(everyone);
        assert_eq!(other.header("sunset"), "Wed, 30 Jun 2027 23:59:59 GMT", "{now}");
        let own = asks(&stage, "megacorp").expect(exempt);
        // The exempt are told their own end.
        let end = if exempt == 200 {
            "Fri, 30 Jun 2028 00:00:00 GMT"
        } else {
            "Wed, 30 Jun 2027 23:59:59 GMT"
        };
        assert_eq!(own.header("sunset"), end, "{now}");
        assert_eq!(own.header("deprecation"), "@1704067200");
        // Whoever has no credential is told nothing but that.
        asks(&stage, "nobody").expect(401);
    }
}

/// In 3.2 `segment` and in 3.3 `insights.churnRisk` go, both optional; `tags` are required and stay.
fn members(now: &str) -> Setup {
    let rules = "lifecycle:\n  members:\n    - {type: Customer, at: /segment, versions: {only: [\"3.2\"]}, deprecated: 2026-01-01, sunset: 2026-12-31}\n    - {type: Customer, at: /insights/churnRisk, versions: {only: [\"3.3\"]}, deprecated: 2026-01-01, sunset: 2026-12-31, guide: https://docs.integrationhub.example/risk}\n    - {type: Customer, at: /tags, versions: {only: [\"3.3\"]}, deprecated: 2026-01-01, sunset: 2026-12-31}\n";
    Setup::integrationhub()
        .replace(API, "lifecycle:\n", rules)
        .clock(at(now))
}

const SEGMENT: &str = "\"/segment\";type=\"Customer\";deprecated=@1767225600;sunset=@1798675200";
const RISK: &str = "\"/insights/churnRisk\";type=\"Customer\";deprecated=@1767225600;sunset=@1798675200";

#[test]
fn members_that_go_are_told_while_they_are_there() {
    let stage = members("2026-06-15T12:00:00Z").start();
    let old = read(&stage, "3.2").expect(200);
    assert_eq!(old.header("sluice-deprecated"), SEGMENT);
    assert!(old.json()["segment"].is_string());
    let new = read(&stage, "3.3").expect(200);
    assert!(new.list("sluice-deprecated").starts_with(RISK), "{new:?}");
    assert!(new.list("link").contains("<https://docs.integrationhub.example/risk>; rel=\"deprecation\"; anchor=\"#Customer/insights/churnRisk\""));
    for answer in [&old, &new] {
        assert!(
            !answer.has("deprecation") && !answer.has("sunset"),
            "the whole resource stays"
        );
    }
    assert!(!read(&stage, "3.1").expect(200).has("sluice-deprecated"));
    // The bytes of a passed answer stay what they were.
    let plain = Setup::integrationhub().start();
    assert_eq!(new.body, read(&plain, "3.3").expect(200).body);
    assert_eq!(new.header("etag"), read(&plain, "3.3").header("etag"));
}

#[test]
fn members_that_are_gone_are_left_out_and_refused() {
    let stage = members("2027-01-01T00:00:00Z").start();
    for version in ["3.2", "3.3"] {
        let list = oracle::path(version, Endpoint::List, "cus_000017")
            .unwrap()
            .target;
        let many = stage.get(&list, &[]).expect(200).json();
        assert!(many["data"].as_array().unwrap().len() > 1);
        for customer in many["data"]
            .as_array()
            .unwrap()
            .iter()
            .chain([&read(&stage, version).expect(200).json()])
        {
            assert!(customer.get("segment").is_none(), "{version}: {customer}");
            assert!(
                customer.pointer("/insights/churnRisk").is_none(),
                "{version}: {customer}"
            );
            assert!(customer["tags"].is_array(), "what is required stays");
        }
    }
    // Other versions go on with it.
    assert!(read(&stage, "3.1").expect(200).json()["segment"].is_string());
    let asked = stage.backend().requests().len();
    let patches = [
        ("3.2", serde_json::json!({"segment": "x"}), 422),
        ("3.2", serde_json::json!({"segment": null}), 422),
        ("3.3", serde_json::json!({"insights": {"churnRisk": 0.5}}), 422),
    ];
    for (version, patch, status) in patches {
        let one = oracle::path(version, Endpoint::Patch, "cus_000017")
            .unwrap()
            .target;
        let answer = stage.write("PATCH", &one, &[], &patch).expect(status);
        let error = &answer.json()["error"];
        assert_eq!(error["code"], "member_sunset");
        let pointer = if version == "3.2" {
            "/segment"
        } else {
            "/insights/churnRisk"
        };
        assert_eq!(error["field"], pointer, "{error}");
    }
    assert_eq!(
        stage.backend().requests().len(),
        asked,
        "nothing reaches the backend"
    );
    let one = oracle::path("3.3", Endpoint::Patch, "cus_000017").unwrap().target;
    let answer = stage
        .write("PATCH", &one, &[], &serde_json::json!({"tags": ["a"]}))
        .expect(200);
    assert!(answer.list("sluice-deprecated").contains("\"/tags\""));
    stage
        .send(
            "PATCH",
            &one,
            &[("content-type", "application/json")],
            b"{\"tags\": [",
        )
        .expect(400);
    stage.send("HEAD", &one, &[], b"").expect(200);
}

/// The example as it ships: its own consumers, its own dates.
#[test]
fn megacorp_has_until_the_end_of_the_year() {
    let asks = |stage: &Stage, who: &str| {
        let call = oracle::path("1.2", Endpoint::Read, "cus_000017").unwrap();
        stage.get(&call.target, &[("x-api-key", who)]).status
    };
    for (now, others, megacorp) in [
        ("2026-12-01T14:20:00Z", 410, 200),
        ("2027-07-01T00:00:00Z", 410, 200),
        ("2028-01-01T00:00:00Z", 410, 410),
    ] {
        let stage = Setup::guarded().clock(at(now)).start();
        assert_eq!(asks(&stage, "demo-key-acme"), others, "{now}");
        assert_eq!(asks(&stage, "demo-key-megacorp"), megacorp, "{now}");
    }
}
