//! What is shipped for watching a gateway fits what it exposes: the dashboard, the alert rules, and the page that explains them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use sluice_conformance::stage::{Client, Setup};
use sluice_gateway::serve::Listener;

/// Every label that metrics have. A consumer is none.
const LABELS: [&str; 8] = [
    "api",
    "version",
    "operation",
    "status_class",
    "source",
    "code",
    "le",
    "instance",
];
/// What histograms and counters add to their names.
const ENDINGS: [&str; 3] = ["_bucket", "_count", "_sum"];

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

fn read(path: &str) -> String {
    let path = docs().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn dashboard() -> Value {
    serde_json::from_str(&read("grafana/sluice.json")).expect("the dashboard is JSON")
}

/// Metrics that docs/metrics.md explains, with their labels.
fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let page = read("metrics.md");
    let rows = page
        .lines()
        .filter(|line| line.starts_with("| `http_") || line.starts_with("| `sluice_"));
    let cells = rows.map(|row| {
        row.trim_matches('|')
            .split('|')
            .map(str::trim)
            .collect::<Vec<_>>()
    });
    let label = |name: &str| name.trim().trim_matches('`').to_owned();
    cells
        .map(|cells| {
            let labels = cells[3].split(',').map(label).filter(|name| !name.is_empty());
            (label(cells[0]), labels.collect())
        })
        .collect()
}

/// Every query of the dashboard, with the panel it stands in.
fn queries() -> Vec<(String, String)> {
    let dashboard = dashboard();
    let mut all = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            all.push((
                panel["title"].to_string(),
                target["expr"].as_str().unwrap().to_owned(),
            ));
        }
    }
    for annotation in dashboard["annotations"]["list"].as_array().unwrap() {
        let query = annotation["expr"].as_str();
        all.extend(query.map(|query| (annotation["name"].to_string(), query.to_owned())));
    }
    all
}

/// The query with a value in the place of each variable, as Grafana puts one there.
fn filled(query: &str) -> String {
    let mut query = query.replace("$__rate_interval", "5m");
    for name in ["$api", "$version"] {
        query = query.replace(name, ".*");
    }
    assert!(!query.contains('$'), "a variable that nobody fills: {query}");
    query
}

/// Words of a query outside of quotes.
fn words(query: &str) -> Vec<&str> {
    let outside = query.split('"').step_by(2);
    let words = outside.flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'));
    words.filter(|word| !word.is_empty()).collect()
}

fn metrics(query: &str) -> BTreeSet<String> {
    let ours = |word: &&str| word.starts_with("http_") || word.starts_with("sluice_");
    let without = |word: &str| {
        let ending = ENDINGS.iter().find_map(|ending| word.strip_suffix(ending));
        ending.unwrap_or(word).to_owned()
    };
    words(query).into_iter().filter(ours).map(without).collect()
}

/// Labels that a query selects or groups by.
fn labels(query: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let pieces: Vec<&str> = query.split('"').step_by(2).collect();
    for text in &pieces {
        for operator in ["=~", "!~", "!=", "="] {
            let Some(before) = text.trim_end().strip_suffix(operator) else {
                continue;
            };
            let name = before
                .rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .next();
            found.extend(name.map(str::to_owned));
            break;
        }
    }
    let all = pieces.concat();
    for keyword in ["by (", "on (", "group_left ("] {
        let lists = all
            .split(keyword)
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        let names = lists
            .flat_map(|list| list.split(','))
            .map(|name| name.trim().to_owned());
        found.extend(names.filter(|name| !name.is_empty()));
    }
    found
}

/// Runs promtool in a directory; none where it is not installed.
fn promtool(arguments: &[&str], directory: &Path) -> Option<String> {
    let done = match Command::new("promtool")
        .args(arguments)
        .current_dir(directory)
        .output()
    {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            println!("skipped: promtool is not installed");
            return None;
        }
        done => done.expect("promtool runs"),
    };
    let told = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "promtool {}:\n{told}", arguments.join(" "));
    Some(told.into_owned())
}

