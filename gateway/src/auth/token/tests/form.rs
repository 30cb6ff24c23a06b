//! A token has one form and means one thing.

use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;
use crate::auth::token::MOST;

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
