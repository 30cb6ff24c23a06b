//! `constant`: a member that one side always has, with one value.
//!
//! `constant: {at: /object, value: customer, side: old}` — the old version says `"object": "customer"`, the new one says
//! nothing. What a client of that side sends there must be the same value, unless `sent: ignore`; leaving it out is
//! allowed. It stands wherever the object that holds it stands: where that is absent, so is the constant.
//!
//! Loses nothing, since the value is always the same.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::add::insert;
use super::entry::{Case, Entry, Files, SettingsFault, What, pointer, schema, settings};
use super::relocate::take;
use super::rules::{fits, json};
use super::scalar::one_place;
use super::{Direction, Operator, Pair, Side, Site, Stored};
use crate::contract::Purpose;
use crate::fault::{Fault, FaultKind};
use crate::pointer::Pointer;
use crate::shape::{Field, Kind, Shape, TypeFault, TypeFaultKind, Types};
use crate::value::{Member, Value};

/// Settings of `constant`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the member stands, as a JSON Pointer.
    pub at: String,
    /// Its value.
    pub value: Json,
    /// The side that has it.
    pub side: Side,
    /// What happens to a value that a client of that side sends.
    #[serde(default)]
    pub sent: Sent,
    /// Whether clients of that side must send it.
    #[serde(default)]
    pub required: bool,
}

/// What happens to a constant that a client sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sent {
    /// It must have the value.
    #[default]
    Check,
    /// It is not looked at.
    Ignore,
}

const OBJECT: &str = r#"{"at": "/object", "value": "customer", "side": "old"}"#;
const HINT: &str = r#"{"at": "/hint", "value": "", "side": "old", "sent": "ignore"}"#;
const DEEP: &str = r#"{"at": "/money/exponent", "value": 2, "side": "new"}"#;

