//! JSON Schemas of the files: for editors, and for the structural check.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};
use sluice_transforms::message_op::MESSAGE_OPERATORS;
use sluice_transforms::op::registry::OPERATORS;

use crate::raw::{RawApi, RawChange, RawConsumers, RawMain};

/// One schema for the four kinds of files, for editors (`yaml.schemas`, `$schema` comments).
pub fn config_schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let [main, api, change, consumers] = [
        RawMain::json_schema(&mut generator),
        RawApi::json_schema(&mut generator),
        RawChange::json_schema(&mut generator),
        RawConsumers::json_schema(&mut generator),
    ];
    let mut definitions = generator.take_definitions(true);
    for (name, schema) in [
        ("Main", main),
        ("Api", api),
        ("Change", change),
        ("Consumers", consumers),
    ] {
        definitions.insert(name.to_owned(), schema.to_value());
    }
    steps(
        &mut definitions,
        "TypeStep",
        OPERATORS
            .iter()
            .map(|entry| (entry.name, entry.summary, entry.schema)),
    );
    let messages = MESSAGE_OPERATORS
        .iter()
        .map(|entry| (entry.name, entry.summary, entry.schema));
    steps(&mut definitions, "MessageStep", messages);
    // `if` rather than `anyOf`: an editor then shows the faults of the one kind that is meant.
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Sluice configuration",
        "if": {"required": ["between"]},
        "then": {"$ref": "#/$defs/Change"},
        "else": {
            "if": {"required": ["api"]},
            "then": {"$ref": "#/$defs/Api"},
            "else": {
                "if": {"required": ["consumers"]},
                "then": {"$ref": "#/$defs/Consumers"},
                "else": {"$ref": "#/$defs/Main"},
            },
        },
        "$defs": definitions,
    })
}

/// An operator as its registry has it: name, summary, schema of the settings.
type Entry = (&'static str, &'static str, fn() -> Schema);

/// Lets a step be one of the operators, each with its settings.
fn steps(definitions: &mut Map<String, Value>, step: &str, operators: impl Iterator<Item = Entry>) {
    let mut properties = Map::new();
    for (name, summary, schema) in operators {
        let mut settings = schema().to_value();
        adopt(definitions, name, &mut settings);
        properties.insert(
            name.to_owned(),
            json!({"description": summary, "allOf": [settings]}),
        );
    }
    if let Some(step) = definitions.get_mut(step).and_then(Value::as_object_mut) {
        step.insert("properties".to_owned(), Value::Object(properties));
        step.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
}

/// Moves a schema's own definitions to the document's, under the operator's name.
fn adopt(definitions: &mut Map<String, Value>, operator: &str, schema: &mut Value) {
    let own = schema.as_object_mut().and_then(|schema| {
        schema.remove("$schema");
        schema.remove("$defs")
    });
    point_to(schema, operator);
    if let Some(Value::Object(own)) = own {
        for (name, mut definition) in own {
            point_to(&mut definition, operator);
            definitions.insert(format!("{operator}.{name}"), definition);
        }
    }
}

/// Makes references lead to definitions that were moved.
fn point_to(schema: &mut Value, operator: &str) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get_mut("$ref") {
                *reference = match reference.strip_prefix("#/$defs/") {
                    Some(name) => format!("#/$defs/{operator}.{name}"),
                    None => reference.clone(),
                };
            }
            members.values_mut().for_each(|member| point_to(member, operator));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| point_to(item, operator)),
        _ => {}
    }
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
        let misspelt = change.to_string().replace("to", "too");
        assert!(!validator.is_valid(&serde_json::from_str(&misspelt)?));
        let unknown = change.to_string().replace("rename", "renmae");
        assert!(!validator.is_valid(&serde_json::from_str(&unknown)?));
        assert!(!validator.is_valid(&serde_json::json!({"sluice": 1, "listen": []})));
        assert!(!validator.is_valid(&serde_json::json!({"sluice": 1, "api": "a", "origins": "1"})));
        Ok(())
    }

    #[test]
    fn what_an_editor_says_of_the_example_is_what_the_loader_says() -> Result<(), Box<dyn std::error::Error>>
    {
        let validator = jsonschema::validator_for(&config_schema())?;
        let files = [
            include_str!("../examples/integrationhub/sluice.yaml"),
            include_str!("../examples/integrationhub/apis/customers/api.yaml"),
            include_str!("../examples/integrationhub/apis/customers/changes/2.0-2.1.yaml"),
            include_str!("../examples/integrationhub/apis/customers/changes/3.1-3.2.yaml"),
        ];
        for text in files {
            let tree =
                crate::yaml::read("f.yaml", text.as_bytes()).map_err(|faults| format!("{faults:?}"))?;
            let faults: Vec<String> = validator
                .iter_errors(&tree.value)
                .map(|error| error.to_string())
                .collect();
            assert!(faults.is_empty(), "{faults:?}");
        }
        Ok(())
    }
}
