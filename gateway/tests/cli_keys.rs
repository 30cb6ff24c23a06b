//! Commands that make credentials: `key` and `password`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "cli/sluice.rs"]
mod binary;

use std::collections::BTreeSet;
use std::fs;

use binary::sluice;
use sluice_gateway::auth::keys::Hasher;

const SECRET: &str = "a-secret-of-more-than-sixteen-bytes";

fn hash(key: &str) -> String {
    let digits = Hasher::new(SECRET.as_bytes()).hash(key.as_bytes()).0;
    digits.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file that holds the secret.
fn secret(text: &str) -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("secret");
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (directory, path)
}

#[test]
fn a_new_key_comes_with_its_line() {
    let (_directory, file) = secret(&format!("{SECRET}\n"));
    let mut keys = BTreeSet::new();
    for _ in 0..8 {
        let said = sluice(
            &[
                "key",
                "new",
                "acme",
                "--secret-file",
                &file,
                "--expires",
                "2027-01-01T00:00:00Z",
                "--note",
                "a: \"b\"",
            ],
            "",
        );
        assert_eq!(said.code, 0, "{}", said.err);
        let (key, line) = said.out.trim_end().split_once('\n').unwrap();
        let random = key.strip_prefix("slu_").unwrap();
        assert_eq!(random.len(), 43, "256 bits in base64url: {key}");
        let expected = format!(
            "- {{hash: \"hmac-sha256:{}\", expires: 2027-01-01T00:00:00Z, note: \"a: \\\"b\\\"\"}}",
            hash(key)
        );
        assert_eq!(line, expected);
        assert!(said.err.contains("consumers.acme.keys") && !said.err.contains(key));
        keys.insert(key.to_owned());
    }
    assert_eq!(keys.len(), 8);
}

#[test]
fn the_line_of_a_key_that_exists_is_read_from_standard_input() {
    let (_directory, file) = secret(SECRET);
    for input in ["old-key", "old-key\n", "old-key\r\n"] {
        let said = sluice(&["key", "hash", "--secret-file", &file], input);
        assert_eq!(
            (said.code, said.out),
            (0, format!("- {{hash: \"hmac-sha256:{}\"}}\n", hash("old-key")))
        );
    }
    assert_eq!(sluice(&["key", "hash", "--secret-file", &file], "\n").code, 2);
    assert_eq!(
        sluice(&["key", "hash", "--secret-file", &file], &"k".repeat(513)).code,
        2
    );
}

#[test]
fn without_a_good_secret_nothing_is_hashed() {
    let (_directory, short) = secret("short");
    for arguments in [
        &["key", "new", "acme"][..],
        &["key", "new", "acme", "--secret-file", &short],
        &["key", "new", "acme", "--secret-file", "/no/such"],
    ] {
        let said = sluice(arguments, "");
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{}", said.err);
    }
    assert!(
        sluice(&["key", "new", "acme"], "")
            .err
            .contains("SLUICE_KEY_SECRET")
    );
}

#[test]
fn a_password_is_hashed_anew_each_time() {
    let hashes: Vec<String> = (0..2)
        .map(|_| sluice(&["password", "hash"], "correct horse\n").out)
        .collect();
    assert!(
        hashes[0].starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && hashes[0] != hashes[1],
        "{hashes:?}"
    );
    for bad in ["", "\n", "two\nlines", "bell\u{7}"] {
        assert_eq!(sluice(&["password", "hash"], bad).code, 2, "{bad:?}");
    }
}
