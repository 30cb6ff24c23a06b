//! The parser, held against JSONTestSuite (Nicolas Seriot, "Parsing JSON is a Minefield", RFC 8259): what must be
//! accepted is, what must be refused is, and where a parser may choose, ours chooses what is written here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sluice_transforms::parse::{DEPTH, ParseFault, parse};
use sluice_transforms::value::Value;

/// What RFC 8259 leaves open and we accept: numbers of any size, since none is read as a binary number.
const ACCEPTED: [&str; 10] = [
    "i_number_double_huge_neg_exp",
    "i_number_huge_exp",
    "i_number_neg_int_huge_exp",
    "i_number_pos_double_huge_exp",
    "i_number_real_neg_overflow",
    "i_number_real_pos_overflow",
    "i_number_real_underflow",
    "i_number_too_big_neg_int",
    "i_number_too_big_pos_int",
    "i_number_very_big_negative_int",
];

/// What it leaves open and we refuse, because two readers could see different documents, or none.
const REFUSED: [(&str, &str); 25] = [
    ("i_object_key_lone_2nd_surrogate", HALF),
    ("i_string_1st_surrogate_but_2nd_missing", HALF),
    ("i_string_1st_valid_surrogate_2nd_invalid", HALF),
    ("i_string_UTF-16LE_with_BOM", UTF8),
    ("i_string_UTF-8_invalid_sequence", UTF8),
    ("i_string_UTF8_surrogate_U+D800", UTF8),
    ("i_string_incomplete_surrogate_and_escape_valid", HALF),
    ("i_string_incomplete_surrogate_pair", HALF),
    ("i_string_incomplete_surrogates_escape_valid", HALF),
    ("i_string_invalid_lonely_surrogate", HALF),
    ("i_string_invalid_surrogate", HALF),
    ("i_string_invalid_utf-8", UTF8),
    ("i_string_inverted_surrogates_U+1D11E", HALF),
    ("i_string_iso_latin_1", UTF8),
    ("i_string_lone_second_surrogate", HALF),
    ("i_string_lone_utf8_continuation_byte", UTF8),
    ("i_string_not_in_unicode_range", UTF8),
    ("i_string_overlong_sequence_2_bytes", UTF8),
    ("i_string_overlong_sequence_6_bytes", UTF8),
    ("i_string_overlong_sequence_6_bytes_null", UTF8),
    ("i_string_truncated-utf-8", UTF8),
    ("i_string_utf16BE_no_BOM", UTF8),
    ("i_string_utf16LE_no_BOM", UTF8),
    ("i_structure_500_nested_arrays", "the document nests too deep"),
    ("i_structure_UTF-8_BOM_empty_object", "a JSON value is missing"),
];

const HALF: &str = "half a surrogate pair in a text";
const UTF8: &str = "the body is not UTF-8";

/// The suite's file, or nothing where the shared folder is absent.
fn suite(part: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/suites/json-parsing/cases.json");
    let Ok(bytes) = fs::read(&path) else {
        println!("skipped: there is no ../shared/suites/json-parsing/cases.json");
        return None;
    };
    let all: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let case = |case: &serde_json::Value| {
        let text = |index: usize| case[index].as_str().expect("a name and a body");
        (text(0).to_owned(), base64(text(1)))
    };
    Some(all[part].as_array().expect("cases").iter().map(case).collect())
}

/// RFC 4648 §4.
fn base64(text: &str) -> Vec<u8> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |c: u8| alphabet.iter().position(|a| *a == c).expect("base64") as u32;
    let mut out = Vec::new();
    for group in text.trim_end_matches('=').as_bytes().chunks(4) {
        let bits = group.iter().fold(0, |bits, c| bits << 6 | digit(*c)) << (6 * (4 - group.len()));
        out.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
    }
    out
}

/// Whether a parser may choose, and what ours has to say to this case.
fn wanted(name: &str) -> Result<(), Option<&'static str>> {
    if name.starts_with("y_") || ACCEPTED.contains(&name) {
        return Ok(());
    }
    let why = REFUSED
        .iter()
        .find(|(refused, _)| *refused == name)
        .map(|(_, why)| *why);
    assert!(
        name.starts_with("n_") || why.is_some(),
        "{name}: say whether it is accepted"
    );
    Err(why)
}

#[test]
fn what_must_be_accepted_is_and_what_must_be_refused_is() {
    let Some(cases) = suite("parsing") else { return };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (name, body) in &cases {
        let found = parse(body, DEPTH);
        match (wanted(name), &found) {
            (Ok(()), Ok(value)) => same_again(name, body, value),
            (Err(why), Err(fault)) => assert!(why.is_none_or(|why| why == fault.what), "{name}: {fault}"),
            (wanted, _) => panic!("{name}: {found:?}, wanted {wanted:?}"),
        }
        let done = if found.is_ok() { "accepted" } else { "refused" };
        *counts.entry(format!("{}_ {done}", &name[..1])).or_default() += 1;
    }
    println!("JSONTestSuite: {} parsing files: {counts:?}", cases.len());
    assert_eq!(cases.len(), 318);
}

/// What was accepted comes out token for token, and another library reads the same from both.
fn same_again(name: &str, body: &[u8], value: &Value) {
    let out = value.to_json();
    assert_eq!(tokens(std::str::from_utf8(body).unwrap()), out, "{name}");
    assert_eq!(parse(out.as_bytes(), DEPTH).as_ref(), Ok(value), "{name}");
    let theirs = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).ok();
    assert_eq!(theirs(body), theirs(out.as_bytes()), "{name}");
}

/// A document without the white space between its tokens.
fn tokens(text: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    let inside = |c: &char| {
        let keep = quoted || !c.is_ascii_whitespace();
        quoted ^= *c == '"' && !escaped;
        escaped = quoted && *c == '\\' && !escaped;
        keep
    };
    text.chars().filter(inside).collect()
}

#[test]
fn what_other_parsers_change_comes_through() {
    let Some(cases) = suite("transform") else { return };
    let (mut through, mut refused) = (0, 0);
    for (name, body) in &cases {
        let half = name.contains("invalid_codepoint");
        match parse(body, DEPTH) {
            Ok(value) if !half => {
                assert_eq!(
                    tokens(std::str::from_utf8(body).unwrap()),
                    value.to_json(),
                    "{name}"
                );
                through += 1;
            }
            Err(ParseFault {
                what: HALF | UTF8, ..
            }) if half => refused += 1,
            found => panic!("{name}: {found:?}"),
        }
    }
    println!("JSONTestSuite: {through} transforms come through as written, {refused} are refused");
    assert_eq!((through, refused), (16, 6));
}

#[test]
fn base64_is_read() {
    assert_eq!(
        ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="].map(base64),
        ["", "f", "fo", "foo", "foob"].map(|t| t.as_bytes().to_vec())
    );
}
