//! `rename` and `move`: a member stands at another place, its value is the same.
//!
//! - `rename` stays in its object: `{from: /full_name, to: /name}`.
//! - `move` changes the object: `{from: /segment, to: /insights/segment}`. An object that one side does not have is
//!   made when the first member moves in, and goes when the last one leaves; other members that it holds are hidden
//!   from that side and kept on its writes.
//!
//! Loses nothing but hidden members, which writes keep.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::entry::{Case, Entry, Files, SettingsFault, What, pointer, schema, settings};
use super::{Direction, Operator, Pair, Site, Stored, needs_stored, touches};
use crate::fault::Fault;
use crate::pointer::Pointer;
use crate::shape::{Field, Kind, Shape, TypeFault, Types};
use crate::value::{Member, Object, Value};

/// Settings of `rename`, `move`, `hoist` and `wrap`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the member stands in the old version, as a JSON Pointer.
    pub from: String,
    /// Where it stands in the new version, as a JSON Pointer.
    pub to: String,
}

/// `rename`.
pub const RENAME: Entry = Entry {
    name: "rename",
    summary: "A member has another name.",
    schema: schema::<Settings>,
    build: build_rename,
    cases: &[
        Case {
            settings: r#"{"from": "/full_name", "to": "/name"}"#,
            what: What::Both(r#"{"full_name":"Ada","x":1.0}"#, r#"{"name":"Ada","x":1.0}"#),
        },
        Case {
            settings: r#"{"from": "/a", "to": "/b"}"#,
            what: What::Both("{}", "{}"),
        },
        Case {
            settings: r#"{"from": "/a", "to": "/b"}"#,
            what: What::Patch(r#"{"a":null}"#, Some(r#"{"b":null}"#)),
        },
        Case {
            settings: r#"{"from": "/o/a", "to": "/o/b"}"#,
            what: What::Both(r#"{"o":{"a":[]}}"#, r#"{"o":{"b":[]}}"#),
        },
    ],
};

/// `move`.
pub const MOVE: Entry = Entry {
    name: "move",
    summary: "A member stands in another object.",
    schema: schema::<Settings>,
    build: build_move,
    cases: &[
        Case {
            settings: r#"{"from": "/segment", "to": "/insights/segment"}"#,
            what: What::Both(
                r#"{"id":1,"segment":"a","z":2}"#,
                r#"{"id":1,"insights":{"segment":"a"},"z":2}"#,
            ),
        },
        Case {
            settings: r#"{"from": "/segment", "to": "/insights/segment"}"#,
            what: What::PutUp {
                stored: r#"{"insights":{"segment":"a","extra":1}}"#,
                sent: r#"{"segment":"b"}"#,
                gives: r#"{"insights":{"segment":"b","extra":1}}"#,
            },
        },
        Case {
            settings: r#"{"from": "/segment", "to": "/insights/segment"}"#,
            what: What::PutUp {
                stored: r#"{"insights":{"segment":"a"}}"#,
                sent: "{}",
                gives: "{}",
            },
        },
        Case {
            settings: r#"{"from": "/segment", "to": "/insights/segment"}"#,
            what: What::Patch(r#"{"segment":"b"}"#, Some(r#"{"insights":{"segment":"b"}}"#)),
        },
        Case {
            settings: r#"{"from": "/segment", "to": "/insights/segment"}"#,
            what: What::Patch(r#"{"segment":null}"#, None),
        },
    ],
};

pub(super) fn places(json: &Json) -> Result<(Pointer, Pointer), SettingsFault> {
    let settings: Settings = settings(json)?;
    let (from, to) = (pointer(&settings.from, "/from")?, pointer(&settings.to, "/to")?);
    if from == to {
        return Err(SettingsFault::new(
            "/to",
            "it is the place where the member already stands",
        ));
    }
    Ok((from, to))
}

fn build_rename(json: &Json, _: Files<'_>) -> Result<Box<dyn Operator>, SettingsFault> {
    let (old, new) = places(json)?;
    let parent = |p: &Pointer| p.split_last().map(|(parent, _)| parent);
    if parent(&old).is_none() || parent(&old) != parent(&new) {
        return Err(SettingsFault::new(
            "/to",
            "rename stays in one object; use `move` to change the object",
        ));
    }
    Ok(Box::new(Relocate {
        name: "rename",
        old,
        new,
    }))
}

fn build_move(json: &Json, _: Files<'_>) -> Result<Box<dyn Operator>, SettingsFault> {
    let (old, new) = places(json)?;
    if old.is_root() || new.is_root() || old.strip(&new).is_some() || new.strip(&old).is_some() {
        return Err(SettingsFault::new(
            "/to",
            "a member cannot move into itself; use `wrap` or `hoist`",
        ));
    }
    Ok(Box::new(Relocate {
        name: "move",
        old,
        new,
    }))
}

#[derive(Debug)]
struct Relocate {
    name: &'static str,
    old: Pointer,
    new: Pointer,
}

impl Relocate {
    fn way(&self, to: Direction) -> (&Pointer, &Pointer) {
        if to == Direction::Up {
            (&self.old, &self.new)
        } else {
            (&self.new, &self.old)
        }
    }
}

impl Operator for Relocate {
    fn name(&self) -> &'static str {
        self.name
    }

    fn pairs(&self) -> Vec<Pair> {
        vec![Pair::deep(&self.old, &self.new)]
    }

    fn retype(&self, to: Direction, shape: &mut Shape, types: &Types) -> Result<(), TypeFault> {
        let (from, into) = self.way(to);
        let Some((index, field)) = shape.take_field(from, types)? else {
            return Ok(());
        };
        let left = dissolve_type(shape, from, into, types)?;
        let same = from.parent() == into.parent();
        let place = made_type(shape, into, left.unwrap_or(index), types)?;
        shape.put_field(
            into,
            if same || place.is_none() && left.is_some() {
                left.unwrap_or(index)
            } else {
                usize::MAX
            },
            field,
            types,
        )
    }

    fn apply(&self, to: Direction, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        let (from, into) = self.way(to);
        let taken = take(doc, from);
        let hidden = container(site, into);
        let Some((index, member)) = taken else {
            return restore_container(doc, from, into, hidden.as_ref(), site);
        };
        let index = dissolve(doc, from, into, site)
            .or_else(|| behind(doc, from, into))
            .unwrap_or(index);
        put(doc, into, index, member.value, from)?;
        keep_rest(doc, hidden.as_ref(), site);
        Ok(())
    }

    fn patch(&self, to: Direction, patch: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        let (from, into) = self.way(to);
        if !touches(patch, from) {
            return Ok(());
        }
        let plain = |p: &Pointer| {
            p.split_last()
                .and_then(|(parent, _)| parent.look(patch).map(|v| v.as_object().is_some()))
        };
        let (Some(true), Some(value)) = (plain(from), from.look(patch)) else {
            return Err(needs_stored());
        };
        // Removing the last member of an object that one side does not have removes the object: that depends on
        // what else is stored in it.
        let above = |at: &Pointer| {
            (1..at.names().len())
                .map(|depth| at.truncate(depth))
                .collect::<Vec<_>>()
        };
        let comes_and_goes = above(into).iter().any(|at| site.source_has(at) != Some(true))
            || above(from).iter().any(|at| site.target_has(at) != Some(true));
        if matches!(value, Value::Null) && comes_and_goes {
            return Err(needs_stored());
        }
        let Some((index, member)) = take(patch, from) else {
            return Ok(());
        };
        let index = dissolve(patch, from, into, site)
            .or_else(|| behind(patch, from, into))
            .unwrap_or(index);
        put(patch, into, index, member.value, from)
    }

    fn stored(&self, _: Direction) -> Stored {
        // A container's hidden members are kept, and so is an empty container.
        if self.name == "rename" {
            Stored::Never
        } else {
            Stored::Consulted
        }
    }
}

/// Takes the member at a place out, with its index.
pub(crate) fn take(doc: &mut Value, at: &Pointer) -> Option<(usize, Member)> {
    let (_, name) = at.split_last()?;
    at.parent_mut(doc)?.take(name)
}

/// Puts a value at a place. Objects on the way are made where `index` says; an existing one takes it at its end.
pub(super) fn put(
    doc: &mut Value,
    at: &Pointer,
    index: usize,
    value: Value,
    from: &Pointer,
) -> Result<(), Fault> {
    let Some((parent, name)) = at.split_last() else {
        return Ok(());
    };
    let sibling = from.split_last().is_some_and(|(p, _)| p == parent);
    let made = make_objects(doc, &parent, index)?;
    let Some(object) = parent.look_mut(doc).and_then(Value::as_object_mut) else {
        return Err(Fault::unfit("an object is needed here").below(&parent));
    };
    let kept_from = object.members().iter().position(|m| m.kept).unwrap_or(usize::MAX);
    let above = from.names().len() > at.names().len() && from.strip(&parent).is_some();
    object.put(
        if (sibling || above) && !made {
            index
        } else {
            kept_from
        },
        Member::own(name, value),
    );
    Ok(())
}

/// Makes the objects that lead to a place; says whether one was made.
fn make_objects(doc: &mut Value, to: &Pointer, index: usize) -> Result<bool, Fault> {
    let mut made = false;
    for depth in 1..=to.names().len() {
        let at = to.truncate(depth);
        if at.look(doc).is_none() {
            let (_, name) = at.split_last().unwrap_or_default();
            let name = name.to_owned();
            let Some(parent) = at.parent_mut(doc) else {
                return Err(Fault::unfit("an object is needed here").below(&at.truncate(depth - 1)));
            };
            let place = if made { 0 } else { index };
            parent.put(place, Member::own(&name, Value::Object(Object::default())));
            made = true;
        }
    }
    Ok(made)
}

/// The first object on the way to a place that the source version does not have: the target version's container.
pub(super) fn container(site: &Site<'_>, into: &Pointer) -> Option<Pointer> {
    let depths = 1..into.names().len();
    depths
        .map(|d| into.truncate(d))
        .find(|at| site.source_has(at) == Some(false))
}

/// The first object on the way from a place that the target version does not have.
fn container_left(site: &Site<'_>, from: &Pointer) -> Option<Pointer> {
    let depths = 1..from.names().len();
    depths
        .map(|d| from.truncate(d))
        .find(|at| site.target_has(at) == Some(false))
}

/// After a member left: removes the object that held it, where the target version has none. Gives its place, as an
/// index beside the member's new place.
pub(super) fn dissolve(doc: &mut Value, from: &Pointer, into: &Pointer, site: &Site<'_>) -> Option<usize> {
    let hollow = |at: &Pointer| {
        let rest = from.strip(at).unwrap_or_default();
        site.target_has(at).is_none() && at.look(doc).is_some_and(|value| is_hollow(value, rest.names()))
    };
    let mut above = (1..from.names().len()).map(|depth| from.truncate(depth));
    let gone = container_left(site, from).or_else(|| above.find(hollow))?;
    let keeps_other = into.strip(&gone).is_some();
    if keeps_other {
        return None;
    }
    let (index, _) = take(doc, &gone)?;
    Some(index)
}

/// After a member left an object that stays, for a place beside that object: it stands right behind it, so that several
/// that leave stand in the order in which they left.
fn behind(doc: &Value, from: &Pointer, into: &Pointer) -> Option<usize> {
    let parent = into.parent();
    let rest = from.strip(&parent).filter(|rest| rest.names().len() > 1)?;
    let object = parent.look(doc)?.as_object()?;
    Some(object.position(rest.names().first()?)? + 1)
}

/// Whether an object holds nothing, or nothing but such objects on the way to a place.
fn is_hollow(value: &Value, way: &[String]) -> bool {
    let (Value::Object(object), Some((name, below))) = (value, way.split_first()) else {
        return false;
    };
    match object.members() {
        [] => true,
        [only] => only.key.is(name) && is_hollow(&only.value, below),
        _ => false,
    }
}

/// Appends what the stored container holds beside the members that are written: hidden from the source version, kept.
pub(super) fn keep_rest(doc: &mut Value, container: Option<&Pointer>, site: &Site<'_>) {
    let Some(at) = container else { return };
    let Some(Value::Object(stored)) = site.after(at) else {
        return;
    };
    let Some(object) = at.look_mut(doc).and_then(Value::as_object_mut) else {
        return;
    };
    for member in stored.members() {
        let name = member.key.decoded();
        let shown = site.target_has(&at.child(&name)) == Some(true);
        if !shown && object.get(&name).is_none() {
            object.members_mut().push(Member {
                kept: true,
                ..member.clone()
            });
        }
    }
}

/// When the client sent no such member: a container that only holds hidden members stays, and an untouched one too.
fn restore_container(
    doc: &mut Value,
    from: &Pointer,
    into: &Pointer,
    container: Option<&Pointer>,
    site: &Site<'_>,
) -> Result<(), Fault> {
    // Where no type says that the other version has no such object, it is not this step's to remove.
    if container_left(site, from).is_some() {
        dissolve(doc, from, into, site);
    }
    let Some(at) = container else { return Ok(()) };
    let (Some(Value::Object(stored)), None) = (site.after(at), at.look(doc)) else {
        return Ok(());
    };
    let unchanged = site.before(from).is_none();
    let mut rest = stored.clone();
    rest.members_mut()
        .retain(|m| unchanged || site.target_has(&at.child(&m.key.decoded())) != Some(true));
    if rest.is_empty() && !unchanged {
        rest = Object::shell();
    }
    let (_, name) = at.split_last().unwrap_or_default();
    if let Some(parent) = at.parent_mut(doc) {
        parent.members_mut().push(Member::kept(name, Value::Object(rest)));
    }
    Ok(())
}

/// Removes the type of an object that lost its last known member. Gives where it stood.
pub(super) fn dissolve_type(
    shape: &mut Shape,
    from: &Pointer,
    into: &Pointer,
    types: &Types,
) -> Result<Option<usize>, TypeFault> {
    let mut place = None;
    for depth in (1..from.names().len()).rev() {
        let at = from.truncate(depth);
        let empty = shape.at(&at, types).is_some_and(
            |s| matches!(&s.resolve(types).kind, Kind::Object { fields, .. } if fields.is_empty()),
        );
        if !empty || into.strip(&at).is_some() {
            break;
        }
        place = shape.take_field(&at, types)?.map(|(index, _)| index);
    }
    Ok(place)
}

/// Makes the types of objects on the way to a place. Gives the first that was made.
pub(super) fn made_type(
    shape: &mut Shape,
    into: &Pointer,
    index: usize,
    types: &Types,
) -> Result<Option<Pointer>, TypeFault> {
    let mut made = None;
    for depth in 1..into.names().len() {
        let at = into.truncate(depth);
        if shape.knows(&at, types) == crate::shape::Known::No {
            let object = Shape::from(Kind::Object {
                fields: Vec::new(),
                open: true,
            });
            let place = if made.is_none() { index } else { usize::MAX };
            shape.put_field(
                &at,
                place,
                Field {
                    name: String::new(),
                    shape: object,
                    required: false,
                },
                types,
            )?;
            made.get_or_insert(at);
        }
    }
    Ok(made)
}
