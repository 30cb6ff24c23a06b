//! Who asks, version by version: every scheme, each way to fail, pins, what the upstream is told, and what operators are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use sluice_conformance::stage::{Answer, Setup, Stage};
use sluice_gateway::auth::keys::Hasher;
use sluice_gateway::clock::Clock;

const API: &str = "apis/customers/api.yaml";
const SECRET: &str = "a-secret-of-more-than-sixteen-bytes";

/// Keys by query for 1.0, by header from 1.1 to 3.0-hotfix, Basic from 3.1 on, and 2.1-megacorp for partners alone.
const AUTHENTICATION: &str = r#"
authentication:
  - versions: {to: "1.0"}
    schemes: [{api_key: {query: api_key}}]
  - versions: {from: "1.1", to: "3.0-hotfix"}
    schemes: [{api_key: {header: X-API-Key}}]
    scopes: [{operations: [listCustomers, readCustomer], need: []}, {need: [customers.write]}]
  - versions: {only: ["4.0-beta"]}
    open: true
  - schemes: [{basic: {realm: customers}}, {api_key: {header: X-API-Key}}]
identity: {consumer: X-Consumer, groups: X-Consumer-Groups, scopes: X-Consumer-Scopes, subject: X-Consumer-Subject}
"#;

/// The line of a key in consumers.yaml.
fn hash(key: &str) -> String {
    let digits = Hasher::new(SECRET.as_bytes()).hash(key.as_bytes()).0;
    let digits: String = digits.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("hmac-sha256:{digits}")
}

fn consumers() -> String {
    format!(
        r#"
sluice: 1
consumers:
  megacorp:
    keys: [{{hash: "{mega}"}}]
    groups: [partners, gold]
    scopes: [customers.write, audit]
    pins: {{customers: "2.0"}}
  acme:
    keys: [{{hash: "{old}", expires: 2027-01-01T00:00:00Z, note: old}}, {{hash: "{new}"}}]
    pins: {{customers: "3.2"}}
  globex:
    keys: [{{hash: "{globex}"}}]
    versions: {{customers: ["2.0", "3.0"]}}
  hooli:
    off: true
    keys: [{{hash: "{hooli}"}}]
"#,
        mega = hash("key-megacorp"),
        old = hash("key-acme-old"),
        new = hash("key-acme-new"),
        globex = hash("key-globex"),
        hooli = hash("key-hooli"),
    )
}

fn setup() -> Setup {
    Setup::integrationhub()
        .main(&format!("keys: {{secret: {SECRET}}}"))
        .replace(
            API,
            "{name: \"2.1-megacorp\"}",
            "{name: \"2.1-megacorp\", groups: [partners]}",
        )
        .append(API, AUTHENTICATION)
        .file("consumers.yaml", consumers())
}

fn read(version: &str) -> String {
    match version {
        "1.0" => "/api/v1.0/getCustomer?id=17".to_owned(),
        "1.1" | "1.2" => format!("/api/v{version}/getCustomer?id=cus_000017"),
        _ => format!("/v{version}/customers/cus_000017"),
    }
}

fn with_key(stage: &Stage, version: &str, key: &str) -> Answer {
    stage.get(&read(version), &[("x-api-key", key)])
}

fn refused(stage: &Stage, scheme: &str, reason: &str) -> f64 {
    let labels = [("api", "customers"), ("scheme", scheme), ("reason", reason)];
    stage
        .gateway()
        .shared
        .meters
        .value("sluice_credentials_refused", &labels)
}

#[test]
fn a_key_opens_the_versions_of_its_scheme_alone() {
    let stage = setup().start();
    stage
        .get(&format!("{}&api_key=key-megacorp", read("1.0")), &[])
        .expect(200);
    with_key(&stage, "1.0", "key-megacorp").expect(401);
    for version in [
        "1.1",
        "1.2",
        "2.0",
        "2.1",
        "2.2",
        "2.3",
        "3.0",
        "3.0-hotfix",
        "3.1",
        "3.3",
    ] {
        with_key(&stage, version, "key-megacorp").expect(200);
        let target = read(version);
        let joint = if target.contains('?') { '&' } else { '?' };
        stage
            .get(&format!("{target}{joint}api_key=key-megacorp"), &[])
            .expect(401);
        with_key(&stage, version, "key-megacorp2").expect(401);
        with_key(&stage, version, "").expect(401);
        stage.get(&target, &[]).expect(401);
    }
    stage.get(&read("4.0-beta"), &[]).expect(200);
}

