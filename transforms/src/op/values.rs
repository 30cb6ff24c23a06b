//! `values`: the values of a member have other names.
//!
//! ```yaml
//! - values: {at: /status, map: {A: active, S: suspended, C: closed}}
//! - values: {at: /level, map: [[1, low], [2, high]]}               # pairs, where the old values are no texts
//! - values: {file: countries.json, reversed: true}                 # a scalar type; the file says new: old
//! - values: {at: /status, only_new: {prospect: active}}            # a value of the new side alone, and what the old sees
//! - values: {at: /type, refuse_new: [platform]}                    # nothing that the old side knows could stand for it
//! ```
//!
//! One to one, but for values that only one side knows: those are declared with what the other side sees instead. A
//! write that sends what is shown keeps the stored value; any other write of an ambiguous value means the plain one.
//! Without a table all other values pass; with one they are refused, unless `others: pass`. A value that would pass
//! although its name means something on the other side is refused too.
//!
//! A value of `refuse_new` or `refuse_old` cannot be shown to the other side: the document is refused, or left out of a list
//! whose API says `lists: {TYPE: omit}`.
//!
//! Loses which of several values was stored, where a client that sees them as one writes something new.

mod cases;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::entry::{Entry, Files, SettingsFault, pointer, schema, settings};
use super::rules::{add, carry_values, fits, forget_form, json, wrong_kind};
use super::scalar::{InPlace, Rewrite};
use super::table::{Lookup, Rows, Table, read, rows};
use super::{Direction, Operator};
use crate::fault::Fault;
use crate::pointer::Pointer;
use crate::shape::{Kind, Shape, TypeFault, TypeFaultKind, Types};
use crate::value::Value;

/// The most values that a derived type lists.
pub(super) const LISTED: usize = 300;

/// Settings of `values`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the value stands, as a JSON Pointer; empty for a scalar type.
    #[serde(default)]
    pub at: String,
    /// Old values to new ones, one to one.
    #[serde(default)]
    pub map: Option<Table>,
    /// A JSON file with one object: old values to new ones.
    #[serde(default)]
    pub file: Option<String>,
    /// The file says new values to old ones.
    #[serde(default)]
    pub reversed: bool,
    /// Values that only the new side knows, each with the old value that stands for it there.
    #[serde(default)]
    pub only_new: Option<Table>,
    /// Values that only the old side knows, each with the new value that stands for it there.
    #[serde(default)]
    pub only_old: Option<Table>,
    /// Values that only the new side knows, and that nothing stands for on the old side: they cannot be shown there.
    #[serde(default)]
    pub refuse_new: Vec<Json>,
    /// Values that only the old side knows, and that nothing stands for on the new side: they cannot be written.
    #[serde(default)]
    pub refuse_old: Vec<Json>,
    /// What happens to other values; without it they are refused where there is a table, and pass where there is none.
    #[serde(default)]
    pub others: Option<Others>,
}

/// What happens to values that no table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Others {
    /// They are refused.
    Refuse,
    /// They pass as they are.
    Pass,
}

/// `values`.
pub const VALUES: Entry = Entry {
    name: "values",
    summary: "The values of a member have other names.",
    schema: schema::<Settings>,
    build,
    cases: cases::CASES,
};

fn build(json: &Json, files: Files<'_>) -> Result<Box<dyn Operator>, SettingsFault> {
    let settings: Settings = settings(json)?;
    Ok(Box::new(InPlace {
        at: pointer(&settings.at, "/at")?,
        rewrite: Values::new(&settings, files)?,
    }))
}

/// The values of one side, and what each is on the other.
#[derive(Debug, Default)]
struct Half {
    carried: Lookup,
    /// In the order of the settings, one to one first.
    known: Vec<Value>,
    /// Values of this side alone, with what the other side sees.
    only: Rows,
    /// Values of this side alone, that nothing stands for on the other.
    refused: Vec<Value>,
}

