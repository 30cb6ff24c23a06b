//! A document to begin with: made of the type, by its own examples where it has any.

use sluice_config::plan::ApiPlan;
use sluice_transforms::contract::Contract;
use sluice_transforms::generate::Generator;
use sluice_transforms::shape::{Kind, Shape};
use sluice_transforms::value::{Member, Object, Value};

use super::carry::{Asked, play};
use super::subject::Subject;
use crate::readable::pretty;

/// How deep an example goes.
const DEEP: usize = 8;
/// Which documents are made where a type has no examples.
const SEED: u64 = 1;

/// An example in a version: one of the origin's, carried there; where that does not go, one of the version's own type.
/// Empty where nothing is known of the type.
pub(super) fn example(api: &ApiPlan, subject: &Subject, version: &str, depth: usize) -> String {
    let origin = api.lineage.origin();
    let Some(text) = made(api, subject, origin) else {
        return String::new();
    };
    if version == origin {
        return text;
    }
    let asked = Asked {
        subject: subject.clone(),
        from: origin.to_owned(),
        to: version.to_owned(),
        text,
    };
    let carried = play(api, &asked, depth).document;
    carried
        .or_else(|| made(api, subject, version))
        .unwrap_or_default()
}

fn made(api: &ApiPlan, subject: &Subject, version: &str) -> Option<String> {
    let contract = api.lineage.contract(version)?;
    let shape = subject.shape(contract)?;
    Some(pretty(&value(&shape, contract, DEEP)))
}

fn value(shape: &Shape, contract: &Contract, deep: usize) -> Value {
    let said = ["examples", "enum"]
        .iter()
        .filter_map(|rule| shape.rules.get(*rule)?.get(0));
    let said = ["example", "const", "default"]
        .iter()
        .filter_map(|rule| shape.rules.get(*rule))
        .chain(said)
        .next();
    if let Some(said) = said {
        return Value::from_serde(said);
    }
    let inner = |shape: &Shape| value(shape, contract, deep.saturating_sub(1));
    match &shape.kind {
        _ if deep == 0 => Value::Null,
        Kind::Ref(name) => contract.types.get(name).map_or(Value::Null, inner),
        Kind::Object { fields, .. } => Value::Object(Object::new(
            fields
                .iter()
                .map(|field| Member::own(&field.name, inner(&field.shape)))
                .collect(),
        )),
        Kind::List(item) => Value::List(vec![inner(item)]),
        Kind::OneOf(choices) => choices.first().map_or(Value::Null, inner),
        Kind::Any => Value::text("anything"),
        Kind::Text if shape.rules.is_empty() => Value::text("text"),
        Kind::Text if shape.rules.keys().all(|rule| rule == "description") => Value::text("text"),
        Kind::Integer | Kind::Number if !shape.rules.contains_key("minimum") => Value::number("1"),
        _ => Generator::new(SEED).document(shape, &contract.types),
    }
}
