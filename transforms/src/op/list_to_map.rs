//! `list_to_map`: a list of named objects becomes an object by name, and back.
//!
//! ```yaml
//! list_to_map: {at: /labels, key: name, value: value}     # [{"name": "a", "value": 1}] ↔ {"a": 1}
//! list_to_map: {at: /ports, key: name}                    # [{"name": "a", "port": 1}] ↔ {"a": {"port": 1}}
//! ```
//!
//! With `value` the map holds that member of each element; without it, the element without its key. The order is kept
//! both ways; in an element that is made, the key stands first.
//!
//! Loses nothing: two elements of the same name cannot be shown as a map. What an element holds beside the two members is
//! hidden from clients that see the map, and kept on their writes as long as the name stays.

use std::collections::{HashMap, HashSet};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::entry::{Case, Entry, Files, SettingsFault, What, pointer, schema, settings};
use super::group::{keep_beside, no_field_beside, nothing_beside};
use super::{Direction, Operator, Pair, Site, Stored, patch_whole};
use crate::contract::Purpose;
use crate::fault::{Fault, FaultKind};
use crate::pointer::Pointer;
use crate::shape::{Field, Kind, Shape, TypeFault, TypeFaultKind, Types};
use crate::value::{Member, Object, Value};

/// Settings of `list_to_map`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the list and the map stand, as a JSON Pointer.
    pub at: String,
    /// The member of an element that is its name in the map.
    pub key: String,
    /// The member of an element that is its value in the map; without it the rest of the element is.
    #[serde(default)]
    pub value: Option<String>,
}

const VALUE: &str = r#"{"at": "/labels", "key": "name", "value": "value"}"#;
const REST: &str = r#"{"at": "/ports", "key": "name"}"#;

