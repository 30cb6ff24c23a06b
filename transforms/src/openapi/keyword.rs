//! Keywords that say nothing about the kind of value: they are kept as rules, in the words of JSON Schema 2020-12.
//!
//! A rule may hold schemas (`not`, `if`, `dependentSchemas`). They stay raw; only their references are written in one
//! form, so that an exported schema can point them elsewhere.

use serde_json::{Map, Value as Json, json};

use super::reader::{Dialect, Reader, Target};
use super::{EXACT, LABEL};
use crate::pointer::Pointer;
use crate::shape::Shape;

/// How a reference in a rule is written.
pub(crate) const HOME: &str = "#/components/schemas/";

/// Keywords of the document, not of the type.
const DROPPED: [&str; 7] = ["$schema", "$id", "$anchor", "$defs", "definitions", LABEL, EXACT];

/// Whether a keyword speaks of the document, not of the type.
pub(super) fn is_dropped(keyword: &str) -> bool {
    DROPPED.contains(&keyword)
}

/// What a keyword holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Plain data.
    Data,
    /// A schema.
    Schema,
    /// A list of schemas.
    List,
    /// An object of schemas.
    Map,
}

/// What a keyword holds.
pub(crate) fn holds(keyword: &str) -> Holds {
    match keyword {
        "additionalProperties"
        | "items"
        | "not"
        | "if"
        | "then"
        | "else"
        | "contains"
        | "propertyNames"
        | "unevaluatedItems"
        | "unevaluatedProperties"
        | "contentSchema" => Holds::Schema,
        "allOf" | "anyOf" | "oneOf" | "prefixItems" => Holds::List,
        "properties" | "patternProperties" | "dependentSchemas" => Holds::Map,
        _ => Holds::Data,
    }
}

impl<'d> Reader<'d> {
    /// The rules of a schema: every keyword but those that its kind says already.
    pub(super) fn rules(
        &mut self,
        at: &Pointer,
        schema: &'d Map<String, Json>,
        said: &[&str],
    ) -> Map<String, Json> {
        let kept = schema
            .iter()
            .filter(|(k, _)| !said.contains(&k.as_str()) && !is_dropped(k));
        let mut rules: Map<String, Json> = Map::new();
        for (keyword, value) in kept {
            let value = self.rule(&at.child(keyword), keyword, value);
            rules.insert(keyword.clone(), value);
        }
        if self.dialect == Dialect::V30 {
            modernise(&mut rules);
        }
        rules
    }

    /// Notes a fault if a keyword's value cannot be its value.
    pub(super) fn check(&mut self, at: &Pointer, keyword: &str, value: &Json) {
        if let Some(expected) = misfit(keyword, value, self.dialect) {
            self.fault(at, format!("`{keyword}` must be {expected}"), None);
        }
    }