#[derive(Debug)]
struct Values {
    old: Half,
    new: Half,
    pass: bool,
    /// Whether there is a table of pairs.
    table: bool,
    /// A value that stands twice where it must be one to one.
    clash: Option<Value>,
}

impl Values {
    fn new(settings: &Settings, files: Files<'_>) -> Result<Self, SettingsFault> {
        let pairs = pairs(settings, files)?;
        let only_new = rows(settings.only_new.as_ref(), "/only_new")?;
        let only_old = rows(settings.only_old.as_ref(), "/only_old")?;
        let table = settings.map.is_some() || settings.file.is_some();
        let refused = |values: &[Json]| values.iter().map(Value::from_serde).collect::<Vec<_>>();
        let (refuse_old, refuse_new) = (refused(&settings.refuse_old), refused(&settings.refuse_new));
        if !table && [only_new.len(), only_old.len(), refuse_old.len(), refuse_new.len()] == [0; 4] {
            return Err(SettingsFault::new(
                "",
                "name values: `map`, `file`, `only_new`, `only_old`, `refuse_new` or `refuse_old`",
            ));
        }
        let mut values = Self {
            old: Half::default(),
            new: Half::default(),
            pass: settings.others.map_or(!table, |o| o == Others::Pass),
            table,
            clash: None,
        };
        for (old, new) in &pairs {
            values.carry(Direction::Up, old, new);
            values.carry(Direction::Down, new, old);
        }
        only_old
            .iter()
            .for_each(|(old, new)| values.carry(Direction::Up, old, new));
        only_new
            .iter()
            .for_each(|(new, old)| values.carry(Direction::Down, new, old));
        (values.old.only, values.new.only) = (only_old, only_new);
        let twice = |half: &Half, refused: &[Value]| refused.iter().find(|v| half.carried.has(v)).cloned();
        let twice = twice(&values.old, &refuse_old).or_else(|| twice(&values.new, &refuse_new));
        values.clash = values.clash.or(twice);
        (values.old.refused, values.new.refused) = (refuse_old, refuse_new);
        Ok(values)
    }

    fn carry(&mut self, to: Direction, from: &Value, into: &Value) {
        let half = if to == Direction::Up {
            &mut self.old
        } else {
            &mut self.new
        };
        if half.carried.add(from, into) {
            half.known.push(from.clone());
        } else {
            self.clash.get_or_insert_with(|| from.clone());
        }
    }

    fn half(&self, to: Direction) -> &Half {
        if to == Direction::Up { &self.old } else { &self.new }
    }

    /// The kind of the target side's values.
    fn kind(&self, to: Direction, source: &Kind) -> Kind {
        let mut kinds: Vec<Kind> = if self.pass { vec![source.clone()] } else { vec![] };
        for value in &self.half(to.back()).known {
            if !kinds.iter().any(|kind| fits(kind, value)) {
                kinds.push(kind_of(value));
            }
        }
        if kinds.len() > 1 {
            return Kind::OneOf(kinds.into_iter().map(Shape::from).collect());
        }
        kinds.pop().unwrap_or(Kind::Any)
    }

    /// What each side shows for the other's own values must come back as itself.
    fn shown_returns(&self, to: Direction) -> Result<(), TypeFault> {
        for (own, shown) in &self.half(to).only {
            let plain = self.rewrite(to.back(), shown);
            let returns = plain.and_then(|plain| self.rewrite(to, &plain));
            if returns.as_ref() != Ok(shown) {
                let message =
                    format!("{own} shows as {shown} on the other side, which has no counterpart of its own");
                return Err(TypeFault::new(
                    TypeFaultKind::NotInvertible,
                    &Pointer::root(),
                    message,
                ));
            }
        }
        Ok(())
    }

    fn list_target(&self, to: Direction, shape: &mut Shape) {
        let other = self.half(to.back());
        if let Some(Json::Array(values)) = shape.rules.get_mut("enum") {
            let own = other.only.iter().map(|(own, _)| own).chain(&other.refused);
            own.for_each(|own| add(values, json(own)));
        } else if !self.pass && other.known.len() <= LISTED && !shape.rules.contains_key("const") {
            let mut values: Vec<Json> = other.known.iter().chain(&other.refused).map(json).collect();
            if shape.nullable {
                values.push(Json::Null);
            }
            shape.rules.insert("enum".to_owned(), Json::Array(values));
        }
    }
}