/// `list_to_map`.
pub const LIST_TO_MAP: Entry = Entry {
    name: "list_to_map",
    summary: "A list of named objects becomes an object by name.",
    schema: schema::<Settings>,
    build,
    cases: &[
        Case {
            settings: VALUE,
            what: What::Up(
                r#"{"labels":[{"name":"b","value":1.0},{"value":2,"name":"\u0061"}],"z":1}"#,
                r#"{"labels":{"b":1.0,"a":2},"z":1}"#,
            ),
        },
        Case {
            settings: VALUE,
            what: What::Down(
                r#"{"labels":{"b":1.0,"q\"":null}}"#,
                r#"{"labels":[{"name":"b","value":1.0},{"name":"q\"","value":null}]}"#,
            ),
        },
        Case {
            settings: VALUE,
            what: What::Both(r#"{"labels":[]}"#, r#"{"labels":{}}"#),
        },
        Case {
            settings: VALUE,
            what: What::Both(r#"{"z":[]}"#, r#"{"z":[]}"#),
        },
        Case {
            settings: REST,
            what: What::Both(
                r#"{"ports":[{"name":"http","port":80},{"name":"x"}]}"#,
                r#"{"ports":{"http":{"port":80},"x":{}}}"#,
            ),
        },
        Case {
            settings: VALUE,
            what: What::RefusedUp(
                r#"{"labels":[{"name":"a","value":1},{"name":"\u0061","value":2}]}"#,
                "/labels/1",
            ),
        },
        Case {
            settings: VALUE,
            what: What::RefusedUp(r#"{"labels":[{"name":1,"value":1}]}"#, "/labels/0/name"),
        },
        Case {
            settings: VALUE,
            what: What::RefusedUp(r#"{"labels":[{"name":"a"}]}"#, "/labels/0/value"),
        },
        Case {
            settings: VALUE,
            what: What::RefusedUp(r#"{"labels":[{"name":"a","value":1,"x":2}]}"#, "/labels/0/x"),
        },
        Case {
            settings: VALUE,
            what: What::RefusedUp(r#"{"labels":["a"]}"#, "/labels/0"),
        },
        Case {
            settings: VALUE,
            what: What::RefusedUp(r#"{"labels":{"a":1}}"#, "/labels"),
        },
        Case {
            settings: VALUE,
            what: What::RefusedDown(r#"{"labels":[]}"#, "/labels"),
        },
        Case {
            settings: REST,
            what: What::RefusedDown(r#"{"ports":{"a":1}}"#, "/ports/a"),
        },
        Case {
            settings: REST,
            what: What::RefusedDown(r#"{"ports":{"a":{"name":"b"}}}"#, "/ports/a/name"),
        },
        Case {
            settings: VALUE,
            what: What::PutDown {
                stored: r#"{"labels":[{"x":1,"name":"a","value":1},{"name":"b","value":2,"x":3}]}"#,
                sent: r#"{"labels":{"b":4,"a":1,"c":5}}"#,
                gives: r#"{"labels":[{"name":"b","value":4,"x":3},{"x":1,"name":"a","value":1},{"name":"c","value":5}]}"#,
            },
        },
        Case {
            settings: VALUE,
            what: What::Patch(r#"{"labels":[]}"#, None),
        },
        Case {
            settings: VALUE,
            what: What::Patch(r#"{"labels":null}"#, Some(r#"{"labels":null}"#)),
        },
    ],
};

fn build(json: &Json, _: Files<'_>) -> Result<Box<dyn Operator>, SettingsFault> {
    let settings: Settings = settings(json)?;
    if settings.value.as_ref() == Some(&settings.key) {
        return Err(SettingsFault::new(
            "/value",
            "key and value must be different members",
        ));
    }
    Ok(Box::new(ListToMap {
        at: pointer(&settings.at, "/at")?,
        key: settings.key,
        value: settings.value,
    }))
}

#[derive(Debug)]
struct ListToMap {
    at: Pointer,
    key: String,
    value: Option<String>,
}

impl ListToMap {
    fn map(&self, value: &Value, purpose: Purpose) -> Result<Value, Fault> {
        let Value::List(items) = value else {
            return Err(wrong("a list", value));
        };
        let mut names = HashSet::with_capacity(items.len());
        let mut members = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let below = |fault: Fault| fault.below(&Pointer::of([index.to_string()]));
            let (name, value) = self.named(item, purpose).map_err(below)?;
            if !names.insert(name.clone()) {
                return Err(below(Fault::unfit(format!(
                    "there is an element named `{name}` already"
                ))));
            }
            members.push(Member::own(&name, value));
        }
        Ok(Value::Object(Object::new(members)))
    }

    fn named(&self, item: &Value, purpose: Purpose) -> Result<(String, Value), Fault> {
        let Value::Object(object) = item else {
            return Err(wrong("an object", item));
        };
        let mut rest = object.clone();
        let key = taken(&mut rest, &self.key)?;
        let Some(name) = key.as_text() else {
            return Err(wrong("a text", &key).below(&Pointer::of([&self.key])));
        };
        let Some(member) = &self.value else {
            return Ok((name.into_owned(), Value::Object(rest)));
        };
        let value = taken(&mut rest, member)?;
        if purpose != Purpose::Answer {
            nothing_beside(&rest, &Pointer::root())?;
        }
        Ok((name.into_owned(), value))
    }

    fn list(&self, value: &Value, stored: &[Value]) -> Result<Value, Fault> {
        let Value::Object(object) = value else {
            return Err(wrong("an object", value));
        };
        let mut named: HashMap<_, &Value> = HashMap::with_capacity(stored.len());
        for item in stored {
            if let Some(name) = text_at(item, &self.key) {
                named.entry(name).or_insert(item);
            }
        }
        let items = object.members().iter().map(|member| {
            let name = member.key.decoded();
            let item = self.item(&name, &member.value, named.get(&name).copied());
            item.map_err(|f| f.below(&Pointer::of([name.as_ref()])))
        });
        items.collect::<Result<_, _>>().map(Value::List)
    }

    fn item(&self, name: &str, value: &Value, stored: Option<&Value>) -> Result<Value, Fault> {
        let key = Member::own(&self.key, Value::text(name));
        let Some(member) = &self.value else {
            return self.rest_item(key, value);
        };
        if let Some(whole) = stored.filter(|s| member_of(s, member) == Some(value)) {
            return Ok(whole.clone());
        }
        let mut object = Object::new(vec![key, Member::own(member, value.clone())]);
        keep_beside(&mut object, stored, |n| n == self.key || n == member);
        Ok(Value::Object(object))
    }

    fn rest_item(&self, key: Member, value: &Value) -> Result<Value, Fault> {
        let Value::Object(rest) = value else {
            return Err(wrong("an object", value));
        };
        if rest.get(&self.key).is_some() {
            let detail = "this member means something else in the other version";
            return Err(Fault::new(FaultKind::Captured, detail).below(&Pointer::of([&self.key])));
        }
        let members = std::iter::once(key).chain(rest.members().iter().cloned());
        Ok(Value::Object(Object::new(members.collect())))
    }

    fn map_type(&self, list: &Shape, types: &Types) -> Result<Kind, TypeFault> {
        let Kind::List(item) = &list.kind else {
            return Err(self.wrong_kind("a list"));
        };
        let mut item = item.as_ref().clone();
        item.open(types);
        let Kind::Object { fields, .. } = &mut item.kind else {
            let anything = item.kind == Kind::Any && !item.nullable;
            return if anything {
                Ok(Kind::Map(Box::new(Shape::any())))
            } else {
                Err(self.wrong_kind("a list of objects"))
            };
        };
        let key = take_field(fields, &self.key).ok_or_else(|| self.missing(&self.key))?;
        if !matches!(key.shape.resolve(types).kind, Kind::Text | Kind::Any) {
            return Err(self.wrong_kind(&format!("a list of objects whose `{}` is a text", self.key)));
        }
        let Some(member) = &self.value else {
            return Ok(Kind::Map(Box::new(item)));
        };
        let value = take_field(fields, member).ok_or_else(|| self.missing(member))?;
        no_field_beside(&item, &self.at.child("*"))?;
        Ok(Kind::Map(Box::new(value.shape)))
    }

    fn list_type(&self, map: &Shape, types: &Types) -> Result<Kind, TypeFault> {
        let value = match &map.kind {
            Kind::Map(value) => value.as_ref().clone(),
            Kind::Any => Shape::any(),
            Kind::Object { fields, open: true } if fields.is_empty() => Shape::any(),
            _ => return Err(self.wrong_kind("an object whose members all have one type")),
        };
        let field = |name: &str, shape: Shape| Field {
            name: name.to_owned(),
            shape,
            required: true,
        };
        let key = field(&self.key, Kind::Text.into());
        let item = match &self.value {
            Some(member) => Kind::Object {
                fields: vec![key, field(member, value)],
                open: true,
            }
            .into(),
            None => self.keyed_type(key, value, types)?,
        };
        Ok(Kind::List(Box::new(item)))
    }

    fn keyed_type(&self, key: Field, mut value: Shape, types: &Types) -> Result<Shape, TypeFault> {
        value.open(types);
        match &mut value.kind {
            Kind::Any => Ok(value),
            Kind::Object { fields, .. } if fields.iter().all(|f| f.name != key.name) => {
                fields.insert(0, key);
                Ok(value)
            }
            Kind::Object { .. } => {
                let at = self.at.child("*").child(&key.name);
                let message = format!("there is a member {at} already");
                Err(TypeFault::new(TypeFaultKind::FieldExists, &at, message))
            }
            _ => Err(self.wrong_kind("a map of objects")),
        }
    }

    fn missing(&self, name: &str) -> TypeFault {
        let at = self.at.child("*").child(name);
        let message = format!("there is no member {at}");
        TypeFault::new(TypeFaultKind::NoSuchField, &at, message)
    }

    fn wrong_kind(&self, wanted: &str) -> TypeFault {
        let message = format!("{} is not {wanted}", self.at);
        TypeFault::new(TypeFaultKind::WrongKind, &self.at, message)
    }
}

fn wrong(wanted: &str, value: &Value) -> Fault {
    Fault::unfit(format!("{wanted} is needed here, this is {}", value.kind()))
}

fn taken(object: &mut Object, name: &str) -> Result<Value, Fault> {
    let taken = object.take(name).map(|(_, member)| member.value);
    taken.ok_or_else(|| Fault::unfit("this member is needed and missing").below(&Pointer::of([name])))
}

fn take_field(fields: &mut Vec<Field>, name: &str) -> Option<Field> {
    let index = fields.iter().position(|f| f.name == name)?;
    Some(fields.remove(index))
}

fn member_of<'v>(item: &'v Value, name: &str) -> Option<&'v Value> {
    item.as_object()?.get(name)
}

fn text_at<'v>(item: &'v Value, name: &str) -> Option<std::borrow::Cow<'v, str>> {
    member_of(item, name)?.as_text()
}

impl Operator for ListToMap {
    fn name(&self) -> &'static str {
        "list_to_map"
    }

    fn pairs(&self) -> Vec<Pair> {
        vec![Pair::shallow(&self.at, &self.at)]
    }

    fn retype(&self, to: Direction, shape: &mut Shape, types: &Types) -> Result<(), TypeFault> {
        let Some(place) = shape.at_mut(&self.at, types)? else {
            return Ok(());
        };
        let kind = match (to, &place.kind) {
            (Direction::Up, Kind::Any) => Kind::Map(Box::new(Shape::any())),
            (Direction::Up, _) => self.map_type(place, types)?,
            (Direction::Down, _) => self.list_type(place, types)?,
        };
        *place = Shape {
            nullable: place.nullable,
            ..kind.into()
        };
        Ok(())
    }

    fn apply(&self, to: Direction, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        let Some(value) = self.at.look_mut(doc) else {
            return Ok(());
        };
        let stored = site.after(&self.at);
        let made = match stored {
            Some(stored) if site.before(&self.at) == Some(value) => Ok(stored.clone()),
            _ if *value == Value::Null && site.nullable(&self.at) => return Ok(()),
            _ if to == Direction::Up => self.map(value, site.purpose),
            _ => self.list(value, stored.and_then(Value::as_list).unwrap_or_default()),
        };
        *value = made.map_err(|f| f.below(&self.at))?;
        Ok(())
    }

    fn patch(&self, _: Direction, patch: &mut Value, _: &Site<'_>) -> Result<(), Fault> {
        patch_whole(patch, &self.at)
    }

    fn stored(&self, to: Direction) -> Stored {
        // Only elements have members that the other side does not show.
        if to == Direction::Down && self.value.is_some() {
            Stored::Consulted
        } else {
            Stored::Never
        }
    }
}
