//! JSON that decides who is let in: two readers must not see different documents in it.

use std::collections::HashSet;

use sluice_transforms::parse::parse;
use sluice_transforms::value::{Object, Value};

/// How deep such a document may nest.
const DEPTH: usize = 16;

/// An object without duplicate members, at any depth.
///
/// # Errors
/// What is wrong.
pub fn object(bytes: &[u8]) -> Result<Object, &'static str> {
    let value = parse(bytes, DEPTH).map_err(|fault| fault.what)?;
    if !unambiguous(&value) {
        return Err("a member stands twice");
    }
    match value {
        Value::Object(object) => Ok(object),
        _ => Err("it is no JSON object"),
    }
}

fn unambiguous(value: &Value) -> bool {
    match value {
        Value::List(items) => items.iter().all(unambiguous),
        Value::Object(object) => {
            let mut names = HashSet::new();
            let members = object.members();
            members
                .iter()
                .all(|m| names.insert(m.key.decoded()) && unambiguous(&m.value))
        }
        _ => true,
    }
}

/// A member is something else than its reader takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no text")]
pub struct NotText;

/// A member that is a text.
///
/// # Errors
/// It is something else.
pub fn text(object: &Object, name: &str) -> Result<Option<String>, NotText> {
    match object.get(name) {
        None => Ok(None),
        Some(value) => value.as_text().map(|text| Some(text.into_owned())).ok_or(NotText),
    }
}

/// A member that is a text or a list of texts.
///
/// # Errors
/// It is something else.
pub fn texts(object: &Object, name: &str) -> Result<Option<Vec<String>>, NotText> {
    let owned = |value: &Value| value.as_text().map(std::borrow::Cow::into_owned);
    match object.get(name) {
        None => Ok(None),
        Some(Value::List(items)) => items
            .iter()
            .map(owned)
            .collect::<Option<_>>()
            .map(Some)
            .ok_or(NotText),
        Some(value) => owned(value).map(|text| Some(vec![text])).ok_or(NotText),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_two_readers_could_see_differently_is_refused() {
        for bad in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":1}"#,
            r#"{"a":[{"b":1,"b":2}]}"#,
            "[]",
            "1",
            "",
            "{}{}",
            "\u{feff}{}",
            r#"{"a":"\ud800"}"#,
        ] {
            assert!(object(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(object("[".repeat(100_000).as_bytes()).is_err());
        assert!(object(br#" {"a":{"a":1},"b":[1,"a"]} "#).is_ok());
    }
}
