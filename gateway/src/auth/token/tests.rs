//! The rows of RFC 8725 and what else is tried with tokens, against a key set in a file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod form;
mod keys;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm as Signature, EncodingKey, crypto};
use serde_json::{Value, json};
use sluice_config::Span;
use sluice_config::plan::{Algorithm, ClaimsPlan, JwtPlan, KeySetPlan, KeySource, NamedFile, Place};

use super::Jwt;
use crate::auth::found::{Found, Proof};
use crate::clock::Clock;
use crate::demo::issuer::Issuer;
use crate::shared::Shared;

const ISSUER: &str = "https://id.example";

struct Bench {
    issuer: Issuer,
    jwt: Arc<Jwt>,
    now: Timestamp,
    _directory: tempfile::TempDir,
}

fn place() -> Place {
    Place {
        file: "apis/x/api.yaml".to_owned(),
        span: Span::START,
    }
}

fn plan(algorithms: &[Algorithm]) -> JwtPlan {
    JwtPlan {
        keys: KeySetPlan {
            source: KeySource::File(NamedFile {
                path: "jwks.json".into(),
                place: place(),
            }),
            refresh: Duration::from_secs(600),
            unknown_key: Duration::from_secs(30),
        },
        claims: ClaimsPlan {
            issuer: Some(ISSUER.to_owned()),
            audience: vec!["customers".to_owned(), "orders".to_owned()],
            leeway: Duration::from_secs(60),
            subject: "sub".to_owned(),
            scopes: None,
        },
        algorithms: algorithms.to_vec(),
    }
}

fn shared(directory: &Path) -> Arc<Shared> {
    Arc::new(Shared::start(Clock::System, Some(directory.to_owned())).unwrap())
}

fn bench() -> Bench {
    let issuer = Issuer::new();
    let jwks = issuer.jwks();
    with(issuer, &jwks, &[Algorithm::ES256])
}

fn with(issuer: Issuer, jwks: &Value, algorithms: &[Algorithm]) -> Bench {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("jwks.json"), jwks.to_string()).unwrap();
    let jwt = Jwt::compile(&plan(algorithms), None, &shared(directory.path())).unwrap();
    let now = "2026-01-02T03:04:05Z".parse().unwrap();
    Bench {
        issuer,
        jwt,
        now,
        _directory: directory,
    }
}

impl Bench {
    fn judge(&self, token: &str) -> Found {
        self.judge_at(token, self.now)
    }

    fn judge_at(&self, token: &str, now: Timestamp) -> Found {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(self.jwt.judge(token, now))
    }

    fn header(&self) -> Value {
        json!({"alg": "ES256", "typ": "JWT", "kid": self.issuer.kid()})
    }

    fn claims(&self) -> Value {
        let now = self.now.as_second();
        json!({"iss": ISSUER, "aud": "customers", "sub": "acme", "scope": "a b", "iat": now, "nbf": now, "exp": now + 300})
    }

    fn good(&self) -> String {
        self.issuer.sign(&self.header(), &self.claims())
    }

    /// A token whose header or claims differ in one member.
    fn header_with(&self, name: &str, value: Value) -> Found {
        self.judge(
            &self
                .issuer
                .sign(&changed(self.header(), name, value), &self.claims()),
        )
    }

    fn claims_with(&self, name: &str, value: Value) -> Found {
        self.judge(
            &self
                .issuer
                .sign(&self.header(), &changed(self.claims(), name, value)),
        )
    }
}

/// `Null` takes the member out.
fn changed(mut object: Value, name: &str, value: Value) -> Value {
    let members = object.as_object_mut().unwrap();
    members.shift_remove(name);
    if !value.is_null() {
        members.insert(name.to_owned(), value);
    }
    object
}