fn pairs(settings: &Settings, files: Files<'_>) -> Result<Rows, SettingsFault> {
    let mut pairs = rows(settings.map.as_ref(), "/map")?;
    let Some(file) = &settings.file else {
        return if settings.reversed {
            Err(SettingsFault::new(
                "/reversed",
                "only a `file` can be read in reverse",
            ))
        } else {
            Ok(pairs)
        };
    };
    let turn = |(a, b)| if settings.reversed { (b, a) } else { (a, b) };
    pairs.extend(read(files, file)?.into_iter().map(turn));
    Ok(pairs)
}

fn kind_of(value: &Value) -> Kind {
    match value {
        Value::Bool(_) => Kind::Boolean,
        Value::Number(number) => {
            let whole = crate::decimal::Decimal::parse(number.raw()).is_some_and(|d| d.is_integer());
            if whole { Kind::Integer } else { Kind::Number }
        }
        _ => Kind::Text,
    }
}

impl Rewrite for Values {
    fn name(&self) -> &'static str {
        "values"
    }

    fn check(&self) -> Result<(), TypeFault> {
        if let Some(value) = &self.clash {
            let message = format!("{value} stands more than once, so the table cannot be read backwards");
            return Err(
                TypeFault::new(TypeFaultKind::NotInvertible, &Pointer::root(), message).hint(
                    "keep the one that is written, and declare the others with `only_old` or `only_new`",
                ),
            );
        }
        self.shown_returns(Direction::Up)?;
        self.shown_returns(Direction::Down)
    }

    fn retype(&self, to: Direction, shape: &mut Shape, _: &Types) -> Result<(), TypeFault> {
        let listed = shape.rules.contains_key("enum") || shape.rules.contains_key("const");
        if matches!(shape.kind, Kind::Any) && !listed {
            return Ok(());
        }
        let half = self.half(to);
        if !half.known.is_empty() && !half.known.iter().any(|value| fits(&shape.kind, value)) {
            let hint = "where values are no texts, write pairs: `map: [[1, low], [2, high]]`";
            return Err(wrong_kind(&shape.kind, "a value of the table").hint(hint));
        }
        let hint = "add them to the table, or declare what the other side sees with `only_new` or `only_old`";
        if let Some(Json::Array(values)) = shape.rules.get_mut("enum") {
            values.retain(|value| !half.refused.contains(&Value::from_serde(value)));
        }
        if listed {
            carry_values(shape, &|value| self.rewrite(to, value), hint)?;
        }
        if !matches!(shape.kind, Kind::Any) {
            shape.kind = self.kind(to, &shape.kind);
        }
        if self.table {
            forget_form(shape);
        }
        self.list_target(to, shape);
        Ok(())
    }

    fn rewrite(&self, to: Direction, value: &Value) -> Result<Value, Fault> {
        let half = self.half(to);
        if let Some(other) = half.carried.get(value) {
            return Ok(other.clone());
        }
        if half.refused.contains(value) {
            return Err(Fault::unfit("nothing stands for this value in the other version"));
        }
        let scalar = matches!(value, Value::Text(_) | Value::Number(_) | Value::Bool(_));
        let other = self.half(to.back());
        if self.pass && scalar && !other.carried.has(value) && !other.refused.contains(value) {
            return Ok(value.clone());
        }
        Err(unknown(half, self.pass))
    }

    fn ambiguous(&self, to: Direction, value: &Value) -> bool {
        self.half(to.back()).only.iter().any(|(_, shown)| shown == value)
    }

    fn ever_ambiguous(&self, to: Direction) -> bool {
        !self.half(to.back()).only.is_empty()
    }
}

