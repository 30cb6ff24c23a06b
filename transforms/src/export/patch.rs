//! What a JSON Merge Patch (RFC 7396) of a document may be: every member may be left out or be null, at every depth;
//! lists stand whole. Rules that speak of an object as a whole (`minProperties`, `if`) say nothing of a part of it.

use serde_json::{Map, Value as Json, json};

use super::Writer;
use crate::openapi::keyword::reference_to;
use crate::shape::{Kind, Shape, Types};

/// The schema of a patch of what a shape describes.
pub(super) fn schema(writer: &Writer, shape: &Shape, types: &Types) -> Map<String, Json> {
    let patch = Patch { writer, types };
    let mut schema = patch.of(shape);
    if !types.is_empty() {
        let mut all = match writer.types(types) {
            Json::Object(whole) => whole,
            _ => Map::new(),
        };
        all.extend(
            types
                .iter()
                .map(|(name, shape)| (named(name), Json::Object(patch.of(shape)))),
        );
        schema.insert("$defs".to_owned(), Json::Object(all));
    }
    schema
}

/// The name under which the patch of a named type stands.
fn named(name: &str) -> String {
    format!("patch of {name}")
}

struct Patch<'a> {
    writer: &'a Writer,
    types: &'a Types,
}

impl Patch<'_> {
    fn of(&self, shape: &Shape) -> Map<String, Json> {
        match &shape.kind {
            Kind::Object { fields, open } => {
                let members = fields
                    .iter()
                    .map(|f| (f.name.clone(), Json::Object(self.member(&f.shape))));
                let mut schema = object();
                schema.insert("properties".to_owned(), Json::Object(members.collect()));
                if !open {
                    schema.insert("additionalProperties".to_owned(), json!(false));
                }
                schema
            }
            Kind::Map(inner) => {
                let mut schema = object();
                schema.insert(
                    "additionalProperties".to_owned(),
                    Json::Object(self.member(inner)),
                );
                schema
            }
            Kind::Ref(name) if self.is_patched(shape) => {
                let mut schema = Map::new();
                let reference = reference_to(self.writer.home, &named(name));
                schema.insert("$ref".to_owned(), json!(reference));
                schema
            }
            // A part of one alternative may be a part of another.
            Kind::OneOf(shapes) if self.is_patched(shape) => {
                let shapes = shapes.iter().map(|s| Json::Object(self.of(s))).collect();
                Map::from_iter([("anyOf".to_owned(), Json::Array(shapes))])
            }
            _ => match self.writer.schema(shape) {
                Json::Object(schema) => schema,
                _ => Map::new(),
            },
        }
    }

    /// A member, which null removes.
    fn member(&self, shape: &Shape) -> Map<String, Json> {
        if !self.is_patched(shape) {
            let mut nullable = shape.clone();
            nullable.nullable = true;
            return self.of(&nullable);
        }
        let mut schema = self.of(shape);
        if schema.contains_key("type") {
            schema.insert("type".to_owned(), json!(["object", "null"]));
            return schema;
        }
        Map::from_iter([("anyOf".to_owned(), json!([schema, {"type": "null"}]))])
    }

    /// Whether a value of this type is patched member by member; any other stands whole.
    fn is_patched(&self, shape: &Shape) -> bool {
        match &shape.resolve(self.types).kind {
            Kind::Object { .. } | Kind::Map(_) => true,
            Kind::OneOf(shapes) => shapes.iter().any(|s| self.is_patched(s)),
            _ => false,
        }
    }
}

fn object() -> Map<String, Json> {
    Map::from_iter([("type".to_owned(), json!("object"))])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::openapi;

    #[test]
    fn parts_and_nulls_are_patches_and_other_types_are_not() {
        let schema = json!({
            "type": "object", "required": ["name", "at", "tags"], "minProperties": 3,
            "properties": {
                "name": {"type": "string", "minLength": 2},
                "at": {"$ref": "#/$defs/At"},
                "tags": {"type": "array", "items": {"$ref": "#/$defs/At"}},
                "all": {"type": "object", "additionalProperties": {"type": "integer"}},
                "next": {"$ref": "#/$defs/Node"},
            },
            "$defs": {
                "At": {"type": "object", "required": ["x", "y"], "properties": {"x": {"type": "number"}, "y": {"type": "number"}}},
                "Node": {"type": "object", "required": ["v"], "properties": {"v": {"enum": ["a"]}, "next": {"$ref": "#/$defs/Node"}}},
            },
        });
        let (types, shape) = openapi::bundle(&schema).unwrap();
        let patch = crate::export::patch_schema(&shape, &types);
        let validator = jsonschema::validator_for(&patch).unwrap();
        for good in [
            json!({}),
            json!({"name": "ab"}),
            json!({"name": null, "at": {"x": 1}}),
            json!({"at": null, "tags": [{"x": 1, "y": 2}], "more": {"any": "thing"}}),
            json!({"all": {"a": null, "b": 2}, "next": {"next": {"next": {"v": "a"}}}}),
        ] {
            assert!(validator.is_valid(&good), "{good} {patch}");
        }
        for bad in [
            json!([]),
            json!(null),
            json!({"name": "a"}),
            json!({"name": 1}),
            json!({"at": {"x": "1"}}),
            json!({"tags": [{"x": 1}]}),
            json!({"tags": [null]}),
            json!({"all": {"a": "1"}}),
            json!({"next": {"next": {"v": "b"}}}),
        ] {
            assert!(!validator.is_valid(&bad), "{bad} {patch}");
        }
    }
}
