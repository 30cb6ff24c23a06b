//! A schema that refers to nothing and merges nothing → what kind of value it allows.

use serde_json::{Map, Value as Json};

use super::reader::{Dialect, Reader};
use super::{ANY_OF, keyword};
use crate::pointer::Pointer;
use crate::shape::{Field, Kind, Shape};

/// A schema without the keywords that were read elsewhere.
pub(super) struct Body<'d> {
    /// The schema.
    pub(super) map: &'d Map<String, Json>,
    /// The keywords that do not count any more.
    pub(super) skip: Vec<&'static str>,
}

impl<'d> Body<'d> {
    pub(super) fn get(&self, keyword: &str) -> Option<&'d Json> {
        self.map.get(keyword).filter(|_| !self.skip.contains(&keyword))
    }

    /// Whether it has one of these keywords.
    pub(super) fn has(&self, keywords: &[&str]) -> bool {
        keywords.iter().any(|k| self.get(k).is_some())
    }

    /// Whether nothing is left to say, but where it came from.
    pub(super) fn is_empty(&self) -> bool {
        let silent = |k: &String| keyword::is_dropped(k) || self.skip.contains(&k.as_str());
        self.map.keys().all(silent)
    }
}

/// The names in `type`, null apart.
struct Names<'d> {
    names: Vec<&'d str>,
    null: bool,
}

fn names<'d>(body: &Body<'d>) -> Names<'d> {
    let all: Vec<&str> = match body.get("type") {
        Some(Json::String(name)) => vec![name],
        Some(Json::Array(names)) => names.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    };
    let null = all.contains(&"null");
    let names = all.into_iter().filter(|n| *n != "null").collect();
    Names { names, null }
}

impl<'d> Reader<'d> {
    /// The shape of a schema without references and merging.
    pub(super) fn plain(&mut self, at: &Pointer, body: &Body<'d>) -> Shape {
        for keyword in ["type", "required"] {
            if let Some(value) = body.get(keyword) {
                self.check(&at.child(keyword), keyword, value);
            }
        }
        let names = names(body);
        if is_null_only(body, &names) {
            return self.shaped(at, body, Kind::Any, &[]);
        }
        let mut shape = self.by_kind(at, body, &names);
        self.settle_null(body, &names, &mut shape);
        shape
    }

    fn by_kind(&mut self, at: &Pointer, body: &Body<'d>, names: &Names<'d>) -> Shape {
        if let Some(keyword) = union_in(body, &names.names) {
            return self.union(at, body, keyword);
        }
        let name = match names.names.as_slice() {
            [] => inferred(body),
            [one] => Some(*one),
            _ => None,
        };
        match name {
            Some("object") => self.members(at, body),
            Some("array") => self.list(at, body),
            Some("string") => self.shaped(at, body, Kind::Text, &["type"]),
            Some("integer") => self.shaped(at, body, Kind::Integer, &["type"]),
            Some("number") => self.shaped(at, body, Kind::Number, &["type"]),
            Some("boolean") => self.shaped(at, body, Kind::Boolean, &["type"]),
            _ => self.several(at, body, &names.names),
        }
    }

    fn shaped(&mut self, at: &Pointer, body: &Body<'d>, kind: Kind, said: &[&str]) -> Shape {
        let said: Vec<&str> = said.iter().copied().chain(body.skip.iter().copied()).collect();
        Shape {
            rules: self.rules(at, body.map, &said),
            ..kind.into()
        }
    }

    /// Values of several kinds, or of any.
    fn several(&mut self, at: &Pointer, body: &Body<'d>, names: &[&str]) -> Shape {
        let mut shape = self.shaped(at, body, Kind::Any, &["type"]);
        if !names.is_empty() {
            let names = names.iter().map(|n| Json::from(*n)).collect();
            shape.rules.insert("type".to_owned(), Json::Array(names));
        }
        shape
    }

    fn union(&mut self, at: &Pointer, body: &Body<'d>, keyword: &'static str) -> Shape {
        let at_list = at.child(keyword);
        let alternatives = body
            .get(keyword)
            .and_then(Json::as_array)
            .map_or(&[][..], Vec::as_slice);
        let mut shapes = Vec::new();
        let mut nullable = false;
        for (i, schema) in alternatives.iter().enumerate() {
            if is_null(schema) && alternatives.len() > 1 {
                nullable = true;
            } else {
                shapes.push(self.schema(&at_list.child(&i.to_string()), schema));
            }
        }
        let mut shape = self.shaped(at, body, Kind::OneOf(shapes), &[keyword]);
        shape.nullable = nullable;
        if keyword == "anyOf" {
            shape.rules.insert(ANY_OF.to_owned(), Json::Bool(true));
        }
        shape
    }

