//! `derived`: a member that one side has, and that follows from the one beside it.
//!
//! `derived: {at: /country/name, from: /country/code, file: countries.json, side: old}` — the old version says the
//! country's name too. Going there it is looked up; a code without a name is refused, because the object would be
//! incomplete. What a client sends there must be what follows from `from`, else it is refused at its own place; it may be
//! left out unless `required`.
//!
//! A patch of `from` alone takes the derived member along. Loses nothing: what is stored beside an unchanged `from`
//! stays.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::add::insert;
use super::entry::{Case, Entry, Files, SettingsFault, What, pointer, schema, settings};
use super::relocate::take;
use super::rules::{add, carry_values, fits, json, wrong_kind};
use super::scalar::one_place;
use super::table::{Lookup, Rows, Table, read, rows};
use super::values::LISTED;
use super::{Direction, Operator, Pair, Side, Site, Stored, needs_stored, touches};
use crate::contract::Purpose;
use crate::fault::Fault;
use crate::pointer::Pointer;
use crate::shape::{Field, Kind, Known, Shape, TypeFault, TypeFaultKind, Types};
use crate::value::{Member, Value};

/// Settings of `derived`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the derived member stands, as a JSON Pointer.
    pub at: String,
    /// The member beside it that it follows from, as a JSON Pointer; both sides have it.
    pub from: String,
    /// A JSON file with one object: values of `from` to values of `at`.
    #[serde(default)]
    pub file: Option<String>,
    /// The same in place.
    #[serde(default)]
    pub map: Option<Table>,
    /// The side that has the derived member.
    #[serde(default = "old")]
    pub side: Side,
    /// Whether clients of that side must send it.
    #[serde(default)]
    pub required: bool,
}

fn old() -> Side {
    Side::Old
}

const NAME: &str = r#"{"at": "/c/name", "from": "/c/code", "file": "countries.json"}"#;
const MUST: &str = r#"{"at": "/name", "from": "/code", "file": "countries.json", "required": true}"#;
const NEW: &str = r#"{"at": "/w", "from": "/n", "map": [[1, "one"], [2, "two"]], "side": "new"}"#;

