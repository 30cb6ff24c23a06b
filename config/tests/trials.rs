//! Field brownouts: what their settings become, and what is refused.

use std::error::Error;

use sluice_config::plan::Trial;
use sluice_config::{Code, Sources, load, render_all};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

const MAIN: &str =
    "sluice: 1\nlisten: [\"127.0.0.1:8080\"]\nupstreams:\n  todos: {endpoints: [\"127.0.0.1:9100\"]}\n";
const CONSUMERS: &str = "sluice: 1\nconsumers:\n  acme: {}\n  globex: {}\n";
const API: &str = r#"
sluice: 1
api: todos
upstream: todos
origin: "2.0"
additions: pass
document: openapi.yaml
select:
  - path: {template: "/v{version}"}
versions:
  - {name: "1.0"}
  - {name: "2.0"}
lifecycle:
  members:
    - {type: TYPE, at: AT, versions: VERSIONS, deprecated: 2026-01-01, sunset: 2027-01-01, trials: TRIALS}
"#;
const DOCUMENT: &str = r##"
openapi: 3.1.0
info: {title: Todos, version: "2.0"}
paths:
  /todos:
    get:
      operationId: listTodos
      responses:
        "200": {description: ok, content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Todo"}}}}}
    post:
      operationId: createTodo
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Draft"}}}}
      responses:
        "201": {description: ok, content: {application/json: {schema: {$ref: "#/components/schemas/Todo"}}}}
components:
  schemas:
    Draft:
      type: object
      properties:
        hint: {type: string}
    Todo:
      type: object
      required: [name]
      properties:
        name: {type: string}
        note: {type: string}
        more: {type: object, required: [sure], properties: {sure: {type: string}, maybe: {type: string}}}
"##;
const CHANGE: &str = "sluice: 1\nbetween: [\"1.0\", \"2.0\"]\nsummary: Titles became names.\ntypes:\n  Todo:\n    - rename: {from: /title, to: /name}\n";

fn trials(
    label: &str,
    at: &str,
    versions: &str,
    trials: &str,
) -> std::result::Result<Vec<Trial>, (Vec<Code>, String)> {
    let api = API
        .replace("TYPE", label)
        .replace("AT", at)
        .replace("VERSIONS", versions)
        .replace("TRIALS", trials);
    let sources = Sources::from_files([
        ("sluice.yaml", MAIN),
        ("consumers.yaml", CONSUMERS),
        ("apis/todos/api.yaml", api.as_str()),
        ("apis/todos/openapi.yaml", DOCUMENT),
        ("apis/todos/changes/1.0-2.0.yaml", CHANGE),
    ]);
    match load(&sources, &|_| None) {
        Ok(loaded) => Ok(loaded.plan.apis[0].lifecycle.members[0].trials.clone()),
        Err(faults) => {
            let text = render_all(&faults, &sources);
            Err((
                faults.iter().filter(|f| f.is_error()).map(|f| f.code).collect(),
                text,
            ))
        }
    }
}

fn assert_refused(label: &str, at: &str, versions: &str, one: &str, code: Code, words: &str) {
    let refused = trials(label, at, versions, &format!("[{one}]"));
    let (codes, text) = refused.err().unwrap_or_default();
    assert_eq!(codes, [code], "{one}: {text}");
    assert!(text.contains(words), "{one}: {text}");
}

const SOUND: &str = "{consumer: acme, share: 0.1, from: 2026-12-01T10:00:00Z, to: 2026-12-01T12:00:00Z}";

#[test]
fn a_trial_is_of_one_consumer_for_a_while() -> Result {
    let two = format!("[{SOUND}, {{consumer: globex, share: 1, from: 2026-12-01, to: 2027-01-01}}]");
    let trials = trials("Todo", "/note", "{}", &two).map_err(|(_, text)| text)?;
    assert_eq!(trials.len(), 2);
    assert_eq!((trials[0].consumer.index(), trials[0].share), (0, 0.1));
    assert_eq!(trials[0].from, "2026-12-01T10:00:00Z".parse()?);
    assert_eq!(trials[0].to, "2026-12-01T12:00:00Z".parse()?);
    assert_eq!((trials[1].consumer.index(), trials[1].share), (1, 1.0));
    Ok(())
}

#[test]
fn members_that_are_required_are_not_tried() {
    let told = |at, versions, words| assert_refused("Todo", at, versions, SOUND, Code::UnfitTrial, words);
    told("/title", "{}", "required in version 1.0");
    told("/name", "{only: [\"2.0\"]}", "required in version 2.0");
    told("/more/sure", "{}", "required in version 1.0, 2.0");
    assert!(trials("Todo", "/more/maybe", "{}", &format!("[{SOUND}]")).is_ok());
}

#[test]
fn members_that_are_never_answered_are_not_tried() {
    assert_refused(
        "Draft",
        "/hint",
        "{}",
        SOUND,
        Code::UnfitTrial,
        "no answer carries `Draft`",
    );
}

#[test]
fn windows_and_shares_are_judged() {
    let told = |one: &str, code, words| assert_refused("Todo", "/note", "{}", one, code, words);
    let with = |from: &str, to: &str| SOUND.replace(from, to);
    told(
        &with("acme", "acne"),
        Code::UnknownConsumer,
        "did you mean `acme`",
    );
    told(&with("0.1", "0"), Code::OutOfRange, "more than 0");
    told(&with("0.1", "-1"), Code::OutOfRange, "more than 0");
    told(&with("0.1", "1.1"), Code::OutOfRange, "too large");
    told(&with("T12", "T10"), Code::BadWindow, "ends before it begins");
    told(
        &with("to: 2026-12-01", "to: 2027-01-01"),
        Code::BadWindow,
        "its sunset",
    );
    told(
        &with("from: 2026-12-01", "from: 2025-12-31"),
        Code::BadWindow,
        "deprecation",
    );
    told(
        &with("from: 2026-12-01T10:00:00Z", "from: 10:00"),
        Code::BadDate,
        "not a date",
    );
    told(
        &format!("{SOUND}, {SOUND}"),
        Code::BadWindow,
        "goes on at the same time",
    );
}
