//! A file's lineage, through the loader of configurations: JSON is YAML.

use serde_json::{Map, Value as Json, json};
use sluice_config::{Sources, load, render_all};
use sluice_transforms::export;
use sluice_transforms::lineage::Lineage;
use std::sync::Arc;

use super::File;

/// The parts of a file that are api.yaml's own.
const OWN: [&str; 2] = ["lists", "errors"];

impl File {
    /// The version at the root.
    ///
    /// # Panics
    /// When the file names none.
    pub fn origin(&self) -> &str {
        self.lineage["origin"].as_str().expect("an origin")
    }

    /// The lineage with its own root.
    ///
    /// # Panics
    /// With every diagnostic.
    pub fn compiled(&self) -> Arc<Lineage> {
        self.rooted(self.origin(), self.document())
    }

    /// The same mapping with another version at the root, whose document is the one that was computed for it.
    ///
    /// # Panics
    /// With every diagnostic.
    pub fn rerooted(&self, origin: &str) -> Arc<Lineage> {
        let lineage = self.compiled();
        let contract = lineage.contract(origin).expect("a known version");
        let document = self
            .document()
            .map(|_| export::openapi(contract, "The suite's", origin));
        self.rooted(origin, document)
    }

    fn rooted(&self, origin: &str, document: Option<Json>) -> Arc<Lineage> {
        let sources = self.sources(origin, document);
        match load(&sources, &|_| None) {
            Ok(mut loaded) => loaded.plan.apis.remove(0).lineage,
            Err(faults) => panic!(
                "{} with the origin {origin}:\n{}",
                self.name,
                render_all(&faults, &sources)
            ),
        }
    }

    fn sources(&self, origin: &str, document: Option<Json>) -> Sources {
        let main = json!({"sluice": 1, "listen": ["127.0.0.1:1"], "upstreams": {"u": {"endpoints": ["127.0.0.1:2"]}}});
        let mut files = vec![("sluice.yaml".to_owned(), main.to_string())];
        files.push((
            "apis/a/api.yaml".to_owned(),
            self.api(origin, document.is_some()).to_string(),
        ));
        files.extend(document.map(|document| ("apis/a/openapi.yaml".to_owned(), document.to_string())));
        for (index, change) in self.lineage["changes"]
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
        {
            let mut change = change.clone();
            change["sluice"] = json!(1);
            change["summary"] = json!("A change of the suite.");
            files.push((format!("apis/a/changes/{index}.yaml"), change.to_string()));
        }
        for (name, content) in self.lineage["files"].as_object().into_iter().flatten() {
            files.push((format!("apis/a/{name}"), content.to_string()));
        }
        Sources::from_files(files)
    }

    fn api(&self, origin: &str, documented: bool) -> Json {
        let named = |v: &Json| json!({"name": v});
        let versions: Vec<Json> = self.lineage["versions"]
            .as_array()
            .expect("versions")
            .iter()
            .map(named)
            .collect();
        let mut api = Map::new();
        for (name, value) in [
            ("sluice", json!(1)),
            ("api", json!("a")),
            ("upstream", json!("u")),
            ("origin", json!(origin)),
            (
                "additions",
                self.lineage.get("additions").cloned().unwrap_or(json!("pass")),
            ),
            ("select", json!([{"path": {"template": "/v{version}"}}])),
            ("versions", json!(versions)),
        ] {
            api.insert(name.to_owned(), value);
        }
        if documented {
            api.insert("document".to_owned(), json!("openapi.yaml"));
        }
        for name in OWN {
            api.extend(
                self.lineage
                    .get(name)
                    .map(|value| (name.to_owned(), value.clone())),
            );
        }
        Json::Object(api)
    }

    /// The origin's document: as given, or around the types.
    fn document(&self) -> Option<Json> {
        let types = self.lineage.get("types").and_then(Json::as_object);
        self.lineage
            .get("document")
            .cloned()
            .or_else(|| types.map(around))
    }
}

/// Things of the first type that can be made, shown, listed, replaced, patched and deleted.
fn around(types: &Map<String, Json>) -> Json {
    let root = types.keys().next().expect("a type");
    let thing = json!({"$ref": format!("#/components/schemas/{root}")});
    let body = |schema: &Json| json!({"content": {"application/json": {"schema": schema}}});
    let answer =
        |schema: &Json| json!({"description": "It.", "content": {"application/json": {"schema": schema}}});
    let answers = |status: &str, schema: Option<&Json>| {
        let mut all = Map::new();
        all.insert(
            status.to_owned(),
            schema.map_or(json!({"description": "Done."}), answer),
        );
        let error = types
            .contains_key("Error")
            .then(|| answer(&json!({"$ref": "#/components/schemas/Error"})));
        all.extend(error.map(|error| ("default".to_owned(), error)));
        Json::Object(all)
    };
    let patch = json!({"content": {"application/merge-patch+json": {"schema": thing}}});
    let list = json!({"type": "array", "items": thing});
    json!({
        "openapi": "3.1.0",
        "info": {"title": "The suite's", "version": "1"},
        "paths": {
            "/things": {
                "get": {"operationId": "list", "responses": answers("200", Some(&list))},
                "post": {"operationId": "create", "requestBody": body(&thing), "responses": answers("201", Some(&thing))},
            },
            "/things/{id}": {
                "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
                "get": {"operationId": "read", "responses": answers("200", Some(&thing))},
                "put": {"operationId": "replace", "requestBody": body(&thing), "responses": answers("200", Some(&thing))},
                "patch": {"operationId": "patch", "requestBody": patch, "responses": answers("200", Some(&thing))},
                "delete": {"operationId": "delete", "responses": answers("204", None)},
            },
        },
        "components": {"schemas": types},
    })
}
