//! Generated documents are valid by the exported JSON Schema, varied, and the same for the same seed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use jsonschema::Validator;
use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Value as Json, json};
use sluice_transforms::generate::Generator;
use sluice_transforms::shape::{Shape, Types};
use sluice_transforms::value::Value;
use sluice_transforms::{export, openapi};

fn from_yaml(yaml: &Yaml<'_>) -> Json {
    match yaml {
        Yaml::Value(Scalar::Null) => Json::Null,
        Yaml::Value(Scalar::Boolean(b)) => json!(b),
        Yaml::Value(Scalar::Integer(i)) => json!(i),
        Yaml::Value(Scalar::String(s)) => json!(s),
        Yaml::Sequence(items) => items.iter().map(from_yaml).collect(),
        Yaml::Mapping(map) => {
            let members = map
                .iter()
                .map(|(k, v)| (k.as_str().unwrap().to_owned(), from_yaml(v)));
            Json::Object(members.collect())
        }
        other => panic!("{other:?}"),
    }
}

fn example() -> Types {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../config/examples/integrationhub/apis/customers/openapi.yaml"
    );
    let text = std::fs::read_to_string(path).unwrap();
    let document = from_yaml(&Yaml::load_from_str(&text).unwrap()[0]);
    openapi::contract(&document).unwrap().types
}

fn judge(shape: &Shape, types: &Types) -> Validator {
    let schema = export::schema(shape, types);
    let options = jsonschema::options().should_validate_formats(true);
    options.build(&schema).unwrap()
}

fn must_fit(judge: &Validator, document: &Value, seed: u64) {
    let json: Json = serde_json::from_str(&document.to_json()).unwrap_or_else(|e| panic!("{e}: {document}"));
    if let Err(fault) = judge.validate(&json) {
        panic!("seed {seed}: {fault} at {}\n{document}", fault.instance_path());
    }
}

/// Makes documents and edits of them, all of which must fit.
fn run(shape: &Shape, types: &Types, seeds: std::ops::Range<u64>) -> Vec<Value> {
    let judge = judge(shape, types);
    let make = |seed| {
        let mut generator = Generator::new(seed);
        let document = generator.document(shape, types);
        must_fit(&judge, &document, seed);
        let mut edited = document.clone();
        if generator.edit(&mut edited, shape, types).is_some() {
            must_fit(&judge, &edited, seed);
            assert_ne!(edited, document);
        }
        assert_eq!(generator.gaps().iter().next(), None, "{document}");
        document
    };
    seeds.map(make).collect()
}

fn odd_types() -> Types {
    openapi::types(&json!({"$defs": {
        "Kitchen": {"type": "object", "minProperties": 2, "required": ["bounded", "tree"], "properties": {
            "bounded": {"type": "number", "minimum": -0.125, "exclusiveMaximum": 3.5},
            "free": {"type": "number"},
            "whole": {"type": "integer"},
            "stepped": {"type": "number", "multipleOf": 0.01, "minimum": 10},
            "fives": {"type": "integer", "multipleOf": 5, "exclusiveMinimum": 0, "maximum": 50},
            "small": {"type": "integer", "format": "int32"},
            "word": {"type": "string", "minLength": 3, "maxLength": 5},
            "when": {"type": "string", "format": "date-time"},
            "day": {"type": "string", "format": "date"},
            "mail": {"type": "string", "format": "email"},
            "link": {"type": "string", "format": "uri"},
            "key": {"type": "string", "format": "uuid"},
            "told": {"type": "string", "pattern": "^(?=x)x1$", "examples": ["x1"]},
            "const": {"const": {"a": [1, null]}},
            "choice": {"enum": ["a", 1, null, false]},
            "maybe": {"type": ["string", "null"]},
            "mixed": {"type": ["integer", "boolean", "null"]},
            "unique": {"type": "array", "uniqueItems": true, "minItems": 2, "maxItems": 3, "items": {"enum": ["a", "b", "c"]}},
            "map": {"type": "object", "minProperties": 1, "additionalProperties": {"type": "boolean"}},
            "either": {"oneOf": [
                {"type": "integer", "minimum": 0}, {"type": "number", "maximum": 5}, {"type": "string"}]},
            "both": {"anyOf": [{"type": "string", "maxLength": 3}, {"type": "string", "minLength": 2}]},
            "any": {},
            "closed": {"type": "object", "additionalProperties": false, "maxProperties": 1, "properties": {
                "a": {"type": "string"}, "b": {"type": "string"}}},
            "tree": {"$ref": "#/$defs/Tree"}}},
        "Tree": {"oneOf": [
            {"type": "object", "required": ["left", "right"], "properties": {
                "left": {"$ref": "#/$defs/Tree"}, "right": {"$ref": "#/$defs/Tree"}}},
            {"type": "string"}]},
    }}))
}

