//! The project is held to its five rules, over manifests and sources. See ARCHITECTURE.md.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sluice_transforms::message_op::MESSAGE_OPERATORS;
use sluice_transforms::op::registry::OPERATORS;

/// Each crate with the crates of this project that it may use.
const DIRECTION: [(&str, &[&str]); 5] = [
    ("transforms", &[]),
    ("config", &["transforms"]),
    ("gateway", &["transforms", "config"]),
    ("conformance", &["transforms", "config", "gateway"]),
    ("benches", &["transforms", "config", "gateway"]),
];

/// A source file without what is not code of the product: comments and the tests at its end.
struct Source {
    path: String,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Every Rust file below a directory.
fn sources(below: &str) -> Vec<Source> {
    let mut open = vec![root().join(below)];
    let mut found = Vec::new();
    while let Some(at) = open.pop() {
        if at.is_dir() {
            open.extend(fs::read_dir(at).unwrap().map(|entry| entry.unwrap().path()));
        } else if at.extension().is_some_and(|e| e == "rs") {
            let path = at
                .strip_prefix(root())
                .unwrap()
                .to_string_lossy()
                .replace('\\', "/");
            found.push(Source {
                text: read(&path),
                path,
            });
        }
    }
    assert!(!found.is_empty(), "there are no sources in {below}");
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

impl Source {
    /// Lines of code, numbered from 1.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().zip(1..).map(|(line, number)| (number, line));
        let mut after_attribute = false;
        let product = lines.take_while(move |(_, line)| {
            let tests = after_attribute && line.starts_with("mod ") && line.ends_with('{');
            after_attribute = line.starts_with("#[cfg(test)]") || after_attribute && line.starts_with("#[");
            !tests
        });
        product.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }
}

/// Lines of code that hold one of these words.
fn holding(sources: &[Source], words: &[&str]) -> Vec<String> {
    let lines = sources
        .iter()
        .flat_map(|s| s.code().map(move |(number, line)| (s, number, line)));
    let met = lines.filter_map(|(source, number, line)| {
        let word = words.iter().find(|word| line.contains(**word))?;
        Some(format!("{}:{number}: `{word}`", source.path))
    });
    met.collect()
}

/// The names of a manifest's dependencies.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let mut inside = false;
    let mut names = BTreeSet::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.contains("dependencies");
        } else if inside && line.contains('=') {
            names.insert(line.split(['.', '=', ' ']).next().unwrap_or_default().to_owned());
        }
    }
    names
}

#[track_caller]
fn none(rule: &str, broken: &[String]) {
    assert!(broken.is_empty(), "{rule}:\n  {}", broken.join("\n  "));
}

#[test]
fn rule_1_dependencies_point_one_way() {
    for (name, may) in DIRECTION {
        let all = dependencies(&read(&format!("{name}/Cargo.toml")));
        let own = all
            .iter()
            .filter_map(|n| n.strip_prefix("sluice-").map(str::to_owned));
        let broken: Vec<String> = own.filter(|n| !may.contains(&n.as_str())).collect();
        none(&format!("{name} must not depend on"), &broken);
    }
}

#[test]
fn rule_1_transforms_and_config_know_no_sockets_and_no_async() {
    let alive = [
        "tokio",
        "hyper",
        "hyper-util",
        "pingora-core",
        "tower",
        "tracing",
        "notify",
        "socket2",
        "arc-swap",
    ];
    for name in ["transforms", "config"] {
        let all = dependencies(&read(&format!("{name}/Cargo.toml")));
        let broken: Vec<String> = alive
            .iter()
            .filter(|n| all.contains(**n))
            .map(ToString::to_string)
            .collect();
        none(&format!("{name} must not depend on"), &broken);
        none(
            &format!("{name} waits for nothing"),
            &holding(&sources(&format!("{name}/src")), &["async ", ".await"]),
        );
    }
}

#[test]
fn rule_1_transforms_is_pure() {
    let effects = [
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "std::thread",
        "std::time",
        "SystemTime",
        "Instant::now",
        "Timestamp::now",
        "println!",
        "eprintln!",
        "print!(",
        "tracing::",
        "log::",
        "static mut",
    ];
    none(
        "transforms is pure",
        &holding(&sources("transforms/src"), &effects),
    );
}