fn unknown(half: &Half, pass: bool) -> Fault {
    if pass {
        return Fault::unfit("this version has no such value");
    }
    let names: Vec<String> = half.known.iter().take(13).map(Value::to_json).collect();
    Fault::unfit(if names.len() > 12 {
        "this version has no such value".to_owned()
    } else {
        format!("the value must be one of {}", names.join(", "))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn values(settings: &str) -> Box<dyn Operator> {
        let json = serde_json::from_str(settings).unwrap();
        build(&json, &|_| Ok(br#"{"US": "United States"}"#.to_vec())).unwrap()
    }

    fn text(rules: &str) -> Shape {
        let mut shape = Shape::from(Kind::Text);
        shape.rules = serde_json::from_str(rules).unwrap();
        shape
    }

    fn retyped(settings: &str, to: Direction, rules: &str) -> Result<String, TypeFaultKind> {
        let mut shape = text(rules);
        let done = values(settings).retype(to, &mut shape, &Types::new());
        done.map(|()| serde_json::to_string(&shape.rules).unwrap())
            .map_err(|f| f.kind)
    }

    #[test]
    fn listed_values_are_carried() {
        let map = r#"{"map": {"A": "active", "C": "closed"}, "only_new": {"prospect": "A"}}"#;
        let new = r#"{"enum":["active","closed","prospect"]}"#;
        let old = r#"{"enum":["A","C"]}"#;
        assert_eq!(retyped(map, Direction::Down, new).as_deref(), Ok(old));
        assert_eq!(retyped(map, Direction::Up, old).as_deref(), Ok(new));
        let more = r#"{"enum":["A","C","X"]}"#;
        assert_eq!(
            retyped(map, Direction::Up, more),
            Err(TypeFaultKind::UndeclaredLoss)
        );
        let only = r#"{"only_new": {"prospect": "active"}}"#;
        let given = r#"{"enum":["active","prospect"],"default":"prospect"}"#;
        let left = r#"{"enum":["active"],"default":"active"}"#;
        assert_eq!(retyped(only, Direction::Down, given).as_deref(), Ok(left));
    }

    #[test]
    fn a_file_lists_the_other_side() {
        let file = r#"{"file": "c.json", "reversed": true}"#;
        let rules = r#"{"pattern":"^[A-Z]{2}$","maxLength":2,"description":"d"}"#;
        let listed = r#"{"description":"d","enum":["United States"]}"#;
        assert_eq!(retyped(file, Direction::Down, rules).as_deref(), Ok(listed));
    }

    #[test]
    fn a_place_in_a_list_is_no_place() {
        let list = Shape::from(Kind::List(Box::new(Kind::Text.into())));
        let fields = vec![crate::shape::Field {
            name: "l".to_owned(),
            shape: list,
            required: false,
        }];
        let mut shape = Shape::from(Kind::Object { fields, open: true });
        let op = values(r#"{"at": "/l/*", "map": {"A": "active"}}"#);
        let fault = op.retype(Direction::Up, &mut shape, &Types::new()).unwrap_err();
        assert_eq!(
            (fault.kind, fault.pointer.to_string()),
            (TypeFaultKind::WrongKind, "/l".to_owned())
        );
    }

    #[test]
    fn what_cannot_be_turned_round_is_refused() {
        let twice = r#"{"map": {"A": "active", "P": "active"}}"#;
        let nowhere = r#"{"map": {"A": "active"}, "only_new": {"prospect": "B"}}"#;
        let crossed = r#"{"map": {"A": "active"}, "only_new": {"active": "A"}}"#;
        for settings in [twice, nowhere, crossed] {
            assert_eq!(
                retyped(settings, Direction::Up, "{}"),
                Err(TypeFaultKind::NotInvertible)
            );
        }
        let mut list = Shape::from(Kind::List(Box::new(Shape::any())));
        let fault = values(r#"{"map": {"A": "active"}}"#).retype(Direction::Up, &mut list, &Types::new());
        assert_eq!(fault.unwrap_err().kind, TypeFaultKind::WrongKind);
    }
}
