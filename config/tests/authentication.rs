//! Settings of authentication that contradict themselves or each other: each is told in words, at its place.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use sluice_config::{Sources, load};

const MAIN: &str = "sluice: 1\nlisten: [\"127.0.0.1:8080\"]\nupstreams:\n  todos: {endpoints: [\"127.0.0.1:9100\"]}\nkeys: {secret: sixteen-bytes-and-more}\n";
const CONSUMERS: &str = "sluice: 1\nconsumers:\n  acme: {groups: [partners]}\n";

/// The base of the fixtures with more settings of its API, and these consumers.
fn told(api: &str, versions: &str, consumers: &str) -> Vec<String> {
    let api = format!(
        "sluice: 1\napi: todos\nupstream: todos\norigin: \"2.0\"\nadditions: pass\nselect:\n  - path: {{template: \"/v{{version}}\"}}\n  \
         - header: {{name: X-Version}}\n  - query: {{name: v}}\n  - pin: {{from: \"2.0\"}}\nversions: {versions}\n{api}\n"
    );
    let change = "sluice: 1\nbetween: [\"1.0\", \"2.0\"]\nsummary: Titles became names.\ndocuments:\n  \
                  - {of: [\"GET /todos/{id}\"], steps: [{rename: {from: /title, to: /name}}]}\n";
    let sources = Sources::from_files([
        ("sluice.yaml", MAIN.as_bytes().to_vec()),
        ("apis/todos/api.yaml", api.into_bytes()),
        ("apis/todos/changes/1.0-2.0.yaml", change.as_bytes().to_vec()),
        ("consumers.yaml", consumers.as_bytes().to_vec()),
    ]);
    let faults = load(&sources, &|_: &str| None).err().unwrap_or_default();
    faults
        .iter()
        .map(|fault| format!("{} {}", fault.code, fault.message))
        .collect()
}

const BOTH: &str = "[{name: \"1.0\"}, {name: \"2.0\"}]";

fn only(api: &str, versions: &str, consumers: &str, expected: &str) {
    let told = told(api, versions, consumers);
    assert!(
        told.len() == 1 && told[0].contains(expected),
        "{api} {versions} {consumers}: {told:?}"
    );
}

#[test]
fn a_sound_configuration_has_no_fault() {
    let sound = "authentication:\n  - versions: {to: \"1.0\"}\n    open: true\n  - schemes: [{api_key: {header: X-API-Key}}, {basic: {}}, {certificate: {}}]\n    \
                 scopes: [{need: [a.b]}]\nidentity: {consumer: X-Who, groups: X-Groups}";
    let consumers =
        "sluice: 1\nconsumers:\n  acme: {groups: [partners], scopes: [a.b], pins: {todos: \"2.0\"}}\n";
    let versions = "[{name: \"1.0\"}, {name: \"2.0\", consumers: [acme], groups: [partners]}]";
    assert_eq!(told(sound, versions, consumers), Vec::<String>::new());
}

#[test]
fn entries_say_one_thing() {
    let key = "schemes: [{api_key: {header: X-API-Key}}]";
    for (entries, expected) in [
        (
            "[{open: true, schemes: [{basic: {}}]}]",
            "`open` and `schemes` contradict each other",
        ),
        ("[{versions: {to: \"1.0\"}}]", "this entry has no `schemes`"),
        (
            "[{open: true, scopes: [{need: [a]}]}]",
            "nobody has scopes where anyone may ask",
        ),
        (
            "[{schemes: [{basic: {}}, {basic: {}}]}]",
            "an earlier scheme of this entry is the same",
        ),
        (
            "[{schemes: [{basic: {realm: \"ü\"}}]}]",
            "a realm is told in a header",
        ),
        (
            "[{schemes: [{api_key: {query: \"a b\"}}]}]",
            "is not the name of a query parameter",
        ),
        (
            "[{schemes: [{api_key: {query: v}}]}]",
            "selects the version and cannot hold a key as well",
        ),
        (
            "[{schemes: [{api_key: {header: \"a b\"}}]}]",
            "is not the name of a header",
        ),
        (
            "[{schemes: [{api_key: {header: Authorization}}]}]",
            "is a header with a meaning of its own",
        ),
        ("[{schemes: [{api_key: {header: X_API_Key}}]}]", "holds `_`"),
        (
            "[{schemes: [{api_key: {header: X-Version}}]}]",
            "would say two things",
        ),
        (
            "[{schemes: [{api_key: {header: X-Consumer}}]}]",
            "would say two things",
        ),
        (
            "[{schemes: [{basic: {}}], scopes: [{need: [\"a b\"]}]}]",
            "`a b` is not a scope",
        ),
    ] {
        only(&format!("authentication: {entries}"), BOTH, CONSUMERS, expected);
    }
    let covered = format!("authentication:\n  - {key}\n  - {key}");
    only(&covered, BOTH, CONSUMERS, "this entry is never looked at");
    only(
        "identity: {groups: X-Consumer}",
        BOTH,
        CONSUMERS,
        "would say two things",
    );
    only(
        "identity: {consumer: Host}",
        BOTH,
        CONSUMERS,
        "is a header with a meaning of its own",
    );
}

#[test]
fn a_closed_version_can_tell_who_asks() {
    let closed = "[{name: \"1.0\", consumers: [acme]}, {name: \"2.0\"}]";
    only("", closed, CONSUMERS, "has no scheme that tells who asks");
    only(
        "authentication: [{open: true}]",
        closed,
        CONSUMERS,
        "has no scheme that tells who asks",
    );
}

#[test]
fn a_pin_is_to_a_version_that_its_consumer_may_use() {
    let with = |acme: &str| format!("sluice: 1\nconsumers:\n  acme: {acme}\n  globex: {{}}\n");
    let key = "authentication: [{schemes: [{api_key: {header: X-API-Key}}]}]";
    only(
        key,
        BOTH,
        &with("{pins: {todos: \"2.0\"}, versions: {todos: [\"1.0\"]}}"),
        "not among the versions that it may use",
    );
    only(
        key,
        BOTH,
        &with("{pins: {todos: \"1.0\"}}"),
        "`todos` takes no pin to `1.0`",
    );
    let closed = "[{name: \"1.0\"}, {name: \"2.0\", consumers: [globex]}]";
    only(
        key,
        closed,
        &with("{pins: {todos: \"2.0\"}}"),
        "which is not open to it",
    );
    only(
        key,
        BOTH,
        &with("{groups: [\"a,b\"]}"),
        "is not a name for a group",
    );
    only(key, BOTH, &with("{scopes: [\"a b\"]}"), "`a b` is not a scope");
}
