//! Schemas that say what they are by other schemas: `$ref`, `allOf`, and alternatives that only add null.
//!
//! A lone reference stays a reference. A reference with something beside it becomes a copy of the named type that
//! keeps its label. Where a copy would hold itself without end, it stays a reference with rules.

use serde_json::{Map, Value as Json, json};

use super::kind::{Body, is_null};
use super::reader::{Dialect, Reader, Target};
use super::{EXACT, LABEL, keyword};
use crate::pointer::Pointer;
use crate::shape::{Kind, Shape};

/// A schema that must hold, beside others.
enum Part<'d> {
    /// `$ref`.
    Reference(&'d Json),
    /// A schema with its place.
    Schema(Pointer, &'d Json),
}

/// A schema taken apart.
struct Parts<'d> {
    parts: Vec<Part<'d>>,
    /// What stands beside them.
    base: Body<'d>,
    /// Whether null may stand there instead.
    null: bool,
}

/// The named type that cannot be copied here.
struct Circle(String);

impl<'d> Reader<'d> {
    /// The shape of a schema.
    pub(super) fn schema(&mut self, at: &Pointer, schema: &'d Json) -> Shape {
        self.deeper(at, |reader| match schema {
            Json::Object(map) => reader.labelled(at, map),
            Json::Bool(true) => Shape::any(),
            Json::Bool(false) => never(),
            _ => {
                reader.fault(at, "a schema must be an object, true or false", None);
                Shape::any()
            }
        })
    }

    fn labelled(&mut self, at: &Pointer, map: &'d Map<String, Json>) -> Shape {
        let mut shape = if map.get(EXACT) == Some(&Json::Bool(true)) {
            self.exact(at, map)
        } else {
            self.composed(at, map)
        };
        if let Some(label) = map.get(LABEL) {
            shape.label = label.as_str().map(str::to_owned);
        }
        shape
    }

    fn exact(&mut self, at: &Pointer, map: &'d Map<String, Json>) -> Shape {
        let target = map.get("$ref").and_then(|reference| self.target(at, reference));
        if let Some(Target::Named(name)) = target {
            return Shape {
                rules: self.rules(at, map, &["$ref"]),
                ..Shape::reference(&name)
            };
        }
        let skip = vec!["$ref"];
        self.plain(at, &Body { map, skip })
    }

    fn composed(&mut self, at: &Pointer, map: &'d Map<String, Json>) -> Shape {
        if let (Some(reference), Dialect::V30) = (map.get("$ref"), self.dialect) {
            return self.lone_reference(at, reference, map);
        }
        let apart = self.apart(at, map);
        match apart.parts.as_slice() {
            [] => self.plain(at, &apart.base),
            [only] if apart.base.is_empty() => {
                let mut shape = self.part(at, only);
                shape.nullable |= apart.null;
                shape
            }
            _ => self.together(at, &apart),
        }
    }

    /// 3.0: what stands beside `$ref` does not count. Who writes `nullable` there is mistaken, and must hear of it.
    fn lone_reference(&mut self, at: &Pointer, reference: &'d Json, map: &Map<String, Json>) -> Shape {
        if map.get("nullable") == Some(&Json::Bool(true)) {
            let hint = "write `nullable: true` beside `allOf: [{$ref: …}]`";
            self.fault(
                &at.child("nullable"),
                "OpenAPI 3.0 ignores what stands beside `$ref`",
                Some(hint),
            );
        }
        self.part(at, &Part::Reference(reference))
    }

