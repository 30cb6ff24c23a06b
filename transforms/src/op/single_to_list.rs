//! `single_to_list` and `list_to_single`: one value becomes a list of objects, and back.
//!
//! ```yaml
//! single_to_list: {from: /phone, to: /phones, element: number, with: {kind: main}, empty: null, rest: keep}
//! single_to_list: {from: /address, to: /addresses, with: {kind: primary}, with_first: true, empty: refuse, rest: refuse}
//! ```
//!
//! With `element`, the single value is that member of the first element; `with` are the members that a new element gets
//! beside it. Without `element` the first element itself is the single value, an object, and `with` are its tags: put on
//! going to the list, checked and taken off going back. `empty` says what an empty list shows as; `rest` whether elements
//! after the first are hidden, and kept on writes, or refused.
//!
//! Loses nothing that the settings do not declare: an edited value replaces the member in the stored first element, whose
//! other members stay, and so do the elements after it; null clears the list, and so does leaving it out: a list that
//! the type requires, or of which it says nothing, is then empty, one that may be absent is absent.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value as Json};

use super::add::insert;
use super::element_types::Elements;
use super::entry::{Case, Entry, Files, SettingsFault, What, pointer, schema, settings};
use super::relocate::take;
use super::{Direction, Operator, Pair, Reversed, Site, Stored, needs_stored, touches};
use crate::contract::Purpose;
use crate::fault::{Fault, FaultKind};
use crate::pointer::Pointer;
use crate::shape::{Field, Kind, Shape, TypeFault, Types};
use crate::value::{Member, Object, Value};

/// Settings of `single_to_list` and `list_to_single`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the single value stands (of `list_to_single`: the list), as a JSON Pointer.
    pub from: String,
    /// Where the list stands (of `list_to_single`: the single value), in the same object.
    pub to: String,
    /// The member of the first element that is the single value; without it the element itself is.
    #[serde(default)]
    pub element: Option<String>,
    /// Members of a new element beside the value; without `element` they are checked, too.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Json>")]
    pub with: Map<String, Json>,
    /// Whether the members of `with` stand before the others.
    #[serde(default)]
    pub with_first: bool,
    /// What an empty list shows as: `null`, `absent`, or `refuse` (the default).
    #[serde(default, deserialize_with = "read_empty")]
    #[schemars(with = "Option<Empty>")]
    pub empty: Empty,
    /// What becomes of elements after the first: `keep` hides them, `refuse` (the default) allows none.
    #[serde(default)]
    pub rest: Rest,
}

/// What an empty list shows as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Empty {
    /// Null.
    Null,
    /// Nothing.
    Absent,
    /// It cannot be shown.
    #[default]
    Refuse,
}

/// What becomes of elements after the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rest {
    /// They are hidden, and kept on writes.
    Keep,
    /// There may be none.
    #[default]
    Refuse,
}

/// YAML's `empty: null` is the null value, not the word.
fn read_empty<'de, D: Deserializer<'de>>(from: D) -> Result<Empty, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or(Empty::Null))
}

const PHONE: &str = r#"{"from": "/phone", "to": "/phones", "element": "number", "with": {"kind": "main"}, "with_first": true, "empty": null, "rest": "keep"}"#;
const ADDRESS: &str =
    r#"{"from": "/address", "to": "/addresses", "with": {"kind": "primary"}, "with_first": true}"#;
const ABSENT: &str = r#"{"from": "/p", "to": "/p", "element": "n", "empty": "absent"}"#;

