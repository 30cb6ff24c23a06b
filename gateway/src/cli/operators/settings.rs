//! An operator's settings in words, from their JSON Schema.

use std::fmt::Write as _;

use serde_json::Value as Json;

/// How deep settings in settings are told.
const DEEPEST: usize = 3;

/// Every setting: name, what it takes, whether it is required, and what it means.
pub(super) fn tell(schema: &Json) -> String {
    let mut out = String::new();
    Telling { root: schema }.members(&mut out, schema, 1);
    if out.is_empty() {
        out.push_str("  none\n");
    }
    out
}

struct Telling<'s> {
    /// The whole schema, which references lead into.
    root: &'s Json,
}

impl<'s> Telling<'s> {
    fn members(&self, out: &mut String, schema: &'s Json, depth: usize) {
        let required = |name: &str| {
            let names = schema.get("required").and_then(Json::as_array);
            names.is_some_and(|names| names.iter().any(|one| one == name))
        };
        let members = schema.get("properties").and_then(Json::as_object);
        for (name, member) in members.into_iter().flatten() {
            let what = self.takes(member);
            let must = if required(name) { ", required" } else { "" };
            line(out, depth, &format!("{name}: {what}{must}"));
            self.describe(out, member, depth + 1);
            let inner = self.resolve(member);
            if depth < DEEPEST {
                self.members(out, inner, depth + 1);
                self.choices(out, inner, depth + 1);
            }
        }
    }

    fn describe(&self, out: &mut String, schema: &'s Json, depth: usize) {
        let own = schema.get("description").and_then(Json::as_str);
        let told = own.or_else(|| self.resolve(schema).get("description")?.as_str());
        if let Some(text) = told {
            line(out, depth, &text.replace('\n', " "));
        }
    }

    /// Choices that have something to say for themselves.
    fn choices(&self, out: &mut String, schema: &'s Json, depth: usize) {
        for choice in list(schema, "oneOf") {
            if let Some(told) = choice.get("description").and_then(Json::as_str) {
                let text = format!("{}: {}", self.takes(choice), told.replace('\n', " "));
                line(out, depth, &text);
            }
        }
    }

    /// What stands behind references, and without the null that only says that a setting may be left out.
    fn resolve(&self, mut schema: &'s Json) -> &'s Json {
        for _ in 0..DEEPEST {
            let referred = schema
                .get("$ref")
                .and_then(Json::as_str)
                .and_then(|reference| self.root.pointer(reference.strip_prefix('#')?));
            let meant =
                || list(schema, "anyOf").find(|one| one.get("type").and_then(Json::as_str) != Some("null"));
            match referred.or_else(meant) {
                Some(next) => schema = next,
                None => break,
            }
        }
        schema
    }

    fn takes(&self, schema: &'s Json) -> String {
        let schema = self.resolve(schema);
        let named = schema.get("enum").and_then(Json::as_array);
        let choices: Vec<String> = named
            .into_iter()
            .flatten()
            .chain(schema.get("const"))
            .map(word)
            .chain(list(schema, "oneOf").map(|one| self.takes(one)))
            .collect();
        if choices.is_empty() {
            self.kind(schema)
        } else {
            choices.join(" | ")
        }
    }

    fn kind(&self, schema: &'s Json) -> String {
        let kind = schema.get("type");
        let alone = kind.and_then(Json::as_str);
        let either = kind.and_then(Json::as_array);
        let first = || either?.iter().filter_map(Json::as_str).find(|one| *one != "null");
        match alone.or_else(first) {
            Some("string") => "text".to_owned(),
            Some("integer") => "whole number".to_owned(),
            Some("number") => "number".to_owned(),
            Some("boolean") => "true | false".to_owned(),
            Some("array") => match schema.get("items").filter(|items| items.is_object()) {
                Some(items) => format!("list of {}", self.takes(items)),
                None => "list".to_owned(),
            },
            Some("object") => self.object(schema),
            _ => "any value".to_owned(),
        }
    }

    fn object(&self, schema: &'s Json) -> String {
        let members = schema.get("properties").and_then(Json::as_object);
        let names: Vec<String> = members
            .into_iter()
            .flatten()
            .map(|(name, _)| format!("{name}: …"))
            .collect();
        let others = schema.get("additionalProperties").filter(|s| s.is_object());
        match others {
            Some(values) if names.is_empty() => format!("{{NAME: {}, …}}", self.takes(values)),
            _ if names.is_empty() => "mapping".to_owned(),
            _ => format!("{{{}}}", names.join(", ")),
        }
    }
}

fn list<'s>(schema: &'s Json, key: &str) -> impl Iterator<Item = &'s Json> {
    schema.get(key).and_then(Json::as_array).into_iter().flatten()
}

fn word(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn line(out: &mut String, depth: usize, text: &str) {
    let _ = writeln!(out, "{}{text}", "  ".repeat(depth));
}
