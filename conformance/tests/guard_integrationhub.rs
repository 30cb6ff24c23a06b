//! IntegrationHub's auth table, as the example is: keys and pins of `consumers.json`, tokens of a key that is made here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use jiff::SignedDuration;
use serde_json::Value as Json;
use sluice_conformance::oracle::{self, Endpoint};
use sluice_conformance::stage::{Answer, Setup, Stage, VERSIONS, noon};
use sluice_gateway::demo::issuer::Issuer;
use sluice_gateway::reload::{Reloaded, Reloader};
use tempfile::TempDir;

/// The example with a key set of its own.
struct Hub {
    stage: Stage,
    issuer: Issuer,
    files: TempDir,
}

impl Hub {
    fn new() -> Self {
        let (issuer, files) = (Issuer::new(), tempfile::tempdir().unwrap());
        let key_set = files.path().join("jwks.json");
        std::fs::write(&key_set, issuer.jwks().to_string()).unwrap();
        let stage = Setup::guarded()
            .variable("CUSTOMERS_JWKS", key_set.display().to_string())
            .start();
        Self { stage, issuer, files }
    }

    /// A reloader of the same configuration.
    fn reloader(&self) -> Reloader {
        let upstream = self.stage.backend().addr.to_string();
        let keys = self.files.path().join("jwks.json").display().to_string();
        let variables = [("CUSTOMERS_UPSTREAM", upstream), ("CUSTOMERS_JWKS", keys)];
        let variables = variables.map(|(name, value)| (name.to_owned(), value));
        Reloader::embedded(self.stage.setup().sources(), variables.into())
    }

    fn token(&self, subject: &str, scopes: &[&str]) -> String {
        let id = "https://id.integrationhub.example";
        let token = self.issuer.token(
            subject,
            scopes,
            "customers",
            id,
            noon(),
            SignedDuration::from_hours(1),
        );
        format!("Bearer {token}")
    }

    /// Reads the customer of the specification in a version with one credential.
    fn read(&self, version: &str, credential: &Credential) -> Answer {
        let target = oracle::path(version, Endpoint::Read, "cus_000017")
            .unwrap()
            .target;
        self.ask(&target, credential)
    }

    fn ask(&self, target: &str, credential: &Credential) -> Answer {
        let joint = if target.contains('?') { '&' } else { '?' };
        match credential {
            Credential::None => self.stage.get(target, &[]),
            Credential::Query(key) => self.stage.get(&format!("{target}{joint}api_key={key}"), &[]),
            Credential::Header(key) => self.stage.get(target, &[("x-api-key", key)]),
            Credential::Token(token) => self.stage.get(target, &[("authorization", token)]),
        }
    }

    fn consumer_seen(&self) -> String {
        let seen = self.stage.backend().requests().pop().unwrap();
        for gone in ["authorization", "x-api-key"] {
            assert!(!seen.headers.contains_key(gone), "{gone}");
        }
        assert!(!seen.target.contains("api_key"), "{}", seen.target);
        seen.headers["x-consumer"].to_str().unwrap().to_owned()
    }
}

#[derive(Debug, Clone)]
enum Credential {
    None,
    Query(String),
    Header(String),
    Token(String),
}

/// Which credential a version takes: the table of the specification.
fn scheme(version: &str) -> &'static str {
    match version {
        "1.0" => "query",
        "1.1" | "1.2" | "2.0" | "2.1" | "2.1-megacorp" | "2.2" | "2.3" | "3.0" | "3.0-hotfix" => "header",
        _ => "token",
    }
}

#[test]
fn every_version_takes_its_scheme_and_no_other() {
    let hub = Hub::new();
    let key = "demo-key-megacorp".to_owned();
    let token = hub.token("initech", &["customers.read"]);
    let all = [
        ("none", Credential::None),
        ("query", Credential::Query(key.clone())),
        ("header", Credential::Header(key)),
        ("token", Credential::Token(token)),
    ];
    for version in VERSIONS {
        for (name, credential) in &all {
            let answer = hub.read(version, credential);
            if *name == scheme(version) {
                answer.expect(200);
                let expected = if *name == "token" { "initech" } else { "megacorp" };
                assert_eq!(hub.consumer_seen(), expected, "{version}");
            } else {
                let refused = answer.expect(401);
                assert!(
                    refused.has("www-authenticate") && refused.header("api-version") == version,
                    "{refused:?}"
                );
            }
        }
    }
}

/// Facts of `consumers.json`, if it is there.
fn facts() -> Option<Json> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/integrationhub/consumers.json");
    let text = std::fs::read_to_string(path).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

#[test]
fn consumers_keys_versions_and_pins_are_those_of_the_specification() {
    let Some(facts) = facts() else {
        println!("skipped: consumers.json is not beside this project");
        return;
    };
    let hub = Hub::new();
    let mut tried = 0;
    for consumer in facts["consumers"].as_array().unwrap() {
        let name = consumer["name"].as_str().unwrap();
        let keys = consumer["keys"].as_array().cloned().unwrap_or_default();
        let mut credentials: Vec<Credential> = keys
            .iter()
            .map(|key| Credential::Header(key.as_str().unwrap().to_owned()))
            .collect();
        if let Some(subject) = consumer["jwt_subject"].as_str() {
            credentials.push(Credential::Token(hub.token(subject, &["customers.read"])));
        }
        for credential in credentials {
            let pinned = hub.ask("/customers/cus_000017", &credential).expect(200);
            assert_eq!(pinned.header("api-version"), consumer["pinned"], "{name}");
            let by = if matches!(credential, Credential::Token(_)) {
                "authorization"
            } else {
                "x-api-key"
            };
            assert!(pinned.header("vary").contains(by), "{}", pinned.header("vary"));
            assert_eq!(hub.consumer_seen(), name);
            for version in VERSIONS {
                let fits = matches!(
                    (&credential, scheme(version)),
                    (Credential::Header(_), "header") | (Credential::Token(_), "token")
                );
                if !fits {
                    continue;
                }
                let listed = consumer["versions"].as_array();
                let open = listed.is_none_or(|all| all.iter().any(|v| v == version));
                let open = open && (version != "2.1-megacorp" || name == "megacorp");
                let answer = hub.read(version, &credential);
                assert_eq!(
                    answer.status,
                    if open { 200 } else { 403 },
                    "{name} in {version}: {}",
                    answer.text()
                );
                tried += 1;
            }
        }
    }
    println!("{tried} consumers' credentials in versions");
    assert!(tried > 30, "{tried}");
}

