//! Our validators, with the options that they have in the gateway, held against the JSON Schema test suite
//! (json-schema-org/JSON-Schema-Test-Suite), draft 2020-12: the dialect in which every version's types are written.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value as Json;
use sluice_gateway::validation::schema::Schema;
use sluice_transforms::parse::parse;

/// Why instances of a file may be judged otherwise than the suite says.
const OTHERWISE: &[(&str, &str)] = &[
    ("dynamicRef", REMOTE),
    ("format", "formats are asserted here, not only noted"),
    ("optional/cross-draft", REMOTE),
    ("optional/format/idn-email", UNKNOWN),
    ("optional/format/idn-hostname", UNKNOWN),
    ("refRemote", REMOTE),
    (
        "vocabulary",
        "a vocabulary that a schema leaves out is judged all the same",
    ),
];

const REMOTE: &str = "nothing is fetched, and no schema but a version's own is known";
const UNKNOWN: &str = "the format is not judged: its tables are not built in";

#[derive(Default, Debug)]
struct Count {
    right: usize,
    uncompiled: usize,
    wrong: Vec<String>,
}

fn suite() -> Option<Json> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/suites/json-schema/tests.json");
    let Ok(bytes) = fs::read(&path) else {
        println!("skipped: there is no ../shared/suites/json-schema/tests.json");
        return None;
    };
    Some(serde_json::from_slice(&bytes).unwrap())
}

#[test]
fn the_suite_is_judged_as_it_says() {
    let Some(suite) = suite() else { return };
    let files = suite["drafts"]["draft2020-12"].as_object().unwrap();
    let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
    for (file, groups) in files {
        let count = counts.entry(file).or_default();
        groups
            .as_array()
            .unwrap()
            .iter()
            .for_each(|group| judge(group, count));
    }
    let all: usize = counts
        .values()
        .map(|c| c.right + c.uncompiled + c.wrong.len())
        .sum();
    let right: usize = counts.values().map(|c| c.right).sum();
    println!("JSON Schema 2020-12: {right} of {all} instances as the suite says");
    let mut unexplained = Vec::new();
    for (file, count) in counts
        .iter()
        .filter(|(_, c)| c.uncompiled > 0 || !c.wrong.is_empty())
    {
        let why = OTHERWISE
            .iter()
            .find(|(name, _)| name == file)
            .map(|(_, why)| *why);
        println!(
            "  {file}: {} in schemas that are refused, {} judged otherwise: {}",
            count.uncompiled,
            count.wrong.len(),
            why.unwrap_or("UNEXPLAINED"),
        );
        if why.is_none() {
            unexplained.extend(count.wrong.iter().map(|wrong| format!("{file}: {wrong}")));
            unexplained.extend((count.uncompiled > 0).then(|| format!("{file}: a schema is refused")));
        }
    }
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    for (file, why) in OTHERWISE {
        let count = &counts[file];
        assert!(
            count.uncompiled > 0 || !count.wrong.is_empty(),
            "{file} is as it should be, and not: {why}"
        );
    }
}

fn judge(group: &Json, count: &mut Count) {
    let tests = group["tests"].as_array().unwrap();
    let schema = match Schema::compile(group["schema"].clone()) {
        Ok(schema) => schema,
        Err(_) => {
            count.uncompiled += tests.len();
            return;
        }
    };
    for test in tests {
        let document = parse(test["data"].to_string().as_bytes(), 128).unwrap();
        let valid = schema.admits(&document);
        let told = schema.judge(&document, 20);
        assert_eq!(told.is_empty(), valid, "{group} {test}");
        assert!(told.len() <= 20 && told.iter().all(|v| !v.expected.is_empty() && !v.found.is_empty()));
        match valid == (test["valid"] == true) {
            true => count.right += 1,
            false => count
                .wrong
                .push(format!("{} / {}", group["description"], test["description"])),
        }
    }
}