    fn members(&mut self, at: &Pointer, body: &Body<'d>) -> Shape {
        let mut said = vec!["type", "properties", "required"];
        if let (Some(schema @ Json::Object(_)), None) =
            (body.get("additionalProperties"), body.get("properties"))
            && !body.has(&["required", "patternProperties"])
        {
            said.push("additionalProperties");
            let inner = self.schema(&at.child("additionalProperties"), schema);
            return self.shaped(at, body, Kind::Map(Box::new(inner)), &said);
        }
        let mut open = true;
        if let Some(Json::Bool(others)) = body.get("additionalProperties") {
            open = *others;
            said.push("additionalProperties");
        }
        // With nothing beside it that could evaluate a member, this says the same.
        let alone = !body.has(&[
            "allOf",
            "anyOf",
            "oneOf",
            "if",
            "dependentSchemas",
            "patternProperties",
        ]);
        if alone && body.get("unevaluatedProperties") == Some(&Json::Bool(false)) {
            open = false;
            said.push("unevaluatedProperties");
        }
        let fields = self.fields(at, body);
        self.shaped(at, body, Kind::Object { fields, open }, &said)
    }

    fn fields(&mut self, at: &Pointer, body: &Body<'d>) -> Vec<Field> {
        let required = texts(body.get("required"));
        let at = at.child("properties");
        let properties = match body.get("properties") {
            Some(json) => self.object(&at, json, "`properties`"),
            None => None,
        };
        let mut fields = Vec::new();
        for (name, schema) in properties.into_iter().flatten() {
            fields.push(Field {
                name: name.clone(),
                shape: self.schema(&at.child(name), schema),
                required: required.contains(&name.as_str()),
            });
        }
        for name in required {
            if !fields.iter().any(|f| f.name == name) {
                fields.push(Field {
                    required: true,
                    ..Field::any(name)
                });
            }
        }
        fields
    }

    fn list(&mut self, at: &Pointer, body: &Body<'d>) -> Shape {
        let items = match body.get("items") {
            Some(schema) => self.schema(&at.child("items"), schema),
            None => Shape::any(),
        };
        self.shaped(at, body, Kind::List(Box::new(items)), &["type", "items"])
    }

    /// Whether null may stand there, and rules that need not speak of it any more.
    fn settle_null(&mut self, body: &Body<'d>, names: &Names<'d>, shape: &mut Shape) {
        let said = self.dialect == Dialect::V30 && body.get("nullable") == Some(&Json::Bool(true));
        if matches!(shape.kind, Kind::OneOf(_)) {
            shape.nullable |= said;
            return;
        }
        // 3.0 asks for null in `enum` too (OAI proposal 2019-10-31), but documents that say `nullable` mean it.
        let listed = take_null(&mut shape.rules);
        let fixed = shape.rules.contains_key("const");
        let typed = body.get("type").is_some();
        shape.nullable = said
            || !fixed
                && match listed {
                    Some(listed) => listed && (names.null || !typed),
                    None => names.null,
                };
    }
}

/// Takes null out of `enum`; says whether it was there, if there is an `enum`.
fn take_null(rules: &mut Map<String, Json>) -> Option<bool> {
    let values = rules.get_mut("enum")?.as_array_mut()?;
    let before = values.len();
    values.retain(|v| !v.is_null());
    Some(values.len() < before)
}

/// The keyword of alternatives, if they are what a schema is about.
fn union_in(body: &Body<'_>, names: &[&str]) -> Option<&'static str> {
    let structural = [
        "properties",
        "additionalProperties",
        "patternProperties",
        "items",
        "prefixItems",
    ];
    if body.has(&structural) || !matches!(names, [] | ["object"] | ["array"]) {
        return None;
    }
    let list = |k: &&str| {
        body.get(k)
            .and_then(Json::as_array)
            .is_some_and(|l| !l.is_empty())
    };
    ["oneOf", "anyOf"].into_iter().find(list)
}

/// The type that a schema without `type` means.
fn inferred(body: &Body<'_>) -> Option<&'static str> {
    if body.has(&[
        "properties",
        "required",
        "additionalProperties",
        "patternProperties",
    ]) {
        return Some("object");
    }
    if body.has(&["items", "prefixItems"]) {
        return Some("array");
    }
    if let Some(value) = body.get("const") {
        return type_of(value);
    }
    let values = body.get("enum")?.as_array()?;
    let mut types = values.iter().filter(|v| !v.is_null()).map(type_of);
    let first = types.next()??;
    types.all(|t| t == Some(first)).then_some(first)
}

fn type_of(value: &Json) -> Option<&'static str> {
    match value {
        Json::Bool(_) => Some("boolean"),
        Json::String(_) => Some("string"),
        Json::Number(n) if n.is_i64() || n.is_u64() => Some("integer"),
        Json::Number(_) => Some("number"),
        _ => None,
    }
}

/// Whether nothing but null fits.
fn is_null_only(body: &Body<'_>, names: &Names<'_>) -> bool {
    let listed = |values: &Vec<Json>| !values.is_empty() && values.iter().all(Json::is_null);
    names.null && names.names.is_empty()
        || body.get("const") == Some(&Json::Null)
        || body.get("enum").and_then(Json::as_array).is_some_and(listed)
}

/// Whether a schema says null and no more.
pub(super) fn is_null(schema: &Json) -> bool {
    let Some(map) = schema.as_object().filter(|m| m.len() == 1) else {
        return false;
    };
    map.get("type").and_then(Json::as_str) == Some("null") || map.get("const") == Some(&Json::Null)
}

fn texts(json: Option<&Json>) -> Vec<&str> {
    let mut texts = Vec::new();
    for text in json
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
    {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts
}
