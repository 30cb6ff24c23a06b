//! A contract back into an OpenAPI 3.1 document, and a shape into JSON Schema 2020-12.
//!
//! Reading what is written here gives the same contract: `openapi::contract(&export::openapi(&c, …)) == Ok(c)`. What
//! JSON Schema has no word for is said in the extension keywords that [`crate::openapi`] names.

mod patch;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::contract::{Answer, Contract, Operation, Parameter, Place, StatusRange};
use crate::openapi::keyword::{self, HOME, Holds};
use crate::openapi::{ANY_OF, ERROR, EXACT, LABEL, POSITION};
use crate::shape::{Field, Kind, Shape, Types};

/// A contract as an OpenAPI 3.1 document.
pub fn openapi(contract: &Contract, title: &str, version: &str) -> Json {
    let writer = Writer {
        home: HOME,
        absent: None,
    };
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": writer.paths(contract),
        "components": {"schemas": writer.types(&contract.types)},
    });
    if let (Some(error), Json::Object(map)) = (&contract.error, &mut document) {
        map.insert(ERROR.to_owned(), writer.schema(error));
    }
    document
}

/// A shape as a JSON Schema that holds all it refers to. It judges whole documents as the backend keeps them.
pub fn schema(shape: &Shape, types: &Types) -> Json {
    judging(shape, types, None)
}

/// The same for what a client sends: members that are read-only may be left out (OpenAPI 3.1, `readOnly`).
pub fn request_schema(shape: &Shape, types: &Types) -> Json {
    judging(shape, types, Some(READ_ONLY))
}

/// The same for what an answer carries: members that are write-only may be left out (OpenAPI 3.1, `writeOnly`).
pub fn answer_schema(shape: &Shape, types: &Types) -> Json {
    judging(shape, types, Some(WRITE_ONLY))
}

/// The same for a merge patch that a client sends (RFC 7396): every member may be left out, and null removes one.
pub fn patch_schema(shape: &Shape, types: &Types) -> Json {
    let writer = Writer {
        home: DEFINITIONS,
        absent: Some(READ_ONLY),
    };
    let mut schema = json!({"$schema": DIALECT});
    if let Json::Object(schema) = &mut schema {
        schema.extend(patch::schema(&writer, shape, types));
    }
    schema
}

/// Where a schema holds what it refers to.
const DEFINITIONS: &str = "#/$defs/";

/// Members that a client does not send, and members that no answer shows.
const READ_ONLY: &str = "readOnly";
const WRITE_ONLY: &str = "writeOnly";

/// JSON Schema 2020-12.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

fn judging(shape: &Shape, types: &Types, absent: Option<&'static str>) -> Json {
    let writer = Writer {
        home: DEFINITIONS,
        absent,
    };
    let mut schema = json!({"$schema": DIALECT});
    if let (Json::Object(schema), Json::Object(own)) = (&mut schema, writer.schema(shape)) {
        schema.extend(own);
        if !types.is_empty() {
            schema.insert("$defs".to_owned(), writer.types(types));
        }
    }
    schema
}

struct Writer {
    /// Where named types stand.
    home: &'static str,
    /// Members with this keyword may be left out.
    absent: Option<&'static str>,
}

impl Writer {
    fn types(&self, types: &Types) -> Json {
        let named = types.iter().map(|(name, shape)| {
            let mut schema = self.unlabelled(shape);
            if shape.label.as_deref() != Some(name)
                && let Json::Object(map) = &mut schema
            {
                map.insert(LABEL.to_owned(), json!(shape.label));
            }
            (name.clone(), schema)
        });
        Json::Object(named.collect())
    }

    fn schema(&self, shape: &Shape) -> Json {
        let mut schema = self.unlabelled(shape);
        if let (Some(label), Json::Object(map)) = (&shape.label, &mut schema) {
            map.insert(LABEL.to_owned(), json!(label));
        }
        schema
    }

    fn unlabelled(&self, shape: &Shape) -> Json {
        let mut schema = self.bare(shape);
        if shape.nullable && !widen(shape, &mut schema) {
            return json!({"anyOf": [schema, {"type": "null"}]});
        }
        Json::Object(schema)
    }

