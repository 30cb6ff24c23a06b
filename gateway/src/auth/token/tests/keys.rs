//! Key sets: their files, their kinds of keys, and the keys that are not used.

use sluice_config::Code;

use super::*;

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
        let at = token.len() - 40;
        let other = if &token[at..=at] == "A" { "B" } else { "A" };
        let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
        wrong(bench.judge(&changed), "signature");
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
