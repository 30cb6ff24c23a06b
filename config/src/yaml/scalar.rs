//! What a plain scalar means: YAML 1.2's core schema, narrowed to what JSON can say.
//!
//! Numbers keep the text they were written with, so `1.10` can be told from `1.1`. What the core
//! schema reads as a number and JSON cannot write (`0x1F`, `007`, `.inf`, `+1`) stays text, and so
//! do YAML 1.1's `yes`, `no`, `on` and `off`: a country's code is no truth value.

use serde_json::Value;

/// The value of a plain scalar.
pub(super) fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).unwrap_or_else(|| Value::String(text.to_owned())),
    }
}

fn number(text: &str) -> Option<Value> {
    // Cheaper than the parser for what begins like a word; and `serde_json` alone knows the grammar.
    let first = *text.as_bytes().first()?;
    if !(first == b'-' || first.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().map(Value::Number)
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn numbers_keep_their_text() {
        for text in ["1", "1.0", "1.10", "-0", "12345678901234567890123"] {
            assert!(plain(text).is_number(), "{text}");
            assert_eq!(plain(text).to_string(), text);
        }
    }

    #[test]
    fn what_only_looks_like_a_number_is_text() {
        for text in [
            "0x1F",
            "007",
            ".5",
            "+1",
            ".inf",
            "1_000",
            "2024-01-01",
            "no",
            "on",
            "-",
            "1 ",
        ] {
            assert!(plain(text).is_string(), "{text}");
        }
    }
}
