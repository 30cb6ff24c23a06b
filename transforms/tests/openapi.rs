//! OpenAPI documents become contracts, and contracts documents again, without loss.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;
use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Value as Json, json};
use sluice_transforms::contract::{Contract, Place, StatusRange};
use sluice_transforms::openapi::{self, ANY_OF};
use sluice_transforms::shape::{Kind, Shape};
use sluice_transforms::{export, pointer::Pointer};

fn from_yaml(yaml: &Yaml<'_>) -> Json {
    match yaml {
        Yaml::Value(Scalar::Null) => Json::Null,
        Yaml::Value(Scalar::Boolean(b)) => json!(b),
        Yaml::Value(Scalar::Integer(i)) => json!(i),
        Yaml::Value(Scalar::FloatingPoint(f)) => json!(f.into_inner()),
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

fn example() -> Json {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../config/examples/integrationhub/apis/customers/openapi.yaml"
    );
    let text = std::fs::read_to_string(path).unwrap();
    from_yaml(&Yaml::load_from_str(&text).unwrap()[0])
}

fn with_schemas(version: &str, schemas: Json) -> Json {
    json!({"openapi": version, "info": {"title": "t", "version": "1"}, "paths": {}, "components": {"schemas": schemas}})
}

/// The contract of 3.1 schemas; it must survive the way out and back, also as a JSON Schema.
fn contract_of(schemas: Json) -> Contract {
    read(&with_schemas("3.1.0", schemas))
}

fn read(document: &Json) -> Contract {
    let contract = openapi::contract(document).unwrap();
    let exported = export::openapi(&contract, "t", "1");
    assert_eq!(
        openapi::contract(&exported).as_ref(),
        Ok(&contract),
        "{exported:#}"
    );
    for (name, shape) in &contract.types {
        let schema = export::schema(&Shape::reference(name), &contract.types);
        jsonschema::validator_for(&schema).unwrap_or_else(|e| panic!("{name}: {e}"));
        let (types, _) = openapi::bundle(&schema).unwrap();
        assert_eq!(types, contract.types);
        let (_, alone) = openapi::bundle(&export::schema(shape, &contract.types)).unwrap();
        assert_eq!(&alone, shape, "{name}");
    }
    contract
}

fn faults(document: &Json) -> Vec<(String, String)> {
    let faults = openapi::contract(document).unwrap_err();
    faults
        .into_iter()
        .map(|f| (f.pointer.to_string(), f.message))
        .collect()
}

fn at<'c>(contract: &'c Contract, name: &str, pointer: &str) -> &'c Shape {
    let pointer = Pointer::parse(pointer).unwrap();
    contract.types[name].at(&pointer, &contract.types).unwrap()
}

fn rules(shape: &Shape) -> Json {
    Json::Object(shape.rules.clone())
}

#[test]
fn the_example_is_read_and_written_back() {
    let contract = read(&example());
    let ids: Vec<&str> = contract.operations.iter().map(|o| o.id.as_str()).collect();
    assert_eq!(
        ids.join(" "),
        "listCustomers createCustomer readCustomer replaceCustomer patchCustomer deleteCustomer"
    );
    let patch = contract.operation("patchCustomer").unwrap();
    assert!(patch.request.as_ref().unwrap().patch);
    let id = patch.parameter(Place::Path, "id").unwrap();
    assert_eq!(id.shape, Shape::reference("CustomerId"));
    assert!(id.required && patch.parameter(Place::Header, "if-match").is_some());
    let answer = patch.answer(503).unwrap();
    assert_eq!(answer.status, StatusRange::Default);
    assert_eq!(answer.shape, Some(Shape::reference("Error")));
    let customer_id = at(&contract, "Customer", "/id");
    assert_eq!(customer_id.label.as_deref(), Some("CustomerId"));
    assert_eq!(customer_id.kind, Kind::Text);
    assert_eq!(customer_id.rules["readOnly"], json!(true));
    assert!(customer_id.rules["pattern"].is_string());
    let delete = contract.operation("deleteCustomer").unwrap();
    assert_eq!(delete.answer(204).unwrap().shape, None);
}

