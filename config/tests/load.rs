//! What a whole configuration becomes, and that no input makes the loader fail or linger.

use std::error::Error;
use std::time::Duration;

use proptest::prelude::*;
use sluice_config::plan::{Keep, Piece, Selector, Slot, Template};
use sluice_config::{Code, Diagnostic, Loaded, Sources, config_schema, load, render_all};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

const MAIN: &str = r#"
sluice: 1
listen: ["${SLUICE_LISTEN:-127.0.0.1:8080}"]
admin: "${SLUICE_ADMIN:-127.0.0.1:9901}"
workers: ${WORKERS:-2}
upstreams:
  customers:
    endpoints: ["${CUSTOMERS_UPSTREAM:-127.0.0.1:9100}"]
    keep: read
    retries: 4
    timeouts: {connect: 1s, first_byte: 15s, idle: 30s}
    connections: 256
bounds: {request: 1MiB, held: 8MiB, decoded: 16MiB, ratio: 100, depth: 128, offload: 1MiB, offload_queue: 64}
drain: {announce: 2s, grace: 30s}
"#;

const API: &str = r#"
sluice: 1
api: customers
hosts: []
upstream: customers
origin: "3.3"
base: ""
document: openapi.yaml
additions: pass
select:
  - path: {template: "/v{version}"}
  - header: {name: API-Version, from: "2.0"}
  - media_type: {type: application/vnd.integrationhub+json, parameter: version, from: "2.0"}
  - query: {name: api-version, from: "3.3"}
  - pin: {from: "2.0"}
unversioned: ""
versions:
  - {name: "1.0", path: "/api/v1.0"}
  - {name: "2.0"}
  - {name: "3.3"}
lists: {Customer: omit}
errors:
  version: "3.3"
  type: Error
  pointers: FieldPointer
  body: {error: {code: "{code}", message: "Sorry: {detail}", field: "{pointer}"}}
"#;

fn change(old: &str, new: &str) -> String {
    format!("sluice: 1\nbetween: [\"{old}\", \"{new}\"]\nsummary: Something changed.\n")
}

fn files() -> Vec<(&'static str, String)> {
    vec![
        ("sluice.yaml", MAIN.to_owned()),
        ("apis/customers/api.yaml", API.to_owned()),
        (
            "apis/customers/openapi.yaml",
            include_str!("../examples/integrationhub/apis/customers/openapi.yaml").to_owned(),
        ),
        ("apis/customers/changes/1.0-2.0.yaml", change("1.0", "2.0")),
        ("apis/customers/changes/2.0-3.3.yaml", change("2.0", "3.3")),
    ]
}

fn no_env(_: &str) -> Option<String> {
    None
}

