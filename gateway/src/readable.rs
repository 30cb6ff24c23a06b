//! Documents as people read them, and how two of them differ.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;
use similar::{ChangeTag, TextDiff};
use sluice_transforms::value::{Member, Text, Value};

/// How many lines around a difference are shown.
const AROUND: usize = 1;
/// How long a list or an object may be to stand on one line.
const SHORT: usize = 60;
/// How long the smallest difference is looked for: after that, a larger one will do.
const PATIENCE: Duration = Duration::from_millis(500);

/// A document over several lines: every key, text and number as written, short lists and objects on one line.
pub(crate) fn pretty(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, 0);
    out.push('\n');
    out
}

fn write(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::List(items) if deep(value) => {
            let items = items.iter().map(|item| (None, item));
            block(out, '[', items, ']', depth);
        }
        Value::Object(object) if deep(value) || depth == 0 && !object.is_empty() => {
            let members = object
                .members()
                .iter()
                .map(|member| (Some(&member.key), &member.value));
            block(out, '{', members, '}', depth);
        }
        short => out.push_str(&spaced(short)),
    }
}

/// Whether a value needs lines of its own.
fn deep(value: &Value) -> bool {
    matches!(value, Value::List(_) | Value::Object(_)) && spaced(value).chars().count() > SHORT
}

fn block<'v>(
    out: &mut String,
    open: char,
    items: impl Iterator<Item = (Option<&'v Text>, &'v Value)>,
    close: char,
    depth: usize,
) {
    out.push(open);
    for (index, (key, value)) in items.enumerate() {
        out.push_str(if index == 0 { "\n" } else { ",\n" });
        out.push_str(&"  ".repeat(depth + 1));
        if let Some(key) = key {
            let _ = write!(out, "\"{}\": ", key.raw());
        }
        write(out, value, depth + 1);
    }
    let _ = write!(out, "\n{}{close}", "  ".repeat(depth));
}

/// A value on one line, with room to breathe.
fn spaced(value: &Value) -> String {
    match value {
        Value::List(items) => format!("[{}]", items.iter().map(spaced).collect::<Vec<_>>().join(", ")),
        Value::Object(object) => {
            let member = |member: &Member| format!("\"{}\": {}", member.key.raw(), spaced(&member.value));
            format!(
                "{{{}}}",
                object.members().iter().map(member).collect::<Vec<_>>().join(", ")
            )
        }
        other => other.to_json(),
    }
}

/// A line of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Line {
    /// What became of it.
    pub(crate) sign: Sign,
    /// The line without its end; empty for [`Sign::Skipped`].
    pub(crate) text: String,
}

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sign {
    /// It went.
    Went,
    /// It came.
    Came,
    /// It stayed: shown beside what did not.
    Stayed,
    /// Lines that stayed and are not shown.
    Skipped,
}

impl Sign {
    /// The character before the line.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Went => "-",
            Self::Came => "+",
            Self::Stayed | Self::Skipped => " ",
        }
    }
}

/// What differs between two documents, line by line. Empty when nothing differs.
pub(crate) fn compare(before: Option<&Value>, after: Option<&Value>) -> Vec<Line> {
    // A comma that comes or goes with the next line is no difference of this one.
    let lines = |value: &Value| pretty(value).replace(",\n", "\n");
    let [before, after] = [before, after].map(|value| value.map(lines).unwrap_or_default());
    let diff = TextDiff::configure()
        .timeout(PATIENCE)
        .diff_lines(before.as_str(), after.as_str());
    let mut out = Vec::new();
    for (index, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        if index > 0 {
            out.push(Line {
                sign: Sign::Skipped,
                text: String::new(),
            });
        }
        let changes = group.iter().flat_map(|op| diff.iter_changes(op));
        out.extend(changes.map(|change| Line {
            sign: match change.tag() {
                ChangeTag::Delete => Sign::Went,
                ChangeTag::Insert => Sign::Came,
                ChangeTag::Equal => Sign::Stayed,
            },
            text: change.value().trim_end().to_owned(),
        }));
    }
    out
}

/// The same as text: `-` went, `+` came.
pub(crate) fn difference(before: Option<&Value>, after: Option<&Value>) -> String {
    let mut out = String::new();
    for Line { sign, text } in compare(before, after) {
        let _ = match sign {
            Sign::Skipped => writeln!(out, "  ..."),
            sign => writeln!(out, "{} {text}", sign.text()),
        };
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use sluice_transforms::parse::parse;

    use super::*;

    fn doc(text: &str) -> Value {
        parse(text.as_bytes(), 32).unwrap()
    }

    #[test]
    fn nothing_of_a_document_is_lost() {
        let text = r#"{"a":[1.0,-0,1e400],"b\u0061":{},"c":"\u00e9","c":null}"#;
        let pretty = pretty(&doc(text));
        assert_eq!(doc(&pretty).to_json(), text);
        assert_eq!(pretty.lines().count(), 6);
    }

    #[test]
    fn a_difference_names_what_went_and_what_came() {
        let shown = difference(Some(&doc(r#"{"a":1,"b":2}"#)), Some(&doc(r#"{"a":1,"c":2}"#)));
        assert_eq!(shown, "    \"a\": 1\n-   \"b\": 2\n+   \"c\": 2\n  }\n");
        assert_eq!(difference(Some(&doc("{}")), Some(&doc("{}"))), "");
    }
}
