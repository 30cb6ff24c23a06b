//! JSON Schemas of the files: for editors, and for the structural check.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use crate::raw::{RawApi, RawChange, RawMain};

/// One schema for the three kinds of files, for editors (`yaml.schemas`, `$schema` comments).
pub fn config_schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let [main, api, change] = [
        RawMain::json_schema(&mut generator),
        RawApi::json_schema(&mut generator),
        RawChange::json_schema(&mut generator),
    ];
    let mut definitions = generator.take_definitions(true);
    for (name, schema) in [("Main", main), ("Api", api), ("Change", change)] {
        definitions.insert(name.to_owned(), schema.to_value());
    }
    // `if` rather than `anyOf`: an editor then shows the faults of the one kind that is meant.
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Sluice configuration",
        "if": {"required": ["between"]},
        "then": {"$ref": "#/$defs/Change"},
        "else": {
            "if": {"required": ["api"]},
            "then": {"$ref": "#/$defs/Api"},
            "else": {"$ref": "#/$defs/Main"},
        },
        "$defs": definitions,
    })
}

/// The schema of one kind of file, without references: a fault's place in it is a plain pointer.
pub(crate) fn schema_of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
    let schema: Schema = settings.into_generator().into_root_schema_for::<T>();
    schema.to_value()
}

#[cfg(test)]
mod tests {
    use super::config_schema;

    #[test]
    fn the_schema_is_one_and_judges_each_kind() -> Result<(), Box<dyn std::error::Error>> {
        let validator = jsonschema::validator_for(&config_schema())?;
        let change = serde_json::json!({"sluice": 1, "between": ["1", "2"], "summary": "s",
            "types": {"T": [{"rename": {"from": "/a", "to": "/b"}}]}});
        assert!(validator.is_valid(&change));
        assert!(!validator.is_valid(&serde_json::json!({"sluice": 1, "listen": []})));
        assert!(!validator.is_valid(&serde_json::json!({"sluice": 1, "api": "a", "origins": "1"})));
        Ok(())
    }
}
