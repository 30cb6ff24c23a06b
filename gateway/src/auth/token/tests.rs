//! The rows of RFC 8725 and what else is tried with tokens, against a key set in a file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm as Signature, EncodingKey, crypto};
use proptest::prelude::*;
use serde_json::{Value, json};
use sluice_config::plan::{Algorithm, ClaimsPlan, JwtPlan, KeySetPlan, KeySource, NamedFile, Place};
use sluice_config::{Code, Span};

use super::{Jwt, MOST};
use crate::auth::found::{Found, Proof, Who};
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
            who: Who::Subject("acme".to_owned()),
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

#[test]
fn a_token_has_one_form() {
    let bench = bench();
    let good = bench.good();
    let parts: Vec<&str> = good.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        panic!()
    };
    let standard = STANDARD.encode([0xfb, 0xff, 0xfe]);
    // The last of 86 characters has four bits that say nothing; another one decodes to the same bytes.
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = alphabet.find(signature.chars().last().unwrap()).unwrap();
    let twin = alphabet.chars().nth(last ^ 1).unwrap();
    for (token, why) in [
        (
            format!("{header}.{claims}.{}{twin}", &signature[..85]),
            "base64url",
        ),
        (format!("{header}.{claims}.{signature}=="), "base64url"),
        (format!("{header}=.{claims}.{signature}"), "characters"),
        (format!("{header}.{claims}.{standard}"), "base64url"),
        (format!("{header}.{claims}.{signature}\n"), "characters"),
        (format!(" {good}"), "characters"),
        (format!("{header}.{claims}"), "form"),
        (format!("{good}."), "form"),
        (format!("{good}.x.y"), "encrypted"),
        (".".to_owned(), "form"),
        ("..".to_owned(), "header"),
        ("....".to_owned(), "encrypted"),
        (String::new(), "characters"),
        ("==".to_owned(), "characters"),
    ] {
        wrong(bench.judge(&token), why);
    }
    wrong(bench.header_with("enc", json!("A128GCM")), "encrypted");
    wrong(bench.header_with("zip", json!("DEF")), "encrypted");
}