/// `single_to_list`.
pub const SINGLE_TO_LIST: Entry = Entry {
    name: "single_to_list",
    summary: "One value becomes a list of objects.",
    schema: schema::<Settings>,
    build,
    cases: &[
        Case {
            settings: PHONE,
            what: What::Both(
                r#"{"id":1,"phone":"+44","z":2}"#,
                r#"{"id":1,"phones":[{"kind":"main","number":"+44"}],"z":2}"#,
            ),
        },
        Case {
            settings: PHONE,
            what: What::Both(r#"{"phone":null,"z":2}"#, r#"{"phones":[],"z":2}"#),
        },
        Case {
            settings: PHONE,
            what: What::Down(
                r#"{"phones":[{"number":"1","kind":"mobile","x":1},{"number":"2"}]}"#,
                r#"{"phone":"1"}"#,
            ),
        },
        Case {
            settings: PHONE,
            what: What::PutUp {
                stored: r#"{"phones":[{"kind":"mobile","number":"1","x":1},{"kind":"main","number":"2"}],"z":1}"#,
                sent: r#"{"z":2,"phone":"1"}"#,
                gives: r#"{"z":2,"phones":[{"kind":"mobile","number":"1","x":1},{"kind":"main","number":"2"}]}"#,
            },
        },
        Case {
            settings: PHONE,
            what: What::PutUp {
                stored: r#"{"phones":[{"kind":"mobile","number":"1","x":1},{"kind":"main","number":"2"}],"z":1}"#,
                sent: r#"{"phone":"3","z":1}"#,
                gives: r#"{"phones":[{"kind":"mobile","number":"3","x":1},{"kind":"main","number":"2"}],"z":1}"#,
            },
        },
        Case {
            settings: PHONE,
            what: What::PutUp {
                stored: r#"{"phones":[{"kind":"mobile","number":"1"},{"number":"2"}]}"#,
                sent: r#"{"phone":null}"#,
                gives: r#"{"phones":[]}"#,
            },
        },
        Case {
            settings: PHONE,
            what: What::PutUp {
                stored: r#"{"phones":[{"kind":"mobile","number":"1"},{"number":"2"}]}"#,
                sent: "{}",
                gives: "{}",
            },
        },
        Case {
            settings: PHONE,
            what: What::PutUp {
                stored: r#"{"phones":[]}"#,
                sent: r#"{"phone":"1"}"#,
                gives: r#"{"phones":[{"kind":"main","number":"1"}]}"#,
            },
        },
        Case {
            settings: PHONE,
            what: What::RefusedDown(r#"{"phones":{}}"#, "/phones"),
        },
        Case {
            settings: PHONE,
            what: What::RefusedDown(r#"{"phones":["1"]}"#, "/phones/0"),
        },
        Case {
            settings: PHONE,
            what: What::RefusedDown(r#"{"phones":[{"kind":"main"}]}"#, "/phones/0/number"),
        },
        Case {
            settings: PHONE,
            what: What::RefusedDown(
                r#"{"phones":[{"kind":"main","number":null}]}"#,
                "/phones/0/number",
            ),
        },
        Case {
            settings: PHONE,
            what: What::RefusedDown(r#"{"phones":[{"kind":"mobile","number":"1"}]}"#, "/phones/0/kind"),
        },
        Case {
            settings: PHONE,
            what: What::RefusedDown(
                r#"{"phones":[{"kind":"main","number":"1"},{"kind":"main","number":"2"}]}"#,
                "/phones",
            ),
        },
        Case {
            settings: PHONE,
            what: What::Patch(r#"{"phone":"1"}"#, None),
        },
        Case {
            settings: PHONE,
            what: What::Patch(r#"{"phone":null}"#, Some(r#"{"phones":[]}"#)),
        },
        Case {
            settings: ADDRESS,
            what: What::Both(
                r#"{"id":1,"address":{"city":"c","x":1.0},"z":2}"#,
                r#"{"id":1,"addresses":[{"kind":"primary","city":"c","x":1.0}],"z":2}"#,
            ),
        },
        Case {
            settings: ADDRESS,
            what: What::Both(r#"{"z":2}"#, r#"{"z":2}"#),
        },
        Case {
            settings: ADDRESS,
            what: What::RefusedUp(r#"{"address":"x"}"#, "/address"),
        },
        Case {
            settings: ADDRESS,
            what: What::RefusedUp(r#"{"address":null}"#, "/address"),
        },
        Case {
            settings: ADDRESS,
            what: What::RefusedUp(r#"{"address":{"kind":"primary"}}"#, "/address/kind"),
        },
        Case {
            settings: ADDRESS,
            what: What::RefusedDown(r#"{"addresses":[]}"#, "/addresses"),
        },
        Case {
            settings: ADDRESS,
            what: What::RefusedDown(r#"{"addresses":[{"kind":"other"}]}"#, "/addresses/0/kind"),
        },
        Case {
            settings: ADDRESS,
            what: What::RefusedDown(
                r#"{"addresses":[{"kind":"primary"},{"kind":"primary"}]}"#,
                "/addresses",
            ),
        },
        Case {
            settings: ADDRESS,
            what: What::PutDown {
                stored: r#"{"address":{"city":"c","x":1}}"#,
                sent: r#"{"addresses":[{"city":"d","kind":"primary"}]}"#,
                gives: r#"{"address":{"city":"d"}}"#,
            },
        },
        Case {
            settings: ABSENT,
            what: What::PutUp {
                stored: r#"{"p":[],"z":1}"#,
                sent: r#"{"z":2}"#,
                gives: r#"{"z":2,"p":[]}"#,
            },
        },
        Case {
            settings: ABSENT,
            what: What::PutUp {
                stored: r#"{"p":[{"n":1}],"z":1}"#,
                sent: r#"{"z":2}"#,
                gives: r#"{"z":2}"#,
            },
        },
        Case {
            settings: ABSENT,
            what: What::Both(r#"{"p":{"a":1}}"#, r#"{"p":[{"n":{"a":1}}]}"#),
        },
    ],
};

/// `list_to_single`.
pub const LIST_TO_SINGLE: Entry = Entry {
    name: "list_to_single",
    summary: "A list becomes its first element.",
    schema: schema::<Settings>,
    build: build_reversed,
    cases: &[
        Case {
            settings: r#"{"from": "/phones", "to": "/phone", "element": "number", "with": {"kind": "main"}, "empty": "absent"}"#,
            what: What::Both(r#"{"phones":[{"number":"1","kind":"main"}]}"#, r#"{"phone":"1"}"#),
        },
        Case {
            settings: r#"{"from": "/phones", "to": "/phone", "element": "number", "rest": "keep"}"#,
            what: What::PutDown {
                stored: r#"{"phones":[{"number":"1","kind":"a"},{"number":"2"}]}"#,
                sent: r#"{"phone":"3"}"#,
                gives: r#"{"phones":[{"number":"3","kind":"a"},{"number":"2"}]}"#,
            },
        },
    ],
};

fn build(json: &Json, _: Files<'_>) -> Result<Box<dyn Operator>, SettingsFault> {
    let settings: Settings = settings(json)?;
    let (single, list) = (pointer(&settings.from, "/from")?, pointer(&settings.to, "/to")?);
    Ok(Box::new(SingleToList::new(
        "single_to_list",
        single,
        list,
        settings,
    )?))
}

fn build_reversed(json: &Json, _: Files<'_>) -> Result<Box<dyn Operator>, SettingsFault> {
    let settings: Settings = settings(json)?;
    let (list, single) = (pointer(&settings.from, "/from")?, pointer(&settings.to, "/to")?);
    Ok(Box::new(Reversed {
        name: "list_to_single",
        inner: Box::new(SingleToList::new("list_to_single", single, list, settings)?),
    }))
}

#[derive(Debug)]
struct SingleToList {
    name: &'static str,
    single: Pointer,
    list: Pointer,
    element: Option<String>,
    with: Vec<(String, Value)>,
    with_first: bool,
    empty: Empty,
    rest: Rest,
}

impl SingleToList {
    fn new(
        name: &'static str,
        single: Pointer,
        list: Pointer,
        settings: Settings,
    ) -> Result<Self, SettingsFault> {
        let parent = |p: &Pointer| p.split_last().map(|(parent, _)| parent);
        if parent(&single).is_none() || parent(&single) != parent(&list) {
            let message = "both must be members of the same object; use `move` to change the object";
            return Err(SettingsFault::new("/to", message));
        }
        if let Some(name) = settings
            .element
            .as_ref()
            .filter(|e| settings.with.contains_key(*e))
        {
            let at = Pointer::of(["with", name]).to_string();
            return Err(SettingsFault::new(&at, "this is the member that `element` names"));
        }
        let with = settings.with.iter();
        Ok(Self {
            name,
            single,
            list,
            element: settings.element,
            with: with.map(|(k, v)| (k.clone(), Value::from_serde(v))).collect(),
            with_first: settings.with_first,
            empty: settings.empty,
            rest: settings.rest,
        })
    }

    fn key<'p>(&self, at: &'p Pointer) -> &'p str {
        at.names().last().map_or("", String::as_str)
    }

    fn first(&self) -> Pointer {
        self.list.child("0")
    }

    fn raise(&self, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        let parent = self.list.parent();
        let sent = self.single.look(doc);
        if site.has_stored() && sent == site.before(&self.single) {
            return self.keep(doc, site);
        }
        let list = match sent {
            None if self.empty == Empty::Refuse || self.may_be_absent(site) => return Ok(()),
            None if parent.look(doc).and_then(Value::as_object).is_none() => return Ok(()),
            None => return insert(doc, &self.list, Member::own("", Value::List(Vec::new()))),
            Some(Value::Null) if self.empty != Empty::Refuse => Value::List(Vec::new()),
            Some(value) => self
                .listed(value, site.after(&self.list))
                .map_err(|f| f.below(&self.single))?,
        };
        self.replace(doc, &self.single, &self.list, list);
        Ok(())
    }

    /// The client did not change what it saw: the stored list stays whole, or stays absent.
    fn keep(&self, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        let Some(stored) = site.after(&self.list).cloned() else {
            return Ok(());
        };
        if self.single.look(doc).is_none() {
            return insert(doc, &self.list, Member::kept("", stored));
        }
        self.replace(doc, &self.single, &self.list, stored);
        Ok(())
    }

    /// A list that may be absent is absent where the single value is.
    fn may_be_absent(&self, site: &Site<'_>) -> bool {
        let parent = self.list.parent();
        let object = site.target.and_then(|t| t.at(&parent, site.target_types));
        let field = object.and_then(|o| o.resolve(site.target_types).field(self.key(&self.list)));
        field.is_some_and(|f| !f.required)
    }

    /// Replaces one member by another in its place.
    fn replace(&self, doc: &mut Value, from: &Pointer, to: &Pointer, value: Value) {
        if let Some((index, _)) = take(doc, from)
            && let Some(parent) = to.parent_mut(doc)
        {
            parent.put(index, Member::own(self.key(to), value));
        }
    }

    fn listed(&self, value: &Value, stored: Option<&Value>) -> Result<Value, Fault> {
        let stored = stored.and_then(Value::as_list).unwrap_or_default();
        let first = match &self.element {
            Some(member) => self.filled(member, value, stored.first()),
            None => self.tagged(value)?,
        };
        let rest = stored.iter().skip(1).cloned();
        Ok(Value::List(std::iter::once(first).chain(rest).collect()))
    }

    /// The first element with this value: the stored one keeps its other members, a new one gets those of `with`.
    fn filled(&self, member: &str, value: &Value, stored: Option<&Value>) -> Value {
        if let Some(Value::Object(stored)) = stored {
            let mut object = stored.clone();
            object.set(member, value.clone());
            return Value::Object(object);
        }
        self.with_members(vec![Member::own(member, value.clone())])
    }

    fn tagged(&self, value: &Value) -> Result<Value, Fault> {
        let Value::Object(object) = value else {
            return Err(Fault::unfit(format!(
                "an object is needed here, this is {}",
                value.kind()
            )));
        };
        if let Some((name, _)) = self.with.iter().find(|(name, _)| object.get(name).is_some()) {
            let detail = "this member means something else in the other version";
            return Err(Fault::new(FaultKind::Captured, detail).below(&Pointer::of([name])));
        }
        Ok(self.with_members(object.members().to_vec()))
    }

    fn with_members(&self, mut own: Vec<Member>) -> Value {
        let with = self.with.iter().map(|(name, v)| Member::own(name, v.clone()));
        let kept = own.iter().position(|m| m.kept).unwrap_or(own.len());
        let at = if self.with_first { 0 } else { kept };
        own.splice(at..at, with);
        Value::Object(Object::new(own))
    }

    /// A client that must send exactly one element sent no list.
    fn missing(&self, site: &Site<'_>) -> Result<(), Fault> {
        let required = self.list.split_last().is_some_and(|(parent, name)| {
            let parent = site.source.at(&parent, site.source_types);
            let field = parent.and_then(|p| p.resolve(site.source_types).field(name));
            field.is_some_and(|f| f.required)
        });
        if required && self.empty == Empty::Refuse && site.purpose != Purpose::Answer {
            return Err(Fault::unfit("a list with one element is needed here").below(&self.list));
        }
        Ok(())
    }

    fn lower(&self, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        let Some(value) = self.list.look(doc) else {
            return self.missing(site);
        };
        let same = site.has_stored() && site.before(&self.list) == Some(value);
        let shown = if same {
            site.after(&self.single).cloned()
        } else {
            self.shown(value, site.purpose).map_err(|f| f.below(&self.list))?
        };
        match shown {
            Some(value) => self.replace(doc, &self.list, &self.single, value),
            None => drop(take(doc, &self.list)),
        }
        Ok(())
    }

    /// What a list shows as; `None` for nothing.
    fn shown(&self, value: &Value, purpose: Purpose) -> Result<Option<Value>, Fault> {
        let Value::List(items) = value else {
            return Err(Fault::unfit(format!(
                "a list is needed here, this is {}",
                value.kind()
            )));
        };
        if items.len() > 1 && (self.rest == Rest::Refuse || purpose != Purpose::Answer) {
            let detail = "the other version has room for one element only";
            return Err(Fault::new(FaultKind::Unplaced, detail));
        }
        match (items.first(), self.empty) {
            (Some(item), _) => {
                let value = self.single_of(item, purpose);
                value.map(Some).map_err(|f| f.below(&Pointer::of(["0"])))
            }
            (None, Empty::Null) => Ok(Some(Value::Null)),
            (None, Empty::Absent) => Ok(None),
            (None, Empty::Refuse) => Err(Fault::unfit("the list must not be empty")),
        }
    }

    fn single_of(&self, item: &Value, purpose: Purpose) -> Result<Value, Fault> {
        let Value::Object(object) = item else {
            return Err(Fault::unfit(format!(
                "an object is needed here, this is {}",
                item.kind()
            )));
        };
        let mut rest = object.clone();
        let Some(member) = &self.element else {
            self.untag(&mut rest, true)?;
            return Ok(Value::Object(rest));
        };
        let at = Pointer::of([member]);
        let value = match rest.take(member) {
            Some((_, taken)) if taken.value != Value::Null => taken.value,
            Some(_) => return Err(Fault::unfit("null cannot be shown here").below(&at)),
            None => return Err(Fault::unfit("this member is needed and missing").below(&at)),
        };
        if purpose != Purpose::Answer {
            self.untag(&mut rest, false)?;
            super::group::nothing_beside(&rest, &Pointer::root())?;
        }
        Ok(value)
    }

    /// Takes the members of `with` off, which must have their values.
    fn untag(&self, object: &mut Object, needed: bool) -> Result<(), Fault> {
        for (name, value) in &self.with {
            let taken = object.take(name).map(|(_, member)| member.value);
            let fits = taken.as_ref().map_or(!needed, |taken| taken == value);
            if !fits {
                let fault = Fault::unfit(format!("the other version has room for {value} only"));
                return Err(fault.below(&Pointer::of([name])));
            }
        }
        Ok(())
    }
}

impl Operator for SingleToList {
    fn name(&self) -> &'static str {
        self.name
    }

    fn pairs(&self) -> Vec<Pair> {
        let first = match &self.element {
            Some(member) => Pair::deep(&self.single, &self.first().child(member)),
            None => Pair::deep(&self.single, &self.first()),
        };
        vec![first, Pair::shallow(&self.single, &self.list)]
    }

    fn retype(&self, to: Direction, shape: &mut Shape, types: &Types) -> Result<(), TypeFault> {
        let (from, into) = if to == Direction::Up {
            (&self.single, &self.list)
        } else {
            (&self.list, &self.single)
        };
        let Some((index, mut field)) = shape.take_field(from, types)? else {
            return Ok(());
        };
        field.shape.open(types);
        let field = if to == Direction::Up {
            self.list_field(field, types)?
        } else {
            self.single_field(field, types)?
        };
        shape.put_field(into, index, field, types)
    }

    fn apply(&self, to: Direction, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        if to == Direction::Up {
            self.raise(doc, site)
        } else {
            self.lower(doc, site)
        }
    }

    fn patch(&self, to: Direction, patch: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        let from = if to == Direction::Up {
            &self.single
        } else {
            &self.list
        };
        if !touches(patch, from) {
            return Ok(());
        }
        match (to, from.look(patch)) {
            (Direction::Up, Some(Value::Null)) if self.empty != Empty::Refuse => {
                self.replace(patch, &self.single, &self.list, Value::List(Vec::new()));
                Ok(())
            }
            (_, Some(Value::Null)) => {
                let (from, into) = if to == Direction::Up {
                    (&self.single, &self.list)
                } else {
                    (&self.list, &self.single)
                };
                self.replace(patch, from, into, Value::Null);
                Ok(())
            }
            (Direction::Down, Some(list)) => {
                let shown = self.shown(list, site.purpose).map_err(|f| f.below(&self.list))?;
                self.patch_single(patch, shown)
            }
            _ => Err(needs_stored()),
        }
    }

    fn stored(&self, to: Direction) -> Stored {
        // Going to the list, the first element's other members and the elements after it are kept.
        if to == Direction::Up {
            Stored::Consulted
        } else {
            Stored::Never
        }
    }
}

impl SingleToList {
    /// A merge patch can set a scalar or remove; it would merge an object, and null is no value in it.
    fn patch_single(&self, patch: &mut Value, shown: Option<Value>) -> Result<(), Fault> {
        let value = match shown {
            Some(Value::Object(_) | Value::Null) => return Err(needs_stored()),
            shown => shown.unwrap_or(Value::Null),
        };
        self.replace(patch, &self.list, &self.single, value);
        Ok(())
    }

    fn list_field(&self, single: Field, types: &Types) -> Result<Field, TypeFault> {
        let Field {
            mut shape, required, ..
        } = single;
        let elements = Elements::new(&self.single, &self.with, self.with_first);
        if shape.kind != Kind::Any {
            elements.check_empty(self.empty, shape.nullable, required)?;
        }
        shape.nullable = false;
        let element = match &self.element {
            Some(member) => elements.around(member, shape),
            None => elements.tagged(shape, types)?,
        };
        Ok(Field {
            name: String::new(),
            shape: Kind::List(Box::new(element)).into(),
            required: required || self.empty == Empty::Absent,
        })
    }

    fn single_field(&self, list: Field, types: &Types) -> Result<Field, TypeFault> {
        let elements = Elements::new(&self.list, &self.with, self.with_first);
        let mut shape = match list.shape.kind {
            Kind::Any => Shape::any(),
            Kind::List(element) => elements.single(self.element.as_deref(), *element, types)?,
            _ => return Err(elements.no_list()),
        };
        shape.nullable = self.empty == Empty::Null;
        Ok(Field {
            name: String::new(),
            shape,
            required: list.required && self.empty != Empty::Absent,
        })
    }
}
