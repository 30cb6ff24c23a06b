//! An OpenAPI document whose types are a pair's published JSON Schema: nothing of the schema is copied into the project.

use std::path::Path;

use serde_json::{Map, Value as Json, json};

use super::read;

/// The name of the type that the whole schema describes, where it is one document's.
const WHOLE: &str = "Document";

/// The document of a pair's new version. The schemas that its own refers to lie in `refs/`; their types are named after
/// the file.
pub fn openapi(place: &Path) -> Json {
    let mut types = Map::new();
    add(&mut types, read(&place.join("schema-new.json")), WHOLE, "");
    for file in std::fs::read_dir(place.join("refs"))
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = file.file_name().to_string_lossy().into_owned();
        add(&mut types, read(&file.path()), &name, &format!("{name}."));
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": "A published schema", "version": "1"},
        "paths": {},
        "components": {"schemas": types},
    })
}

fn add(types: &mut Map<String, Json>, mut schema: Json, whole: &str, prefix: &str) {
    modernise(&mut schema, prefix);
    let object = schema.as_object_mut().expect("a schema");
    if let Some(Json::Object(own)) = object.remove("definitions") {
        types.extend(
            own.into_iter()
                .map(|(name, schema)| (format!("{prefix}{name}"), schema)),
        );
    }
    for keyword in ["$schema", "$id"] {
        object.remove(keyword);
    }
    types.insert(whole.to_owned(), schema);
}

/// Says in 2020-12 what drafts 04 to 07 say in their words. References lead to the named types of the OpenAPI document.
fn modernise(schema: &mut Json, prefix: &str) {
    match schema {
        Json::Object(object) => {
            if let Some(Json::String(reference)) = object.get_mut("$ref") {
                *reference = redirected(reference, prefix);
            }
            if object.get("items").is_some_and(Json::is_array) {
                let items = object.remove("items").unwrap_or_default();
                object.insert("prefixItems".to_owned(), items);
                object.remove("additionalItems");
            }
            object.values_mut().for_each(|inner| modernise(inner, prefix));
        }
        Json::Array(items) => items.iter_mut().for_each(|inner| modernise(inner, prefix)),
        _ => {}
    }
}

fn redirected(reference: &str, prefix: &str) -> String {
    let (file, name) = reference.split_once("#/definitions/").unwrap_or((reference, ""));
    let name = match (file, name) {
        ("#", _) => WHOLE.to_owned(),
        ("", name) => format!("{prefix}{name}"),
        (file, "") => file.to_owned(),
        (file, name) => format!("{file}.{name}"),
    };
    format!("#/components/schemas/{name}")
}