#[test]
fn rule_2_raw_does_not_leave_config() {
    let words = [
        "pub struct",
        "pub enum",
        "pub type",
        "pub fn",
        "pub use",
        "pub mod",
        "pub const",
    ];
    none(
        "raw stays inside of config",
        &holding(&sources("config/src/raw"), &words),
    );
    let library = read("config/src/lib.rs");
    assert!(
        library.contains("\nmod raw;") && !library.contains("pub use raw"),
        "config/src/lib.rs shows raw"
    );
}

#[test]
fn rule_2_a_plan_is_not_read_and_does_not_change() {
    let words = [
        "serde::",
        "Deserialize",
        "Serialize",
        "Mutex",
        "RwLock",
        "Cell<",
        "Atomic",
        "OnceLock",
        "LazyLock",
        "&mut self",
    ];
    none(
        "the plan is for running",
        &holding(&sources("config/src/plan"), &words),
    );
}

#[test]
fn rule_3_one_operator_one_place() {
    let kinds = [
        (
            "transforms/src/op",
            "transforms/src/op/registry.rs",
            ": Entry =",
            names(OPERATORS.iter().map(|e| e.name)),
        ),
        (
            "transforms/src/message_op",
            "transforms/src/message_op/mod.rs",
            ": MessageEntry =",
            names(MESSAGE_OPERATORS.iter().map(|e| e.name)),
        ),
    ];
    for (below, registry, entry, registered) in kinds {
        let sources = sources(below);
        let listed = read(registry);
        let mut defined = Vec::new();
        for source in &sources {
            let module = source
                .path
                .trim_start_matches(below)
                .trim_start_matches('/')
                .trim_end_matches(".rs");
            let lines: Vec<(usize, &str)> = source.code().collect();
            for (index, (number, line)) in lines
                .iter()
                .enumerate()
                .filter(|(_, (_, line))| line.contains(entry))
            {
                let constant = line
                    .trim_start_matches("pub const ")
                    .split(':')
                    .next()
                    .unwrap_or_default();
                let path = format!("{}::{constant},", module.replace('/', "::"));
                assert!(
                    listed.contains(&path),
                    "{}:{number}: {constant} is not listed in {registry}",
                    source.path
                );
                let name = lines[index..]
                    .iter()
                    .find_map(|(_, line)| line.trim().strip_prefix("name: \""));
                defined.push(name.unwrap_or_default().trim_end_matches("\",").to_owned());
            }
        }
        let unique = names(defined.iter().map(String::as_str));
        assert_eq!(
            unique.len(),
            defined.len(),
            "two operators of one name: {defined:?}"
        );
        assert_eq!(unique, registered, "{below} and {registry} differ");
    }
}

fn names<'a>(all: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    all.map(str::to_owned).collect()
}

#[test]
fn rule_4_refusals_get_their_status_in_one_place() {
    let other = |s: &Source| {
        !s.path.starts_with("gateway/src/refusal") && !s.path.starts_with("gateway/src/demo") && !s.is_test()
    };
    let mut broken = Vec::new();
    for source in sources("gateway/src").iter().filter(|s| other(s)) {
        for (number, line) in source.code() {
            let names = refusing()
                .map(|name| format!("StatusCode::{name}"))
                .chain(["StatusCode as ".to_owned()]);
            for name in names.filter(|name| decides(line, name)) {
                broken.push(format!("{}:{number}: {name}", source.path));
            }
        }
    }
    none("a refusal's status is decided in gateway/src/refusal", &broken);
}

/// Whether a line answers with a status. What an upstream answered may be looked at anywhere.
fn decides(line: &str, name: &str) -> bool {
    let looks = ["==", "!=", "matches!"].iter().any(|word| line.contains(word));
    let pattern = line
        .find("=>")
        .is_some_and(|arrow| line.find(name).is_some_and(|at| at < arrow));
    line.contains(name) && !looks && !pattern
}

/// The names of all statuses that refuse.
fn refusing() -> impl Iterator<Item = String> {
    let statuses = (400..600).filter_map(|code| http::StatusCode::from_u16(code).ok()?.canonical_reason());
    statuses.map(|reason| {
        reason
            .to_ascii_uppercase()
            .replace(['\'', ' ', '-'], "_")
            .replace("I_M_A_TEAPOT", "IM_A_TEAPOT")
    })
}

