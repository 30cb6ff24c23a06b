//! Whether a value fits a shape, as far as the generator must know: which of several alternatives hold, and whether an
//! edit broke something. The judge of documents is JSON Schema; this one lets through what it does not understand.

use std::collections::HashSet;

use serde_json::{Map, Value as Json};

use super::{count, number, text};
use crate::shape::{Field, Kind, Shape, Types};
use crate::value::{Object, Value};

/// How deep is looked.
const FUEL: usize = 64;

/// Whether the value fits.
pub(crate) fn admits(shape: &Shape, types: &Types, value: &Value) -> bool {
    admits_within(shape, types, value, FUEL)
}

fn admits_within(shape: &Shape, types: &Types, value: &Value, fuel: usize) -> bool {
    let resolved = shape.resolve(types);
    if fuel == 0 || matches!(value, Value::Null) && (shape.nullable || resolved.nullable) {
        return true;
    }
    let rules = &resolved.rules;
    if !is_listed(rules, value) {
        return false;
    }
    match (&resolved.kind, value) {
        (Kind::Any | Kind::Ref(_), _) => fits_type(rules, value),
        (Kind::Text, Value::Text(t)) => text::fits(rules, &t.decoded()),
        (Kind::Integer, Value::Number(n)) => number::fits(rules, true, n.raw()),
        (Kind::Number, Value::Number(n)) => number::fits(rules, false, n.raw()),
        (Kind::Boolean, Value::Bool(_)) => true,
        (Kind::List(inner), Value::List(items)) => {
            in_bounds(rules, "minItems", "maxItems", items.len())
                && (!is_unique(rules) || all_differ(items))
                && items.iter().all(|v| admits_within(inner, types, v, fuel - 1))
        }
        (Kind::Map(inner), Value::Object(object)) => {
            in_bounds(rules, "minProperties", "maxProperties", object.members().len())
                && object
                    .members()
                    .iter()
                    .all(|m| admits_within(inner, types, &m.value, fuel - 1))
        }
        (Kind::Object { fields, open }, Value::Object(object)) => {
            in_bounds(rules, "minProperties", "maxProperties", object.members().len())
                && fields.iter().all(|f| admits_field(f, object, types, fuel))
                && (*open
                    || object
                        .members()
                        .iter()
                        .all(|m| fields.iter().any(|f| m.key.is(&f.name))))
        }
        (Kind::OneOf(shapes), _) => {
            let holding = shapes
                .iter()
                .filter(|s| admits_within(s, types, value, fuel - 1))
                .count();
            fits_type(rules, value)
                && if is_any_of(rules) {
                    holding > 0
                } else {
                    holding == 1
                }
        }
        _ => false,
    }
}

fn admits_field(field: &Field, object: &Object, types: &Types, fuel: usize) -> bool {
    match object.get(&field.name) {
        Some(value) => admits_within(&field.shape, types, value, fuel - 1),
        None => !field.required,
    }
}

/// Whether the alternatives may hold together.
pub(super) fn is_any_of(rules: &Map<String, Json>) -> bool {
    rules.get(crate::openapi::ANY_OF) == Some(&Json::Bool(true))
}

/// Whether no two items may be equal.
pub(super) fn is_unique(rules: &Map<String, Json>) -> bool {
    rules.get("uniqueItems") == Some(&Json::Bool(true))
}

fn all_differ(items: &[Value]) -> bool {
    let mut seen = HashSet::with_capacity(items.len());
    items.iter().all(|item| seen.insert(item))
}

fn in_bounds(rules: &Map<String, Json>, min: &str, max: &str, length: usize) -> bool {
    count(rules, min).is_none_or(|min| length >= min) && count(rules, max).is_none_or(|max| length <= max)
}

fn is_listed(rules: &Map<String, Json>, value: &Value) -> bool {
    let is = |json: &Json| Value::from_serde(json) == *value;
    let listed = rules.get("enum").and_then(Json::as_array);
    listed.is_none_or(|l| l.iter().any(is)) && rules.get("const").is_none_or(is)
}

fn fits_type(rules: &Map<String, Json>, value: &Value) -> bool {
    let fits = |name: &Json| match (name.as_str(), value) {
        (Some("null"), v) => matches!(v, Value::Null),
        (Some("boolean"), v) => matches!(v, Value::Bool(_)),
        (Some("string"), v) => matches!(v, Value::Text(_)),
        (Some("array"), v) => matches!(v, Value::List(_)),
        (Some("object"), v) => matches!(v, Value::Object(_)),
        (Some("number"), v) => matches!(v, Value::Number(_)),
        (Some("integer"), Value::Number(n)) => number::fits(&Map::new(), true, n.raw()),
        _ => false,
    };
    match rules.get("type") {
        Some(Json::Array(names)) => names.iter().any(fits),
        Some(name) => fits(name),
        None => true,
    }
}