fn encoded(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

#[track_caller]
fn wrong(found: Found, why: &str) {
    match found {
        Found::Wrong(text) => assert!(text.contains(why), "{text}"),
        other => panic!("{other:?} instead of: {why}"),
    }
}

#[track_caller]
fn proved(found: &Found) {
    assert!(matches!(found, Found::Proved(_)), "{found:?}");
}

#[test]
fn a_good_token_proves_its_subject_and_scopes() {
    let bench = bench();
    let proof = |scopes: &[&str]| {
        Found::Proved(Proof {
            subject: "acme".to_owned(),
            scopes: scopes.iter().map(|s| (*s).to_owned()).collect(),
        })
    };
    assert_eq!(bench.judge(&bench.good()), proof(&["a", "b"]));
    assert_eq!(
        bench.judge(&bench.good()),
        proof(&["a", "b"]),
        "the second time from the table"
    );
    assert_eq!(bench.claims_with("scope", json!(["x", "y"])), proof(&["x", "y"]));
    assert_eq!(bench.claims_with("scope", Value::Null), proof(&[]));
    let scp = changed(bench.claims(), "scope", Value::Null);
    let scp = changed(scp, "scp", json!(["r", "w"]));
    assert_eq!(
        bench.judge(&bench.issuer.sign(&bench.header(), &scp)),
        proof(&["r", "w"])
    );
    wrong(bench.claims_with("scope", json!(7)), "`scope`");
    let made = bench.issuer.token(
        "acme",
        &["a"],
        "orders",
        ISSUER,
        bench.now,
        SignedDuration::from_secs(60),
    );
    assert_eq!(bench.judge(&made), proof(&["a"]));
}

#[test]
fn the_key_fixes_the_algorithm() {
    let bench = bench();
    for name in [
        "none", "nOnE", "None", "NONE", "HS256", "RS256", "ES384", "es256", "ES256 ", "", "EdDSA", "A128KW",
    ] {
        wrong(bench.header_with("alg", json!(name)), "algorithm");
    }
    for value in [json!(null), json!(["ES256"]), json!(1)] {
        wrong(bench.header_with("alg", value), "header");
    }
    // Accepted by the configuration, and yet not what the key is for.
    let issuer = Issuer::new();
    let jwks = issuer.jwks();
    let lax = with(
        issuer,
        &jwks,
        &[
            Algorithm::RS256,
            Algorithm::ES384,
            Algorithm::EdDSA,
            Algorithm::ES256,
        ],
    );
    proved(&lax.judge(&lax.good()));
    for name in ["RS256", "ES384", "EdDSA"] {
        wrong(lax.header_with("alg", json!(name)), "not that of its key");
    }
}

#[test]
fn an_unsigned_token_proves_nothing() {
    let bench = bench();
    let claims = encoded(&bench.claims().to_string());
    for alg in ["none", "nOnE"] {
        let header = encoded(&json!({"alg": alg, "kid": bench.issuer.kid()}).to_string());
        wrong(bench.judge(&format!("{header}.{claims}.")), "algorithm");
        wrong(bench.judge(&format!("{header}.{claims}")), "form");
    }
    let header = encoded(&bench.header().to_string());
    wrong(bench.judge(&format!("{header}.{claims}.")), "signature");
    wrong(
        bench.judge(&format!("{header}.{claims}.{}", "A".repeat(86))),
        "signature",
    );
}

#[test]
fn a_public_key_is_no_shared_secret() {
    let bench = bench();
    let jwk = bench.issuer.jwks()["keys"][0].clone();
    let raw = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    let point = [&[4], raw("x").as_slice(), raw("y").as_slice()].concat();
    let header = encoded(&json!({"alg": "HS256", "kid": bench.issuer.kid()}).to_string());
    let signed = format!("{header}.{}", encoded(&bench.claims().to_string()));
    for secret in [point, jwk.to_string().into_bytes(), raw("x")] {
        let key = EncodingKey::from_secret(&secret);
        let signature = crypto::sign(signed.as_bytes(), &key, Signature::HS256).unwrap();
        wrong(bench.judge(&format!("{signed}.{signature}")), "algorithm");
    }
}

#[test]
fn a_token_brings_no_key_and_needs_no_extension() {
    let bench = bench();
    let other = Issuer::new();
    let own = json!({"alg": "ES256", "jwk": other.jwks()["keys"][0]});
    wrong(bench.judge(&other.sign(&own, &bench.claims())), "key of its own");
    for name in ["jwk", "jku", "x5u", "x5c"] {
        wrong(
            bench.header_with(name, json!("http://127.0.0.1:1/keys")),
            "key of its own",
        );
    }
    for crit in [json!([]), json!(["exp"]), json!(["b64"]), json!("x"), json!({})] {
        wrong(bench.header_with("crit", crit), "crit");
    }
    proved(&bench.header_with("x5t", json!("abc")));
    proved(&bench.header_with("cty", json!("x")));
}

#[test]
fn a_key_name_is_only_compared() {
    let bench = bench();
    for kid in [
        "../../../dev/null",
        "/etc/passwd",
        "jwks.json",
        "' OR 1=1 --",
        "http://169.254.169.254/",
        "",
        "\u{0}",
        "🔑",
        "%00",
    ] {
        wrong(bench.header_with("kid", json!(kid)), "not known");
    }
    wrong(bench.header_with("kid", json!("k".repeat(257))), "not known");
    wrong(bench.header_with("kid", json!(7)), "header");
    proved(&bench.header_with("kid", Value::Null));
    let other = Issuer::new().sign(&json!({"alg": "ES256"}), &bench.claims());
    wrong(bench.judge(&other), "not known");
}

#[test]
fn issuer_and_audience_are_those_that_are_expected() {
    let bench = bench();
    for iss in [
        json!(null),
        json!("https://id.example/"),
        json!("https://ID.example"),
        json!([ISSUER]),
        json!(""),
    ] {
        wrong(bench.claims_with("iss", iss), "issuer");
    }
    for aud in [
        json!(null),
        json!("Customers"),
        json!("customers orders"),
        json!([]),
        json!(["x"]),
        json!({"customers": 1}),
        json!(["customers", 1]),
    ] {
        wrong(bench.claims_with("aud", aud), "audience");
    }
    proved(&bench.claims_with("aud", json!(["x", "orders"])));
    for sub in [
        json!(null),
        json!(""),
        json!(7),
        json!(["acme"]),
        json!("s".repeat(513)),
    ] {
        wrong(bench.claims_with("sub", sub), "`sub`");
    }
}

#[test]
fn dates_count_with_the_leeway_and_no_further() {
    let bench = bench();
    let now = bench.now.as_second();
    for (name, good, bad, why) in [
        ("exp", now - 59, now - 60, "expired"),
        ("nbf", now + 60, now + 61, "not valid yet"),
        ("iat", now + 60, now + 61, "future"),
    ] {
        proved(&bench.claims_with(name, json!(good)));
        wrong(bench.claims_with(name, json!(bad)), why);
    }
    for bad in [
        json!("soon"),
        json!("2027-01-01T00:00:00Z"),
        json!(true),
        json!([1]),
        json!({}),
        json!(1e300),
        json!(-1e300),
    ] {
        wrong(bench.claims_with("exp", bad), "no date");
    }
    wrong(bench.claims_with("exp", Value::Null), "no end");
    wrong(bench.claims_with("exp", json!(0)), "expired");
    wrong(bench.claims_with("exp", json!(-1)), "expired");
    proved(&bench.claims_with("exp", json!(now as f64 + 0.5)));
    proved(&bench.claims_with("nbf", Value::Null));
    proved(&bench.claims_with("iat", Value::Null));
}

#[test]
fn a_remembered_token_ends_when_it_ends() {
    let bench = bench();
    let token = bench.good();
    let later = |seconds| bench.now + SignedDuration::from_secs(seconds);
    proved(&bench.judge(&token));
    proved(&bench.judge_at(&token, later(359)));
    wrong(bench.judge_at(&token, later(360)), "expired");
}

#[test]
fn a_token_for_something_else_proves_nothing() {
    let bench = bench();
    for typ in ["jwt", "JWT", "at+jwt", "application/at+jwt", "application/JWT"] {
        proved(&bench.header_with("typ", json!(typ)));
    }
    proved(&bench.header_with("typ", Value::Null));
    for typ in ["logout+jwt", "dpop+jwt", "secevent+jwt", "JOSE", ""] {
        wrong(bench.header_with("typ", json!(typ)), "type");
    }
}
