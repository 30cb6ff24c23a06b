//! `default`: a member that one side requires and the other may leave out.
//!
//! `default: {at: /currency, value: USD, side: new}` — going to the new side, an absent member gets the value; going
//! back it stays as it is, unless `omit: true`, which leaves out what equals the value. Absent and equal to the value
//! mean the same: a write that sends what was shown keeps whichever is stored. Where the object that would hold the
//! member is absent, nothing is made.
//!
//! Loses nothing.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::add::insert;
use super::entry::{Case, Entry, Files, SettingsFault, What, pointer, schema, settings};
use super::relocate::take;
use super::rules::fits;
use super::scalar::one_place;
use super::{Direction, Operator, Pair, Side, Site, Stored, needs_stored};
use crate::fault::Fault;
use crate::pointer::Pointer;
use crate::shape::{Field, Shape, TypeFault, TypeFaultKind, Types};
use crate::value::{Member, Value};

/// Settings of `default`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the member stands, as a JSON Pointer.
    pub at: String,
    /// The value that an absent member has.
    pub value: Json,
    /// The side that requires it.
    pub side: Side,
    /// Whether the other side is not shown a member that has the value.
    #[serde(default)]
    pub omit: bool,
}

const CURRENCY: &str = r#"{"at": "/c", "value": "USD", "side": "new"}"#;
const OMITTED: &str = r#"{"at": "/c", "value": "USD", "side": "new", "omit": true}"#;
const DEEP: &str = r#"{"at": "/o/n", "value": 0, "side": "new"}"#;
const RELAXED: &str = r#"{"at": "/c", "value": "USD", "side": "old"}"#;