#[test]
fn null_is_said_in_many_ways() {
    let contract = contract_of(json!({
        "Phone": {"type": "string"},
        "A": {"type": ["string", "null"], "enum": ["x", null]},
        "B": {"anyOf": [{"$ref": "#/components/schemas/Phone"}, {"type": "null"}]},
        "C": {"oneOf": [{"type": "null"}, {"type": "integer"}], "description": "d"},
        "D": {"oneOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
        "E": {"enum": ["x", null]},
        "F": {"type": ["string", "null"], "enum": ["x"]},
        "G": {"type": ["string", "null"], "const": "x"},
        "H": {"type": ["string", "integer", "null"]},
        "I": {"type": "null"},
        "J": {"anyOf": [{"$ref": "#/components/schemas/Phone"}, {"type": "null"}], "description": "d"},
    }));
    let nullable: Vec<&str> = contract
        .types
        .iter()
        .filter(|(_, s)| s.nullable)
        .map(|(n, _)| n.as_str())
        .collect();
    assert_eq!(nullable, ["A", "B", "C", "D", "E", "H", "J"]);
    assert_eq!(contract.types["A"].rules["enum"], json!(["x"]));
    assert_eq!(contract.types["B"].kind, Kind::Ref("Phone".into()));
    assert_eq!(contract.types["C"].kind, Kind::Integer);
    assert!(matches!(&contract.types["D"].kind, Kind::OneOf(s) if s.len() == 2));
    assert_eq!(contract.types["J"].kind, Kind::Text);
}

#[test]
fn what_3_0_says_in_its_own_words() {
    let contract = read(&with_schemas(
        "3.0.3",
        json!({
            "Name": {"type": "string", "nullable": true, "enum": ["a", "b"]},
            "Age": {"type": "integer", "minimum": 0, "exclusiveMinimum": true, "maximum": 9, "exclusiveMaximum": false},
            "Maybe": {"type": "object", "properties": {
                "name": {"nullable": true, "description": "d", "allOf": [{"$ref": "#/components/schemas/Age"}]},
                "age": {"$ref": "#/components/schemas/Age", "description": "does not count"}}},
        }),
    ));
    assert!(contract.types["Name"].nullable);
    assert_eq!(
        rules(&contract.types["Age"]),
        json!({"exclusiveMinimum": 0, "maximum": 9})
    );
    let name = at(&contract, "Maybe", "/name");
    assert!(name.nullable && name.label.as_deref() == Some("Age"));
    assert_eq!(*at(&contract, "Maybe", "/age"), Shape::reference("Age"));
    let bad = json!({"A": {"type": "string"}, "B": {"$ref": "#/components/schemas/A", "nullable": true}});
    let told = faults(&with_schemas("3.0.0", bad));
    assert_eq!(told[0].0, "/components/schemas/B/nullable");
}

#[test]
fn all_of_is_united() {
    let contract = contract_of(json!({
        "Pet": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "maxLength": 9}}},
        "Dog": {"allOf": [{"$ref": "#/components/schemas/Pet"},
            {"properties": {"bark": {"type": "boolean"}, "name": {"minLength": 1, "maxLength": 20}}}], "required": ["bark"]},
        "Home": {"properties": {
            "pet": {"allOf": [{"$ref": "#/components/schemas/Pet"}], "description": "The one."},
            "same": {"allOf": [{"$ref": "#/components/schemas/Pet"}]},
            "tag": {"type": "string", "pattern": "^a", "allOf": [{"pattern": "z$"}, {"pattern": "b"}]},
            "either": {"properties": {"a": {}}, "allOf": [{"oneOf": [{"required": ["b"]}, {"required": ["c"]}]}]}}},
    }));
    let dog = &contract.types["Dog"];
    let fields: Vec<(&str, bool)> = dog
        .fields()
        .iter()
        .map(|f| (f.name.as_str(), f.required))
        .collect();
    assert_eq!(fields, [("name", true), ("bark", true)]);
    assert_eq!(dog.label.as_deref(), Some("Dog"));
    assert_eq!(
        rules(at(&contract, "Dog", "/name")),
        json!({"minLength": 1, "maxLength": 9})
    );
    let pet = at(&contract, "Home", "/pet");
    assert_eq!((pet.label.as_deref(), pet.fields().len()), (Some("Pet"), 1));
    let home = &contract.types["Home"];
    assert_eq!(home.field("same").unwrap().shape, Shape::reference("Pet"));
    let either = at(&contract, "Home", "/either");
    assert!(either.rules["allOf"].is_array() && either.fields().len() == 1);
}