#[test]
fn a_refusal_says_what_is_needed() {
    let stage = setup().start();
    let none = stage.get(&read("1.0"), &[]).expect(401);
    assert_eq!(
        none.header("www-authenticate"),
        "ApiKey realm=\"customers\", in=\"query\", name=\"api_key\""
    );
    assert_eq!(
        none.json()["error"],
        "version 1.0 needs an API key in the query parameter api_key"
    );
    let none = stage.get(&read("3.1"), &[]).expect(401);
    assert_eq!(
        none.list("www-authenticate"),
        "Basic realm=\"customers\", charset=\"UTF-8\", ApiKey realm=\"customers\", in=\"header\", name=\"x-api-key\""
    );
    assert_eq!(none.header("api-version"), "3.1");
    assert_eq!(none.header("cache-control"), "no-store");
    let off = with_key(&stage, "2.0", "key-hooli").expect(403);
    assert_eq!(off.json()["error"]["code"], "consumer_off");
    let closed = with_key(&stage, "2.1-megacorp", "key-acme-new").expect(403);
    assert_eq!(closed.json()["error"]["code"], "version_forbidden");
    with_key(&stage, "2.1-megacorp", "key-megacorp").expect(200);
    with_key(&stage, "2.1", "key-globex").expect(403);
    with_key(&stage, "2.0", "key-globex").expect(200);
    assert!(
        stage.backend().requests().len() == 2,
        "nothing that was refused reaches the backend"
    );
}

#[test]
fn credentials_stay_and_identity_goes_on() {
    let stage = setup().start();
    let forged = [
        ("x-api-key", "key-megacorp"),
        ("x-consumer", "admin"),
        ("x_consumer", "admin"),
        ("x-consumer_groups", "root"),
        ("X-Consumer-Scopes", "all"),
        ("x_api_key", "key-megacorp"),
        ("authorization", "Bearer abc"),
        ("connection", "X-Consumer, X-Consumer-Groups"),
    ];
    for version in ["2.0", "3.0", "3.3", "1.1"] {
        // In 3.1 and later Basic is a scheme too; a bearer token is no credential of it.
        let target = read(version);
        let joint = if target.contains('?') { '&' } else { '?' };
        stage
            .get(&format!("{target}{joint}api_key=key-megacorp"), &forged)
            .expect(200);
        let seen = stage.backend().requests().pop().unwrap();
        assert_eq!(seen.headers["x-consumer"], "megacorp", "{version}");
        assert_eq!(seen.headers["x-consumer-groups"], "partners,gold");
        assert_eq!(seen.headers["x-consumer-scopes"], "customers.write audit");
        for gone in [
            "x-api-key",
            "x_api_key",
            "authorization",
            "x_consumer",
            "x-consumer_groups",
        ] {
            assert!(
                !seen.headers.contains_key(gone),
                "{gone} in {version}: {:?}",
                seen.headers
            );
        }
        assert!(!seen.target.contains("api_key"), "{}", seen.target);
        assert_eq!(seen.headers.get_all("x-consumer").iter().count(), 1);
    }
    stage.get(&read("4.0-beta"), &forged[1..5]).expect(200);
    let seen = stage.backend().requests().pop().unwrap();
    for gone in [
        "x-consumer",
        "x-consumer-groups",
        "x-consumer-scopes",
        "x_consumer",
    ] {
        assert!(
            !seen.headers.contains_key(gone),
            "{gone} of an anonymous client: {:?}",
            seen.headers
        );
    }
}

#[test]
fn scopes_are_asked_for_by_operation() {
    let stage = setup().start();
    with_key(&stage, "2.0", "key-acme-new").expect(200);
    let target = "/v2.0/customers/cus_000017";
    let refusal = stage
        .send("DELETE", target, &[("x-api-key", "key-acme-new")], b"")
        .expect(403);
    assert_eq!(refusal.json()["error"]["code"], "scope_missing");
    assert_eq!(
        refusal.json()["error"]["message"],
        "the scope customers.write is missing"
    );
    stage
        .send("DELETE", target, &[("x-api-key", "key-megacorp")], b"")
        .expect(204);
}

#[test]
fn a_pin_counts_when_the_credential_fits_the_pinned_version() {
    let stage = setup().start();
    let unversioned = |headers: &[(&str, &str)]| stage.get("/customers/cus_000017", headers);
    let pinned = unversioned(&[("x-api-key", "key-megacorp")]).expect(200);
    assert_eq!(pinned.header("api-version"), "2.0");
    assert!(
        pinned.header("vary").contains("x-api-key"),
        "{}",
        pinned.header("vary")
    );
    let pinned = unversioned(&[("x-api-key", "key-acme-new")]).expect(200);
    assert_eq!(pinned.header("api-version"), "3.2");
    let named = unversioned(&[("x-api-key", "key-megacorp"), ("api-version", "3.1")]).expect(200);
    assert_eq!(named.header("api-version"), "3.1");
    assert!(
        !named.header("vary").contains("x-api-key"),
        "{}",
        named.header("vary")
    );
    // The key is megacorp's, and 2.0 takes it in a header only.
    let misplaced = stage
        .get("/customers/cus_000017?api_key=key-megacorp", &[])
        .expect(401);
    assert_eq!(misplaced.header("api-version"), "2.0");
    let unpinned = unversioned(&[("x-api-key", "key-globex")]).expect(400);
    assert_eq!(unpinned.json()["code"], "no_version");
    assert_eq!(unpinned.json()["versions"].as_array().unwrap().len(), 14);
    unversioned(&[]).expect(400);
    let wrong = unversioned(&[("x-api-key", "nobody")]).expect(401);
    assert!(
        wrong.list("www-authenticate").contains("Basic realm"),
        "{wrong:?}"
    );
    let two = [("x-api-key", "key-globex"), ("api-version", "2.0")];
    stage
        .get("/customers/cus_000017?api_key=key-megacorp", &two)
        .expect(200);
    let two = stage
        .get("/customers/cus_000017?api_key=key-megacorp", &two[..1])
        .expect(401);
    assert_eq!(
        two.json()["detail"],
        "the request's credentials name different consumers"
    );
}

