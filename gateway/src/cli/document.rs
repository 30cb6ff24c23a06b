//! Documents as people read them, and how two of them differ.

use std::fmt::Write as _;
use std::path::Path;

use similar::{ChangeTag, TextDiff};
use sluice_transforms::parse::parse;
use sluice_transforms::value::{Text, Value};

use super::Failure;

/// How many lines around a difference are shown.
const AROUND: usize = 1;
/// How long a list or an object may be to stand on one line.
const SHORT: usize = 60;

/// Reads a document from a file; `-` is standard input.
pub(super) fn read(file: &Path, depth: usize) -> Result<Value, Failure> {
    let bytes = bytes(file)?;
    parse(&bytes, depth).map_err(|fault| Failure::new(format!("{}: {fault}", file.display())))
}

/// The bytes of a file; `-` is standard input.
pub(super) fn bytes(file: &Path) -> Result<Vec<u8>, Failure> {
    let read = if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut bytes).map(|_| bytes)
    } else {
        std::fs::read(file)
    };
    read.map_err(|error| Failure::new(format!("{}: {error}", file.display())))
}

/// A document over several lines: every key, text and number as written, short lists and objects on one line.
pub(super) fn pretty(value: &Value) -> String {
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
            let member = |member: &sluice_transforms::value::Member| {
                format!("\"{}\": {}", member.key.raw(), spaced(&member.value))
            };
            format!(
                "{{{}}}",
                object.members().iter().map(member).collect::<Vec<_>>().join(", ")
            )
        }
        other => other.to_json(),
    }
}

/// What differs between two documents, line by line: `-` went, `+` came. Empty when nothing differs.
pub(super) fn difference(before: Option<&Value>, after: Option<&Value>) -> String {
    // A comma that comes or goes with the next line is no difference of this one.
    let lines = |value: &Value| pretty(value).replace(",\n", "\n");
    let [before, after] = [before, after].map(|value| value.map(lines).unwrap_or_default());
    let diff = TextDiff::from_lines(&before, &after);
    let mut out = String::new();
    for (index, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        if index > 0 {
            out.push_str("  ...\n");
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            let _ = writeln!(out, "{sign} {}", change.value().trim_end());
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
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