/// `default`.
pub const DEFAULT: Entry = Entry {
    name: "default",
    summary: "One side requires a member that the other may leave out.",
    schema: schema::<Settings>,
    build,
    cases: &[
        Case::new(CURRENCY, What::Up(r#"{"a":1}"#, r#"{"a":1,"c":"USD"}"#)),
        Case::new(
            CURRENCY,
            What::Both(r#"{"c":"EUR","a":1}"#, r#"{"c":"EUR","a":1}"#),
        ),
        Case::new(CURRENCY, What::Down(r#"{"c":"USD"}"#, r#"{"c":"USD"}"#)),
        Case::new(OMITTED, What::Both(r#"{"a":1}"#, r#"{"a":1,"c":"USD"}"#)),
        Case::new(OMITTED, What::Down(r#"{"c":"\u0055SD"}"#, "{}")),
        Case::new(
            CURRENCY,
            What::PutDown {
                stored: r#"{"a":1}"#,
                sent: r#"{"a":2,"c":"USD"}"#,
                gives: r#"{"a":2}"#,
            },
        ),
        Case::new(
            CURRENCY,
            What::PutDown {
                stored: r#"{"a":1}"#,
                sent: r#"{"a":1,"c":"EUR"}"#,
                gives: r#"{"a":1,"c":"EUR"}"#,
            },
        ),
        Case::new(
            OMITTED,
            What::PutDown {
                stored: r#"{"c":"USD"}"#,
                sent: r#"{"c":"USD","a":1}"#,
                gives: r#"{"c":"USD","a":1}"#,
            },
        ),
        Case::new(
            OMITTED,
            What::PutDown {
                stored: r#"{"c":"EUR"}"#,
                sent: r#"{"c":"USD"}"#,
                gives: "{}",
            },
        ),
        Case::new(
            OMITTED,
            What::PutUp {
                stored: r#"{"c":"EUR"}"#,
                sent: "{}",
                gives: r#"{"c":"USD"}"#,
            },
        ),
        Case::new(
            RELAXED,
            What::PutUp {
                stored: r#"{"a":1}"#,
                sent: r#"{"a":1,"c":"USD"}"#,
                gives: r#"{"a":1}"#,
            },
        ),
        Case::new(DEEP, What::Up(r#"{"o":{}}"#, r#"{"o":{"n":0}}"#)),
        Case::new(DEEP, What::Both("{}", "{}")),
        Case::new(DEEP, What::Both(r#"{"o":[1]}"#, r#"{"o":[1]}"#)),
        Case::new(DEEP, What::Patch(r#"{"o":{"m":1}}"#, None)),
        Case::new(DEEP, What::Patch(r#"{"o":{"n":1}}"#, Some(r#"{"o":{"n":1}}"#))),
        Case::new(DEEP, What::Patch(r#"{"o":null}"#, Some(r#"{"o":null}"#))),
        Case::new(CURRENCY, What::Patch(r#"{"a":1}"#, Some(r#"{"a":1}"#))),
        Case::new(CURRENCY, What::Patch(r#"{"c":null}"#, Some(r#"{"c":"USD"}"#))),
        Case::new(CURRENCY, What::PatchDown(r#"{"c":"USD"}"#, None)),
        Case::new(
            CURRENCY,
            What::PatchDown(r#"{"c":"EUR"}"#, Some(r#"{"c":"EUR"}"#)),
        ),
    ],
};

fn build(json: &Json, _: Files<'_>) -> Result<Box<dyn Operator>, SettingsFault> {
    let settings: Settings = settings(json)?;
    let at = pointer(&settings.at, "/at")?;
    let Some((parent, _)) = at.split_last() else {
        return Err(SettingsFault::new(
            "/at",
            "a member is needed, not the whole document",
        ));
    };
    let value = Value::from_serde(&settings.value);
    Ok(Box::new(DefaultValue {
        at,
        parent,
        value,
        side: settings.side,
        omit: settings.omit,
    }))
}

#[derive(Debug)]
struct DefaultValue {
    at: Pointer,
    parent: Pointer,
    value: Value,
    side: Side,
    omit: bool,
}

impl DefaultValue {
    /// Whether the object that holds the member is stored already.
    fn is_stored(&self, site: &Site<'_>) -> bool {
        site.before(&self.parent).is_some() && site.after(&self.parent).is_some()
    }

    fn give(&self, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        let holds = self.parent.look(doc).and_then(Value::as_object).is_some();
        if !holds || self.at.look(doc).is_some() {
            return Ok(());
        }
        let unchanged = self.is_stored(site) && site.before(&self.at).is_none();
        let value = if unchanged {
            site.after(&self.at)
        } else {
            Some(&self.value)
        };
        value.map_or(Ok(()), |value| {
            insert(doc, &self.at, Member::own("", value.clone()))
        })
    }

    fn relax(&self, doc: &mut Value, site: &Site<'_>) {
        let Some(value) = self.at.look(doc) else { return };
        let unchanged = self.is_stored(site) && site.before(&self.at) == Some(value);
        let leave = if unchanged {
            site.after(&self.at).is_none()
        } else {
            self.omit && *value == self.value
        };
        if leave {
            take(doc, &self.at);
        }
    }

    /// The value must be one that the member can have.
    fn fits(&self, field: &Field, types: &Types) -> Result<(), TypeFault> {
        let shape = field.shape.resolve(types);
        let null = self.value == Value::Null && (field.shape.nullable || shape.nullable);
        let listed = match shape.rules.get("enum") {
            Some(Json::Array(values)) => values.iter().any(|v| Value::from_serde(v) == self.value),
            _ => true,
        };
        if null || listed && fits(&shape.kind, &self.value) {
            return Ok(());
        }
        let message = format!("{} is no value of {}", self.value, self.at);
        Err(TypeFault::new(TypeFaultKind::WrongKind, &self.at, message))
    }
}

/// Whether every object on the way to a place is always there.
fn always_there(shape: &Shape, at: &Pointer, types: &Types) -> bool {
    let step = |shape: &Shape, name: &String| {
        let field = shape.resolve(types).field(name)?;
        field.required.then(|| field.shape.clone())
    };
    at.names()
        .iter()
        .try_fold(shape.clone(), |shape, name| step(&shape, name))
        .is_some()
}

impl Operator for DefaultValue {
    fn name(&self) -> &'static str {
        "default"
    }

    fn pairs(&self) -> Vec<Pair> {
        vec![Pair::deep(&self.at, &self.at)]
    }

    fn retype(&self, to: Direction, shape: &mut Shape, types: &Types) -> Result<(), TypeFault> {
        one_place(shape, &self.at, types)?;
        // Taking the member out and putting it back refuses all that is no member of an object.
        let Some((index, mut field)) = shape.take_field(&self.at, types)? else {
            return Ok(());
        };
        self.fits(&field, types)?;
        if to.target() == self.side && field.required {
            let message = format!("{} is required already: the step does nothing", self.at);
            return Err(TypeFault::new(TypeFaultKind::Settings, &self.at, message)
                .hint("check `side`: it names the side that requires the member"));
        }
        field.required = to.target() == self.side;
        shape.put_field(&self.at, index, field, types)
    }

    fn apply(&self, to: Direction, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        if to.target() == self.side {
            self.give(doc, site)
        } else {
            self.relax(doc, site);
            Ok(())
        }
    }

    fn patch(&self, to: Direction, patch: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        let giving = to.target() == self.side;
        let holds = self.parent.look(patch).and_then(Value::as_object).is_some();
        match self.at.look_mut(patch) {
            Some(value @ Value::Null) if giving => *value = self.value.clone(),
            Some(value) if !giving && *value == self.value => return Err(needs_stored()),
            // A patch that may make the object must give it the member, but may not overwrite a stored one.
            None if giving && holds && !always_there(site.source, &self.parent, site.source_types) => {
                return Err(needs_stored());
            }
            _ => {}
        }
        Ok(())
    }

    fn stored(&self, to: Direction) -> Stored {
        if to.target() == self.side {
            Stored::Never
        } else {
            Stored::Consulted
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::shape::Kind;

    fn retyped(settings: &str, to: Direction, kind: Kind, required: bool) -> Result<bool, TypeFaultKind> {
        let op = build(&serde_json::from_str(settings).unwrap(), &|_| Err(String::new())).unwrap();
        let fields = vec![Field {
            name: "c".to_owned(),
            shape: kind.into(),
            required,
        }];
        let mut shape = Shape::from(Kind::Object { fields, open: true });
        let done = op.retype(to, &mut shape, &Types::new());
        done.map(|()| shape.fields()[0].required).map_err(|f| f.kind)
    }

    #[test]
    fn only_one_side_requires_it() {
        assert_eq!(retyped(CURRENCY, Direction::Up, Kind::Text, false), Ok(true));
        assert_eq!(retyped(CURRENCY, Direction::Down, Kind::Text, true), Ok(false));
        assert_eq!(
            retyped(CURRENCY, Direction::Up, Kind::Text, true),
            Err(TypeFaultKind::Settings)
        );
        assert_eq!(
            retyped(CURRENCY, Direction::Up, Kind::Integer, false),
            Err(TypeFaultKind::WrongKind)
        );
        assert_eq!(
            retyped(DEEP, Direction::Up, Kind::Text, false),
            Err(TypeFaultKind::NoSuchField)
        );
    }
}
