//! What clients are answered.

use sluice_conformance::stage::{Answer, Setup, Stage, noon};

use super::introspection::counted;
use super::*;

const API: &str = "apis/customers/api.yaml";
const CONSUMERS: &str = "sluice: 1\nconsumers:\n  acme: {subjects: [acme]}\n";

fn guarded(scheme: &str) -> Setup {
    let entry = format!(
        "authentication:\n  - versions: {{from: \"3.1\"}}\n    schemes: [{scheme}]\n    scopes: [{{operations: \
         [listCustomers, readCustomer], need: [customers.read]}}, {{need: [customers.write]}}]\n  - open: true"
    );
    Setup::integrationhub()
        .append(API, &entry)
        .file("consumers.yaml", CONSUMERS)
}

fn by_jwt(jwks: &str) -> Setup {
    guarded(&format!(
        "{{jwt: {{jwks: \"{jwks}\", issuer: \"https://id.example\", audience: [customers], algorithms: [ES256]}}}}"
    ))
}

fn bearer(stage: &Stage, token: &str) -> Answer {
    stage.get(
        "/v3.1/customers/cus_000017",
        &[("authorization", &format!("Bearer {token}"))],
    )
}

fn at_noon(issuer: &Issuer, scopes: &[&str]) -> String {
    let lasts = SignedDuration::from_secs(300);
    issuer.token("acme", scopes, "customers", "https://id.example", noon(), lasts)
}

#[test]
fn a_token_opens_the_versions_that_ask_for_one() {
    let issuer = Issuer::new();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("jwks.json");
    std::fs::write(&file, issuer.jwks().to_string()).unwrap();
    let stage = by_jwt(file.to_str().unwrap()).start();
    let good = at_noon(&issuer, &["customers.read"]);
    bearer(&stage, &good).expect(200);
    bearer(&stage, &good).expect(200);
    assert_eq!(
        stage
            .get("/v3.1/customers/cus_000017", &[])
            .expect(401)
            .header("www-authenticate"),
        "Bearer realm=\"customers\""
    );
    let refused = bearer(&stage, &format!("{good}A")).expect(401);
    assert!(
        refused
            .header("www-authenticate")
            .contains("error=\"invalid_token\"")
    );
    let text = String::from_utf8_lossy(&refused.body).into_owned();
    assert!(!text.contains(&good[..20]), "{text}");
    let foreign = Issuer::new();
    bearer(&stage, &at_noon(&foreign, &["customers.read"])).expect(401);
    let narrow = bearer(&stage, &at_noon(&issuer, &["customers.write"])).expect(403);
    assert!(
        narrow.header("www-authenticate").contains("insufficient_scope"),
        "{narrow:?}"
    );
    let late = issuer.token(
        "acme",
        &["customers.read"],
        "customers",
        "https://id.example",
        noon() - SignedDuration::from_hours(2),
        SignedDuration::from_hours(1),
    );
    bearer(&stage, &late).expect(401);
    // Larger than a token may be, smaller than a head may be; and larger than a head may be.
    bearer(&stage, &"a".repeat(9000)).expect(401);
    let huge = bearer(&stage, &"a".repeat(1 << 20));
    assert!([400, 431].contains(&huge.status), "{}", huge.status);
    assert_eq!(
        stage.backend().requests().len(),
        2,
        "nothing that was refused reaches the backend"
    );
    assert!(
        !stage
            .backend()
            .requests()
            .iter()
            .any(|request| format!("{request:?}").contains(&good[..20]))
    );
}

#[test]
fn without_keys_or_a_judge_nobody_is_let_in() {
    let issuer = Issuer::new();
    let stage = by_jwt(&format!("http://{}/jwks.json", scripted::nobody())).start();
    let down = bearer(&stage, &at_noon(&issuer, &["customers.read"])).expect(503);
    assert_eq!(down.json()["error"]["code"], "authentication_unavailable");
    stage.get("/v2.0/customers/cus_000017", &[]).expect(200);
    let address = scripted::nobody();
    let scheme = format!(
        "{{introspection: {{url: \"http://{address}/introspect\", client: gateway, secret: \"${{INTROSPECTION_SECRET}}\"}}}}"
    );
    let stage = guarded(&scheme)
        .variable("INTROSPECTION_SECRET", "planted-secret")
        .start();
    let down = bearer(&stage, "opaque").expect(503);
    assert!(!format!("{down:?}").contains("planted-secret") && !format!("{down:?}").contains("opaque"));
    let up = Server::at(
        TcpListener::bind(address).unwrap(),
        ok(&json!({"active": true, "sub": "acme", "scope": "customers.read"})),
    );
    bearer(&stage, "opaque").expect(200);
    up.now_answers(ok(&json!({"active": false})));
    bearer(&stage, "other").expect(401);
    assert_eq!(counted(&stage.gateway().shared, address, "unreachable"), 1.0);
}
