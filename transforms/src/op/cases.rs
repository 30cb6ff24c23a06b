//! Runs every operator's table of cases.

use super::entry::{Case, What};
use super::registry::OPERATORS;
use super::{Direction, Operator, Site};
use crate::contract::Purpose;
use crate::fault::{Fault, FaultKind};
use crate::parse::parse;
use crate::shape::{Field, Kind, Shape, Types};
use crate::value::Value;

fn doc(text: &str) -> Value {
    parse(text.as_bytes(), 64).unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// The type of an example: members named `x` or `extra` stand for those that no version mentions.
fn infer(value: &Value) -> Shape {
    match value {
        Value::Null => Shape::any(),
        Value::Bool(_) => Kind::Boolean.into(),
        Value::Number(_) => Kind::Number.into(),
        Value::Text(_) => Kind::Text.into(),
        Value::List(items) => Kind::List(Box::new(items.first().map_or_else(Shape::any, infer))).into(),
        Value::Object(object) => {
            let known = object
                .members()
                .iter()
                .filter(|m| !m.key.is("x") && !m.key.is("extra"));
            let field = |m: &crate::value::Member| Field {
                name: m.key.decoded().into(),
                shape: infer(&m.value),
                required: false,
            };
            Kind::Object {
                fields: known.map(field).collect(),
                open: true,
            }
            .into()
        }
    }
}

struct Bench {
    op: Box<dyn Operator>,
    types: Types,
}

impl Bench {
    fn run(
        &self,
        to: Direction,
        given: &Value,
        stored: Option<(&Value, &Value)>,
        shapes: (&Shape, &Shape),
        purpose: Purpose,
    ) -> Result<Value, Fault> {
        let mut out = given.clone();
        let site = self.site(stored, shapes, purpose);
        self.op.apply(to, &mut out, &site)?;
        out.drop_shells();
        Ok(out)
    }

    fn site<'a>(
        &'a self,
        stored: Option<(&'a Value, &'a Value)>,
        shapes: (&'a Shape, &'a Shape),
        purpose: Purpose,
    ) -> Site<'a> {
        Site {
            purpose,
            before: stored.map(|s| s.0),
            after: stored.map(|s| s.1),
            source: shapes.0,
            source_types: &self.types,
            target: Some(shapes.1),
            target_types: &self.types,
        }
    }

    fn translate(&self, to: Direction, given: &str, expected: &str) {
        let (given, expected) = (doc(given), doc(expected));
        let shapes = (infer(&given), infer(&expected));
        let purpose = if to == Direction::Up {
            Purpose::Create
        } else {
            Purpose::Answer
        };
        let out = self.run(to, &given, None, (&shapes.0, &shapes.1), purpose);
        assert_eq!(
            out.map(|v| v.to_json()),
            Ok(expected.to_json()),
            "{} {to:?} {given}",
            self.op.name()
        );
    }

    fn refused(&self, to: Direction, given: &str, at: &str) {
        let given = doc(given);
        let shape = infer(&given);
        let fault = self
            .run(to, &given, None, (&shape, &Shape::any()), Purpose::Create)
            .expect_err("a refusal");
        assert_eq!(
            fault.pointer.to_string(),
            at,
            "{} {to:?} {given}: {}",
            self.op.name(),
            fault.detail
        );
    }

    fn put(&self, to: Direction, stored: &str, sent: &str, gives: &str) {
        let (stored, sent, gives) = (doc(stored), doc(sent), doc(gives));
        let mut new = infer(&stored);
        let mut old = new.clone();
        // A stored document may lack a member that the step names: then no type can be read off it.
        if self.op.retype(to.back(), &mut old, &self.types).is_err() {
            (old, new) = (Shape::any(), Shape::any());
        }
        let shown = self
            .run(to.back(), &stored, None, (&new, &old), Purpose::Answer)
            .expect("lowers");
        let unchanged = self.run(
            to,
            &shown,
            Some((&shown, &stored)),
            (&old, &new),
            Purpose::Replace,
        );
        assert_eq!(
            unchanged,
            Ok(stored.clone()),
            "{}: put(s, lower s) = s",
            self.op.name()
        );
        let put = self
            .run(to, &sent, Some((&shown, &stored)), (&old, &new), Purpose::Replace)
            .expect("puts");
        assert_eq!(
            put.to_json(),
            gives.to_json(),
            "{}: put {sent} over {stored}",
            self.op.name()
        );
    }

    fn patch(&self, to: Direction, patch: &str, expected: Option<&str>) {
        let mut given = doc(patch);
        let source = infer(&given);
        let mut target = source.clone();
        self.op.retype(to, &mut target, &self.types).ok();
        let site = self.site(None, (&source, &target), Purpose::Patch);
        match (self.op.patch(to, &mut given, &site), expected) {
            (Ok(()), Some(expected)) => assert_eq!(given.to_json(), doc(expected).to_json()),
            (Err(fault), None) => assert_eq!(fault.kind, FaultKind::NeedsStored),
            (result, _) => panic!("{}: {patch} gave {result:?}", self.op.name()),
        }
    }

    fn case(&self, case: &Case) {
        match case.what {
            What::Both(old, new) => {
                self.translate(Direction::Up, old, new);
                self.translate(Direction::Down, new, old);
            }
            What::Up(old, new) => self.translate(Direction::Up, old, new),
            What::Down(new, old) => self.translate(Direction::Down, new, old),
            What::RefusedUp(old, at) => self.refused(Direction::Up, old, at),
            What::RefusedDown(new, at) => self.refused(Direction::Down, new, at),
            What::PutUp { stored, sent, gives } => self.put(Direction::Up, stored, sent, gives),
            What::PutDown { stored, sent, gives } => self.put(Direction::Down, stored, sent, gives),
            What::Patch(patch, expected) => self.patch(Direction::Up, patch, expected),
            What::PatchDown(patch, expected) => self.patch(Direction::Down, patch, expected),
        }
    }
}

/// A value table that cases may name.
fn table(name: &str) -> Result<Vec<u8>, String> {
    match name {
        "countries.json" => Ok(
            br#"{"GB": "United Kingdom", "US": "United States", "DE": "Germany", "FR": "France"}"#.to_vec(),
        ),
        other => Err(format!("there is no file {other}")),
    }
}

#[test]
fn every_operator_does_what_its_table_says() {
    for entry in OPERATORS {
        assert!(!entry.cases.is_empty(), "{} has no cases", entry.name);
        for case in entry.cases {
            let settings =
                serde_json::from_str(case.settings).unwrap_or_else(|e| panic!("{}: {e}", case.settings));
            let op = (entry.build)(&settings, &table)
                .unwrap_or_else(|e| panic!("{} {}: {e}", entry.name, case.settings));
            Bench {
                op,
                types: Types::new(),
            }
            .case(case);
        }
    }
}

#[test]
fn names_are_unique_and_settings_have_a_schema() {
    let mut names: Vec<&str> = OPERATORS.iter().map(|e| e.name).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|w| w[0] != w[1]), "{names:?}");
    assert!(OPERATORS.iter().all(|e| (e.schema)().as_object().is_some()));
}
