//! What becomes of the rules of a type (JSON Schema keywords) when its values are rewritten: rules that list values
//! are rewritten with them, rules about a value's form hold on one side only and go.

use serde_json::{Map, Value as Json};

use crate::fault::Fault;
use crate::pointer::Pointer;
use crate::shape::{Kind, Shape, TypeFault, TypeFaultKind};
use crate::value::Value;

/// Keywords about how a value is written or how large it is.
const FORM: &[&str] = &[
    "pattern",
    "minLength",
    "maxLength",
    "format",
    "contentEncoding",
    "contentMediaType",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
];

/// Keywords whose value is a bound.
const BOUNDS: &[&str] = &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];

/// How one value is rewritten.
pub(super) type Carry<'a> = &'a dyn Fn(&Value) -> Result<Value, Fault>;

/// Drops the rules about a value's form.
pub(super) fn forget_form(shape: &mut Shape) {
    FORM.iter().for_each(|key| {
        shape.rules.shift_remove(*key);
    });
}

/// The bounds of a number, rewritten as numbers; one that cannot be rewritten is left out.
pub(super) fn bounds(shape: &Shape, carry: Carry<'_>) -> Map<String, Json> {
    let bound = |key: &&str| {
        let value = carry(&Value::from_serde(shape.rules.get(*key)?)).ok()?;
        matches!(value, Value::Number(_)).then(|| ((*key).to_owned(), json(&value)))
    };
    BOUNDS.iter().filter_map(bound).collect()
}

/// Rewrites the values that rules list. A listed value without a counterpart is a loss that must be declared.
pub(super) fn carry_values(shape: &mut Shape, carry: Carry<'_>, hint: &str) -> Result<(), TypeFault> {
    let mut lost = Vec::new();
    if let Some(Json::Array(values)) = shape.rules.get_mut("enum") {
        *values = listed(values, carry, &mut lost);
    }
    if let Some(value) = shape.rules.get_mut("const") {
        match carry(&Value::from_serde(value)) {
            Ok(other) => *value = json(&other),
            Err(_) => lost.push(value.to_string()),
        }
    }
    illustrate(shape, carry);
    if lost.is_empty() {
        return Ok(());
    }
    let message = format!("the other side has no value for {}", lost.join(", "));
    Err(TypeFault::new(TypeFaultKind::UndeclaredLoss, &Pointer::root(), message).hint(hint))
}

fn listed(values: &[Json], carry: Carry<'_>, lost: &mut Vec<String>) -> Vec<Json> {
    let mut out: Vec<Json> = Vec::with_capacity(values.len());
    for value in values {
        match carry(&Value::from_serde(value)) {
            _ if value.is_null() => add(&mut out, Json::Null),
            Ok(other) => add(&mut out, json(&other)),
            Err(_) => lost.push(value.to_string()),
        }
    }
    out
}

/// Puts a value into a list of values, once.
pub(super) fn add(values: &mut Vec<Json>, value: Json) {
    let new = Value::from_serde(&value);
    if !values.iter().any(|old| Value::from_serde(old) == new) {
        values.push(value);
    }
}

/// Examples and defaults go along where they can.
fn illustrate(shape: &mut Shape, carry: Carry<'_>) {
    for key in ["default", "example"] {
        let other = shape.rules.get(key).map(|v| carry(&Value::from_serde(v)));
        match other {
            Some(Ok(other)) => {
                shape.rules.insert(key.to_owned(), json(&other));
            }
            Some(Err(_)) => {
                shape.rules.shift_remove(key);
            }
            None => {}
        }
    }
    if let Some(Json::Array(values)) = shape.rules.get_mut("examples") {
        *values = listed(values, carry, &mut Vec::new());
    }
}

/// A value as serde_json has it.
pub(super) fn json(value: &Value) -> Json {
    serde_json::from_str(&value.to_json()).unwrap_or(Json::Null)
}

/// Whether a value is of this kind, as far as scalars go.
pub(super) fn fits(kind: &Kind, value: &Value) -> bool {
    match kind {
        Kind::Any | Kind::Ref(_) => true,
        Kind::OneOf(shapes) => shapes.iter().any(|s| fits(&s.kind, value)),
        Kind::Text => matches!(value, Value::Text(_)),
        Kind::Integer | Kind::Number => matches!(value, Value::Number(_)),
        Kind::Boolean => matches!(value, Value::Bool(_)),
        Kind::Object { .. } | Kind::Map(_) => matches!(value, Value::Object(_)),
        Kind::List(_) => matches!(value, Value::List(_)),
    }
}

/// A kind in the words of a sentence.
pub(super) fn name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Any | Kind::Ref(_) => "anything",
        Kind::Object { .. } | Kind::Map(_) => "an object",
        Kind::List(_) => "a list",
        Kind::Text => "a text",
        Kind::Integer => "an integer",
        Kind::Number => "a number",
        Kind::Boolean => "a boolean",
        Kind::OneOf(_) => "one of several types",
    }
}

/// The refusal of a kind of value that the operator does not rewrite.
pub(super) fn wrong_kind(kind: &Kind, wanted: &str) -> TypeFault {
    let message = format!("{wanted} is needed here, and the type says {}", name(kind));
    TypeFault::new(TypeFaultKind::WrongKind, &Pointer::root(), message)
}