    fn apart(&mut self, at: &Pointer, map: &'d Map<String, Json>) -> Parts<'d> {
        let mut parts: Vec<Part<'d>> = map.get("$ref").map(Part::Reference).into_iter().collect();
        let mut skip = vec!["$ref"];
        let mut null = false;
        if let Some(Json::Array(schemas)) = map.get("allOf") {
            skip.push("allOf");
            let at = at.child("allOf");
            let placed = schemas.iter().enumerate();
            parts.extend(placed.map(|(i, s)| Part::Schema(at.child(&i.to_string()), s)));
        }
        for keyword in ["oneOf", "anyOf"] {
            if let Some((index, schema)) = map.get(keyword).and_then(only_alternative) {
                skip.push(keyword);
                null |= map
                    .get(keyword)
                    .and_then(Json::as_array)
                    .is_some_and(|l| l.len() > 1);
                parts.push(Part::Schema(at.child(keyword).child(&index.to_string()), schema));
            }
        }
        let base = Body { map, skip };
        Parts { parts, base, null }
    }

    fn part(&mut self, at: &Pointer, part: &Part<'d>) -> Shape {
        match part {
            Part::Schema(at, schema) => self.schema(at, schema),
            Part::Reference(reference) => match self.target(at, reference) {
                Some(Target::Named(name)) => Shape::reference(&name),
                Some(Target::Place(at, schema)) => self.schema(&at, schema),
                None => Shape::any(),
            },
        }
    }

    /// All parts and what stands beside them as one shape.
    fn together(&mut self, at: &Pointer, apart: &Parts<'d>) -> Shape {
        let mut shapes = Vec::new();
        for (index, part) in apart.parts.iter().enumerate() {
            let shape = self.part(at, part);
            match self.opened(shape) {
                Ok(shape) => shapes.push((shape, Some(part))),
                Err(Circle(name)) => return self.beside(at, apart, index, &name),
            }
        }
        let label = only_label(shapes.iter().map(|(shape, _)| shape));
        if !apart.base.is_empty() {
            shapes.push((self.plain(at, &apart.base), None));
        }
        let said = shapes
            .last()
            .is_some_and(|(shape, part)| part.is_none() && shape.nullable);
        // Alternatives cannot be united with members: the members make the type, the alternatives stay as a rule.
        shapes.sort_by_key(|(shape, _)| matches!(shape.kind, Kind::OneOf(_)));
        let mut united = self.united(at, apart, shapes);
        // In 3.0 `nullable` beside `allOf` is the way to say that a reference may be null.
        united.nullable |= apart.null || said && self.dialect == Dialect::V30;
        united.label = label;
        united
    }

    fn united(&mut self, at: &Pointer, apart: &Parts<'d>, shapes: Vec<(Shape, Option<&Part<'d>>)>) -> Shape {
        let mut shapes = shapes.into_iter();
        let Some((mut all, _)) = shapes.next() else {
            return Shape::any();
        };
        let mut apart_still = Vec::new();
        for (shape, part) in shapes {
            match self.merge(&all, &shape) {
                Ok(both) => all = both,
                Err(clash) if clash.contradiction => {
                    self.fault(
                        at,
                        "nothing fits: the schemas that must hold together contradict",
                        None,
                    );
                }
                Err(_) => apart_still.push(self.raw_part(at, apart, part)),
            }
        }
        if !apart_still.is_empty() {
            super::merge::also(&mut all.rules, apart_still);
        }
        all
    }

    /// A reference to a type that is being copied, with all else as rules.
    fn beside(&mut self, at: &Pointer, apart: &Parts<'d>, index: usize, name: &str) -> Shape {
        let mut rules = self.rules(at, apart.base.map, &apart.base.skip);
        let others = apart.parts.iter().enumerate().filter(|(i, _)| *i != index);
        let raw: Vec<Json> = others
            .map(|(_, part)| self.raw_part(at, apart, Some(part)))
            .collect();
        if !raw.is_empty() {
            super::merge::also(&mut rules, raw);
        }
        Shape {
            nullable: apart.null,
            rules,
            ..Shape::reference(name)
        }
    }

    fn raw_part(&mut self, at: &Pointer, apart: &Parts<'d>, part: Option<&Part<'d>>) -> Json {
        match part {
            None => Json::Object(self.rules(at, apart.base.map, &apart.base.skip)),
            Some(Part::Schema(at, schema)) => self.raw(at, schema),
            Some(Part::Reference(reference)) => match self.target(at, reference) {
                Some(Target::Named(name)) => json!({"$ref": keyword::reference_to(keyword::HOME, &name)}),
                Some(Target::Place(at, schema)) => self.raw(&at, schema),
                None => Json::Bool(true),
            },
        }
    }

    /// A copy of the named type, if it is one.
    fn opened(&mut self, mut shape: Shape) -> Result<Shape, Circle> {
        for _ in 0..super::MAX_DEPTH {
            let Kind::Ref(name) = &shape.kind else {
                return Ok(shape);
            };
            let found = self.schema_named(name).filter(|_| shape.rules.is_empty());
            let Some((at, schema)) = found.filter(|_| !self.copying.contains(name)) else {
                return Err(Circle(name.clone()));
            };
            let name = name.clone();
            self.copying.push(name.clone());
            let mut copy = self.schema(&at, schema);
            self.copying.pop();
            copy.nullable |= shape.nullable;
            copy.label = shape
                .label
                .or(copy.label.filter(|_| schema.get(LABEL).is_some()))
                .or(Some(name));
            shape = copy;
        }
        Ok(shape)
    }

    /// The same shape without a lone reference at its top, where that can be.
    pub(super) fn try_open(&mut self, shape: &Shape) -> Option<Shape> {
        self.opened(shape.clone()).ok()
    }
}

/// The alternative that is left when null is taken away, with its index.
fn only_alternative(alternatives: &Json) -> Option<(usize, &Json)> {
    let list = alternatives.as_array()?;
    let mut others = list
        .iter()
        .enumerate()
        .filter(|(_, s)| list.len() == 1 || !is_null(s));
    let first = others.next()?;
    others.next().is_none().then_some(first)
}

/// The label, if exactly one of the shapes has one.
fn only_label<'s>(shapes: impl Iterator<Item = &'s Shape>) -> Option<String> {
    let mut labels = shapes.filter_map(|s| s.label.clone());
    let first = labels.next();
    first.filter(|_| labels.next().is_none())
}

/// A shape that nothing fits.
fn never() -> Shape {
    let mut shape = Shape::any();
    shape.rules.insert("not".to_owned(), json!({}));
    shape
}
