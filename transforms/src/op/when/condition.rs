//! Which way a document goes: a test of the value at one place, and what a type says about it.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;

use crate::op::entry::{SettingsFault, pointer};
use crate::pointer::Pointer;
use crate::shape::{Field, Kind, Shape, Types};
use crate::value::Value;

/// A condition on one side: a place and one of `equals`, `in`, `present` and `kind`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConditionSettings {
    /// The place that decides, as a JSON Pointer.
    pub at: String,
    /// It must equal this value.
    #[serde(default, deserialize_with = "given")]
    pub equals: Option<Json>,
    /// It must equal one of these values.
    #[serde(default, rename = "in")]
    pub one_of: Option<Vec<Json>>,
    /// It must be there, or must not.
    #[serde(default)]
    pub present: Option<bool>,
    /// It must be of this kind.
    #[serde(default)]
    pub kind: Option<KindName>,
}

/// Kinds of JSON values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KindName {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// A number.
    Number,
    /// A string.
    Text,
    /// An array.
    List,
    /// An object.
    Object,
}

/// `equals: null` is a value, not an absent setting.
pub(super) fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(from).map(Some)
}

#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub(super) at: Pointer,
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    In(Vec<Value>),
    Present(bool),
    Kind(KindName),
}

impl Condition {
    pub(super) fn new(settings: ConditionSettings, setting: &str) -> Result<Self, SettingsFault> {
        let at = pointer(&settings.at, &format!("{setting}/at"))?;
        let tests = [
            settings.equals.map(|v| Test::In(vec![Value::from_serde(&v)])),
            settings
                .one_of
                .map(|all| Test::In(all.iter().map(Value::from_serde).collect())),
            settings.present.map(Test::Present),
            settings.kind.map(Test::Kind),
        ];
        let mut tests = tests.into_iter().flatten();
        match (tests.next(), tests.next()) {
            (Some(test), None) => Ok(Self { at, test }),
            _ => Err(SettingsFault::new(
                setting,
                "give one of `equals`, `in`, `present` and `kind`",
            )),
        }
    }

    pub(super) fn holds(&self, doc: &Value) -> bool {
        let value = self.at.look(doc);
        match &self.test {
            Test::In(values) => value.is_some_and(|v| values.contains(v)),
            Test::Present(wanted) => value.is_some() == *wanted,
            Test::Kind(kind) => value.is_some_and(|v| kind_of(v) == *kind),
        }
    }

    /// Leaves out of a type what documents that go this way do not have. A type says less than the condition where it
    /// has no word for it.
    pub(super) fn assume(&self, holds: bool, shape: &mut Shape, types: &Types) {
        match &self.test {
            Test::Present(wanted) if holds != *wanted => {
                let required = |field: &Field| field.required;
                let mut without = shape.clone();
                if let Ok(Some((_, field))) = without.take_field(&self.at, types)
                    && !required(&field)
                {
                    *shape = without;
                }
            }
            Test::Kind(kind) => {
                if let Ok(Some(place)) = shape.at_mut(&self.at, types) {
                    keep_kind(place, *kind, holds);
                }
            }
            _ => {}
        }
    }

    /// What a type says about the condition. Among alternatives, a member that one does not know is absent from it.
    pub(super) fn decided(&self, shape: &Shape, types: &Types, alternative: bool) -> Option<bool> {
        let unknown = alternative && shape.knows(&self.at, types) == crate::shape::Known::No;
        let place = shape.at(&self.at, types).map(|s| s.resolve(types));
        match (&self.test, place) {
            (Test::Present(wanted), None) if unknown => Some(!wanted),
            (_, None) if unknown => Some(false),
            (Test::In(values), Some(place)) => decided_by_values(values, place),
            (Test::Kind(kind), Some(place)) if !place.nullable => {
                kind_of_type(&place.kind).map(|k| k == *kind)
            }
            _ => None,
        }
    }
}

fn decided_by_values(values: &[Value], place: &Shape) -> Option<bool> {
    let constant = place.rules.get("const").map(std::slice::from_ref);
    let listed = place
        .rules
        .get("enum")
        .and_then(Json::as_array)
        .map(Vec::as_slice);
    let allowed = constant.or(listed)?;
    let hits = allowed
        .iter()
        .filter(|v| values.contains(&Value::from_serde(v)))
        .count();
    match hits {
        0 => Some(false),
        n if n == allowed.len() && !place.nullable => Some(true),
        _ => None,
    }
}

fn kind_of(value: &Value) -> KindName {
    match value {
        Value::Null => KindName::Null,
        Value::Bool(_) => KindName::Boolean,
        Value::Number(_) => KindName::Number,
        Value::Text(_) => KindName::Text,
        Value::List(_) => KindName::List,
        Value::Object(_) => KindName::Object,
    }
}

fn kind_of_type(kind: &Kind) -> Option<KindName> {
    Some(match kind {
        Kind::Text => KindName::Text,
        Kind::Integer | Kind::Number => KindName::Number,
        Kind::Boolean => KindName::Boolean,
        Kind::List(_) => KindName::List,
        Kind::Object { .. } | Kind::Map(_) => KindName::Object,
        Kind::Any | Kind::Ref(_) | Kind::OneOf(_) => return None,
    })
}

/// Of several kinds of value, leaves only those that the test lets through.
fn keep_kind(place: &mut Shape, kind: KindName, holds: bool) {
    let Kind::OneOf(alternatives) = &mut place.kind else {
        return;
    };
    let fits = |shape: &Shape| kind_of_type(&shape.kind).is_none_or(|k| (k == kind) == holds);
    if alternatives.iter().filter(|s| fits(s)).count() > 1 {
        alternatives.retain(fits);
    } else if let Some(only) = alternatives.iter().position(fits) {
        let only = alternatives.swap_remove(only);
        *place = Shape {
            nullable: place.nullable || only.nullable,
            ..only
        };
    }
}
