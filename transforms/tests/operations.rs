//! What `operation` steps are held against: the operation as the version has it, every slot, every other operation. And
//! answers that a document does not list.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value as Json, json};
use sluice_transforms::change::{Action, Change, Step};
use sluice_transforms::lineage::{Draft, Lineage, Policy};
use sluice_transforms::message::Response;
use sluice_transforms::message_op;
use sluice_transforms::op::registry;
use sluice_transforms::openapi;
use sluice_transforms::parse::parse;
use sluice_transforms::reference::{Interpreter, Unobserved};
use sluice_transforms::shape::TypeFaultKind;

fn document() -> Json {
    let part = json!({"$ref": "#/components/schemas/Part"});
    let answer = json!({"description": "ok", "content": {"application/json": {"schema": part}}});
    let id = json!({"name": "id", "in": "path", "required": true, "schema": {"type": "string"}});
    json!({
        "openapi": "3.1.0", "info": {"title": "t", "version": "2"},
        "paths": {
            "/parts/{id}": {"get": {"operationId": "readPart", "parameters": [id], "responses": {"200": answer}}},
            "/parts": {"post": {"operationId": "createPart",
                "requestBody": {"content": {"application/json": {"schema": part}}}, "responses": {"201": answer}}},
            "/bare": {"get": {"operationId": "bare", "responses": {"200": {"description": "ok"}}}}
        },
        "components": {"schemas": {"Part": {"type": "object", "properties": {"name": {"type": "string"}}}}}
    })
}

fn lineage(settings: Option<Json>) -> Result<Lineage, TypeFaultKind> {
    let rename =
        (registry::find("rename").unwrap().build)(&json!({"from": "/label", "to": "/name"}), &|_| {
            Err(String::new())
        });
    let rename = Action::Type {
        label: "Part".to_owned(),
        operator: rename.unwrap().into(),
    };
    let mut steps = vec![Step {
        place: "/types/Part/0".to_owned(),
        action: rename,
    }];
    steps.extend(settings.map(|settings| {
        let operator = (message_op::find("operation").unwrap().build)(&settings)
            .unwrap()
            .into();
        let action = Action::Message {
            operation: "readPart".to_owned(),
            operator,
        };
        Step {
            place: "/operations/readPart/0".to_owned(),
            action,
        }
    }));
    let change = Change {
        old: "1".to_owned(),
        new: "2".to_owned(),
        summary: String::new(),
        steps,
    };
    let draft = Draft {
        versions: vec!["1".to_owned(), "2".to_owned()],
        origin: "2".to_owned(),
        contract: openapi::contract(&document()).unwrap(),
        changes: vec![change],
        sites: Vec::new(),
        policy: Policy::default(),
    };
    Lineage::compile(draft).map_err(|faults| faults[0].fault.kind)
}

#[test]
fn an_operation_is_the_one_that_is_there() {
    let good = json!({"old": "GET /getPart", "new": "GET /parts/{id}", "from": {"path.id": "query.id"}});
    assert!(lineage(Some(good)).is_ok());
    for (settings, kind) in [
        (
            json!({"old": "GET /getPart", "new": "GET /partz/{id}", "from": {"path.id": "query.id"}}),
            TypeFaultKind::NoSuchOperation,
        ),
        (
            json!({"old": "GET /getPart", "new": "DELETE /parts/{id}", "from": {"path.id": "query.id"}}),
            TypeFaultKind::NoSuchOperation,
        ),
        (
            json!({"old": "GET /getPart", "new": "GET /parts/{id}"}),
            TypeFaultKind::UndeclaredLoss,
        ),
        (
            json!({"old": "GET /getPart/{key}", "new": "GET /parts/{id}"}),
            TypeFaultKind::Settings,
        ),
        (
            json!({"old": "POST /parts", "new": "GET /parts/{id}", "from": {"path.id": "query.id"}}),
            TypeFaultKind::FieldExists,
        ),
    ] {
        assert_eq!(lineage(Some(settings.clone())).unwrap_err(), kind, "{settings}");
    }
}

#[test]
fn an_answer_that_the_document_does_not_list_is_never_passed_in_the_wrong_version() {
    let lineage = lineage(None).unwrap();
    let chain = lineage.chain("2", "1").unwrap();
    let lower = |operation: &str, status, body: &str| {
        let body = Some(parse(body.as_bytes(), 9).unwrap());
        let answer = Response {
            operation: operation.to_owned(),
            status,
            headers: Vec::new(),
            body,
        };
        Interpreter::new(&lineage, &chain)
            .lower(answer, &mut Unobserved)
            .map(|l| l.response.body.unwrap().to_json())
    };
    for status in [200, 201, 202, 206] {
        assert_eq!(
            lower("createPart", status, r#"{"name":"Nut"}"#).as_deref(),
            Ok(r#"{"label":"Nut"}"#)
        );
        assert!(lower("createPart", status, r#"[{"name":"Nut"}]"#).is_err());
        assert!(lower("bare", status, r#"{"name":"Nut"}"#).is_err());
    }
}