#[test]
fn alert_rules_are_sound_and_do_what_their_tests_say() {
    let directory = docs().join("prometheus");
    if let Some(told) = promtool(&["check", "rules", "alerts.yaml"], &directory) {
        assert!(told.contains("SUCCESS"), "{told}");
    }
    promtool(&["test", "rules", "alerts_test.yaml"], &directory);
}

#[test]
fn every_alert_is_tested_and_explained() {
    let names = |text: &str, key: &str| -> BTreeSet<String> {
        let named = text
            .lines()
            .filter_map(|line| line.trim_start().trim_start_matches("- ").strip_prefix(key));
        named.map(|name| name.trim().to_owned()).collect()
    };
    let alerts = names(&read("prometheus/alerts.yaml"), "alert:");
    assert!(alerts.len() > 8, "{alerts:?}");
    assert_eq!(alerts, names(&read("prometheus/alerts_test.yaml"), "alertname:"));
    let page = read("metrics.md");
    let explained = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `Sluice")?.split('`').next());
    let explained: BTreeSet<String> = explained.map(|name| format!("Sluice{name}")).collect();
    assert_eq!(alerts, explained);
}

#[test]
fn every_query_of_the_dashboard_is_promql() {
    let rules: Vec<Value> = queries()
        .iter()
        .enumerate()
        .map(|(number, (_, query))| json!({"record": format!("dashboard:query:{number}"), "expr": filled(query)}))
        .collect();
    assert!(rules.len() > 30, "{}", rules.len());
    let directory = tempfile::tempdir().unwrap();
    // JSON is YAML.
    let file = json!({"groups": [{"name": "dashboard", "rules": rules}]});
    fs::write(directory.path().join("dashboard.yaml"), file.to_string()).unwrap();
    if let Some(told) = promtool(&["check", "rules", "dashboard.yaml"], directory.path()) {
        assert!(told.contains(&format!("{} rules found", rules.len())), "{told}");
    }
}

#[test]
fn queries_ask_for_what_there_is() {
    let known = documented();
    let mut asked = BTreeSet::new();
    let alerts = read("prometheus/alerts.yaml");
    let queries = queries();
    let all = queries
        .iter()
        .map(|(place, query)| (place.as_str(), query.as_str()));
    let dashboard = dashboard();
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    let variables = variables
        .iter()
        .filter_map(|variable| Some(("a variable", variable["query"]["query"].as_str()?)));
    for (place, query) in all.chain([("alerts.yaml", alerts.as_str())]).chain(variables) {
        for metric in metrics(query) {
            assert!(known.contains_key(&metric), "{place}: nothing is called {metric}");
            asked.insert(metric);
        }
    }
    for (place, query) in &queries {
        let allowed: BTreeSet<&str> = metrics(query)
            .iter()
            .flat_map(|m| &known[m])
            .map(String::as_str)
            .collect();
        for label in labels(query) {
            assert!(LABELS.contains(&label.as_str()), "{place}: {label} is no label");
            let given = ["le", "instance"].contains(&label.as_str()) || allowed.contains(label.as_str());
            assert!(given, "{place}: {label} is no label of {:?}", metrics(query));
        }
    }
    let unasked: Vec<&String> = known.keys().filter(|metric| !asked.contains(*metric)).collect();
    assert!(
        unasked.is_empty(),
        "neither the dashboard nor an alert asks for {unasked:?}"
    );
}