#[test]
fn a_token_needs_the_scope_of_the_operation() {
    let hub = Hub::new();
    let (reads, writes) = (
        hub.token("initech", &["customers.read"]),
        hub.token("initech", &["customers.write"]),
    );
    let send = |method: &str, version: &str, token: &str| {
        let target = format!("/v{version}/customers/cus_000017");
        hub.stage.send(method, &target, &[("authorization", token)], b"")
    };
    for version in ["3.1", "3.2", "3.3", "4.0-beta"] {
        send("GET", version, &reads).expect(200);
        send("HEAD", version, &reads).expect(200);
        for (method, token, missing) in [
            ("DELETE", &reads, "customers.write"),
            ("GET", &writes, "customers.read"),
        ] {
            let refused = send(method, version, token).expect(403);
            let challenge =
                format!("Bearer realm=\"customers\", error=\"insufficient_scope\", scope=\"{missing}\"");
            assert_eq!(
                refused.header("www-authenticate"),
                challenge,
                "{method} {version}"
            );
            assert!(
                refused
                    .text()
                    .contains(&format!("the scope {missing} is missing")),
                "{}",
                refused.text()
            );
        }
    }
    send("DELETE", "3.3", &writes).expect(204);
}

#[test]
fn a_wrong_token_is_told_what_is_wrong_and_a_strangers_is_refused() {
    let hub = Hub::new();
    let stranger = Hub::new().token("initech", &["customers.read"]);
    let refused = hub.read("3.3", &Credential::Token(stranger)).expect(401);
    assert!(
        refused
            .header("www-authenticate")
            .contains("error=\"invalid_token\""),
        "{refused:?}"
    );
    let nobody = hub.token("nobody", &["customers.read"]);
    let refused = hub.read("3.3", &Credential::Token(nobody)).expect(401);
    assert_eq!(
        refused.json()["error"]["message"],
        "the token is good, and its subject is no consumer"
    );
    let none = hub.read("3.3", &Credential::None).expect(401);
    assert_eq!(none.header("www-authenticate"), "Bearer realm=\"customers\"");
}

#[test]
fn a_pin_does_not_let_another_schemes_credential_in() {
    let hub = Hub::new();
    // Initech is pinned to 3.3, which takes tokens; megacorp to 2.0, which takes keys in the header.
    let misplaced = hub
        .ask(
            "/customers/cus_000017",
            &Credential::Query("demo-key-megacorp".to_owned()),
        )
        .expect(401);
    assert_eq!(misplaced.header("api-version"), "2.0");
    let both = [
        ("x-api-key", "demo-key-acme".to_owned()),
        ("authorization", hub.token("initech", &[])),
    ];
    let both: Vec<_> = both.iter().map(|(name, value)| (*name, value.as_str())).collect();
    hub.stage.get("/customers/cus_000017", &both).expect(401);
    let none = hub.ask("/customers/cus_000017", &Credential::None).expect(400);
    assert_eq!(none.json()["versions"].as_array().unwrap().len(), 14);
    assert!(hub.stage.backend().requests().is_empty());
}

#[test]
fn without_a_key_set_only_tokens_are_refused() {
    // The address of the example's identity server is no address.
    let stage = Setup::guarded()
        .variable("CUSTOMERS_JWKS", "http://127.0.0.1:9/jwks.json")
        .start();
    stage
        .get("/v2.0/customers/cus_000017", &[("x-api-key", "demo-key-acme")])
        .expect(200);
    let token = Issuer::new().token(
        "initech",
        &[],
        "customers",
        "x",
        noon(),
        SignedDuration::from_hours(1),
    );
    let answer = stage.get(
        "/v3.3/customers/cus_000017",
        &[("authorization", &format!("Bearer {token}"))],
    );
    answer.expect(503);
    assert!(stage.backend().requests().len() == 1);
}

#[test]
fn a_key_that_is_taken_out_of_its_file_is_gone_with_the_next_reload() {
    let hub = Hub::new();
    let token = Credential::Token(hub.token("initech", &["customers.read"]));
    hub.read("3.3", &token).expect(200);
    let reloader = hub.reloader();
    let gateway = hub.stage.gateway();
    let same = reloader.reload(gateway, "same");
    assert!(matches!(same, Reloaded::Unchanged { .. }), "{same:?}");
    let other = Issuer::new().jwks().to_string();
    std::fs::write(hub.files.path().join("jwks.json"), other).unwrap();
    assert!(reloader.is_stale(gateway));
    let changed = reloader.reload(gateway, "the file");
    assert!(matches!(changed, Reloaded::Published { .. }), "{changed:?}");
    hub.read("3.3", &token).expect(401);
}