#[test]
fn customers_are_valid_and_varied() {
    let types = example();
    let customers = run(&Shape::reference("Customer"), &types, 0..2000);
    let all: BTreeSet<String> = customers.iter().map(Value::to_json).collect();
    assert!(all.len() > 1990);
    let with = |name: &str| {
        customers
            .iter()
            .filter(|c| c.as_object().unwrap().get(name).is_some())
            .count()
    };
    assert!((500..1500).contains(&with("insights")));
    let whole = all.iter().fold(String::new(), |text, c| text + c);
    for wanted in ["\"x", "\\u", "\\\"", "e2", "-0", "[]", "😀", ", "] {
        assert!(whole.contains(wanted), "{wanted}");
    }
}

#[test]
fn every_type_of_the_example_can_be_made() {
    let types = example();
    for name in types.keys() {
        run(&Shape::reference(name), &types, 0..100);
    }
}

#[test]
fn odd_shapes_are_valid() {
    let types = odd_types();
    let judge = judge(&Shape::reference("Kitchen"), &types);
    for seed in 0..1500 {
        let mut generator = Generator::new(seed);
        let mut document = generator.document(&Shape::reference("Kitchen"), &types);
        must_fit(&judge, &document, seed);
        for _ in 0..3 {
            generator.edit(&mut document, &Shape::reference("Kitchen"), &types);
            must_fit(&judge, &document, seed);
        }
        // The example stands in for the pattern that cannot be made, and that is told.
        let told: Vec<String> = generator
            .gaps()
            .iter()
            .map(|g| format!("{} {}", g.place, g.rule))
            .collect();
        assert!(told.iter().all(|g| g == "/told pattern"), "{told:?}");
    }
}

#[test]
fn the_same_seed_makes_the_same() {
    let types = example();
    let make = |seed| Generator::new(seed).document(&Shape::reference("CustomerList"), &types);
    assert_eq!(make(7).to_json(), make(7).to_json());
    assert_ne!(make(7).to_json(), make(8).to_json());
}

#[test]
fn tables_give_values() {
    let types = example();
    let mut generator = Generator::new(1)
        .table("Country", vec![Value::text("GB"), Value::text("FR")])
        .table("Address/region", vec![Value::text("Kent")]);
    for _ in 0..200 {
        let mut address = generator.document(&Shape::reference("Address"), &types);
        generator
            .edit(&mut address, &Shape::reference("Address"), &types)
            .unwrap();
        let object = address.as_object().unwrap();
        assert!(["GB", "FR"].contains(&object.get("country").unwrap().as_text().unwrap().as_ref()));
        assert_eq!(*object.get("region").unwrap(), Value::text("Kent"));
    }
}

#[test]
fn edits_reach_every_kind_of_change_and_leave_what_is_read_only() {
    let types = example();
    let shape = Shape::reference("Customer");
    let mut places = BTreeSet::new();
    for seed in 0..600 {
        let mut generator = Generator::new(seed);
        let before = generator.document(&shape, &types);
        let mut after = before.clone();
        let at = generator.edit(&mut after, &shape, &types).unwrap();
        places.insert(at.names().first().cloned().unwrap_or_default());
        for fixed in ["id", "createdAt"] {
            let value = |v: &Value| v.as_object().unwrap().get(fixed).cloned();
            assert_eq!(value(&before), value(&after));
        }
    }
    for wanted in [
        "", "name", "status", "phones", "address", "balance", "tags", "insights", "consent",
    ] {
        assert!(places.contains(wanted), "{wanted} of {places:?}");
    }
}

#[test]
fn documents_of_real_schemas_are_valid() {
    for pair in ["fhir-r3-r4", "k8s-hpa-v1-v2", "k8s-ingress-v1beta1-v1"] {
        for side in ["old", "new"] {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/pairs");
            let Ok(text) = std::fs::read_to_string(format!("{folder}/{pair}/schema-{side}.json")) else {
                continue;
            };
            let (types, shape) = openapi::bundle(&serde_json::from_str(&text).unwrap()).unwrap();
            run(&shape, &types, 0..25);
        }
    }
}