#[test]
fn the_dashboard_can_be_imported() {
    let dashboard = dashboard();
    assert!(dashboard["schemaVersion"].as_u64().unwrap() >= 38, "Grafana 10");
    assert!(dashboard["id"].is_null(), "a new dashboard has no id");
    let variables: Vec<&str> = dashboard["templating"]["list"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v["name"].as_str().unwrap())
        .collect();
    assert_eq!(variables, ["datasource", "api", "version"]);
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "ids are unique");
    let mut taken = BTreeSet::new();
    for panel in panels {
        let title = panel["title"].as_str().unwrap();
        let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        assert!(at("x") + at("w") <= 24, "{title} is too wide");
        for cell in
            (at("y")..at("y") + at("h")).flat_map(|y| (at("x")..at("x") + at("w")).map(move |x| (x, y)))
        {
            assert!(taken.insert(cell), "{title} lies over another panel at {cell:?}");
        }
        if panel["type"] == "row" {
            continue;
        }
        assert!(
            !panel["description"].as_str().unwrap().is_empty(),
            "{title} says what it shows"
        );
        for source in panel["targets"].as_array().unwrap().iter().chain([panel]) {
            assert_eq!(source["datasource"]["uid"], "${datasource}", "{title}");
        }
    }
    let rows: Vec<&str> = panels
        .iter()
        .filter(|panel| panel["type"] == "row")
        .map(|panel| panel["title"].as_str().unwrap())
        .collect();
    let page = read("metrics.md");
    for row in rows {
        assert!(
            page.contains(&format!("| {row} |")),
            "metrics.md does not explain the row {row}"
        );
    }
}

/// What a real gateway exposes after all kinds of traffic is what the page explains, with those labels.
#[test]
fn the_page_explains_what_a_gateway_exposes() {
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let admin = || Listener::admin(([127, 0, 0, 1], 0).into());
    let stage = Setup::integrationhub()
        .serve(|s| s.listeners.push(admin()))
        .start();
    stage.get("/v2.0/customers/cus_000017", &[]).expect(200);
    stage.get("/v3.3/customers/cus_000017", &[]).expect(200);
    assert!(stage.get("/v9/customers", &[]).status >= 400);
    let away = Setup::integrationhub()
        .upstream(dead)
        .serve(|s| s.listeners.push(admin()))
        .start();
    away.get("/v2.0/customers/cus_000017", &[]).expect(502);
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for stage in [&stage, &away] {
        let scraped = Client::connect(stage.addresses()[1]).exchange("GET", "/metrics", &[], b"");
        let text = scraped.expect("a scrape").expect(200).text();
        for (metric, labels) in text.lines().filter_map(exposed) {
            found.entry(metric).or_default().extend(labels);
        }
    }
    let known = documented();
    for (metric, labels) in &known {
        let shown = found.get(metric);
        assert_eq!(shown, Some(labels), "{metric}; there are {:?}", found.keys());
    }
    for metric in found
        .keys()
        .filter(|metric| metric.contains("duration") || metric.contains("ledger"))
    {
        assert!(known.contains_key(metric), "metrics.md does not explain {metric}");
    }
}

/// What is put together anew for each scrape is missing in none, however many come at once.
#[test]
fn scrapes_at_once_are_whole() {
    let admin = Listener::admin(([127, 0, 0, 1], 0).into());
    let setup = Setup::integrationhub().serve(|settings| settings.listeners.push(admin));
    let stage = setup.start();
    let scrape = || {
        let mut client = Client::connect(stage.addresses()[1]);
        for _ in 0..25 {
            let text = client.exchange("GET", "/metrics", &[], b"").unwrap().text();
            let sunsets = text.matches("sluice_version_sunset_timestamp_seconds{").count();
            assert!(sunsets > 0 && text.contains("sluice_version_deprecated_timestamp_seconds{"));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(scrape);
        }
    });
}

/// The metric of a line, and its labels without that of buckets.
fn exposed(line: &str) -> Option<(String, BTreeSet<String>)> {
    let sample = (!line.starts_with('#')).then_some(line)?;
    let (name, rest) = sample.split_once([' ', '{'])?;
    let ending = ENDINGS.iter().find_map(|ending| name.strip_suffix(ending));
    let pairs = if sample.starts_with(&format!("{name}{{")) {
        rest.rsplit_once('}')?.0
    } else {
        ""
    };
    let names = pairs
        .split(',')
        .filter_map(|pair| pair.split_once("=\""))
        .map(|(name, _)| name.to_owned());
    Some((
        ending.unwrap_or(name).to_owned(),
        names.filter(|name| name != "le").collect(),
    ))
}
