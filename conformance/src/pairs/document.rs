//! An OpenAPI document whose types are a pair's published JSON Schema: nothing of the schema is copied into the project.

use std::path::Path;

use serde_json::{Map, Value as Json, json};

use super::read;

/// The document of a pair's new version. The schemas that it refers to beside itself lie in `refs/`.
pub fn openapi(place: &Path) -> Json {
    let mut root = read(&place.join("schema-new.json"));
    let mut types = Map::new();
    for key in ["definitions", "$defs"] {
        if let Some(Json::Object(own)) = root.as_object_mut().and_then(|r| r.remove(key)) {
            types.extend(own);
        }
    }
    if root.get("properties").is_some() {
        types.insert("Document".to_owned(), root);
    }
    for (file, name) in REFERRED {
        let path = place.join("refs").join(file);
        if path.is_file() {
            types.insert((*name).to_owned(), read(&path));
        }
    }
    types.values_mut().for_each(redirect);
    json!({
        "openapi": "3.1.0",
        "info": {"title": "A published schema", "version": "1"},
        "paths": {},
        "components": {"schemas": types},
    })
}

/// Schemas that another one refers to, with the names that they get.
const REFERRED: &[(&str, &str)] = &[];

/// References lead to the named types of the OpenAPI document.
fn redirect(schema: &mut Json) {
    match schema {
        Json::Object(object) => {
            if let Some(Json::String(reference)) = object.get_mut("$ref") {
                *reference = redirected(reference);
            }
            object.values_mut().for_each(redirect);
        }
        Json::Array(items) => items.iter_mut().for_each(redirect),
        _ => {}
    }
}

fn redirected(reference: &str) -> String {
    let name = reference
        .strip_prefix("#/definitions/")
        .or_else(|| reference.strip_prefix("#/$defs/"));
    name.map_or_else(
        || reference.to_owned(),
        |name| format!("#/components/schemas/{name}"),
    )
}