/// `constant`.
pub const CONSTANT: Entry = Entry {
    name: "constant",
    summary: "A member that one side always has, with one value.",
    schema: schema::<Settings>,
    build,
    cases: &[
        Case::new(
            OBJECT,
            What::Both(r#"{"id":1,"object":"customer"}"#, r#"{"id":1}"#),
        ),
        Case::new(OBJECT, What::Up(r#"{"id":1}"#, r#"{"id":1}"#)),
        Case::new(
            OBJECT,
            What::Up(r#"{"object":"cu\u0073tomer","id":1}"#, r#"{"id":1}"#),
        ),
        Case::new(OBJECT, What::RefusedUp(r#"{"object":"invoice"}"#, "/object")),
        Case::new(OBJECT, What::RefusedUp(r#"{"object":null}"#, "/object")),
        Case::new(HINT, What::Up(r#"{"hint":[1]}"#, "{}")),
        Case::new(HINT, What::Down(r#"{"x":1.0}"#, r#"{"x":1.0,"hint":""}"#)),
        Case::new(
            DEEP,
            What::Both(r#"{"money":{"a":1}}"#, r#"{"money":{"a":1,"exponent":2}}"#),
        ),
        Case::new(DEEP, What::Both(r#"{"b":1}"#, r#"{"b":1}"#)),
        Case::new(
            DEEP,
            What::Down(r#"{"money":{"exponent":2.0}}"#, r#"{"money":{}}"#),
        ),
        Case::new(
            DEEP,
            What::RefusedDown(r#"{"money":{"exponent":3}}"#, "/money/exponent"),
        ),
        Case::new(DEEP, What::Both(r#"{"money":7}"#, r#"{"money":7}"#)),
        Case::new(
            DEEP,
            What::PutUp {
                stored: r#"{"money":{"a":1,"exponent":3}}"#,
                sent: r#"{"money":{"a":2}}"#,
                gives: r#"{"money":{"a":2,"exponent":3}}"#,
            },
        ),
        Case::new(
            DEEP,
            What::PutUp {
                stored: r#"{"b":1}"#,
                sent: r#"{"money":{}}"#,
                gives: r#"{"money":{"exponent":2}}"#,
            },
        ),
        Case::new(
            OBJECT,
            What::Patch(r#"{"object":"customer","id":2}"#, Some(r#"{"id":2}"#)),
        ),
        Case::new(HINT, What::Patch(r#"{"hint":null}"#, Some("{}"))),
        Case::new(
            DEEP,
            What::Patch(r#"{"money":{"a":2}}"#, Some(r#"{"money":{"a":2,"exponent":2}}"#)),
        ),
        Case::new(DEEP, What::Patch(r#"{"money":null}"#, Some(r#"{"money":null}"#))),
        Case::new(
            DEEP,
            What::PatchDown(r#"{"money":{"exponent":2}}"#, Some(r#"{"money":{}}"#)),
        ),
    ],
};

fn build(json: &Json, _: Files<'_>) -> Result<Box<dyn Operator>, SettingsFault> {
    let settings: Settings = settings(json)?;
    let at = pointer(&settings.at, "/at")?;
    if at.is_root() {
        return Err(SettingsFault::new(
            "/at",
            "a member is needed, not the whole document",
        ));
    }
    let value = Value::from_serde(&settings.value);
    let Settings {
        side, sent, required, ..
    } = settings;
    Ok(Box::new(Constant {
        at,
        value,
        side,
        sent,
        required,
    }))
}

#[derive(Debug)]
struct Constant {
    at: Pointer,
    value: Value,
    side: Side,
    sent: Sent,
    required: bool,
}

impl Constant {
    /// The value, or what is stored where the stored document breaks the promise.
    fn give(&self, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        let parent = self.at.parent();
        if parent.look(doc).and_then(Value::as_object).is_none() {
            return Ok(());
        }
        let stored = site.before(&parent).and(site.after(&parent));
        let value = match stored {
            Some(_) => site.after(&self.at),
            None => Some(&self.value),
        };
        value.map_or(Ok(()), |value| {
            insert(doc, &self.at, Member::own("", value.clone()))
        })
    }

    fn withdraw(&self, doc: &mut Value, purpose: Purpose) -> Result<(), Fault> {
        let Some((_, member)) = take(doc, &self.at) else {
            return Ok(());
        };
        if purpose == Purpose::Answer || self.sent == Sent::Ignore || member.value == self.value {
            return Ok(());
        }
        Err(Fault::new(FaultKind::Unfit, format!("the value is always {}", self.value)).below(&self.at))
    }

    fn field(&self) -> Field {
        let kind = match &self.value {
            Value::Null | Value::Object(_) => Kind::Any,
            Value::Bool(_) => Kind::Boolean,
            Value::Number(_) => Kind::Number,
            Value::Text(_) => Kind::Text,
            Value::List(_) => Kind::List(Box::new(Shape::any())),
        };
        let mut shape = Shape::from(kind);
        // What is ignored may be anything.
        if self.sent == Sent::Check {
            shape.rules.insert("const".to_owned(), json(&self.value));
        } else {
            shape = Shape::any();
        }
        Field {
            name: String::new(),
            shape,
            required: self.required,
        }
    }

    /// The type that the side with the member gives it must allow the value, and may not list others.
    fn fits(&self, shape: &Shape, types: &Types) -> Result<(), TypeFault> {
        let shape = shape.resolve(types);
        let listed = match (shape.rules.get("const"), shape.rules.get("enum")) {
            (Some(only), _) => vec![only.clone()],
            (None, Some(Json::Array(values))) => values.clone(),
            _ => Vec::new(),
        };
        let other = listed.iter().find(|v| Value::from_serde(v) != self.value);
        if let Some(other) = other {
            let message = format!("{} may also be {other}, which would be lost", self.at);
            return Err(TypeFault::new(TypeFaultKind::UndeclaredLoss, &self.at, message)
                .hint("use `add` or `remove`, which declare what happens to it"));
        }
        let null = self.value == Value::Null && shape.nullable;
        if null || fits(&shape.kind, &self.value) {
            return Ok(());
        }
        let message = format!("{} is not of the type of {}", self.value, self.at);
        Err(TypeFault::new(TypeFaultKind::WrongKind, &self.at, message))
    }
}

impl Operator for Constant {
    fn name(&self) -> &'static str {
        "constant"
    }

    fn pairs(&self) -> Vec<Pair> {
        vec![Pair::only(self.side, &self.at)]
    }

    fn retype(&self, to: Direction, shape: &mut Shape, types: &Types) -> Result<(), TypeFault> {
        one_place(shape, &self.at, types)?;
        if to.target() == self.side {
            return shape.put_field(&self.at, usize::MAX, self.field(), types);
        }
        match shape.take_field(&self.at, types)? {
            Some((_, field)) => self.fits(&field.shape, types),
            None => Ok(()),
        }
    }

    fn apply(&self, to: Direction, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        if to.target() == self.side {
            self.give(doc, site)
        } else {
            self.withdraw(doc, site.purpose)
        }
    }

    fn patch(&self, to: Direction, patch: &mut Value, _: &Site<'_>) -> Result<(), Fault> {
        if to.target() != self.side {
            return match self.at.look(patch) {
                // Removing what is always there changes nothing.
                Some(Value::Null) if !self.required => self.withdraw(patch, Purpose::Answer),
                _ => self.withdraw(patch, Purpose::Patch),
            };
        }
        // The object may be new: then it needs its constant, and else it has it already.
        let parent = self.at.parent();
        if !parent.is_root() && parent.look(patch).and_then(Value::as_object).is_some() {
            insert(patch, &self.at, Member::own("", self.value.clone()))?;
        }
        Ok(())
    }

    fn stored(&self, _: Direction) -> Stored {
        Stored::Never
    }
}
