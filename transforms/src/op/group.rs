//! `group` and `ungroup`: members that stood side by side become the members of one object in their midst.
//!
//! ```yaml
//! group: {into: /balance, members: {amount: /balance, currency: /currency}}
//! ```
//!
//! `members` says for each member of the object where it stood; all stand in the object that `into` stands in, and one of
//! them may have had its name. The object stands where the first of them stood and holds them in the declared order.
//! `ungroup` is the same read backwards: the old version has the object.
//!
//! Loses nothing: what else the object holds is hidden from the side without it, and kept on its writes. An object that
//! holds none of the members cannot be told from an absent one, so a client cannot write it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::entry::{Case, Entry, Files, SettingsFault, What, pointer, schema, settings};
use super::relocate::take;
use super::{Direction, Operator, Pair, Reversed, Site, Stored, needs_stored, touches};
use crate::contract::Purpose;
use crate::fault::{Fault, FaultKind};
use crate::pointer::Pointer;
use crate::shape::{Field, Kind, Shape, TypeFault, TypeFaultKind, Types};
use crate::value::{Member, Object, Value};

/// Settings of `group` and `ungroup`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the object stands, as a JSON Pointer.
    pub into: String,
    /// The object's members, and where each stands on the side without the object, as a JSON Pointer.
    #[schemars(with = "BTreeMap<String, String>")]
    pub members: Map<String, Json>,
}

const BALANCE: &str = r#"{"into": "/balance", "members": {"amount": "/balance", "currency": "/currency"}}"#;
const NAME: &str = r#"{"into": "/p/name", "members": {"first": "/p/first", "last": "/p/last"}}"#;

