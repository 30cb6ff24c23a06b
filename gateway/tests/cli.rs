//! Commands that are called for an answer: what they say, and their exit codes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "cli/sluice.rs"]
mod binary;

use std::fs;

use binary::{example, sluice, specified};
use serde_json::Value as Json;

fn json(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

/// A copy of the small example with another file at a place.
fn broken(path: &str, text: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let from = example("hello");
    for name in [
        "sluice.yaml",
        "apis/todos/api.yaml",
        "apis/todos/changes/1-2.yaml",
    ] {
        let to = directory.path().join(name);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(format!("{from}/{name}"), to).unwrap();
    }
    fs::write(directory.path().join(path), text).unwrap();
    directory
}

#[test]
fn every_command_has_help_and_bad_usage_is_2() {
    for command in [
        "demo",
        "run",
        "check",
        "explain",
        "transform",
        "who-uses",
        "report",
        "notify",
        "operators",
        "key",
        "password",
        "config-schema",
    ] {
        let said = sluice(&[command, "--help"], "");
        assert_eq!(said.code, 0, "{command}");
        assert!(said.out.contains("Usage: sluice"), "{}", said.out);
    }
    assert!(sluice(&["--help"], "").out.contains("Exit codes:"));
    assert_eq!(sluice(&["check"], "").code, 2);
    assert_eq!(sluice(&["run", ".", "--now", "yesterday"], "").code, 2);
    for command in [
        &["check", "/no/such"][..],
        &["run", "/no/such"],
        &["explain", "/no/such", "GET /"],
    ] {
        let said = sluice(command, "");
        assert_eq!(
            (said.code, said.err.contains("/no/such: No such file")),
            (2, true),
            "{}",
            said.err
        );
    }
}

#[test]
fn a_sound_configuration_is_0() {
    for name in ["hello", "integrationhub"] {
        let said = sluice(&["check", &example(name), "--now", "2027-07-01T00:00:00Z"], "");
        assert_eq!(said.code, 0, "{}{}", said.out, said.err);
        assert!(said.out.contains(" 0 laws broken\nsound: "), "{}", said.out);
        assert_eq!(said.err, "", "quiet in a pipe");
    }
}

#[test]
fn every_fault_is_told_at_once_and_is_1() {
    let directory = broken(
        "apis/todos/changes/1-2.yaml",
        "sluice: 1\nbetween: [\"1\"]\nsumary: x\n",
    );
    let path = directory.path().to_str().unwrap();
    let said = sluice(&["check", path], "");
    assert_eq!(said.code, 1);
    assert!(
        said.out.contains("--> apis/todos/changes/1-2.yaml:3:1"),
        "{}",
        said.out
    );
    assert!(said.out.contains("errors, 0 warnings"), "{}", said.out);
    let said = sluice(&["check", "--json", path], "");
    let report = json(&said.out);
    assert_eq!((said.code, &report["sound"]), (1, &Json::Bool(false)));
    assert!(report["diagnostics"].as_array().unwrap().len() > 1);
    assert!(
        report["diagnostics"][0]["code"]
            .as_str()
            .unwrap()
            .starts_with("SLU")
    );
    for command in [&["run", path][..], &["explain", path, "GET /v1/todos/1"]] {
        let said = sluice(command, "");
        assert_eq!(
            (said.code, said.err.contains("did you mean")),
            (1, true),
            "{}",
            said.err
        );
    }
}

#[test]
fn a_law_that_does_not_hold_is_a_fault() {
    // Nothing about the settings is wrong; only trying the filters out shows that they do not undo each other.
    let change = r#"
sluice: 1
between: ["1", "2"]
summary: Seconds became minutes.
documents:
  - of: ["POST /todos"]
    steps:
      - script: {at: "", slow: true, up: '{n: (.n // 0)}', down: '{n: ((.n // 0) + 1)}'}
"#;
    let directory = broken("apis/todos/changes/1-2.yaml", change);
    let said = sluice(&["check", directory.path().to_str().unwrap(), "--json"], "");
    let report = json(&said.out);
    assert_eq!(
        (said.code, &report["diagnostics"]),
        (1, &json("[]")),
        "{}",
        said.out
    );
    assert_eq!(report["laws"][0]["broken"][0]["version"], "1");
    let said = sluice(&["check", directory.path().to_str().unwrap()], "");
    assert!(
        said.out.contains("a law does not hold") && said.out.contains("\nat fault: "),
        "{}",
        said.out
    );
    assert_eq!(
        sluice(
            &["check", directory.path().to_str().unwrap(), "--documents", "0"],
            ""
        )
        .code,
        0
    );
}

#[test]
fn warnings_do_not_make_it_faulty() {
    let directory = broken("stray.yaml", "a: 1\n");
    let said = sluice(&["check", "--json", directory.path().to_str().unwrap()], "");
    let report = json(&said.out);
    assert_eq!(
        (said.code, &report["diagnostics"][0]["severity"]),
        (0, &json("\"warning\""))
    );
}

#[test]
fn the_schema_is_json() {
    let said = sluice(&["config-schema"], "");
    assert_eq!(
        (said.code, &json(&said.out)["title"]),
        (0, &json("\"Sluice configuration\""))
    );
}

#[test]
fn a_customer_goes_to_every_version_and_back() {
    let Some(customers) = specified("customers") else {
        return;
    };
    let stored = fs::read_to_string(customers.join("3.3.json")).unwrap();
    let directory = example("integrationhub");
    let kept = customers.join("3.3.json");
    for entry in fs::read_dir(&customers).unwrap() {
        let file = entry.unwrap().path();
        let version = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let carry = |from: &str, to: &str, more: &[&str], input: &str| {
            let plain = [
                "transform",
                &directory,
                "--api",
                "customers",
                "--type",
                "Customer",
                "--from",
                from,
                "--to",
                to,
            ];
            let said = sluice(&[&plain, more].concat(), input);
            assert_eq!((said.code, said.err.as_str()), (0, ""), "{from} {to}");
            json(&said.out)
        };
        let shown = carry("3.3", &version, &[], &stored);
        assert_eq!(shown, json(&fs::read_to_string(&file).unwrap()), "{version}");
        let put = carry(
            &version,
            "3.3",
            &["--stored", kept.to_str().unwrap()],
            &shown.to_string(),
        );
        assert_eq!(put, json(&stored), "{version}");
    }
}

#[test]
fn documents_go_line_by_line_and_faults_have_their_line() {
    let directory = example("integrationhub");
    let ids = [
        "transform",
        &directory,
        "--api",
        "customers",
        "--type",
        "CustomerId",
        "--from",
        "1.0",
        "--to",
        "3.3",
    ];
    let said = sluice(&ids, "17\n\n18\n");
    assert_eq!(
        (said.code, said.out.as_str()),
        (0, "\"cus_000017\"\n\"cus_000018\"\n"),
        "{}",
        said.err
    );
    let said = sluice(&ids, "17\n\"x\"\n{]\n18\n");
    assert_eq!(
        (said.code, said.out.as_str()),
        (1, "\"cus_000017\"\n\"cus_000018\"\n")
    );
    let places: Vec<&str> = said
        .err
        .lines()
        .map(|line| line.split(':').next().unwrap())
        .collect();
    assert_eq!(places, ["line 2", "line 3"]);
    assert_eq!(sluice(&ids[..ids.len() - 1], "17").code, 2);
    let unknown = [
        "transform",
        &directory,
        "--api",
        "customers",
        "--type",
        "Nothing",
        "--from",
        "1.0",
        "--to",
        "3.3",
    ];
    let said = sluice(&unknown, "17");
    assert_eq!(
        (said.code, said.err.contains("CustomerId")),
        (2, true),
        "{}",
        said.err
    );
}

#[test]
fn one_document_may_stand_over_several_lines_and_keeps_its_text() {
    let directory = example("integrationhub");
    let to = [
        "transform",
        &directory,
        "--api",
        "customers",
        "--type",
        "Balance",
        "--from",
        "3.3",
        "--to",
        "3.2",
    ];
    let said = sluice(
        &to,
        "{\n  \"amount\": 1,\n  \"currency\": \"\\u0055SD\", \"more\": [1.0, 1e400, -0]\n}\n",
    );
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(
        said.out,
        "{\"amount\":1,\"currency\":\"\\u0055SD\",\"more\":[1.0,1e400,-0]}\n"
    );
}

#[test]
fn a_request_is_explained() {
    let directory = example("integrationhub");
    let said = sluice(&["explain", &directory, "GET /api/v1.0/getCustomer?id=17"], "");
    assert_eq!(said.code, 0, "{}", said.err);
    for line in [
        "version    1.0, named by the path",
        "operation  readCustomer",
        "upstream   GET /customers/cus_000017",
    ] {
        assert!(said.out.contains(line), "{line} in {}", said.out);
    }
    let said = sluice(
        &[
            "explain",
            &directory,
            "GET /customers/cus_000017",
            "--header",
            "API-Version: 3.1",
            "--json",
        ],
        "",
    );
    let told = json(&said.out);
    assert_eq!(
        (&told["version"], &told["chosen_by"]),
        (&json("\"3.1\""), &json("\"header\""))
    );
    assert_eq!(told["chain"][0]["from"], "3.1");
    assert_eq!(told["upstream"]["target"], "/customers/cus_000017");
}

#[test]
fn a_document_is_shown_after_every_step() {
    let Some(customers) = specified("customers") else {
        return;
    };
    let file = |name: &str| customers.join(name).to_str().unwrap().to_owned();
    let directory = example("integrationhub");
    let said = sluice(
        &[
            "explain",
            &directory,
            "GET /v2.0/customers/cus_000017",
            "--answer",
            &file("3.3.json"),
        ],
        "",
    );
    assert_eq!(said.code, 0, "{}", said.err);
    for line in [
        "  3.2 -> 3.1: add on Address",
        "-     \"country\": \"GB\"",
        "the client gets 200",
        "    api-version: 2.0",
    ] {
        assert!(said.out.contains(line), "{line} in {}", said.out);
    }
    let body = fs::read_to_string(file("1.0.json")).unwrap();
    let raw = format!("POST /api/v1.0/updateCustomer HTTP/1.1\r\nHost: localhost\r\n\r\n{body}");
    let said = sluice(
        &[
            "explain",
            &directory,
            "-",
            "--json",
            "--stored",
            &file("3.3.json"),
        ],
        &raw,
    );
    let told = json(&said.out);
    assert_eq!(told["upstream"]["method"], "PUT");
    assert_eq!(
        told["upstream"]["body"],
        json(&fs::read_to_string(file("3.3.json")).unwrap())
    );
    let steps = told["lift"]["steps"].as_array().unwrap();
    assert_eq!(steps.last().unwrap()["document"]["id"], "cus_000017");
}

#[test]
fn a_refusal_is_explained_as_the_client_gets_it() {
    let directory = example("integrationhub");
    let said = sluice(
        &["explain", &directory, "GET /v9.9/customers/cus_000017", "--json"],
        "",
    );
    let told = json(&said.out);
    assert_eq!(
        (said.code, &told["refused"], &told["answer"]["status"]),
        (1, &Json::Bool(true), &json("400"))
    );
    assert!(told["answer"]["body"]["versions"].as_array().unwrap().len() > 13);
    let raw = "PUT /v2.0/customers/cus_000017\nContent-Type: application/json\n\n{\"address\": \"nowhere\"}";
    let said = sluice(&["explain", &directory, raw, "--json"], "");
    let told = json(&said.out);
    assert_eq!(
        (said.code, &told["answer"]["status"]),
        (1, &json("422")),
        "{}",
        said.out
    );
    assert_eq!(told["answer"]["body"]["error"]["field"], "/address");
}

#[test]
fn a_configuration_without_a_document_is_explained_too() {
    let said = sluice(
        &[
            "explain",
            &example("hello"),
            "POST /v1/todos\n\n{\"title\": \"a\", \"done\": true}",
            "--json",
        ],
        "",
    );
    let told = json(&said.out);
    assert_eq!(
        told["upstream"]["body"],
        json(r#"{"name": "a", "status": "finished"}"#),
        "{}",
        said.out
    );
}

#[test]
fn without_a_document_what_no_change_mentions_is_refused_unless_the_api_lets_it_pass() {
    let hello = example("hello");
    for request in [
        "GET /v1/todos",
        "GET /v1/todos/1",
        "PUT /v1/todos/1",
        "DELETE /v1/todos/1",
    ] {
        let said = sluice(&["explain", &hello, request], "");
        assert!(!said.out.contains("404"), "{request}: {}", said.out);
    }
    let told = |directory: &str| json(&sluice(&["explain", directory, "GET /v1/notes", "--json"], "").out);
    assert_eq!(told(&hello)["answer"]["status"], 404);
    let api = fs::read_to_string(format!("{hello}/apis/todos/api.yaml")).unwrap();
    let directory = broken("apis/todos/api.yaml", &(api + "unmentioned: pass\n"));
    let passed = told(directory.path().to_str().unwrap());
    assert_eq!(passed["upstream"]["target"], "/notes", "{passed}");
}

#[test]
fn every_operator_is_listed_and_told_with_its_settings_and_examples() {
    let list = sluice(&["operators"], "");
    assert_eq!(list.code, 0);
    let schema = json(&sluice(&["config-schema"], "").out);
    for kind in ["TypeStep", "MessageStep"] {
        for (name, step) in schema["$defs"][kind]["properties"].as_object().unwrap() {
            assert!(list.out.contains(&format!("\n  {name} ")), "{name}: {}", list.out);
            let told = sluice(&["operators", name], "");
            assert_eq!(told.code, 0, "{name}");
            let settings = step["allOf"][0]["properties"].as_object();
            for setting in settings.into_iter().flatten() {
                assert!(
                    told.out.contains(&format!("\n  {}: ", setting.0)),
                    "{name}: {}",
                    told.out
                );
            }
            assert_eq!(
                told.out.contains("\nExamples, old → new\n  - "),
                kind == "TypeStep",
                "{}",
                told.out
            );
        }
    }
    let remove = sluice(&["operators", "remove"], "").out;
    assert!(
        remove.contains("at: text, required") && remove.contains("keep | drop | reject"),
        "{remove}"
    );
    let unknown = sluice(&["operators", "renmae"], "");
    assert!(
        unknown.code == 2 && unknown.err.contains("rename"),
        "{}",
        unknown.err
    );
}

#[test]
fn a_trial_of_nothing_is_a_warning_and_no_success() {
    let change = "sluice: 1\nbetween: [\"1\", \"2\"]\nsummary: Nothing.\n";
    let directory = broken("apis/todos/changes/1-2.yaml", change);
    let path = directory.path().to_str().unwrap();
    let said = sluice(&["check", path], "");
    assert_eq!(said.code, 0);
    assert!(
        said.out.contains("warning: todos: no documents were tried") && !said.out.contains("0 laws"),
        "{}",
        said.out
    );
    let report = json(&sluice(&["check", path, "--json"], "").out);
    assert!(report["laws"][0]["warning"].is_string(), "{report}");
}

#[test]
fn a_missing_main_file_is_told_with_its_directory_and_the_one_above() {
    let directory = broken("stray.txt", "");
    let inner = directory.path().join("apis");
    let said = sluice(&["check", inner.to_str().unwrap()], "");
    let above = format!(
        "give the directory above that has one: {}\n",
        directory.path().display()
    );
    assert_eq!(said.code, 1);
    assert!(
        said.out
            .contains(&format!("`sluice.yaml` in {}", inner.display())),
        "{}",
        said.out
    );
    assert!(said.out.contains(&above), "{}", said.out);
}
