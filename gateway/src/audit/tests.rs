//! The log over real files: lines, rotation, what is lost, and what a reload is told as.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::json;
use sluice_config::{Sources, load};

use super::*;
use crate::edition::Edition;

const MAIN: &str =
    "sluice: 1\nlisten: [\"127.0.0.1:0\"]\nupstreams:\n  todos: {endpoints: [\"127.0.0.1:9\"]}\n";
const API: &str = "sluice: 1\napi: todos\nupstream: todos\norigin: \"2.0\"\nadditions: pass\nselect: [{path: {template: \"/v{version}\"}}]\nversions: [{name: \"1.0\"}, {name: \"2.0\"}]\n";
const CHANGE: &str = "sluice: 1\nbetween: [\"1.0\", \"2.0\"]\nsummary: Names.\ndocuments:\n  - of: [\"GET /todos/{id}\"]\n    steps: [{rename: {from: /title, to: /name}}]\n";

fn plan(main: &str, api: &str) -> Plan {
    let files = [
        ("sluice.yaml", main),
        ("apis/todos/api.yaml", api),
        ("apis/todos/changes/1.0-2.0.yaml", CHANGE),
    ];
    let sources = Sources::from_files(files.map(|(path, text)| (path, text.as_bytes())));
    load(&sources, &|_| None).unwrap().plan
}

fn audited(file: &str, more: &str) -> Plan {
    plan(&format!("{MAIN}audit: {{file: {file}{more}}}\n"), API)
}

fn event(number: usize) -> Event {
    Event {
        what: "tried",
        who: "somebody".to_owned(),
        from: "192.0.2.1".to_owned(),
        details: vec![("number", number.into())],
    }
}

fn lines(path: &PathBuf) -> Vec<Json> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn audit() -> (Audit, Arc<Meters>) {
    let meters = Arc::<Meters>::default();
    let now = "2026-06-15T12:00:00Z".parse().unwrap();
    (Audit::new(Clock::Fixed(now), &meters), meters)
}

#[test]
fn an_event_is_a_line_that_only_its_owner_reads() {
    let directory = tempfile::tempdir().unwrap();
    let (audit, _) = audit();
    audit.record(&event(0));
    audit.adopt(
        audit
            .open(&audited("a.jsonl", ""), Some(directory.path()))
            .unwrap(),
    );
    audit.record(&event(1));
    audit.record(&Event {
        details: vec![
            ("time", "forged".into()),
            ("long", "x".repeat(5_000).into()),
            ("line", "a\nb".into()),
        ],
        ..event(2)
    });
    audit.flush();
    let path = directory.path().join("a.jsonl");
    let lines = lines(&path);
    assert_eq!(
        lines[0],
        json!({"time": "2026-06-15T12:00:00Z", "what": "tried", "who": "somebody", "from": "192.0.2.1", "number": 1})
    );
    assert_eq!(lines[1]["time"], "2026-06-15T12:00:00Z");
    assert_eq!(lines[1]["line"], "a\nb");
    assert!(lines[1]["long"].as_str().unwrap().len() < 600);
    assert_eq!(lines.len(), 2, "before there was a log nothing was kept");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn large_files_are_put_aside_and_the_oldest_goes() {
    let directory = tempfile::tempdir().unwrap();
    let (audit, _) = audit();
    let plan = audited("a.jsonl", ", rotate: 256B, keep: 2");
    audit.adopt(audit.open(&plan, Some(directory.path())).unwrap());
    (0..20).for_each(|number| audit.record(&event(number)));
    audit.flush();
    let file = |name: &str| directory.path().join(name);
    let kept: Vec<_> = ["a.jsonl.2", "a.jsonl.1", "a.jsonl"]
        .iter()
        .flat_map(|name| lines(&file(name)))
        .map(|line| line["number"].as_u64().unwrap())
        .collect();
    let last = kept.len() as u64;
    assert!((4..=6).contains(&last), "{kept:?}");
    assert_eq!(kept, (20 - last..20).collect::<Vec<_>>());
    assert!(!file("a.jsonl.3").exists());
    assert!(fs::metadata(file("a.jsonl")).unwrap().len() <= 256);
    assert_eq!(
        fs::metadata(file("a.jsonl")).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[test]
fn a_file_that_was_taken_away_is_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.jsonl");
    let (audit, _) = audit();
    let open = |name| audit.open(&audited(name, ""), Some(directory.path())).unwrap();
    audit.adopt(open("a.jsonl"));
    audit.record(&event(1));
    audit.flush();
    fs::rename(&path, directory.path().join("taken")).unwrap();
    audit.record(&event(2));
    audit.adopt(open("b.jsonl"));
    audit.record(&event(3));
    audit.flush();
    assert_eq!(lines(&path)[0]["number"], 2);
    assert_eq!(lines(&directory.path().join("b.jsonl"))[0]["number"], 3);
}

#[test]
fn what_cannot_be_written_is_told_before_anything_is_swapped() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("a.jsonl")).unwrap();
    for name in ["a.jsonl", "missing/a.jsonl"] {
        let faults = audit()
            .0
            .open(&audited(name, ""), Some(directory.path()))
            .unwrap_err();
        assert_eq!(faults[0].code, Code::AuditUnwritable);
        assert_eq!(faults[0].file, "sluice.yaml");
    }
}

#[test]
fn a_reload_is_told_in_words() {
    let edition = |main: &str, api: &str| Edition::unguarded(plan(main, api));
    let before = edition(MAIN, API);
    assert_eq!(changes(None, &before), ["the first edition"]);
    assert!(changes(Some(&before), &edition(&format!("# a comment\n{MAIN}"), API)).is_empty());
    let main = MAIN
        .replace("127.0.0.1:9", "127.0.0.1:10")
        .replace("todos: {", "other: {endpoints: [\"127.0.0.1:9\"]}\n  todos: {");
    let main = format!("{main}bounds: {{depth: 9}}\n");
    let api = format!(
        "{API}lifecycle: {{versions: [{{versions: {{only: [\"1.0\"]}}, deprecated: 2026-01-01}}]}}\n"
    );
    assert_eq!(
        changes(Some(&before), &edition(&main, &api)),
        [
            "bounds changed",
            "upstream other added",
            "upstream todos changed",
            "API todos: lifecycle changed"
        ]
    );
    let api = API.replace("{name: \"2.0\"}", "{name: \"2.0\"}, {name: \"2.1\"}");
    let files = [
        ("sluice.yaml", MAIN.to_owned()),
        ("apis/todos/api.yaml", api),
        (
            "apis/todos/changes/1.0-2.0.yaml",
            CHANGE.replace("/name", "/label"),
        ),
        (
            "apis/todos/changes/2.0-2.1.yaml",
            CHANGE.replace("1.0", "2.1").replace("/title", "/heading"),
        ),
    ];
    let loaded = load(
        &Sources::from_files(files.map(|(path, text)| (path, text.into_bytes()))),
        &|_| None,
    );
    let after = Edition::unguarded(loaded.unwrap().plan);
    assert_eq!(
        changes(Some(&before), &after),
        ["API todos: version 1.0 changed", "API todos: version 2.1 added"]
    );
}