    fn rule(&mut self, at: &Pointer, keyword: &str, value: &'d Json) -> Json {
        self.check(at, keyword, value);
        match (holds(keyword), value) {
            (Holds::Schema, _) => self.raw(at, value),
            (Holds::List, Json::Array(items)) => {
                let raw = |(i, item): (usize, &'d Json)| self.raw(&at.child(&i.to_string()), item);
                Json::Array(items.iter().enumerate().map(raw).collect())
            }
            (Holds::Map, Json::Object(map)) => Json::Object(
                map.iter()
                    .map(|(name, schema)| (name.clone(), self.raw(&at.child(name), schema)))
                    .collect(),
            ),
            _ => value.clone(),
        }
    }

    /// A schema that stays raw.
    pub(super) fn raw(&mut self, at: &Pointer, schema: &'d Json) -> Json {
        let mut raw = schema.clone();
        // The bound on depth is kept where shapes are made; here the shape only carries the raw schema out.
        self.deeper(at, |reader| {
            raw = reader.raw_within(at, schema);
            Shape::any()
        });
        raw
    }

    fn raw_within(&mut self, at: &Pointer, schema: &'d Json) -> Json {
        let Json::Object(map) = schema else {
            if !schema.is_boolean() {
                self.fault(at, "a schema must be an object, true or false", None);
            }
            return schema.clone();
        };
        let mut rules = self.rules(at, map, &["$ref"]);
        if let Some(reference) = map.get("$ref") {
            match self.target(at, reference) {
                Some(Target::Named(name)) => {
                    rules.insert("$ref".to_owned(), Json::String(reference_to(HOME, &name)));
                }
                Some(Target::Place(..)) => {
                    let hint = "give what it leads to a name under components/schemas";
                    self.fault(at, "here a reference must lead to a named type", Some(hint));
                }
                None => {}
            }
        }
        Json::Object(rules)
    }
}

/// The reference to a named type.
pub(crate) fn reference_to(home: &str, name: &str) -> String {
    let mut out = home.to_owned();
    for c in Pointer::of([name]).to_string().chars().skip(1) {
        // A fragment may hold these as they are (RFC 3986, 3.5); the rest is written in percent.
        if c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@/?".contains(c) {
            out.push(c);
        } else {
            let mut buffer = [0; 4];
            for byte in c.encode_utf8(&mut buffer).bytes() {
                out.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    out
}

/// Says in 2020-12 what 3.0 says in its own words.
fn modernise(rules: &mut Map<String, Json>) {
    for (exclusive, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        if let Some(Json::Bool(strict)) = rules.get(exclusive) {
            let strict = *strict;
            rules.remove(exclusive);
            if let Some(value) = rules.remove(bound) {
                let keyword = if strict { exclusive } else { bound };
                rules.insert(keyword.to_owned(), value);
            }
        }
    }
    if rules.remove("nullable") == Some(Json::Bool(true))
        && let Some(kind) = rules.get_mut("type").filter(|t| t.is_string())
    {
        *kind = json!([kind.clone(), "null"]);
    }
}

/// What a keyword's value must be, if it is not.
fn misfit(keyword: &str, value: &Json, dialect: Dialect) -> Option<&'static str> {
    let (good, expected) = match keyword {
        "exclusiveMinimum" | "exclusiveMaximum" if dialect == Dialect::V30 => {
            (value.is_boolean(), "true or false")
        }
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => {
            (value.is_number(), "a number")
        }
        "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties"
        | "minContains" | "maxContains" => (is_count(value), "a whole number from 0"),
        "pattern" | "format" | "title" | "description" => (value.is_string(), "a text"),
        "uniqueItems" | "readOnly" | "writeOnly" | "deprecated" => (value.is_boolean(), "true or false"),
        "enum" => (value.is_array(), "a list"),
        "type" => (is_type(value), "the name of a type, or a list of names"),
        "required" => (is_texts(value), "a list of texts"),
        "$dynamicRef" | "$recursiveRef" => (false, "left out: only `$ref` is supported"),
        _ if holds(keyword) == Holds::List => (is_some_list(value), "a list that is not empty"),
        _ if holds(keyword) == Holds::Map => (value.is_object(), "an object"),
        _ => return None,
    };
    (!good).then_some(expected)
}

fn is_count(value: &Json) -> bool {
    value.as_f64().is_some_and(|n| n >= 0.0 && n.fract() == 0.0)
}

fn is_texts(value: &Json) -> bool {
    value.as_array().is_some_and(|l| l.iter().all(Json::is_string))
}

fn is_some_list(value: &Json) -> bool {
    value.as_array().is_some_and(|l| !l.is_empty())
}

fn is_type(value: &Json) -> bool {
    let known = |v: &Json| {
        v.as_str().is_some_and(|name| {
            [
                "null", "boolean", "object", "array", "number", "string", "integer",
            ]
            .contains(&name)
        })
    };
    known(value) || is_some_list(value) && value.as_array().is_some_and(|l| l.iter().all(known))
}
