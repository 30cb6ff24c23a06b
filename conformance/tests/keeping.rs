//! The three ways of keeping what older versions cannot see, over real sockets: by merge patch, by reading, and by reading
//! without a condition.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;

use serde_json::{Value, json};
use sluice_conformance::stage::{Setup, Stage, example};

/// A version that cannot see timezones and insights, in front of the demo backend; nothing kept depends on siblings.
fn stage(keep: &str) -> Stage {
    let directory = tempfile::tempdir().unwrap();
    let api = directory.path().join("apis/customers");
    fs::create_dir_all(api.join("changes")).unwrap();
    fs::copy(
        example().join("apis/customers/openapi.yaml"),
        api.join("openapi.yaml"),
    )
    .unwrap();
    let main = format!(
        "sluice: 1\nlisten: [\"127.0.0.1:1\"]\nupstreams:\n  customers: {{endpoints: [\"${{CUSTOMERS_UPSTREAM}}\"], keep: {keep}}}\n"
    );
    fs::write(directory.path().join("sluice.yaml"), main).unwrap();
    let text = r#"
sluice: 1
api: customers
upstream: customers
origin: "3.3"
document: openapi.yaml
additions: pass
select: [{path: {template: "/v{version}"}}]
versions: [{name: "1.0"}, {name: "3.3"}]
"#;
    fs::write(api.join("api.yaml"), text).unwrap();
    let change = r#"
sluice: 1
between: ["1.0", "3.3"]
summary: Names are names; addresses have a timezone; there are insights.
types:
  Customer:
    - rename: {from: /full_name, to: /name}
    - add: {at: /insights, loss: {create: drop, replace: keep}}
  Address:
    - add: {at: /timezone, loss: {create: drop, replace: keep}}
"#;
    fs::write(api.join("changes/1.yaml"), change).unwrap();
    Setup::directory(directory.path())
        .customers(vec![stored()])
        .start()
}

fn stored() -> Value {
    json!({
        "id": "cus_000017", "name": "Ada", "email": "a@example.com", "status": "active", "tier": "t", "phones": [],
        "address": {"street": "1", "city": "London", "region": "LND", "postalCode": "SW1Y", "country": "GB",
            "timezone": "Europe/London", "geo": {"lat": 1.5, "lon": -0.5}},
        "balance": {"amount": 1, "currency": "USD"}, "consent": {"marketing": true, "analytics": true},
        "createdAt": "2018-03-01T09:30:00Z", "insights": {"churnRisk": 0.5}, "tags": []
    })
}

#[test]
fn what_is_not_seen_is_kept_in_all_three_ways() {
    for (keep, methods) in [
        ("patch", vec!["PATCH"]),
        ("read", vec!["GET", "PUT"]),
        ("unsafe_read", vec!["GET", "PUT"]),
    ] {
        let stage = stage(keep);
        let mut sent = stage.get("/v1.0/customers/cus_000017", &[]).expect(200).json();
        assert!(sent.get("insights").is_none() && sent["address"].get("timezone").is_none());
        sent["full_name"] = json!("Grace");
        sent["address"].as_object_mut().unwrap().remove("geo");
        stage.backend().forget();
        let answer = stage
            .write("PUT", "/v1.0/customers/cus_000017", &[], &sent)
            .expect(200);
        assert_eq!(answer.json()["full_name"], "Grace", "{keep}");
        let asked: Vec<String> = stage
            .backend()
            .requests()
            .iter()
            .map(|r| r.method.to_string())
            .collect();
        assert_eq!(asked, methods, "{keep}");

        let mut wanted = stored();
        wanted["name"] = json!("Grace");
        // What the client sees and left out is gone.
        wanted["address"].as_object_mut().unwrap().remove("geo");
        assert_eq!(stage.backend().customer("cus_000017").unwrap(), wanted, "{keep}");
    }
}

#[test]
fn the_clients_own_precondition_wins() {
    for keep in ["patch", "read"] {
        let stage = stage(keep);
        let read = stage.get("/v1.0/customers/cus_000017", &[]).expect(200);
        let tag = read.header("etag").to_owned();
        let mut sent = read.json();
        sent["full_name"] = json!("Grace");
        let first = stage
            .write("PUT", "/v1.0/customers/cus_000017", &[("if-match", &tag)], &sent)
            .expect(200);
        assert_ne!(first.header("etag"), tag);
        sent["full_name"] = json!("Mary");
        stage.backend().forget();
        let second = stage.write("PUT", "/v1.0/customers/cus_000017", &[("if-match", &tag)], &sent);
        assert_eq!(second.status, 412, "{keep}: {}", second.text());
        let tries = stage
            .backend()
            .requests()
            .iter()
            .filter(|r| r.method != http::Method::GET)
            .count();
        assert!(
            tries <= 1,
            "{keep}: a failed precondition of the client's is not tried again"
        );
        assert_eq!(
            stage.backend().customer("cus_000017").unwrap()["name"],
            "Grace",
            "{keep}"
        );
    }
}
