//! The body of errors: its slots.

use serde_json::Value;

use super::versions;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{ErrorsPlan, Piece, Slot, Template, VersionPlan};
use crate::raw::RawErrors;
use crate::suggest;
use crate::yaml::{Tree, push_index, push_key};

/// Judges the shape of errors.
pub(super) fn build(
    tree: &Tree,
    raw: &RawErrors,
    versions: &[VersionPlan],
    has_document: bool,
    faults: &mut Vec<Diagnostic>,
) -> Option<ErrorsPlan> {
    let version = versions::find(tree, "/errors/version", &raw.version, versions, faults);
    for (key, named) in [("type", &raw.error_type), ("pointers", &raw.pointers)] {
        if named.is_some() && !has_document {
            let message = "a type is named, and the API has no document that has it";
            faults.push(
                tree.fault(Code::NoDocument, &format!("/errors/{key}"), message)
                    .hint("name the `document`"),
            );
        }
    }
    let body = template(tree, &mut "/errors/body".to_owned(), &raw.body, faults);
    let (error_type, pointers) = (raw.error_type.clone(), raw.pointers.clone());
    Some(ErrorsPlan {
        version: version?,
        error_type,
        pointers,
        body: body?,
    })
}

fn template(
    tree: &Tree,
    pointer: &mut String,
    value: &Value,
    faults: &mut Vec<Diagnostic>,
) -> Option<Template> {
    let length = pointer.len();
    match value {
        Value::String(text) => text_template(tree, pointer, text, faults),
        Value::Array(items) => {
            let items = items.iter().enumerate().map(|(i, item)| {
                push_index(pointer, i);
                let built = template(tree, pointer, item, faults);
                pointer.truncate(length);
                built
            });
            items
                .collect::<Vec<_>>()
                .into_iter()
                .collect::<Option<_>>()
                .map(Template::List)
        }
        Value::Object(members) => {
            let members = members.iter().map(|(key, member)| {
                push_key(pointer, key);
                let built = template(tree, pointer, member, faults);
                pointer.truncate(length);
                Some((key.clone(), built?))
            });
            members
                .collect::<Vec<_>>()
                .into_iter()
                .collect::<Option<_>>()
                .map(Template::Object)
        }
        fixed => Some(Template::Fixed(fixed.clone())),
    }
}

fn text_template(tree: &Tree, pointer: &str, text: &str, faults: &mut Vec<Diagnostic>) -> Option<Template> {
    match pieces(text) {
        Ok(pieces) => Some(match pieces.as_slice() {
            [] => Template::Fixed(Value::String(String::new())),
            [Piece::Text(text)] => Template::Fixed(Value::String(text.clone())),
            [Piece::Slot(slot)] => Template::Slot(*slot),
            _ => Template::Text(pieces),
        }),
        Err(name) => {
            let known = Slot::ALL.iter().map(|(name, _)| *name);
            let (message, hint) = match name {
                Some(name) => (
                    format!("there is no slot `{{{name}}}`"),
                    suggest::or_list(&name, known),
                ),
                None => (
                    "a brace has no partner".to_owned(),
                    Some("write `{{` and `}}` for the braces themselves".into()),
                ),
            };
            faults.push(tree.fault(Code::BadTemplate, pointer, message).hint_if(hint));
            None
        }
    }
}

/// Takes a text apart. Fails with the name of an unknown slot, or without one at a lone brace.
fn pieces(text: &str) -> Result<Vec<Piece>, Option<String>> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, after) = rest.split_at(at);
        plain.push_str(before);
        if after.starts_with("{{") || after.starts_with("}}") {
            plain.push_str(&after[..1]);
            rest = &after[2..];
            continue;
        }
        let end = after.find('}').filter(|_| after.starts_with('{')).ok_or(None)?;
        if !plain.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
        }
        pieces.push(Piece::Slot(slot(&after[1..end])?));
        rest = &after[end + 1..];
    }
    plain.push_str(rest);
    pieces.extend((!plain.is_empty()).then_some(Piece::Text(plain)));
    Ok(pieces)
}

fn slot(name: &str) -> Result<Slot, Option<String>> {
    let found = Slot::ALL.iter().find(|(known, _)| *known == name);
    found
        .map(|(_, slot)| *slot)
        .ok_or_else(|| Some(suggest::shorten(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_taken_apart() {
        assert_eq!(pieces("{code}"), Ok(vec![Piece::Slot(Slot::Code)]));
        let text = |text: &str| Piece::Text(text.to_owned());
        assert_eq!(
            pieces("a {{b}} {status}!"),
            Ok(vec![text("a {b} "), Piece::Slot(Slot::Status), text("!")])
        );
        assert_eq!(pieces("{kode}"), Err(Some("kode".to_owned())));
        assert_eq!(pieces("a } b"), Err(None));
        assert_eq!(pieces("a { b"), Err(None));
    }
}
