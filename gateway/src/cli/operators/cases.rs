//! An operator's table of cases as examples: the same that the tests run.

use std::fmt::Write as _;

use serde_json::Value as Json;
use sluice_transforms::op::entry::{Entry, What};

/// Every case, under the settings that it is made with.
pub(super) fn tell(entry: &Entry) -> String {
    let mut out = String::new();
    if !entry.cases.is_empty() {
        out.push_str("\nExamples, old → new\n");
    }
    let mut shown = None;
    for case in entry.cases {
        if shown != Some(case.settings) {
            let settings = serde_json::from_str(case.settings).map_or(case.settings.to_owned(), |s| flow(&s));
            let _ = writeln!(out, "  - {}: {settings}", entry.name);
            shown = Some(case.settings);
        }
        let _ = writeln!(out, "      {}", line(&case.what));
    }
    out
}

fn line(what: &What) -> String {
    let patched = |into: &Option<&str>| {
        into.map_or("refused without what is stored".to_owned(), |patch| {
            format!("→ {patch}")
        })
    };
    match what {
        What::Both(old, new) => format!("{old} ↔ {new}"),
        What::Up(old, new) => format!("{old} → {new}"),
        What::Down(new, old) => format!("{old} ← {new}"),
        What::PutUp { stored, sent, gives } => {
            format!("stored (new) {stored}, an old client writes {sent}: {gives}")
        }
        What::PutDown { stored, sent, gives } => {
            format!("stored (old) {stored}, a new client writes {sent}: {gives}")
        }
        What::RefusedUp(old, place) => format!("{old} → refused{}", at(place)),
        What::RefusedDown(new, place) => format!("refused{} ← {new}", at(place)),
        What::Patch(old, new) => format!("patch of an old client {old} {}", patched(new)),
        What::PatchDown(new, old) => format!("patch of a new client {new} {}", patched(old)),
    }
}

fn at(place: &str) -> String {
    if place.is_empty() {
        String::new()
    } else {
        format!(" at {place}")
    }
}

/// A value as YAML on one line, as people write it in a change.
fn flow(value: &Json) -> String {
    match value {
        Json::String(text) => scalar(text),
        Json::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Json::Object(members) => {
            let member = |(key, value): (&String, &Json)| format!("{}: {}", scalar(key), flow(value));
            format!(
                "{{{}}}",
                members.iter().map(member).collect::<Vec<_>>().join(", ")
            )
        }
        other => other.to_string(),
    }
}

/// A text, in quotes unless YAML reads it as text without them.
fn scalar(text: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '.' | '$');
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let word = matches!(
        text.to_ascii_lowercase().as_str(),
        "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
    );
    if begins && !word && text.chars().all(safe) {
        text.to_owned()
    } else {
        Json::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::flow;

    #[test]
    fn settings_are_shown_as_they_are_written_in_a_change() {
        let settings = json!({"at": "/a", "map": [[true, "no"], ["A b", 1]], "text": "{n}"});
        let shown = r#"{at: /a, map: [[true, "no"], ["A b", 1]], text: "{n}"}"#;
        assert_eq!(flow(&settings), shown);
    }
}