    /// The schema without null and label.
    fn bare(&self, shape: &Shape) -> Map<String, Json> {
        let mut schema = Map::new();
        if let Some(name) = type_name(&shape.kind) {
            schema.insert("type".to_owned(), json!(name));
        }
        if let Kind::Ref(name) = &shape.kind {
            schema.insert("$ref".to_owned(), json!(keyword::reference_to(self.home, name)));
        }
        self.rules_into(&mut schema, &shape.rules);
        match &shape.kind {
            Kind::Object { fields, open } => self.object_into(&mut schema, fields, *open),
            Kind::Map(inner) => {
                // An object's schema, not true: it is what tells a map from an object without known members.
                schema.insert("additionalProperties".to_owned(), self.schema(inner));
            }
            // Beside no items these would read as the kind of value.
            Kind::List(inner)
                if **inner != Shape::any()
                    || schema.contains_key("oneOf")
                    || schema.contains_key("anyOf") =>
            {
                schema.insert("items".to_owned(), self.schema(inner));
            }
            Kind::OneOf(shapes) => {
                let any = schema.remove(ANY_OF) == Some(Json::Bool(true));
                let keyword = if any { "anyOf" } else { "oneOf" };
                let shapes = shapes.iter().map(|s| self.schema(s)).collect();
                schema.insert(keyword.to_owned(), Json::Array(shapes));
            }
            _ => {}
        }
        if must_stay(shape) {
            schema.insert(EXACT.to_owned(), json!(true));
        }
        schema
    }

    fn object_into(&self, schema: &mut Map<String, Json>, fields: &[Field], open: bool) {
        // Beside no properties these would read as the kind of value.
        let telling = ["oneOf", "anyOf", "additionalProperties"];
        if !fields.is_empty() || telling.iter().any(|k| schema.contains_key(*k)) {
            let properties = fields.iter().map(|f| (f.name.clone(), self.schema(&f.shape)));
            schema.insert("properties".to_owned(), Json::Object(properties.collect()));
        }
        let absent = |shape: &Shape| self.absent.is_some_and(|keyword| says(shape, keyword));
        let needed = |f: &&Field| f.required && !absent(&f.shape);
        let required: Vec<&str> = fields.iter().filter(needed).map(|f| f.name.as_str()).collect();
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        if !open {
            schema.insert("additionalProperties".to_owned(), json!(false));
        }
    }

    fn rules_into(&self, schema: &mut Map<String, Json>, rules: &Map<String, Json>) {
        for (keyword, value) in rules {
            schema.insert(keyword.clone(), self.rule(keyword, value));
        }
    }

    /// A rule, its references pointed at this document's home of types.
    fn rule(&self, keyword: &str, value: &Json) -> Json {
        match (keyword::holds(keyword), value) {
            (Holds::Schema, Json::Object(raw)) => self.raw(raw),
            (Holds::List, Json::Array(items)) => {
                Json::Array(items.iter().map(|s| self.rule("not", s)).collect())
            }
            (Holds::Map, Json::Object(map)) => Json::Object(
                map.iter()
                    .map(|(name, s)| (name.clone(), self.rule("not", s)))
                    .collect(),
            ),
            _ => value.clone(),
        }
    }

    fn raw(&self, raw: &Map<String, Json>) -> Json {
        let mut schema = Map::new();
        self.rules_into(&mut schema, raw);
        if let Some(Json::String(reference)) = schema.get_mut("$ref")
            && let Some(name) = reference.strip_prefix(HOME)
        {
            *reference = format!("{}{name}", self.home);
        }
        Json::Object(schema)
    }

    fn paths(&self, contract: &Contract) -> Json {
        let mut order: Vec<String> = Vec::new();
        let mut items: BTreeMap<String, Vec<(usize, &Operation)>> = BTreeMap::new();
        for (position, operation) in contract.operations.iter().enumerate() {
            let path = operation.path.to_string();
            if !items.contains_key(&path) {
                order.push(path.clone());
            }
            items.entry(path).or_default().push((position, operation));
        }
        let regrouped: Vec<usize> = order
            .iter()
            .flat_map(|path| &items[path])
            .map(|(p, _)| *p)
            .collect();
        let in_order = regrouped.is_sorted();
        let mut paths = Map::new();
        for path in order {
            let mut item = Map::new();
            for (position, operation) in &items[&path] {
                let mut json = self.operation(operation);
                if let (false, Json::Object(map)) = (in_order, &mut json) {
                    map.insert(POSITION.to_owned(), json!(position));
                }
                item.insert(operation.method.to_ascii_lowercase(), json);
            }
            paths.insert(path, Json::Object(item));
        }
        Json::Object(paths)
    }

    fn operation(&self, operation: &Operation) -> Json {
        let mut json = Map::new();
        json.insert("operationId".to_owned(), json!(operation.id));
        if !operation.parameters.is_empty() {
            let parameters = operation.parameters.iter().map(|p| self.parameter(p)).collect();
            json.insert("parameters".to_owned(), Json::Array(parameters));
        }
        if let Some(payload) = &operation.request {
            let media = if payload.patch {
                "application/merge-patch+json"
            } else {
                "application/json"
            };
            let content = json!({media: {"schema": self.schema(&payload.shape)}});
            json.insert(
                "requestBody".to_owned(),
                json!({"required": payload.required, "content": content}),
            );
        }
        let answers = operation
            .answers
            .iter()
            .map(|a| (status_key(a.status), self.answer(a)));
        json.insert("responses".to_owned(), Json::Object(answers.collect()));
        Json::Object(json)
    }