#[test]
fn recursion_ends_in_references() {
    let contract = contract_of(json!({
        "Node": {"type": "object", "properties": {
            "next": {"$ref": "#/components/schemas/Node"},
            "told": {"$ref": "#/components/schemas/Node", "description": "d"},
            "more": {"allOf": [{"$ref": "#/components/schemas/Node"}, {"properties": {"x": {"type": "string"}}}]},
            "leaf": {"$ref": "#/components/schemas/Leaf", "title": "t"}}},
        "Leaf": {"type": "object", "properties": {"up": {"$ref": "#/components/schemas/Node", "description": "u"}}},
    }));
    let leaf = at(&contract, "Node", "/leaf");
    assert_eq!(leaf.label.as_deref(), Some("Leaf"));
    let told = contract.types["Node"].field("told").unwrap();
    assert_eq!(told.shape.kind, Kind::Ref("Node".into()));
    assert_eq!(told.shape.rules["description"], json!("d"));
}

#[test]
fn kinds_and_rules() {
    let contract = contract_of(json!({
        "Closed": {"type": "object", "additionalProperties": false, "properties": {"a": {"const": "x"}}},
        "Sealed": {"type": "object", "unevaluatedProperties": false, "properties": {"a": {"enum": [1, 2]}}},
        "Free": {"type": "object"},
        "Map": {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 1},
        "Anything": {},
        "Ever": true,
        "Never": false,
        "Open": {"properties": {}, "additionalProperties": {"type": "string"}},
        "Needs": {"required": ["x"]},
        "List": {"type": "array", "items": {"$ref": "#/components/schemas/Map"}, "maxItems": 3},
        "Loose": {"type": "array"},
        "Union": {"anyOf": [{"type": "string"}, {"$ref": "#/components/schemas/Closed"}], "x-note": [1]},
        "Typed": {"type": "object", "oneOf": [
            {"$ref": "#/components/schemas/Closed"}, {"$ref": "#/components/schemas/Map"}]},
        "Raw": {"type": "object", "not": {"required": ["z"]},
            "patternProperties": {"^x": {"$ref": "#/components/schemas/Map"}}},
        "Odd name/~": {"type": "string", "format": "uuid", "example": {"$ref": "data"}},
        "Uses": {"type": "array", "items": {"$ref": "#/components/schemas/Odd%20name~1~0"}},
    }));
    let kind = |name: &str| &contract.types[name].kind;
    assert!(matches!(kind("Closed"), Kind::Object { open: false, .. }));
    assert!(matches!(kind("Sealed"), Kind::Object { open: false, .. }));
    assert!(matches!(kind("Free"), Kind::Object { open: true, fields } if fields.is_empty()));
    assert!(matches!(kind("Map"), Kind::Map(inner) if inner.kind == Kind::Integer));
    assert!(matches!(kind("Open"), Kind::Object { open: true, .. }));
    assert!(contract.types["Needs"].field("x").unwrap().required);
    assert!(matches!(kind("Uses"), Kind::List(inner) if inner.kind == Kind::Ref("Odd name/~".into())));
    assert_eq!(contract.types["Union"].rules[ANY_OF], json!(true));
    assert!(matches!(kind("Typed"), Kind::OneOf(_)));
    assert_eq!(at(&contract, "Closed", "/a").kind, Kind::Text);
    assert_eq!(at(&contract, "Sealed", "/a").kind, Kind::Integer);
}

