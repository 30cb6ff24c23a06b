//! What is read, what is refused and where, and that hostile files end quickly.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::json;

use super::{MAX_NESTING, MAX_NODES, read};
use crate::diagnostic::Code;

type TestResult = Result<(), Box<dyn std::error::Error>>;

fn tree(text: &str) -> Result<super::Tree, String> {
    read("f.yaml", text.as_bytes()).map_err(|faults| format!("{faults:?}"))
}

fn codes(text: impl AsRef<[u8]>) -> Vec<Code> {
    read("f.yaml", text.as_ref())
        .err()
        .unwrap_or_default()
        .iter()
        .map(|d| d.code)
        .collect()
}

#[test]
fn values_and_places_are_read() -> TestResult {
    let tree = tree("a:\n  - b: 1.10\n    'c/d': [x, \"2\", null]\n  - 3\n1.0: yes\n")?;
    assert_eq!(
        tree.value.to_string(),
        r#"{"a":[{"b":1.10,"c/d":["x","2",null]},3],"1.0":"yes"}"#
    );
    let at = |pointer: &str| {
        (
            tree.span(pointer).line,
            tree.span(pointer).column,
            tree.span(pointer).width,
        )
    };
    assert_eq!(at("/a/0/b"), (2, 8, 4));
    assert_eq!(at("/a/0/c~1d/1"), (3, 16, 3));
    assert_eq!(at("/1.0"), (5, 6, 3));
    assert_eq!(tree.key_span("/a/0/c~1d").column, 5);
    assert_eq!(at("/a/0/absent"), (2, 5, usize::MAX));
    Ok(())
}

#[test]
fn aliases_are_written_out() -> TestResult {
    assert_eq!(
        tree("a: &x {b: 1}\nc: *x\n")?.value,
        json!({"a": {"b": 1}, "c": {"b": 1}})
    );
    Ok(())
}

#[test]
fn json_is_read() -> TestResult {
    let text = "{\n\t\"a\": [1, 2.50, \"\\u00e9\", {\"b\": null}],\n\t\"c\": true\n}\n";
    assert_eq!(
        tree(text)?.value,
        serde_json::from_str::<serde_json::Value>(text)?
    );
    Ok(())
}

#[test]
fn what_readers_disagree_about_is_refused() {
    assert_eq!(
        codes("a: 1\nb: 2\na: 3\nb: 4\n"),
        [Code::DuplicateKey, Code::DuplicateKey]
    );
    assert_eq!(codes("1.0: a\n'1.0': b\n"), [Code::DuplicateKey]);
    assert_eq!(codes("? [a]\n: 1\n: 2\n"), [Code::KeyNotText, Code::KeyNotText]);
    assert_eq!(codes("a: 1\n---\nb: 2\n"), [Code::SeveralDocuments]);
    assert_eq!(codes("a: !secret b\n"), [Code::UnsupportedYaml]);
    assert_eq!(codes("a: &x {b: 1}\nc:\n  <<: *x\n"), [Code::UnsupportedYaml]);
    assert_eq!(codes("a: &x [*x]\n"), [Code::UnsupportedYaml]);
    assert_eq!(codes("a:\n\tb: 1\n"), [Code::Syntax]);
    assert_eq!(codes(b"a: \xff\n"), [Code::NotUtf8]);
}

#[test]
fn an_alias_bomb_ends_at_the_bound() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..30 {
        let before = vec![format!("*a{}", i - 1); 10].join(", ");
        bomb.push_str(&format!("a{i}: &a{i} [{before}]\n"));
    }
    quickly(|| assert_eq!(codes(&bomb), [Code::TooManyNodes]));
}

#[test]
fn depth_behind_aliases_counts() {
    let mut text = "a0: &a0 [x]\n".to_owned();
    for i in 1..=MAX_NESTING {
        text.push_str(&format!("a{i}: &a{i} [*a{}]\n", i - 1));
    }
    assert_eq!(codes(&text), [Code::TooDeep]);
}

#[test]
fn deep_nesting_ends_at_the_bound() {
    for unit in ["[", "{a: ", "- ", "? ", "{? ", "&a [", "!!seq ["] {
        let code = codes(unit.repeat(1 << 20));
        quickly(|| {
            assert!(
                matches!(code[..], [Code::TooDeep | Code::Syntax]),
                "{unit}: {code:?}"
            )
        });
    }
}

#[test]
fn many_values_end_at_the_bound() {
    quickly(|| assert_eq!(codes("- 1\n".repeat(MAX_NODES + 1)), [Code::TooManyNodes]));
}

#[test]
fn ten_megabytes_of_garbage_end_quickly() {
    let garbage = [
        "\u{0}",
        "\t",
        " ",
        "\n",
        "'",
        "\"",
        "\\",
        "|",
        ">\n",
        "#",
        "%",
        "@",
        "`",
        "&a ",
        "*a ",
        "!a ",
        "a: ",
        "a",
        ": ",
        "- - ",
        "? ",
        ", ",
        "]",
        "}",
        "---\n",
        "...\n",
        "\"\\u0041",
        "é",
        "\u{feff}",
        "a:\n",
        "\r",
        "%TAG ! a\n",
        "- &a\n",
        "a\n\n",
        "[,",
        "[a: ",
        "{a, ",
    ];
    for unit in garbage {
        let text = unit.repeat((10 << 20) / unit.len());
        quickly(|| drop(codes(&text)));
    }
}

fn quickly(run: impl FnOnce()) {
    let start = Instant::now();
    run();
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "took {:?}",
        start.elapsed()
    );
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read("f.yaml", &bytes);
    }

    #[test]
    fn random_yaml_never_panics(parts in prop::collection::vec(prop::sample::select(vec![
        "a", ": ", "- ", "? ", "[", "]", "{", "}", ",", "\n", "  ", "\t", "'", "\"", "|", ">", "#", "&a", "*a", "!t", "---",
        "...", "%YAML 1.2", "<<", "\\", "1.0", "~", "\r\n", "é", "\u{85}", "|2-\n", "\u{0}", "!!str ", "!<", "%TAG !e! t:\n",
    ]), 0..60)) {
        let _ = read("f.yaml", parts.concat().as_bytes());
    }

    #[test]
    fn json_is_read_as_json(value in json_value()) {
        let text = value.to_string();
        let read = read("f.json", text.as_bytes()).map_err(|f| TestCaseError::fail(format!("{text}: {f:?}")))?;
        prop_assert_eq!(read.value, value);
    }
}

fn json_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(|b| json!(b)),
        any::<i64>().prop_map(|n| json!(n)),
        "[ -~é]{0,12}".prop_map(|s| json!(s)),
        Just(json!(null)),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
            prop::collection::hash_map("[a-z~/ ]{1,6}", inner, 0..5)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}
