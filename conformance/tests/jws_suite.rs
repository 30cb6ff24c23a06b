//! Signed tokens, held against Project Wycheproof's vectors for JSON Web Signatures, Keys and Crypto, and the cookbook of
//! RFC 7520: what must be refused is refused whatever the configuration accepts, and what is valid verifies, unless it is
//! of a kind that is refused by design. Each of those is counted with its reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sluice_config::plan::Algorithm;
use sluice_gateway::auth::token::jws::Compact;
use sluice_gateway::auth::token::key_set::KeySet;

const EVERY: [Algorithm; 9] = [
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];

/// A file of the suite, or nothing where the shared folder is absent.
fn suite(file: &str) -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/suites/jws")
        .join(file);
    match fs::read(&path) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap()),
        Err(_) => {
            println!("skipped: {} is not here", path.display());
            None
        }
    }
}

/// The key or key set of a group, as a key set.
fn key_set(key: &Value) -> Value {
    if key.get("keys").is_some() {
        key.clone()
    } else {
        json!({"keys": [key]})
    }
}

/// The same without its secrets, as an issuer publishes it.
fn published(mut set: Value) -> Value {
    for key in set["keys"].as_array_mut().unwrap() {
        for secret in ["d", "p", "q", "dp", "dq", "qi"] {
            key.as_object_mut().unwrap().shift_remove(secret);
        }
    }
    set
}

/// Whether a token verifies under any configuration: with every algorithm accepted, and with each alone.
fn verifies(token: &str, keys: &KeySet) -> bool {
    let Ok(token) = Compact::read(token) else {
        return false;
    };
    let alone = EVERY.iter().map(std::slice::from_ref);
    std::iter::once(EVERY.as_slice())
        .chain(alone)
        .any(|accepted| token.verified(keys, accepted).is_ok())
}

/// Why a valid token is refused by design.
fn by_design(token: &str, set: &Value) -> Option<&'static str> {
    if token.split('.').count() == 5 {
        return Some("encrypted (JWE)");
    }
    if set["keys"].as_array()?.iter().all(|key| key["kty"] == "oct") {
        return Some("symmetric key");
    }
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next()?).ok()?;
    let header: Value = serde_json::from_slice(&header).ok()?;
    let key = set["keys"]
        .as_array()?
        .iter()
        .find(|key| key["kid"] == header["kid"])?;
    if key["crv"] == "P-521" {
        return Some("ES512");
    }
    (key["alg"].is_string() && key["alg"] != header["alg"]).then_some("the key says another algorithm")
}

#[derive(Default)]
struct Tally {
    accepted: usize,
    refused: usize,
    apart: BTreeMap<&'static str, usize>,
}

impl Tally {
    fn judge(&mut self, name: &str, token: &str, set: &Value, valid: bool) {
        let keys = KeySet::read(set.to_string().as_bytes()).expect(name);
        match (verifies(token, &keys), valid) {
            (true, true) => self.accepted += 1,
            (false, false) => self.refused += 1,
            (true, false) => panic!("{name} is invalid and verifies"),
            (false, true) => {
                let why =
                    by_design(token, set).unwrap_or_else(|| panic!("{name} is valid and does not verify"));
                *self.apart.entry(why).or_default() += 1;
            }
        }
    }

    fn tell(&self, what: &str, total: usize) {
        let apart: usize = self.apart.values().sum();
        assert_eq!(self.accepted + self.refused + apart, total);
        println!(
            "{what}: {total} vectors, {} valid verify, {} invalid are refused, {apart} valid are refused by design: {:?}",
            self.accepted, self.refused, self.apart
        );
    }
}

#[test]
fn wycheproof() {
    for (file, least) in [
        ("json_web_signature_test.json", 32),
        ("json_web_key_test.json", 1),
        ("json_web_crypto_test.json", 2),
    ] {
        let Some(suite) = suite(file) else { return };
        let mut tally = Tally::default();
        for group in suite["testGroups"].as_array().unwrap() {
            let key = group.get("public").unwrap_or(&group["private"]);
            for test in group["tests"].as_array().unwrap() {
                let token = test.get("jws").unwrap_or(&test["jwe"]);
                // Other serialisations are objects: in a field they would come as their text.
                let token = token.as_str().map_or_else(|| token.to_string(), str::to_owned);
                let name = format!("{file} {} {}", test["tcId"], test["comment"]);
                tally.judge(&name, &token, &published(key_set(key)), test["result"] == "valid");
            }
        }
        tally.tell(file, suite["numberOfTests"].as_u64().unwrap().try_into().unwrap());
        assert!(tally.accepted >= least, "{file}: only {} verify", tally.accepted);
    }
}

#[test]
fn the_cookbook_of_rfc_7520() {
    let Some(suite) = suite("cookbook.json") else {
        return;
    };
    let cases = suite["cases"].as_array().unwrap();
    let mut tally = Tally::default();
    for case in cases {
        let (name, token) = (case["id"].as_str().unwrap(), case["jws"].as_str().unwrap());
        tally.judge(name, token, &published(case["jwks"].clone()), true);
        // An RSA key that does not say its algorithm is for the only one of RSA's that is accepted.
        let public = KeySet::read(published(case["jwks"].clone()).to_string().as_bytes()).unwrap();
        assert!(
            Compact::read(token).is_err() || Compact::read(token).unwrap().verified(&public, &EVERY).is_err()
        );
        // The cookbook shows private keys: a set that holds one verifies nothing by it.
        let leaked = KeySet::read(case["jwks"].to_string().as_bytes()).unwrap();
        assert!(
            leaked.is_empty() && leaked.left.iter().all(|(_, why)| why.is_leak()),
            "{name}"
        );
        for changed in [
            format!("{token}A"),
            format!("A{token}"),
            token.replace(".S", ".T"),
        ] {
            assert!(!verifies(
                &changed,
                &KeySet::read(published(case["jwks"].clone()).to_string().as_bytes()).unwrap()
            ));
        }
    }
    tally.tell("cookbook.json", cases.len());
}