fn loaded(files: Vec<(&'static str, String)>, env: &dyn Fn(&str) -> Option<String>) -> Result<Loaded> {
    let sources = Sources::from_files(files);
    load(&sources, env).map_err(|faults| render_all(&faults, &sources).into())
}

#[test]
fn a_whole_configuration_becomes_a_plan() -> Result {
    let plan = loaded(files(), &no_env)?.plan;
    assert_eq!(plan.listen, ["127.0.0.1:8080".parse()?]);
    assert_eq!(plan.admin, Some("127.0.0.1:9901".parse()?));
    assert_eq!(plan.workers.map(|n| n.get()), Some(2));
    assert_eq!((plan.bounds.request, plan.bounds.ratio), (1 << 20, 100));
    assert_eq!(plan.drain.announce, Duration::from_secs(2));
    let api = &plan.apis[0];
    let upstream = plan.upstream(api.upstream).ok_or("no upstream")?;
    assert_eq!(
        (upstream.name.as_str(), upstream.keep, upstream.retries),
        ("customers", Keep::Read, 4)
    );
    assert_eq!(upstream.endpoints[0].to_string(), "127.0.0.1:9100");
    assert_eq!(api.lineage.policy().lists.len(), 1);
    assert!(api.lineage.chain("1.0", "3.3").is_some());
    let paths: Vec<_> = api
        .versions
        .iter()
        .map(|v| v.path.as_ref().map(ToString::to_string))
        .collect();
    assert_eq!(
        paths,
        ["/api/v1.0", "/v2.0", "/v3.3"].map(|path| Some(path.to_owned()))
    );
    assert_eq!(api.version_name(api.origin), "3.3");
    Ok(())
}

#[test]
fn what_no_change_mentions_is_refused_unless_it_is_let_through() -> Result {
    let files = |key: &str| {
        let mut files = files();
        let api = API.replace("document: openapi.yaml\n", key);
        let api = &api[..api.find("lists:").unwrap_or(api.len())];
        files[1].1 = api.to_owned();
        files.remove(2);
        files
    };
    assert!(!loaded(files(""), &no_env)?.plan.apis[0].passes_unmentioned);
    assert!(!loaded(files("unmentioned: refuse\n"), &no_env)?.plan.apis[0].passes_unmentioned);
    assert!(loaded(files("unmentioned: pass\n"), &no_env)?.plan.apis[0].passes_unmentioned);
    let both = files("document: openapi.yaml\nunmentioned: pass\n");
    let faults = told(
        both.into_iter()
            .map(|(path, text)| (path, text.into_bytes()))
            .collect(),
    );
    assert!(
        faults
            .iter()
            .any(|f| f.code == Code::NotSupported && f.message.contains("unmentioned")),
        "{faults:?}"
    );
    Ok(())
}

#[test]
fn selectors_cover_the_versions_from_theirs_on() -> Result {
    let plan = loaded(files(), &no_env)?.plan;
    let api = &plan.apis[0];
    let covered = |i: usize| -> Vec<bool> {
        ["1.0", "2.0", "3.3"]
            .map(|name| api.version(name).is_some_and(|id| api.select[i].covers(id)))
            .to_vec()
    };
    assert_eq!(api.select[0].selector, Selector::Path);
    assert_eq!(
        (covered(1), covered(3)),
        (vec![false, true, true], vec![false, false, true])
    );
    assert!(matches!(&api.select[1].selector, Selector::Header(name) if name == "api-version"));
    assert_eq!(api.select[4].selector, Selector::Pin);
    Ok(())
}

#[test]
fn the_error_body_is_taken_apart() -> Result {
    let plan = loaded(files(), &no_env)?.plan;
    let errors = plan.apis[0].errors.as_ref().ok_or("no errors")?;
    let Template::Object(root) = &errors.body else {
        return Err("no object".into());
    };
    let Template::Object(members) = &root[0].1 else {
        return Err("no object".into());
    };
    assert_eq!(members[0], ("code".to_owned(), Template::Slot(Slot::Code)));
    assert_eq!(
        members[1].1,
        Template::Text(vec![Piece::Text("Sorry: ".to_owned()), Piece::Slot(Slot::Detail)])
    );
    Ok(())
}

#[test]
fn the_environment_is_read_and_counts_in_the_hash() -> Result {
    let env = |name: &str| match name {
        "SLUICE_LISTEN" => Some("0.0.0.0:80".to_owned()),
        "WORKERS" => Some("7".to_owned()),
        _ => None,
    };
    let (here, there) = (loaded(files(), &no_env)?.plan, loaded(files(), &env)?.plan);
    assert_eq!(there.listen, ["0.0.0.0:80".parse()?]);
    assert_eq!(there.workers.map(|n| n.get()), Some(7));
    assert_ne!(here.hash, there.hash);
    Ok(())
}

#[test]
fn layout_does_not_count_in_the_hash_and_content_does() -> Result {
    let plan = loaded(files(), &no_env)?.plan;
    let mut other = files();
    other[0].1.insert_str(0, "# a comment\n\n");
    assert_eq!(plan.hash, loaded(other.clone(), &no_env)?.plan.hash);
    other[3].1 = other[3].1.replace("Something", "Much");
    assert_ne!(plan.hash, loaded(other, &no_env)?.plan.hash);
    assert_eq!(plan.hash.to_string().len(), 64);
    Ok(())
}

#[test]
fn a_value_from_the_environment_is_not_echoed() {
    let sources = Sources::from_files(files());
    for variable in ["SLUICE_LISTEN", "SLUICE_ADMIN", "CUSTOMERS_UPSTREAM", "WORKERS"] {
        let env = |name: &str| (name == variable).then(|| "hunter2 hunter2".to_owned());
        let faults = load(&sources, &env).err().unwrap_or_default();
        assert!(!faults.is_empty(), "{variable}");
        assert!(!render_all(&faults, &sources).contains("hunter2"), "{variable}");
        assert!(
            faults
                .iter()
                .all(|fault| !fault.to_json().to_string().contains("hunter2")),
            "{variable}"
        );
    }
}

#[test]
fn the_editors_schema_accepts_what_the_loader_accepts() -> Result {
    let validator = jsonschema::validator_for(&config_schema())?;
    let read = |text: &str| -> Result<serde_json::Value> {
        let mut value: serde_json::Value = serde_json::from_str(text)?;
        value
            .as_object_mut()
            .ok_or("no object")?
            .insert("sluice".to_owned(), 1.into());
        Ok(value)
    };
    let main = r#"{"listen": ["127.0.0.1:1"], "upstreams": {"a": {"endpoints": ["a:1"]}}}"#;
    let api = r#"{"api": "a", "upstream": "a", "origin": "1", "additions": "pass", "select": [{"pin": {}}], "versions": [{"name": "1"}]}"#;
    for text in [main, api] {
        let value = read(text)?;
        let faults: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| error.to_string())
            .collect();
        assert!(faults.is_empty(), "{faults:?}");
    }
    assert!(!validator.is_valid(&read(&main.replace("listen", "lisen"))?));
    Ok(())
}