/// `derived`.
pub const DERIVED: Entry = Entry {
    name: "derived",
    summary: "A member that one side has follows from the one beside it.",
    schema: schema::<Settings>,
    build,
    cases: &[
        Case::new(
            NAME,
            What::Both(
                r#"{"c":{"code":"GB","x":1,"name":"United Kingdom"}}"#,
                r#"{"c":{"code":"GB","x":1}}"#,
            ),
        ),
        Case::new(
            NAME,
            What::Up(
                r#"{"c":{"name":"Germany","code":"D\u0045"}}"#,
                r#"{"c":{"code":"D\u0045"}}"#,
            ),
        ),
        Case::new(NAME, What::Up(r#"{"c":{"code":"GB"}}"#, r#"{"c":{"code":"GB"}}"#)),
        Case::new(NAME, What::Both(r#"{"c":{}}"#, r#"{"c":{}}"#)),
        Case::new(NAME, What::Both("{}", "{}")),
        Case::new(
            NAME,
            What::RefusedUp(r#"{"c":{"code":"GB","name":"France"}}"#, "/c/name"),
        ),
        Case::new(
            NAME,
            What::RefusedUp(r#"{"c":{"code":"GB","name":null}}"#, "/c/name"),
        ),
        Case::new(NAME, What::RefusedUp(r#"{"c":{"name":"France"}}"#, "/c/name")),
        Case::new(
            NAME,
            What::RefusedUp(r#"{"c":{"code":"XX","name":"Nowhere"}}"#, "/c/code"),
        ),
        Case::new(NAME, What::RefusedUp(r#"{"c":{"code":"XX"}}"#, "/c/code")),
        Case::new(NAME, What::RefusedDown(r#"{"c":{"code":"XX"}}"#, "/c/code")),
        Case::new(NAME, What::RefusedDown(r#"{"c":{"code":7}}"#, "/c/code")),
        Case::new(MUST, What::RefusedUp(r#"{"code":"GB"}"#, "/name")),
        Case::new(NEW, What::Both(r#"{"n":1}"#, r#"{"n":1,"w":"one"}"#)),
        Case::new(NEW, What::Up(r#"{"n":2.0}"#, r#"{"n":2.0,"w":"two"}"#)),
        Case::new(
            NAME,
            What::PutUp {
                stored: r#"{"c":{"code":"GB"}}"#,
                sent: r#"{"c":{"code":"FR","name":"France"}}"#,
                gives: r#"{"c":{"code":"FR"}}"#,
            },
        ),
        Case::new(
            NEW,
            What::PutUp {
                stored: r#"{"n":1,"w":"uno"}"#,
                sent: r#"{"n":1,"x":1}"#,
                gives: r#"{"n":1,"x":1,"w":"uno"}"#,
            },
        ),
        Case::new(
            NEW,
            What::PutUp {
                stored: r#"{"n":1}"#,
                sent: r#"{"n":2}"#,
                gives: r#"{"n":2,"w":"two"}"#,
            },
        ),
        Case::new(
            NAME,
            What::Patch(r#"{"c":{"code":"FR"}}"#, Some(r#"{"c":{"code":"FR"}}"#)),
        ),
        Case::new(
            NAME,
            What::Patch(
                r#"{"c":{"code":"FR","name":"France"}}"#,
                Some(r#"{"c":{"code":"FR"}}"#),
            ),
        ),
        Case::new(NAME, What::Patch(r#"{"c":{"name":"France"}}"#, None)),
        Case::new(NEW, What::Patch(r#"{"n":2}"#, None)),
        Case::new(NEW, What::Patch(r#"{"x":2}"#, Some(r#"{"x":2}"#))),
    ],
};

fn build(json: &Json, files: Files<'_>) -> Result<Box<dyn Operator>, SettingsFault> {
    let settings: Settings = settings(json)?;
    let (at, from) = (pointer(&settings.at, "/at")?, pointer(&settings.from, "/from")?);
    let parent = |p: &Pointer| p.split_last().map(|(parent, _)| parent);
    if at == from || parent(&at).is_none() || parent(&at) != parent(&from) {
        return Err(SettingsFault::new(
            "/from",
            "the two members must stand in one object",
        ));
    }
    let table = match (&settings.file, &settings.map) {
        (Some(file), None) => read(files, file)?,
        (None, Some(_)) => rows(settings.map.as_ref(), "/map")?,
        _ => return Err(SettingsFault::new("", "either `file` or `map` is needed")),
    };
    let mut lookup = Lookup::default();
    if let Some((twice, _)) = table.iter().find(|(key, value)| !lookup.add(key, value)) {
        return Err(SettingsFault::new("/map", format!("{twice} stands twice")));
    }
    let Settings { side, required, .. } = settings;
    Ok(Box::new(Derived {
        at,
        from,
        table,
        lookup,
        side,
        required,
    }))
}

#[derive(Debug)]
struct Derived {
    at: Pointer,
    from: Pointer,
    table: Rows,
    lookup: Lookup,
    side: Side,
    required: bool,
}

impl Derived {
    fn look_up(&self, from: &Value) -> Result<&Value, Fault> {
        let found = self.lookup.get(from);
        found.ok_or_else(|| Fault::unfit("nothing is known to follow from this value").below(&self.from))
    }

    /// Whether a write leaves what the member follows from as it is stored.
    fn unchanged(&self, doc: &Value, site: &Site<'_>) -> bool {
        let parent = self.from.parent();
        site.before(&parent).is_some() && site.before(&self.from) == self.from.look(doc)
    }

    fn give(&self, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        let parent = self.at.parent();
        if parent.look(doc).and_then(Value::as_object).is_none() {
            return Ok(());
        }
        let value = match self.from.look(doc) {
            _ if self.unchanged(doc, site) => site.after(&self.at),
            None | Some(Value::Null) => None,
            Some(from) => Some(self.look_up(from)?),
        };
        let value = value.cloned();
        value.map_or(Ok(()), |value| insert(doc, &self.at, Member::own("", value)))
    }

    fn withdraw(&self, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        let sent = take(doc, &self.at).map(|(_, member)| member.value);
        // What an answer leaves out, writes keep.
        if site.purpose == Purpose::Answer {
            return Ok(());
        }
        let from = self.from.look(doc).filter(|from| **from != Value::Null);
        match (&sent, from) {
            // A patch of the other alone takes this one along.
            (Some(_), _) if site.purpose == Purpose::Patch && sent.as_ref() == site.before(&self.at) => {
                let changed = from.filter(|_| !self.unchanged(doc, site));
                changed.map_or(Ok(()), |from| self.look_up(from).map(drop))
            }
            (Some(sent), Some(from)) if self.look_up(from)? != sent => {
                Err(Fault::unfit("the value does not follow from the one beside it").below(&self.at))
            }
            (Some(_), None) => {
                Err(Fault::unfit("the member that this follows from is missing").below(&self.at))
            }
            (None, Some(_)) if self.required => Err(Fault::unfit("the member is missing").below(&self.at)),
            // It will be shown to this client again, so there must be something to show.
            (None, Some(from)) if !self.unchanged(doc, site) => self.look_up(from).map(drop),
            _ => Ok(()),
        }
    }

    fn field(&self) -> Field {
        let all_text = self
            .table
            .iter()
            .all(|(_, value)| matches!(value, Value::Text(_)));
        let mut shape = if all_text { Kind::Text.into() } else { Shape::any() };
        if self.table.len() <= LISTED {
            let mut values = Vec::new();
            self.table
                .iter()
                .for_each(|(_, value)| add(&mut values, json(value)));
            shape.rules.insert("enum".to_owned(), Json::Array(values));
        }
        Field {
            name: String::new(),
            shape,
            required: self.required,
        }
    }

    /// The member that the other follows from must be there, and hold values of the table.
    fn check_from(&self, shape: &Shape, types: &Types) -> Result<(), TypeFault> {
        if shape.knows(&self.from, types) == Known::No {
            let message = format!("there is no member {} for {} to follow from", self.from, self.at);
            return Err(TypeFault::new(TypeFaultKind::NoSuchField, &self.from, message));
        }
        let Some(from) = shape.at(&self.from, types).map(|s| s.resolve(types)) else {
            return Ok(());
        };
        let below = |mut fault: TypeFault| {
            fault.pointer = self.from.clone();
            fault
        };
        if !self.table.iter().any(|(key, _)| fits(&from.kind, key)) {
            return Err(below(wrong_kind(&from.kind, "a value of the table")));
        }
        let known = |value: &Value| self.look_up(value).cloned();
        carry_values(&mut from.clone(), &known, "add them to the table").map_err(below)
    }
}

impl Operator for Derived {
    fn name(&self) -> &'static str {
        "derived"
    }

    fn pairs(&self) -> Vec<Pair> {
        vec![Pair::only(self.side, &self.at)]
    }

    fn retype(&self, to: Direction, shape: &mut Shape, types: &Types) -> Result<(), TypeFault> {
        one_place(shape, &self.at, types)?;
        self.check_from(shape, types)?;
        if to.target() == self.side {
            shape.put_field(&self.at, usize::MAX, self.field(), types)
        } else {
            shape.take_field(&self.at, types).map(drop)
        }
    }

    fn apply(&self, to: Direction, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        if to.target() == self.side {
            self.give(doc, site)
        } else {
            self.withdraw(doc, site)
        }
    }

    fn patch(&self, to: Direction, patch: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        if to.target() == self.side {
            // What is stored may be another value than the table's, and stays while the other is unchanged.
            return if touches(patch, &self.from) {
                Err(needs_stored())
            } else {
                Ok(())
            };
        }
        match (self.from.look(patch), self.at.look(patch)) {
            (None, Some(_)) => Err(needs_stored()),
            (Some(from), None) if *from != Value::Null => self.look_up(from).map(drop),
            (_, None) => Ok(()),
            (Some(_), Some(Value::Null)) => {
                take(patch, &self.at);
                Ok(())
            }
            (Some(_), Some(_)) => self.withdraw(patch, site),
        }
    }

    fn stored(&self, to: Direction) -> Stored {
        if to.target() == self.side {
            Stored::Consulted
        } else {
            Stored::Never
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn retyped(from: Shape, to: Direction) -> Result<Shape, TypeFaultKind> {
        let op = build(&serde_json::from_str(NEW).unwrap(), &|_| Err(String::new())).unwrap();
        let fields = vec![Field {
            name: "n".to_owned(),
            shape: from,
            required: true,
        }];
        let mut shape = Shape::from(Kind::Object { fields, open: true });
        op.retype(to, &mut shape, &Types::new())
            .map(|()| shape)
            .map_err(|f| f.kind)
    }

    #[test]
    fn the_type_has_it_on_one_side() {
        let shape = retyped(Kind::Integer.into(), Direction::Up).unwrap();
        assert_eq!(shape.fields()[1].name, "w");
        let rules = serde_json::to_string(&shape.fields()[1].shape.rules).unwrap();
        assert_eq!(rules, r#"{"enum":["one","two"]}"#);
        let mut more = Shape::from(Kind::Integer);
        more.rules = serde_json::from_str(r#"{"enum":[1,2,3]}"#).unwrap();
        assert_eq!(retyped(more, Direction::Up), Err(TypeFaultKind::UndeclaredLoss));
        assert_eq!(
            retyped(Kind::Text.into(), Direction::Up),
            Err(TypeFaultKind::WrongKind)
        );
        assert_eq!(
            retyped(Kind::Integer.into(), Direction::Down),
            Err(TypeFaultKind::NoSuchField)
        );
    }
}
