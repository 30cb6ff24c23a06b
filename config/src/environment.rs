//! `${NAME}` and `${NAME:-default}` in texts: values from the environment.
//!
//! A text that came from the environment stays text; where a number or a truth value is expected, the
//! structural check reads it as one. `$${` stands for the two characters `${`. Keys are not read.

use serde_json::Value;

use crate::diagnostic::{Code, Diagnostic};
use crate::suggest;
use crate::yaml::{Tree, push_index, push_key};

/// Looks a variable up. Injected, so that everything after reading the files is pure.
pub type Environment<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Puts the environment's values into a file.
pub(crate) fn substitute(tree: &mut Tree, env: &Environment<'_>, faults: &mut Vec<Diagnostic>) {
    let mut value = std::mem::take(&mut tree.value);
    walk(&mut value, &mut String::new(), tree, env, faults);
    tree.value = value;
}

fn walk(
    value: &mut Value,
    pointer: &mut String,
    tree: &mut Tree,
    env: &Environment<'_>,
    faults: &mut Vec<Diagnostic>,
) {
    let length = pointer.len();
    match value {
        Value::String(text) if text.contains("${") => match resolve(text, env) {
            Ok(resolved) => {
                tree.written
                    .insert(pointer.clone(), std::mem::replace(text, resolved));
            }
            Err(fault) => faults.push(fault.at(tree, pointer)),
        },
        Value::Array(items) => {
            for (i, item) in items.iter_mut().enumerate() {
                push_index(pointer, i);
                walk(item, pointer, tree, env, faults);
                pointer.truncate(length);
            }
        }
        Value::Object(members) => {
            for (key, member) in members.iter_mut() {
                push_key(pointer, key);
                walk(member, pointer, tree, env, faults);
                pointer.truncate(length);
            }
        }
        _ => {}
    }
}

#[derive(Debug, PartialEq)]
enum Fault {
    Missing(String),
    Unclosed,
    BadName(String),
}

impl Fault {
    fn at(self, tree: &Tree, pointer: &str) -> Diagnostic {
        let (code, message, hint) = match self {
            Fault::Missing(name) => (
                Code::EnvironmentMissing,
                format!("the variable `{name}` is not in the environment"),
                format!("set it, or give a default: `${{{name}:-default}}`"),
            ),
            Fault::Unclosed => (
                Code::EnvironmentSyntax,
                "`${` has no closing `}`".to_owned(),
                "write `$${` for the two characters themselves".to_owned(),
            ),
            Fault::BadName(name) => (
                Code::EnvironmentSyntax,
                format!("`{name}` is not the name of a variable"),
                "write `${NAME}` or `${NAME:-default}`; `$${` stands for the two characters themselves"
                    .to_owned(),
            ),
        };
        Diagnostic::new(code, &tree.file, Some(tree.span(pointer)), message).hint(hint)
    }
}

fn resolve(text: &str, env: &Environment<'_>) -> Result<String, Fault> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, after) = (&rest[..at], &rest[at + 2..]);
        if let Some(before) = before.strip_suffix('$') {
            out.push_str(before);
            out.push_str("${");
            rest = after;
            continue;
        }
        out.push_str(before);
        let end = after.find('}').ok_or(Fault::Unclosed)?;
        out.push_str(&reference(&after[..end], env)?);
        rest = &after[end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

fn reference(inside: &str, env: &Environment<'_>) -> Result<String, Fault> {
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    if !is_name(name) {
        return Err(Fault::BadName(suggest::shorten(name)));
    }
    // As in a shell, `:-` also stands in for an empty value.
    match (env(name), default) {
        (Some(value), default) if !value.is_empty() || default.is_none() => Ok(value),
        (_, Some(default)) => Ok(default.to_owned()),
        _ => Err(Fault::Missing(name.to_owned())),
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(name: &str) -> Option<String> {
        match name {
            "HOST" => Some("h".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn references_are_resolved() {
        let cases = [
            ("${HOST}:${PORT:-80}", "h:80"),
            ("${EMPTY}|${EMPTY:-x}", "|x"),
            ("$${HOST} costs $5", "${HOST} costs $5"),
            ("${PORT:-}", ""),
            ("$${${HOST}", "${h"),
        ];
        for (text, resolved) in cases {
            assert_eq!(resolve(text, &env), Ok(resolved.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_value_is_not_resolved_again() {
        assert_eq!(
            resolve("${A}", &|_| Some("${A}".to_owned())),
            Ok("${A}".to_owned())
        );
    }

    #[test]
    fn faults_are_told() {
        assert_eq!(resolve("${NONE}", &env), Err(Fault::Missing("NONE".to_owned())));
        assert_eq!(resolve("${HOST", &env), Err(Fault::Unclosed));
        assert_eq!(resolve("${a b}", &env), Err(Fault::BadName("a b".to_owned())));
    }
}