#[test]
fn operations_are_read() {
    let contract = read(&json!({"openapi": "3.1.1", "paths": {
        "/a/{id}": {
            "parameters": [
                {"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}},
                {"name": "q", "in": "query", "schema": {"type": "string"}}],
            "patch": {
                "parameters": [
                    {"name": "q", "in": "query", "required": true, "schema": {"type": "boolean"}},
                    {"name": "s", "in": "cookie"},
                    {"name": "Accept", "in": "header"}],
                "requestBody": {"$ref": "#/components/requestBodies/Change"},
                "responses": {
                    "2XX": {"content": {"application/vnd.a+json; v=1": {"schema": {"type": "integer"}}}},
                    "default": {"content": {"text/plain": {"schema": {"type": "string"}}}}}}},
        "/b": {"$ref": "#/components/pathItems/B"}},
      "components": {
        "requestBodies": {"Change": {"content": {
            "application/xml": {},
            "application/merge-patch+json": {"schema": {"type": "object"}},
            "application/json": {}}}},
        "pathItems": {"B": {"post": {
            "requestBody": {"content": {"multipart/form-data": {}}}, "responses": {"200": {"description": ""}}}}}},
      "x-sluice-error": {"type": "object"}}));
    let patch = &contract.operations[0];
    assert_eq!(
        (patch.id.as_str(), patch.method.as_str()),
        ("PATCH /a/{id}", "PATCH")
    );
    assert_eq!(patch.parameters.len(), 2);
    assert_eq!(
        patch.parameter(Place::Query, "q").unwrap().shape.kind,
        Kind::Boolean
    );
    assert!(patch.request.as_ref().unwrap().patch);
    let answered = patch.answer(204).unwrap().shape.as_ref().unwrap();
    assert_eq!(answered.kind, Kind::Integer);
    assert_eq!(patch.answer(500).unwrap().shape, None);
    assert_eq!(contract.operations[1].request, None);
    assert!(contract.error.is_some());
}

#[test]
fn operations_keep_their_order_across_paths() {
    let mut contract = read(&example());
    contract.operations.reverse();
    contract.operations.swap(0, 5);
    let exported = export::openapi(&contract, "t", "1");
    assert_eq!(openapi::contract(&exported), Ok(contract));
}

#[test]
fn faults_are_told_with_their_places() {
    let old = openapi::contract(&json!({"swagger": "2.0"})).unwrap_err();
    assert_eq!(old[0].pointer.to_string(), "/openapi");
    for (schema, place) in [
        (json!({"$ref": "other.json#/A"}), "/$ref"),
        (
            json!({"properties": {"b": {"$ref": "#/components/schemas/B"}}}),
            "/properties/b/$ref",
        ),
        (json!({"$ref": "#/components/schemas/A"}), ""),
        (json!({"type": "text"}), "/type"),
        (json!({"type": "integer", "minimum": "1"}), "/minimum"),
        (json!({"required": true, "properties": {}}), "/required"),
        (json!(7), ""),
        (json!({"allOf": [{"type": "string"}, {"type": "integer"}]}), ""),
        (json!({"oneOf": []}), "/oneOf"),
    ] {
        let told = faults(&with_schemas("3.1.0", json!({"A": schema})));
        assert_eq!(told[0].0, format!("/components/schemas/A{place}"), "{schema}");
    }
    let document = json!({"openapi": "3.1.0", "paths": {
        "a": {},
        "/b": {"get": {"operationId": "x", "responses": {"20": {}}}, "put": {"operationId": "x"}},
        "/c": {"get": {"parameters": [{"name": "id", "in": "path"}, {"name": "n", "in": "body"}]}}}});
    let places: Vec<String> = faults(&document).into_iter().map(|(place, _)| place).collect();
    assert_eq!(
        places,
        [
            "/paths/a",
            "/paths/~1b/get/responses/20",
            "/paths/~1b/put/operationId",
            "/paths/~1c/get/parameters/1/in",
            "/paths/~1c/get/parameters"
        ]
    );
}

#[test]
fn small_documents_do_not_grow_without_end() {
    let mut schemas = json!({"T24": {"type": "string"}});
    for i in 0..24 {
        let next = json!({"$ref": format!("#/components/schemas/T{}", i + 1), "title": "t"});
        schemas[format!("T{i}")] = json!({"properties": {"a": next, "b": next}});
    }
    let told = faults(&with_schemas("3.1.0", schemas));
    assert!(told.iter().any(|(_, message)| message.contains("too many types")));
    let mut deep = json!({"type": "string"});
    for _ in 0..110 {
        deep = json!({"items": deep});
    }
    let told = faults(&with_schemas("3.1.0", json!({"A": deep})));
    assert!(told[0].1.contains("deep"));
}

#[test]
fn real_schemas_are_read() {
    for pair in ["fhir-r3-r4", "k8s-hpa-v1-v2", "k8s-ingress-v1beta1-v1"] {
        for side in ["old", "new"] {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/pairs");
            let Ok(text) = std::fs::read_to_string(format!("{folder}/{pair}/schema-{side}.json")) else {
                continue;
            };
            let schema: Json = serde_json::from_str(&text).unwrap();
            let (types, shape) = openapi::bundle(&schema).unwrap_or_else(|f| panic!("{pair}: {f:#?}"));
            let exported = export::schema(&shape, &types);
            assert_eq!(openapi::bundle(&exported), Ok((types, shape)));
            jsonschema::validator_for(&exported).unwrap();
        }
    }
}

const WORDS: &[&str] = &[
    "type",
    "properties",
    "items",
    "$ref",
    "allOf",
    "oneOf",
    "anyOf",
    "enum",
    "const",
    "required",
    "nullable",
    "not",
    "additionalProperties",
    "minimum",
    "x-sluice-type",
    "x-sluice-exact",
    "A",
    "B",
    "/a/{b}",
    "get",
    "parameters",
    "in",
    "name",
    "schema",
    "responses",
    "default",
    "content",
    "application/json",
];

const TEXTS: &[&str] = &[
    "object",
    "array",
    "string",
    "integer",
    "null",
    "#/components/schemas/A",
    "#/components/schemas/B",
    "#/$defs/A",
    "#/components/schemas/A/properties/A",
    "#",
    "path",
    "query",
    "é\u{0}",
];

/// JSON in which the words of schemas are likely.
fn arbitrary_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i32>().prop_map(Json::from),
        proptest::sample::select(TEXTS).prop_map(Json::from),
    ];
    leaf.prop_recursive(7, 80, 6, |inner| {
        let member = (
            proptest::sample::select(WORDS).prop_map(str::to_owned),
            inner.clone(),
        );
        let object = proptest::collection::vec(member, 0..6);
        prop_oneof![
            2 => proptest::collection::vec(inner, 0..4).prop_map(Json::from),
            5 => object.prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_json_is_too_strange(
        a in arbitrary_json(),
        b in arbitrary_json(),
        paths in arbitrary_json(),
        version in proptest::sample::select(&["3.0.0", "3.1.0"][..]),
    ) {
        let mut document = with_schemas(version, json!({"A": a, "B": b}));
        document["paths"] = paths;
        if let Ok(contract) = openapi::contract(&document) {
            let exported = export::openapi(&contract, "t", "1");
            prop_assert_eq!(openapi::contract(&exported), Ok(contract), "{:#}", exported);
        }
        let shape = openapi::shape(&a);
        let _ = export::schema(&shape, &openapi::types(&b));
    }
}
