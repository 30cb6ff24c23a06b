//! What a check takes for the same: null and absence where a type allows both, and what steps declare as alike.

use crate::pointer::Pointer;
use crate::shape::{Kind, Shape, Types};
use crate::value::Value;

/// Every place of a type in a document, `*` for elements; recursive types a few levels deep.
pub(super) fn occurrences(shape: &Shape, types: &Types, label: &str, at: &Pointer, found: &mut Vec<Pointer>) {
    if at.names().len() > 12 {
        return;
    }
    if shape.label(types) == Some(label) {
        found.push(at.clone());
    }
    match &shape.resolve(types).kind {
        Kind::Object { fields, .. } => fields
            .iter()
            .for_each(|f| occurrences(&f.shape, types, label, &at.child(&f.name), found)),
        Kind::List(inner) | Kind::Map(inner) => occurrences(inner, types, label, &at.child("*"), found),
        Kind::OneOf(shapes) => shapes
            .iter()
            .for_each(|s| occurrences(s, types, label, at, found)),
        _ => {}
    }
}

/// Makes the value at a place the same in every document that has one there.
pub(super) fn forget(value: &mut Value, names: &[String]) {
    let Some((name, rest)) = names.split_first() else {
        *value = Value::Null;
        return;
    };
    match value {
        Value::Object(object) if name == "*" => object
            .members_mut()
            .iter_mut()
            .for_each(|m| forget(&mut m.value, rest)),
        Value::Object(object) => object.get_mut(name).into_iter().for_each(|v| forget(v, rest)),
        Value::List(items) => items.iter_mut().for_each(|item| forget(item, rest)),
        _ => {}
    }
}

/// The document without the nulls that mean absence.
pub(super) fn bare(value: &Value, shape: &Shape, types: &Types) -> Value {
    let mut value = value.clone();
    strip(&mut value, shape, types);
    value
}

fn strip(value: &mut Value, shape: &Shape, types: &Types) {
    let shape = shape.resolve(types);
    match value {
        Value::Object(object) => object.members_mut().retain_mut(|member| {
            let Some(child) = shape.child(&member.key.decoded(), types) else {
                return true;
            };
            strip(&mut member.value, child, types);
            !(matches!(member.value, Value::Null) && (child.nullable || child.resolve(types).nullable))
        }),
        Value::List(items) => items.iter_mut().for_each(|item| {
            if let Some(child) = shape.child("*", types) {
                strip(item, child, types);
            }
        }),
        _ => {}
    }
}
