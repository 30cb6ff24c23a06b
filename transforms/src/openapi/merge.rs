//! Two shapes that must hold together → one.

use serde_json::{Map, Value as Json, json};

use super::reader::Reader;
use crate::shape::{Field, Kind, Shape};

/// Why two shapes stay apart.
pub(super) struct Clash {
    /// Whether nothing fits both.
    pub(super) contradiction: bool,
}

const APART: Clash = Clash { contradiction: false };
const NEVER: Clash = Clash { contradiction: true };

impl Reader<'_> {
    /// Both as one; where both speak of the same, the second has the last word.
    pub(super) fn merge(&mut self, a: &Shape, b: &Shape) -> Result<Shape, Clash> {
        if says_nothing(a) || a == b {
            return Ok(b.clone());
        }
        if says_nothing(b) {
            return Ok(a.clone());
        }
        if let (Kind::Ref(x), Kind::Ref(y)) = (&a.kind, &b.kind)
            && x == y
            && a.rules == b.rules
        {
            let nullable = a.nullable && b.nullable;
            return Ok(Shape {
                nullable,
                ..a.clone()
            });
        }
        let a = self.try_open(a).ok_or(APART)?;
        let b = self.try_open(b).ok_or(APART)?;
        self.merge_opened(&a, &b)
    }

    fn merge_opened(&mut self, a: &Shape, b: &Shape) -> Result<Shape, Clash> {
        let kind = self.merge_kinds(&a.kind, &b.kind)?;
        let mut rules = merge_rules(&a.rules, &b.rules);
        if !matches!(kind, Kind::Any | Kind::OneOf(_)) {
            rules.remove("type");
        }
        let nullable = match (&a.kind, &b.kind) {
            (Kind::Any, Kind::Any) => a.nullable || b.nullable,
            (Kind::Any, _) => b.nullable,
            (_, Kind::Any) => a.nullable,
            _ => a.nullable && b.nullable,
        };
        let label = match (&a.label, &b.label) {
            (Some(label), None) | (None, Some(label)) => Some(label.clone()),
            (a, b) => a.clone().filter(|_| a == b),
        };
        Ok(Shape {
            label,
            kind,
            nullable,
            rules,
        })
    }

    fn merge_kinds(&mut self, a: &Kind, b: &Kind) -> Result<Kind, Clash> {
        use Kind::{Any, Integer, List, Map, Number, Object, OneOf, Ref};
        Ok(match (a, b) {
            (Any, other) | (other, Any) => other.clone(),
            (Integer, Number) | (Number, Integer) => Integer,
            (
                Object {
                    fields: a,
                    open: a_open,
                },
                Object {
                    fields: b,
                    open: b_open,
                },
            ) => Object {
                fields: self.merge_fields(a, b)?,
                open: *a_open && *b_open,
            },
            (Map(a), Map(b)) => Map(Box::new(self.merge(a, b)?)),
            (List(a), List(b)) => List(Box::new(self.merge(a, b)?)),
            (OneOf(_) | Ref(_), _)
            | (_, OneOf(_) | Ref(_))
            | (Map(_), Object { .. })
            | (Object { .. }, Map(_)) => {
                return Err(APART);
            }
            (a, b) if a == b => a.clone(),
            _ => return Err(NEVER),
        })
    }

    fn merge_fields(&mut self, a: &[Field], b: &[Field]) -> Result<Vec<Field>, Clash> {
        let mut fields = a.to_vec();
        for field in b {
            match fields.iter_mut().find(|f| f.name == field.name) {
                None => fields.push(field.clone()),
                Some(own) => {
                    own.required |= field.required;
                    own.shape = self.merge(&own.shape, &field.shape)?;
                }
            }
        }
        Ok(fields)
    }
}

fn says_nothing(shape: &Shape) -> bool {
    *shape == Shape::any()
}

/// Adds schemas that must hold too.
pub(super) fn also(rules: &mut Map<String, Json>, schemas: Vec<Json>) {
    match rules.get_mut("allOf") {
        Some(Json::Array(list)) => list.extend(schemas),
        _ => {
            rules.insert("allOf".to_owned(), Json::Array(schemas));
        }
    }
}

fn merge_rules(a: &Map<String, Json>, b: &Map<String, Json>) -> Map<String, Json> {
    let mut rules = a.clone();
    for (keyword, new) in b {
        match rules.insert(keyword.clone(), new.clone()) {
            Some(old) if old != *new => {
                let (kept, beside) = settle(keyword, &old, new);
                rules.insert(keyword.clone(), kept);
                if let Some(beside) = beside {
                    also(&mut rules, vec![json!({ keyword.as_str(): beside })]);
                }
            }
            _ => {}
        }
    }
    rules
}

/// Two values of one keyword: the one that stands, and one that must hold beside it.
fn settle(keyword: &str, old: &Json, new: &Json) -> (Json, Option<Json>) {
    let larger = old.as_f64().zip(new.as_f64()).and_then(|(a, b)| {
        a.partial_cmp(&b)
            .filter(|o| o.is_ne())
            .map(|o| if o.is_gt() { (old, new) } else { (new, old) })
    });
    match (keyword, larger) {
        ("minimum" | "exclusiveMinimum" | "minLength" | "minItems" | "minProperties", Some((large, _))) => {
            (large.clone(), None)
        }
        ("maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" | "maxProperties", Some((_, small))) => {
            (small.clone(), None)
        }
        ("enum", _) => (common(old, new), None),
        ("allOf", _) => (joined(old, new), None),
        ("readOnly" | "writeOnly" | "uniqueItems" | "deprecated", _) => (Json::Bool(true), None),
        _ if is_remark(keyword) => (new.clone(), None),
        _ => (new.clone(), Some(old.clone())),
    }
}

fn joined(old: &Json, new: &Json) -> Json {
    let lists = [old, new].into_iter().filter_map(Json::as_array);
    Json::Array(lists.flatten().cloned().collect())
}

fn common(old: &Json, new: &Json) -> Json {
    let old = old.as_array().map_or(&[][..], Vec::as_slice);
    let new = new.as_array().into_iter().flatten();
    Json::Array(new.filter(|v| old.contains(v)).cloned().collect())
}

/// Whether a keyword only tells people something.
pub(crate) fn is_remark(keyword: &str) -> bool {
    keyword.starts_with("x-")
        || matches!(
            keyword,
            "title"
                | "description"
                | "default"
                | "example"
                | "examples"
                | "$comment"
                | "externalDocs"
                | "xml"
                | "discriminator"
                | "readOnly"
                | "writeOnly"
                | "deprecated"
                | "contentEncoding"
                | "contentMediaType"
        )
}