#[test]
fn a_token_means_one_thing() {
    let bench = bench();
    let header = bench.header().to_string();
    let claims = bench.claims().to_string();
    let twice = claims.replacen('{', r#"{"sub":"megacorp","#, 1);
    wrong(
        bench.judge(&bench.issuer.sign_text(&header, twice.as_bytes())),
        "well-formed",
    );
    let escaped = claims.replacen('{', r#"{"\u0073ub":"megacorp","#, 1);
    wrong(
        bench.judge(&bench.issuer.sign_text(&header, escaped.as_bytes())),
        "well-formed",
    );
    let twice = header.replacen('{', r#"{"alg":"none","#, 1);
    wrong(
        bench.judge(&bench.issuer.sign_text(&twice, claims.as_bytes())),
        "header",
    );
    for payload in ["", "[]", "null", "\"acme\"", "{", "{}x", "\u{feff}{}"] {
        wrong(
            bench.judge(&bench.issuer.sign_text(&header, payload.as_bytes())),
            "well-formed",
        );
    }
    wrong(
        bench.judge(&bench.issuer.sign_text(&header, b"{\"sub\":\"\xff\"}")),
        "well-formed",
    );
    let deep = format!("{{\"x\":{}1{}}}", "[".repeat(1000), "]".repeat(1000));
    wrong(
        bench.judge(&bench.issuer.sign_text(&header, deep.as_bytes())),
        "well-formed",
    );
}

#[test]
fn a_long_token_is_not_looked_at() {
    let bench = bench();
    wrong(bench.claims_with("pad", json!("x".repeat(8000))), "8 KiB");
    wrong(bench.judge(&"a".repeat(1 << 20)), "8 KiB");
    wrong(bench.judge(&".".repeat(MOST)), "form");
    proved(&bench.claims_with("pad", json!("x".repeat(5000))));
}

#[test]
fn a_file_with_secrets_or_without_keys_is_a_fault() {
    let public = Issuer::new().jwks()["keys"][0].clone();
    let directory = tempfile::tempdir().unwrap();
    let compile = |jwks: Option<&str>| {
        let file = directory.path().join("jwks.json");
        match jwks {
            Some(text) => std::fs::write(file, text).unwrap(),
            None => std::fs::remove_file(file).unwrap(),
        }
        let made = Jwt::compile(&plan(&[Algorithm::ES256]), None, &shared(directory.path()));
        made.map(drop)
            .map_err(|faults| faults.into_iter().next().unwrap())
    };
    let keys = |keys: Value| json!({ "keys": keys }).to_string();
    assert_eq!(compile(Some(&keys(json!([public])))), Ok(()));
    let secret = keys(json!([public, changed(public.clone(), "d", json!("AAAA"))]));
    for (text, why) in [
        (secret, "key 1, it holds the private key"),
        (keys(json!([{"kty": "oct", "k": "AAAA"}])), "symmetric"),
        (keys(json!({})), "no list"),
        (keys(json!(vec![public.clone(); 101])), "more than 100 keys"),
        (" ".repeat((1 << 20) + 1), "larger than"),
        ("{\"keys\":[],\"keys\":[]}".to_owned(), "stands twice"),
        ("<html>".to_owned(), "cannot be used"),
    ] {
        let fault = compile(Some(&text)).unwrap_err();
        assert!(
            fault.code == Code::Unreadable && fault.message.contains(why),
            "{fault:?}"
        );
        assert_eq!(fault.file, "apis/x/api.yaml");
        assert!(!fault.message.contains("AAAA"));
    }
    assert_eq!(compile(None).unwrap_err().code, Code::MissingFile);
}

#[test]
fn an_edition_takes_over_and_a_new_file_counts_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let (one, two) = (Issuer::new(), Issuer::new());
    let write = |issuer: &Issuer| {
        std::fs::write(directory.path().join("jwks.json"), issuer.jwks().to_string()).unwrap()
    };
    write(&one);
    let (plan, shared) = (plan(&[Algorithm::ES256]), shared(directory.path()));
    let jwt = Jwt::compile(&plan, None, &shared).unwrap();
    let mut moved = plan.clone();
    moved.claims.leeway = Duration::ZERO;
    let other = Jwt::compile(&moved, Some(&jwt), &shared).unwrap();
    assert!(!Arc::ptr_eq(&jwt, &other));
    let now = "2026-01-02T03:04:05Z".parse().unwrap();
    let bench = |issuer: &Issuer, jwt: &Arc<Jwt>| Bench {
        issuer: issuer.clone(),
        jwt: jwt.clone(),
        now,
        _directory: tempfile::tempdir().unwrap(),
    };
    let token = bench(&one, &jwt).good();
    proved(&bench(&one, &jwt).judge(&token));
    write(&two);
    let again = Jwt::compile(&plan, Some(&jwt), &shared).unwrap();
    assert!(Arc::ptr_eq(&jwt, &again));
    wrong(bench(&one, &again).judge(&token), "not known");
    proved(&bench(&two, &again).judge(&bench(&two, &again).good()));
    proved(&bench(&two, &other).judge(&bench(&two, &other).good()));
}

/// A key of another kind, as a key set has it, and a token signed with it.
fn other_kind(algorithm: Signature, jwk: &Value, der: &[u8], claims: &Value) -> String {
    let key = match algorithm {
        Signature::EdDSA => EncodingKey::from_ed_der(der),
        _ => EncodingKey::from_ec_der(der),
    };
    let header = json!({"alg": jwk["alg"], "kid": jwk["kid"]});
    let signed = format!(
        "{}.{}",
        encoded(&header.to_string()),
        encoded(&claims.to_string())
    );
    let signature = crypto::sign(signed.as_bytes(), &key, algorithm).unwrap();
    format!("{signed}.{signature}")
}

#[test]
fn other_curves_verify_when_they_are_accepted() {
    let ed = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let p384 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let part = |bytes: &[u8]| json!(URL_SAFE_NO_PAD.encode(bytes));
    let (edwards, point) = (ed.public_key_raw(), p384.public_key_raw());
    let of_ed =
        |alg: &str| json!({"kty": "OKP", "crv": "Ed25519", "x": part(edwards), "kid": "ed", "alg": alg});
    let of_p384 = json!({"kty": "EC", "crv": "P-384", "x": part(&point[1..49]), "y": part(&point[49..]), "kid": "p", "alg": "ES384"});
    for (algorithm, signature, jwk, der) in [
        (
            Algorithm::EdDSA,
            Signature::EdDSA,
            of_ed("EdDSA"),
            ed.serialize_der(),
        ),
        (
            Algorithm::EdDSA,
            Signature::EdDSA,
            of_ed("Ed25519"),
            ed.serialize_der(),
        ),
        (Algorithm::ES384, Signature::ES384, of_p384, p384.serialize_der()),
    ] {
        let set = json!({"keys": [jwk]});
        let bench = with(Issuer::new(), &set, &[algorithm]);
        let token = other_kind(signature, &jwk, &der, &bench.claims());
        proved(&bench.judge(&token));
        wrong(
            bench.judge(&format!(
                "{}A{}",
                &token[..token.len() - 40],
                &token[token.len() - 39..]
            )),
            "signature",
        );
        wrong(
            with(Issuer::new(), &set, &[Algorithm::ES256]).judge(&token),
            "algorithm",
        );
    }
}

#[test]
fn a_key_that_is_not_for_us_or_not_alone_is_not_used() {
    let issuer = Issuer::new();
    let public = issuer.jwks()["keys"][0].clone();
    let bench = |keys: Value| with(issuer.clone(), &json!({ "keys": keys }), &[Algorithm::ES256]);
    for (name, value) in [
        ("use", json!("enc")),
        ("use", json!(["sig"])),
        ("key_ops", json!(["encrypt"])),
        ("key_ops", json!([])),
        ("alg", json!("ES384")),
        ("alg", json!("RS256")),
        ("alg", json!("none")),
        ("crv", json!("P-384")),
        ("crv", json!("P-521")),
        ("crv", Value::Null),
        ("kty", json!("RSA")),
        ("kty", json!("EC2")),
        ("x", json!("AAAA")),
        ("y", json!(1)),
    ] {
        let bench = bench(json!([changed(public.clone(), name, value.clone())]));
        wrong(bench.judge(&bench.good()), "not known");
    }
    let point_off_the_curve = changed(public.clone(), "y", public["x"].clone());
    let off = bench(json!([point_off_the_curve]));
    wrong(off.judge(&off.good()), "signature");
    // Two keys of one name: neither; and a token that names none needs the only one that fits.
    let second = changed(
        Issuer::new().jwks()["keys"][0].clone(),
        "kid",
        public["kid"].clone(),
    );
    let twice = bench(json!([public, second]));
    wrong(twice.judge(&twice.good()), "not that of its key");
    let two = bench(json!([public, Issuer::new().jwks()["keys"][0]]));
    proved(&two.judge(&two.good()));
    wrong(two.header_with("kid", Value::Null), "not that of its key");
    // A key that is not used does not keep the others from being used.
    let mixed = bench(json!([{"kty": "new"}, 7, public]));
    proved(&mixed.judge(&mixed.good()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// No change of a good token, however small, is a good token.
    #[test]
    fn a_changed_token_proves_nothing(place in 0usize..10_000, by in 1u8..=255, cut in any::<bool>()) {
        thread_local!(static BENCH: Bench = bench());
        BENCH.with(|bench| {
            let good = bench.good();
            let mut bytes = good.clone().into_bytes();
            let place = place % bytes.len();
            if cut { bytes.truncate(place) } else { bytes[place] = bytes[place].wrapping_add(by) }
            let text = String::from_utf8_lossy(&bytes).into_owned();
            prop_assert!(matches!(bench.judge(&text), Found::Wrong(_)));
            Ok(())
        })?;
    }

    #[test]
    fn no_text_is_a_token_or_a_panic(text in "\\PC{0,200}") {
        thread_local!(static BENCH: Bench = bench());
        BENCH.with(|bench| {
            prop_assert!(matches!(bench.judge(&text), Found::Wrong(_)));
            let dotted = format!("{}.{}.{}", encoded(&text), encoded(&text), encoded(&text));
            prop_assert!(matches!(bench.judge(&dotted), Found::Wrong(_)));
            Ok(())
        })?;
    }
}
