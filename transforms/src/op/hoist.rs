//! `hoist` and `wrap`: a child stands in its parent's place, and the reverse.
//!
//! `hoist: {from: /country/code, to: /country}` takes the child out of its object; `wrap: {from: /error, to:
//! /error/message}` makes an object around a value.
//!
//! Loses nothing but hidden members, which writes keep.

use serde_json::Value as Json;

use super::entry::{Case, Entry, Files, SettingsFault, What, schema};
use super::relocate::{Settings, places};
use super::{Direction, Operator, Pair, Reversed, Site, Stored, patch_whole};
use crate::contract::Purpose;
use crate::fault::{Fault, FaultKind};
use crate::pointer::Pointer;
use crate::shape::{Field, Kind, Shape, TypeFault, TypeFaultKind, Types};
use crate::value::{Member, Object, Value};

/// `hoist`.
pub const HOIST: Entry = Entry {
    name: "hoist",
    summary: "A child stands in its parent's place.",
    schema: schema::<Settings>,
    build: build_hoist,
    cases: &[
        Case {
            settings: r#"{"from": "/country/code", "to": "/country"}"#,
            what: What::Both(r#"{"country":{"code":"GB"}}"#, r#"{"country":"GB"}"#),
        },
        Case {
            settings: r#"{"from": "/country/code", "to": "/country"}"#,
            what: What::PutDown {
                stored: r#"{"country":{"code":"GB","x":1}}"#,
                sent: r#"{"country":"FR"}"#,
                gives: r#"{"country":{"code":"FR","x":1}}"#,
            },
        },
        Case {
            settings: r#"{"from": "/country/code", "to": "/country"}"#,
            what: What::RefusedUp(r#"{"country":{"code":"GB","x":1}}"#, "/country/x"),
        },
    ],
};

/// `wrap`.
pub const WRAP: Entry = Entry {
    name: "wrap",
    summary: "A value becomes the child of a new object in its place.",
    schema: schema::<Settings>,
    build: build_wrap,
    cases: &[Case {
        settings: r#"{"from": "/error", "to": "/error/message"}"#,
        what: What::Both(r#"{"error":"m"}"#, r#"{"error":{"message":"m"}}"#),
    }],
};

fn build_hoist(json: &Json, _: Files<'_>) -> Result<Box<dyn Operator>, SettingsFault> {
    let (child, parent) = places(json)?;
    nested("hoist", child, parent, "/from")
}

fn build_wrap(json: &Json, _: Files<'_>) -> Result<Box<dyn Operator>, SettingsFault> {
    let (parent, child) = places(json)?;
    Ok(Box::new(Reversed {
        name: "wrap",
        inner: nested("wrap", child, parent, "/to")?,
    }))
}

fn nested(
    name: &'static str,
    child: Pointer,
    parent: Pointer,
    at: &str,
) -> Result<Box<dyn Operator>, SettingsFault> {
    match child.split_last() {
        Some((above, _)) if above == parent => Ok(Box::new(Hoist { name, child, parent })),
        _ => Err(SettingsFault::new(at, "one place must be the child of the other")),
    }
}

#[derive(Debug)]
struct Hoist {
    name: &'static str,
    child: Pointer,
    parent: Pointer,
}

impl Hoist {
    fn key(&self) -> &str {
        self.child.names().last().map_or("", String::as_str)
    }

    fn wrap(&self, doc: &mut Value, site: &Site<'_>) {
        let Some(place) = self.parent.look_mut(doc) else {
            return;
        };
        let unchanged = site.has_stored() && site.before(&self.parent) == Some(place);
        if let (true, Some(stored)) = (unchanged, site.after(&self.parent)) {
            *place = stored.clone();
            return;
        }
        let value = std::mem::replace(place, Value::Null);
        let mut members = vec![Member::own(self.key(), value)];
        if let Some(Value::Object(stored)) = site.after(&self.parent) {
            members.extend(
                stored
                    .members()
                    .iter()
                    .filter(|m| !m.key.is(self.key()))
                    .map(|m| Member {
                        kept: true,
                        ..m.clone()
                    }),
            );
        }
        *place = Value::Object(Object::new(members));
    }

    fn unwrap(&self, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        let Some(place) = self.parent.look_mut(doc) else {
            return Ok(());
        };
        let Value::Object(object) = place else {
            return Err(
                Fault::unfit(format!("an object with a member `{}` is needed here", self.key()))
                    .below(&self.parent),
            );
        };
        let Some((_, member)) = object.take(self.key()) else {
            return Err(Fault::unfit(format!("the member `{}` is missing", self.key())).below(&self.parent));
        };
        if let (true, Some(rest)) = (site.purpose != Purpose::Answer, object.members().first()) {
            let at = self.parent.child(&rest.key.decoded());
            return Err(Fault::new(FaultKind::Unplaced, "this member has no place").below(&at));
        }
        *place = member.value;
        Ok(())
    }
}

impl Operator for Hoist {
    fn name(&self) -> &'static str {
        self.name
    }

    fn pairs(&self) -> Vec<Pair> {
        vec![Pair::deep(&self.child, &self.parent)]
    }

    fn retype(&self, to: Direction, shape: &mut Shape, types: &Types) -> Result<(), TypeFault> {
        let Some(place) = shape.at_mut(&self.parent, types)? else {
            return Ok(());
        };
        if to == Direction::Down {
            let inner = std::mem::replace(place, Shape::any());
            let field = Field {
                name: self.key().to_owned(),
                shape: inner,
                required: true,
            };
            *place = Kind::Object {
                fields: vec![field],
                open: true,
            }
            .into();
            return Ok(());
        }
        let others: Vec<&str> = place
            .fields()
            .iter()
            .map(|f| f.name.as_str())
            .filter(|n| *n != self.key())
            .collect();
        if !others.is_empty() {
            let message = format!(
                "the members {} beside {} would be lost",
                others.join(", "),
                self.child
            );
            return Err(
                TypeFault::new(TypeFaultKind::UndeclaredLoss, &self.parent, message)
                    .hint("remove or move them in steps of their own before this one"),
            );
        }
        if let Some((_, field)) = shape.take_field(&self.child, types)?
            && let Some(place) = shape.at_mut(&self.parent, types)?
        {
            *place = field.shape;
        }
        Ok(())
    }

    fn apply(&self, to: Direction, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        if to == Direction::Up {
            return self.unwrap(doc, site);
        }
        self.wrap(doc, site);
        Ok(())
    }

    fn patch(&self, _: Direction, patch: &mut Value, _: &Site<'_>) -> Result<(), Fault> {
        // Removing the one removes the other; a patch of the object may make it.
        patch_whole(patch, &self.parent)
    }

    fn stored(&self, to: Direction) -> Stored {
        if to == Direction::Down {
            Stored::Consulted
        } else {
            Stored::Never
        }
    }
}