#[test]
fn a_credential_that_stands_twice_is_refused() {
    let stage = setup().start();
    let twice = [("x-api-key", "key-megacorp"), ("x-api-key", "key-megacorp")];
    stage.get(&read("2.0"), &twice).expect(401);
    stage
        .get(
            &format!("{}&api_key=key-megacorp&api_key=key-megacorp", read("1.0")),
            &[],
        )
        .expect(401);
    stage
        .get(
            &format!("{}&api_key=key-megacorp&api%5Fkey=key-megacorp", read("1.0")),
            &[],
        )
        .expect(401);
    assert_eq!(refused(&stage, "api_key", "duplicate"), 3.0);
}

#[test]
fn keys_end_by_the_clock_and_the_next_one_counts() {
    let at = |now: &str| setup().clock(Clock::Fixed(now.parse().unwrap())).start();
    let before = at("2026-12-31T23:59:59Z");
    with_key(&before, "2.0", "key-acme-old").expect(200);
    with_key(&before, "2.0", "key-acme-new").expect(200);
    let after = at("2027-01-01T00:00:00Z");
    let ended = with_key(&after, "2.0", "key-acme-old").expect(401);
    assert_eq!(
        ended.json()["error"]["message"],
        "the API key expired at 2027-01-01T00:00:00Z"
    );
    with_key(&after, "2.0", "key-acme-new").expect(200);
    assert_eq!(refused(&after, "api_key", "expired"), 1.0);
}

#[test]
fn a_reload_changes_consumers_without_a_restart() {
    let stage = setup().start();
    with_key(&stage, "2.0", "key-globex").expect(200);
    let off = consumers().replace("  globex:\n", "  globex:\n    off: true\n");
    stage.publish(&setup().file("consumers.yaml", off));
    with_key(&stage, "2.0", "key-globex").expect(403);
    let renewed = consumers().replace(&hash("key-globex"), &hash("key-globex-2"));
    stage.publish(&setup().file("consumers.yaml", renewed));
    with_key(&stage, "2.0", "key-globex").expect(401);
    with_key(&stage, "2.0", "key-globex-2").expect(200);
}

#[test]
fn a_secret_that_cannot_be_read_leaves_the_running_edition() {
    let stage = setup().start();
    let secret = tempfile::tempdir().unwrap();
    let file = secret.path().join("secret");
    let by_file = || {
        let (from, to) = (
            format!("{{secret: {SECRET}}}"),
            format!("{{secret_file: \"{}\"}}", file.display()),
        );
        setup().replace("sluice.yaml", &from, &to)
    };
    let publish = || {
        let plan = by_file().plan("127.0.0.1:1");
        stage.gateway().editions.publish(plan, &stage.gateway().shared)
    };
    let missing = publish().unwrap_err();
    assert!(
        missing[0].message.contains("secret` cannot be read"),
        "{missing:?}"
    );
    std::fs::write(&file, "short\n").unwrap();
    let short = publish().unwrap_err();
    assert_eq!(short[0].message, "the secret holds less than 16 bytes");
    with_key(&stage, "2.0", "key-megacorp").expect(200);
    std::fs::write(&file, format!("{SECRET}\r\n")).unwrap();
    stage.publish(&by_file());
    with_key(&stage, "2.0", "key-megacorp").expect(200);
}

#[test]
fn no_text_but_a_key_opens() {
    let stage = setup().start();
    let mut client = stage.client();
    let mut seed = 0x9e37_79b9_u64;
    let mut random = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    for _ in 0..500 {
        // Pieces of keys, prefixes and visible characters, up to and beyond the longest key.
        let length = random() % 700;
        let mut text: String = (0..length)
            .map(|_| char::from(b'!' + (random() % 94) as u8))
            .collect();
        if random() % 2 == 0 {
            text = format!("key-megacorp{text}");
        }
        if text.trim() == "key-megacorp" {
            continue;
        }
        let answer = client.exchange("GET", &read("2.0"), &[("x-api-key", &text)], b"");
        assert_eq!(
            answer.unwrap().expect(401).json()["error"]["code"],
            "unauthenticated"
        );
    }
    assert!(stage.backend().requests().is_empty());
}