    fn parameter(&self, parameter: &Parameter) -> Json {
        let place = match parameter.place {
            Place::Path => "path",
            Place::Query => "query",
            Place::Header => "header",
        };
        let mut json = json!({"name": parameter.name, "in": place});
        self.value_into(&mut json, parameter);
        json
    }

    fn value_into(&self, json: &mut Json, parameter: &Parameter) {
        if let Json::Object(map) = json {
            if parameter.required {
                map.insert("required".to_owned(), json!(true));
            }
            map.insert("schema".to_owned(), self.schema(&parameter.shape));
        }
    }

    fn answer(&self, answer: &Answer) -> Json {
        let mut json = Map::new();
        json.insert("description".to_owned(), json!(phrase(answer.status)));
        let header = |header: &Parameter| {
            let mut json = json!({});
            self.value_into(&mut json, header);
            (header.name.clone(), json)
        };
        if !answer.headers.is_empty() {
            let headers = answer.headers.iter().map(header);
            json.insert("headers".to_owned(), Json::Object(headers.collect()));
        }
        if let Some(shape) = &answer.shape {
            let content = json!({"application/json": {"schema": self.schema(shape)}});
            json.insert("content".to_owned(), content);
        }
        Json::Object(json)
    }
}

/// Lets null in by the keywords that are there; says whether that was possible.
fn widen(shape: &Shape, schema: &mut Map<String, Json>) -> bool {
    let strict = ["const", "not", "if", "allOf", "anyOf", "oneOf"];
    let Some(name) = type_name(&shape.kind) else {
        return false;
    };
    if strict.iter().any(|k| schema.contains_key(*k)) {
        return false;
    }
    schema.insert("type".to_owned(), json!([name, "null"]));
    if let Some(Json::Array(values)) = schema.get_mut("enum") {
        values.push(Json::Null);
    }
    true
}

/// Whether reading must not merge what stands in the schema.
fn must_stay(shape: &Shape) -> bool {
    let merged = ["allOf", "anyOf", "oneOf"];
    let beside_reference = matches!(shape.kind, Kind::Ref(_)) && !shape.rules.is_empty();
    let one = matches!(&shape.kind, Kind::OneOf(shapes) if shapes.len() == 1);
    beside_reference || one || merged.iter().any(|k| shape.rules.contains_key(*k))
}

fn says(shape: &Shape, keyword: &str) -> bool {
    shape.rules.get(keyword) == Some(&Json::Bool(true))
}

fn type_name(kind: &Kind) -> Option<&'static str> {
    match kind {
        Kind::Object { .. } | Kind::Map(_) => Some("object"),
        Kind::List(_) => Some("array"),
        Kind::Text => Some("string"),
        Kind::Integer => Some("integer"),
        Kind::Number => Some("number"),
        Kind::Boolean => Some("boolean"),
        Kind::Any | Kind::Ref(_) | Kind::OneOf(_) => None,
    }
}

fn status_key(status: StatusRange) -> String {
    match status {
        StatusRange::Exact(status) => format!("{status:03}"),
        StatusRange::Class(class) => format!("{class}XX"),
        StatusRange::Default => "default".to_owned(),
    }
}

/// What an answer is, for the description that OpenAPI demands (RFC 9110, 15).
fn phrase(status: StatusRange) -> &'static str {
    match status {
        StatusRange::Exact(200) => "OK",
        StatusRange::Exact(201) => "Created",
        StatusRange::Exact(202) => "Accepted",
        StatusRange::Exact(204) => "No Content",
        StatusRange::Exact(304) => "Not Modified",
        StatusRange::Exact(400) => "Bad Request",
        StatusRange::Exact(401) => "Unauthorized",
        StatusRange::Exact(403) => "Forbidden",
        StatusRange::Exact(404) => "Not Found",
        StatusRange::Exact(409) => "Conflict",
        StatusRange::Exact(412) => "Precondition Failed",
        StatusRange::Exact(422) => "Unprocessable Content",
        StatusRange::Exact(429) => "Too Many Requests",
        StatusRange::Exact(503) => "Service Unavailable",
        StatusRange::Exact(100..=199) | StatusRange::Class(1) => "Informational",
        StatusRange::Exact(200..=299) | StatusRange::Class(2) => "Successful",
        StatusRange::Exact(300..=399) | StatusRange::Class(3) => "Redirection",
        StatusRange::Exact(400..=499) | StatusRange::Class(4) => "Client Error",
        StatusRange::Exact(_) | StatusRange::Class(_) => "Server Error",
        StatusRange::Default => "Any other answer",
    }
}