#[test]
fn every_cut_of_a_configuration_ends_in_diagnostics() {
    for (at, (name, text)) in files().into_iter().enumerate().filter(|(at, _)| *at != 2) {
        for end in (0..text.len()).step_by(7) {
            let mut cut = files();
            cut[at] = (name, text[..end].to_owned());
            told(
                cut.into_iter()
                    .map(|(name, text)| (name, text.into_bytes()))
                    .collect(),
            );
        }
    }
}

#[test]
fn hostile_files_end_quickly() {
    let listed = |entry: &str, n: usize| format!("{API}\n{entry}: [{}]\n", "x, ".repeat(n));
    let keys = (0..100_000).map(|i| format!("key{i}: 1\n")).collect::<String>();
    let versions = (0..30_000)
        .map(|i| format!("  - {{name: \"{i}\"}}\n"))
        .collect::<String>();
    let hostile = [
        format!("{MAIN}\n{keys}"),
        listed("retries", 150_000),
        API.replace("lists:", &format!("{versions}lists:")),
        API.replace("hosts: []", &format!("hosts: [{}]", "a, ".repeat(90_000))),
        API.replace("{code}", &"{".repeat(4 << 20)),
        API.replace("3.3", &"3".repeat(4 << 20)),
        "${".repeat(4 << 20),
        format!("sluice: 1\nlisten: [\"{}\"]", "${".repeat(2 << 20)),
        format!("sluice: 1\nlisten: [\"{}\"]", "$${".repeat(2 << 20)),
    ];
    for (i, text) in hostile.into_iter().enumerate() {
        for name in [
            "sluice.yaml",
            "apis/customers/api.yaml",
            "apis/customers/changes/1.0-2.0.yaml",
        ] {
            let before = spent();
            let mut files: Vec<_> = files().into_iter().filter(|(other, _)| *other != name).collect();
            files.push((name, text.clone()));
            let faults = told(
                files
                    .into_iter()
                    .map(|(name, text)| (name, text.into_bytes()))
                    .collect(),
            );
            assert!(!faults.is_empty());
            let took = spent() - before;
            println!("{i} as {name}: {took:?}");
            assert!(took > Duration::ZERO, "the system does not tell CPU time");
            assert!(took < Duration::from_secs(20), "{i} as {name} took {took:?}");
        }
    }
}

/// CPU time that this thread has used so far (proc(5), `schedstat`): whatever else the machine does.
fn spent() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text
        .split_whitespace()
        .next()
        .and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}

/// Loads what may be anything, and renders what is said about it.
fn told(files: Vec<(&str, Vec<u8>)>) -> Vec<Diagnostic> {
    let sources = Sources::from_files(files);
    let faults = load(&sources, &no_env).map_or_else(|faults| faults, |loaded| loaded.warnings);
    let rendered = render_all(&faults, &sources);
    assert!(
        faults
            .iter()
            .all(|fault| rendered.contains(&fault.code.to_string()))
    );
    faults
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn random_bytes_in_any_file_end_in_diagnostics(at in 0usize..5, bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut files: Vec<_> = files().into_iter().map(|(name, text)| (name, text.into_bytes())).collect();
        files[at].1 = bytes;
        told(files);
    }

    #[test]
    fn a_changed_character_never_panics(at in 0usize..5, place in any::<prop::sample::Index>(), by in "[ -~\n\t]{0,3}") {
        let mut files = files();
        let text = &mut files[at].1;
        let start = place.index(text.len());
        if text.is_char_boundary(start) && text.is_char_boundary(start + 1) {
            text.replace_range(start..=start, &by);
        }
        told(files.into_iter().map(|(name, text)| (name, text.into_bytes())).collect());
    }
}

#[test]
fn codes_are_documented_in_whole_sentences() {
    for code in Code::ALL {
        let doc = code.doc();
        for text in [doc.what, doc.why, doc.remedy] {
            assert!(text.ends_with('.'), "{code}: {text}");
        }
    }
}