/// `group`.
pub const GROUP: Entry = Entry {
    name: "group",
    summary: "Members side by side become the members of one object.",
    schema: schema::<Settings>,
    build,
    cases: &[
        Case {
            settings: BALANCE,
            what: What::Both(
                r#"{"id":1,"balance":12.50,"currency":"USD","z":0}"#,
                r#"{"id":1,"balance":{"amount":12.50,"currency":"USD"},"z":0}"#,
            ),
        },
        Case {
            settings: BALANCE,
            what: What::Up(
                r#"{"currency":"\u00a4","id":1,"balance":1}"#,
                r#"{"balance":{"amount":1,"currency":"\u00a4"},"id":1}"#,
            ),
        },
        Case {
            settings: BALANCE,
            what: What::Both(r#"{"currency":"USD"}"#, r#"{"balance":{"currency":"USD"}}"#),
        },
        Case {
            settings: BALANCE,
            what: What::Both(r#"{"id":1}"#, r#"{"id":1}"#),
        },
        Case {
            settings: BALANCE,
            what: What::Down(r#"{"balance":{"x":1,"amount":2}}"#, r#"{"balance":2}"#),
        },
        Case {
            settings: NAME,
            what: What::Up(
                r#"{"p":{"first":"A","mid":1,"last":"L"}}"#,
                r#"{"p":{"name":{"first":"A","last":"L"},"mid":1}}"#,
            ),
        },
        Case {
            settings: BALANCE,
            what: What::PutUp {
                stored: r#"{"balance":{"currency":"USD","x":7,"amount":1},"id":1}"#,
                sent: r#"{"balance":2,"currency":"USD","id":1}"#,
                gives: r#"{"balance":{"amount":2,"currency":"USD","x":7},"id":1}"#,
            },
        },
        Case {
            settings: BALANCE,
            what: What::PutUp {
                stored: r#"{"balance":{"currency":"USD","x":7,"amount":1},"id":1}"#,
                sent: r#"{"id":1}"#,
                gives: r#"{"id":1,"balance":{"x":7}}"#,
            },
        },
        Case {
            settings: BALANCE,
            what: What::PutUp {
                stored: r#"{"balance":{"amount":1,"currency":"USD"},"id":1}"#,
                sent: r#"{"id":2}"#,
                gives: r#"{"id":2}"#,
            },
        },
        Case {
            settings: BALANCE,
            what: What::RefusedDown(r#"{"balance":null}"#, "/balance"),
        },
        Case {
            settings: BALANCE,
            what: What::RefusedDown(r#"{"balance":{"amount":1,"x":1}}"#, "/balance/x"),
        },
        Case {
            settings: BALANCE,
            what: What::RefusedDown(r#"{"balance":{}}"#, "/balance"),
        },
        Case {
            settings: BALANCE,
            what: What::Patch(
                r#"{"currency":"EUR","id":2}"#,
                Some(r#"{"balance":{"currency":"EUR"},"id":2}"#),
            ),
        },
        Case {
            settings: BALANCE,
            what: What::Patch(r#"{"currency":null}"#, None),
        },
    ],
};

/// `ungroup`.
pub const UNGROUP: Entry = Entry {
    name: "ungroup",
    summary: "The members of an object stand side by side in its place.",
    schema: schema::<Settings>,
    build: build_ungroup,
    cases: &[
        Case {
            settings: BALANCE,
            what: What::Both(
                r#"{"balance":{"amount":1,"currency":"USD"},"id":1}"#,
                r#"{"balance":1,"currency":"USD","id":1}"#,
            ),
        },
        Case {
            settings: BALANCE,
            what: What::PutDown {
                stored: r#"{"balance":{"amount":1,"x":7,"currency":"EUR"}}"#,
                sent: r#"{"balance":1,"currency":"USD"}"#,
                gives: r#"{"balance":{"amount":1,"currency":"USD","x":7}}"#,
            },
        },
        Case {
            settings: BALANCE,
            what: What::Patch(r#"{"balance":{"currency":"EUR"}}"#, Some(r#"{"currency":"EUR"}"#)),
        },
        Case {
            settings: BALANCE,
            what: What::Patch(r#"{"balance":null}"#, Some(r#"{"balance":null,"currency":null}"#)),
        },
    ],
};

fn build(json: &Json, _: Files<'_>) -> Result<Box<dyn Operator>, SettingsFault> {
    Ok(Box::new(Group::new("group", settings(json)?)?))
}

fn build_ungroup(json: &Json, _: Files<'_>) -> Result<Box<dyn Operator>, SettingsFault> {
    Ok(Box::new(Reversed {
        name: "ungroup",
        inner: Box::new(Group::new("ungroup", settings(json)?)?),
    }))
}

#[derive(Debug)]
struct Group {
    name: &'static str,
    into: Pointer,
    members: Vec<Part>,
}

/// A member of the object.
#[derive(Debug)]
struct Part {
    name: String,
    /// Where it stands on the side without the object.
    apart: Pointer,
    /// Where it stands in the object.
    within: Pointer,
}

impl Group {
    fn new(name: &'static str, settings: Settings) -> Result<Self, SettingsFault> {
        let into = pointer(&settings.into, "/into")?;
        let Some((parent, _)) = into.split_last() else {
            return Err(SettingsFault::new(
                "/into",
                "the whole document cannot be made; name a member",
            ));
        };
        let part = |(name, place): (&String, &Json)| Part::new(name, place, &into, &parent);
        let members = settings.members.iter().map(part).collect::<Result<Vec<_>, _>>()?;
        let twice = |i: usize| members[..i].iter().any(|m| m.apart == members[i].apart);
        if members.is_empty() || (0..members.len()).any(twice) {
            return Err(SettingsFault::new(
                "/members",
                "name at least one member, and no place twice",
            ));
        }
        Ok(Self { name, into, members })
    }

    fn owns(&self, name: &str) -> bool {
        self.members.iter().any(|part| part.name == name)
    }

    fn gather(&self, doc: &mut Value, site: &Site<'_>) {
        let Some(object) = self.into.parent_mut(doc) else {
            return;
        };
        let same = |part: &Part| object.get(part.key()) == site.before(&part.apart);
        let unchanged = site.has_stored() && self.members.iter().all(same);
        let whole = site.after(&self.into).filter(|_| unchanged);
        let first = self
            .members
            .iter()
            .filter_map(|part| object.position(part.key()))
            .min();
        let members: Vec<Member> = self
            .members
            .iter()
            .filter_map(|part| part.gathered(object))
            .collect();
        let Some(first) = first else {
            return self.restore(object, whole, site);
        };
        let value = whole.cloned().unwrap_or_else(|| {
            let mut made = Object::new(members);
            keep_beside(&mut made, site.after(&self.into), |name| self.owns(name));
            Value::Object(made)
        });
        object.put(first, Member::own(self.key(), value));
    }

    /// When none of the members was sent: an object that shows nothing stays, and so does what else it holds.
    fn restore(&self, object: &mut Object, whole: Option<&Value>, site: &Site<'_>) {
        let mut rest = Object::default();
        keep_beside(&mut rest, site.after(&self.into), |name| self.owns(name));
        let rest = (!rest.is_empty()).then_some(Value::Object(rest));
        if let Some(value) = whole.cloned().or(rest) {
            object.members_mut().push(Member::kept(self.key(), value));
        }
    }

    fn spread(&self, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        let Some((index, member)) = take(doc, &self.into) else {
            return Ok(());
        };
        let mut value = member.value;
        let Value::Object(object) = &mut value else {
            return Err(Fault::unfit("an object is needed here").below(&self.into));
        };
        let members: Vec<Member> = self.members.iter().filter_map(|p| p.spread(object)).collect();
        if site.purpose != Purpose::Answer {
            nothing_beside(object, &self.into)?;
            if members.is_empty() {
                return Err(Fault::unfit("an object without members cannot be stored").below(&self.into));
            }
        }
        self.put_all(doc, index, members);
        Ok(())
    }

    fn put_all(&self, doc: &mut Value, index: usize, members: Vec<Member>) {
        if let Some(parent) = self.into.parent_mut(doc) {
            for (offset, member) in members.into_iter().enumerate() {
                parent.put(index + offset, member);
            }
        }
    }

    fn key(&self) -> &str {
        self.into.names().last().map_or("", String::as_str)
    }
}

impl Part {
    fn new(name: &str, place: &Json, into: &Pointer, parent: &Pointer) -> Result<Self, SettingsFault> {
        let setting = Pointer::of(["members", name]).to_string();
        let text = place
            .as_str()
            .ok_or_else(|| SettingsFault::new(&setting, "a JSON Pointer is needed here"))?;
        let apart = pointer(text, &setting)?;
        if apart.split_last().is_none_or(|(above, _)| above != *parent) {
            let message = "it must stand in the same object as `into`; `move` it there first";
            return Err(SettingsFault::new(&setting, message));
        }
        Ok(Self {
            name: name.to_owned(),
            apart,
            within: into.child(name),
        })
    }

    fn key(&self) -> &str {
        self.apart.names().last().map_or("", String::as_str)
    }

    fn gathered(&self, parent: &mut Object) -> Option<Member> {
        let (_, member) = parent.take(self.key())?;
        Some(Member::own(&self.name, member.value))
    }

    fn spread(&self, object: &mut Object) -> Option<Member> {
        let (_, member) = object.take(&self.name)?;
        Some(Member::own(self.key(), member.value))
    }

    fn found(&self, shape: &mut Shape) -> Result<Field, TypeFault> {
        match &mut shape.kind {
            Kind::Any => Ok(Field::any(&self.name)),
            Kind::Object { fields, .. } => {
                let index = fields.iter().position(|f| f.name == self.name);
                index.map(|i| fields.remove(i)).ok_or_else(|| {
                    let message = format!("there is no member {}", self.within);
                    TypeFault::new(TypeFaultKind::NoSuchField, &self.within, message)
                })
            }
            _ => Err(TypeFault::new(
                TypeFaultKind::WrongKind,
                &self.within,
                "its parent is not an object",
            )),
        }
    }
}

impl Operator for Group {
    fn name(&self) -> &'static str {
        self.name
    }

    fn pairs(&self) -> Vec<Pair> {
        let parts = self.members.iter().map(|p| Pair::deep(&p.apart, &p.within));
        let whole = self.members.first().map(|p| Pair::shallow(&p.apart, &self.into));
        parts.chain(whole).collect()
    }

    fn retype(&self, to: Direction, shape: &mut Shape, types: &Types) -> Result<(), TypeFault> {
        if to == Direction::Up {
            self.gather_type(shape, types)
        } else {
            self.spread_type(shape, types)
        }
    }

    fn apply(&self, to: Direction, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        if to == Direction::Up {
            self.gather(doc, site);
            Ok(())
        } else {
            self.spread(doc, site)
        }
    }

    fn patch(&self, to: Direction, patch: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        let touched = |at: &Pointer| touches(patch, at);
        let parent = self.into.parent();
        if !super::places(&self.pairs(), to.source()).any(touched) {
            return Ok(());
        }
        if parent.look(patch).is_none_or(|v| v.as_object().is_none()) {
            return Err(needs_stored());
        }
        if to == Direction::Up {
            self.gather_patch(patch)
        } else {
            self.spread_patch(patch, site)
        }
    }

    fn stored(&self, to: Direction) -> Stored {
        // The object's hidden members are kept, and so is one that shows nothing.
        if to == Direction::Up {
            Stored::Consulted
        } else {
            Stored::Never
        }
    }
}

impl Group {
    fn gather_type(&self, shape: &mut Shape, types: &Types) -> Result<(), TypeFault> {
        let (mut first, mut fields) = (usize::MAX, Vec::new());
        let parent = self.into.parent();
        let before: Vec<String> = match shape.at_mut(&parent, types)? {
            Some(parent) => parent.fields().iter().map(|f| f.name.clone()).collect(),
            None => return Ok(()),
        };
        for part in &self.members {
            let Some((_, field)) = shape.take_field(&part.apart, types)? else {
                return Ok(());
            };
            first = first.min(before.iter().position(|n| n == part.key()).unwrap_or(first));
            fields.push(Field {
                name: part.name.clone(),
                ..field
            });
        }
        let required = fields.iter().any(|f| f.required);
        let object = Shape::from(Kind::Object { fields, open: true });
        let field = Field {
            name: String::new(),
            shape: object,
            required,
        };
        shape.put_field(&self.into, first, field, types)
    }

    fn spread_type(&self, shape: &mut Shape, types: &Types) -> Result<(), TypeFault> {
        let Some((index, mut taken)) = shape.take_field(&self.into, types)? else {
            return Ok(());
        };
        let object = taken.shape.open(types);
        if object.nullable {
            let message = "it may be null, and no member beside could say so";
            return Err(TypeFault::new(TypeFaultKind::WrongKind, &self.into, message));
        }
        let mut fields = Vec::new();
        for part in &self.members {
            let field = part.found(object)?;
            let required = field.required && taken.required;
            fields.push((part, Field { required, ..field }));
        }
        no_field_beside(object, &self.into)?;
        for (offset, (part, field)) in fields.into_iter().enumerate() {
            shape.put_field(&part.apart, index + offset, field, types)?;
        }
        Ok(())
    }

    fn gather_patch(&self, patch: &mut Value) -> Result<(), Fault> {
        // Removing a member may leave the object empty: whether it goes depends on what is stored in it.
        let removes = |part: &Part| matches!(part.apart.look(patch), Some(Value::Null));
        if self.members.iter().any(removes) {
            return Err(needs_stored());
        }
        let Some(object) = self.into.parent_mut(patch) else {
            return Ok(());
        };
        let first = self.members.iter().filter_map(|p| object.position(p.key())).min();
        let members = self.members.iter().filter_map(|p| p.gathered(object)).collect();
        if let Some(first) = first {
            object.put(
                first,
                Member::own(self.key(), Value::Object(Object::new(members))),
            );
        }
        Ok(())
    }

    fn spread_patch(&self, patch: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        let within = |part: &Part| matches!(part.within.look(patch), Some(Value::Null));
        match self.into.look(patch) {
            None => Ok(()),
            Some(Value::Null) => {
                let index = take(patch, &self.into).map_or(0, |(index, _)| index);
                let null = |p: &Part| Member::own(p.key(), Value::Null);
                self.put_all(patch, index, self.members.iter().map(null).collect());
                Ok(())
            }
            // An empty patch of an object makes it where it is absent.
            Some(Value::Object(object)) if object.is_empty() => Err(needs_stored()),
            Some(_) if self.members.iter().any(within) => Err(needs_stored()),
            Some(_) => self.spread(patch, site),
        }
    }
}

/// Appends what the stored object holds beside its own members: hidden from the side that writes, kept.
pub(super) fn keep_beside(object: &mut Object, stored: Option<&Value>, own: impl Fn(&str) -> bool) {
    let stored = stored
        .and_then(Value::as_object)
        .map(Object::members)
        .unwrap_or_default();
    let beside = stored.iter().filter(|m| !own(&m.key.decoded()));
    object.members_mut().extend(beside.map(|m| Member {
        kept: true,
        ..m.clone()
    }));
}

/// Refuses what is left of an object of which the other side knows no more.
pub(super) fn nothing_beside(rest: &Object, at: &Pointer) -> Result<(), Fault> {
    let Some(member) = rest.members().first() else {
        return Ok(());
    };
    let fault = Fault::new(
        FaultKind::Unplaced,
        "this member has no place in the stored version",
    );
    Err(fault.below(&at.child(&member.key.decoded())))
}

/// Refuses a type that knows members which the other side would hide without saying so.
pub(super) fn no_field_beside(rest: &Shape, at: &Pointer) -> Result<(), TypeFault> {
    let Some(field) = rest.fields().first() else {
        return Ok(());
    };
    let place = at.child(&field.name);
    let message =
        format!("clients of the other side cannot see {place}, and nothing says what their writes do to it");
    let hint = format!("put `add: {{at: {place}, loss: …}}` after this step");
    Err(TypeFault::new(TypeFaultKind::UndeclaredLoss, &place, message).hint(hint))
}