#[test]
fn rule_5_an_exchange_sees_one_edition() {
    let loads = holding(&sources("gateway/src/exchange.rs"), &["carrier.edition()"]);
    assert_eq!(loads.len(), 1, "an exchange loads the edition once: {loads:?}");
    let others = ["editions.", "Editions", ".edition()"];
    none(
        "a stage is given its edition",
        &holding(&sources("gateway/src/stage"), &others),
    );
    let stores = holding(
        &sources("gateway/src"),
        &["current.store(", ".swap(Some(", ".rcu("],
    );
    assert_eq!(
        stores.len(),
        1,
        "an edition is published in one place: {stores:?}"
    );
}

#[test]
fn a_broken_rule_is_seen() {
    let text = "//! x\n// std::fs\nuse std::fs;\n#[cfg(test)]\n#[allow(x)]\nmod tests {\nuse std::fs;\n}\n"
        .to_owned();
    let source = Source {
        path: "a.rs".to_owned(),
        text,
    };
    assert_eq!(holding(&[source], &["std::fs"]), ["a.rs:3: `std::fs`"]);
    assert!(decides(
        "*answer.status_mut() = StatusCode::NOT_FOUND;",
        "StatusCode::NOT_FOUND"
    ));
    assert!(decides("Kind::Gone => StatusCode::GONE,", "StatusCode::GONE"));
    assert!(!decides(
        "if found.status() == StatusCode::NOT_FOUND {",
        "StatusCode::NOT_FOUND"
    ));
    assert!(refusing().any(|name| name == "NOT_FOUND") && refusing().any(|name| name == "BAD_GATEWAY"));
    let manifest = "[dependencies]\nsluice-config.workspace = true\n[dev-dependencies]\ntokio = \"1\"\n";
    assert_eq!(
        dependencies(manifest),
        names(["sluice-config", "tokio"].into_iter())
    );
}

/// `sluice run` has no way to figures that are made up.
#[test]
fn only_the_demo_fills_a_ledger() {
    let known = [
        "gateway/src/cli/demo/usage.rs:",
        "gateway/src/demo/history.rs:",
        "gateway/src/ledger/store/",
    ];
    let mut product = sources("gateway/src");
    product.retain(|source| !source.is_test());
    let met = holding(&product, &["history::fill", "history::batches", "mark_demo("]);
    let other = |at: &&String| !known.iter().any(|file| at.starts_with(file));
    let broken: Vec<String> = met.iter().filter(other).cloned().collect();
    none("made-up figures are the demo's", &broken);
    assert!(
        met.iter().any(|at| at.starts_with(known[0])),
        "the demo fills its ledger: {met:?}"
    );
}

#[test]
fn every_file_says_what_it_is() {
    let mut broken = Vec::new();
    for (name, _) in DIRECTION {
        let all = sources(name);
        broken.extend(
            all.iter()
                .filter(|s| !s.text.starts_with("//!"))
                .map(|s| s.path.clone()),
        );
    }
    none("a file begins with `//!`", &broken);
}

#[test]
fn no_file_is_a_drawer() {
    let drawers = ["utils", "util", "helpers", "helper", "common", "manager", "misc"];
    let is_drawer = |path: &str| {
        let mut parts = path.trim_end_matches(".rs").split('/');
        parts.any(|part| drawers.contains(&part))
    };
    for (name, _) in DIRECTION {
        let broken: Vec<String> = sources(name)
            .into_iter()
            .map(|s| s.path)
            .filter(|p| is_drawer(p))
            .collect();
        none("a file is named after what it is for", &broken);
    }
}

#[test]
fn sources_name_no_machine() {
    let home = ["work", "home", "root", "Users"].map(|name| format!("\"/{name}/"));
    let words: Vec<&str> = home.iter().map(String::as_str).collect();
    for (name, _) in DIRECTION {
        none("a path of one machine", &holding(&sources(name), &words));
    }
}

#[test]
fn unsafe_code_is_where_it_is_known() {
    // A socket that a predecessor handed over is a number until somebody takes it.
    let known = "gateway/src/serve/sockets.rs:";
    let word = ["unsafe", " {"].concat();
    for (name, _) in DIRECTION {
        let broken: Vec<String> = holding(&sources(name), &[&word])
            .into_iter()
            .filter(|at| !at.starts_with(known))
            .collect();
        none("unsafe code", &broken);
    }
}
