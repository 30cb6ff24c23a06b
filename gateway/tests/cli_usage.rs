//! Commands that ask the ledger, with the real binary over a store that holds traffic of known counts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "cli/sluice.rs"]
mod binary;
#[path = "cli_usage/ledger.rs"]
mod ledger;
#[path = "cli_usage/notify.rs"]
mod notify;
#[path = "cli_usage/webhook.rs"]
mod webhook;

use std::collections::BTreeMap;

use binary::{Said, sluice};
use ledger::{Given, NOW, Use, traffic};
use serde_json::Value as Json;

const USAGE: &str = "usage: {store: {sqlite: usage.sqlite}}\n";

fn json(said: &Said) -> Json {
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    serde_json::from_str(&said.out).unwrap()
}

fn who_uses(given: &Given, more: &[&str]) -> Said {
    let mut arguments = vec!["who-uses", given.path(), "2.0", "--now", NOW];
    arguments.extend(more);
    sluice(&arguments, "")
}

fn sunset(given: &Given, more: &[&str]) -> Said {
    let mut arguments = vec!["report", "sunset", given.path(), "--now", NOW];
    arguments.extend(more);
    sluice(&arguments, "")
}

/// Requests of a version by client, within so many days.
fn sums(uses: &[Use], version: &str, days: i64) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for one in uses
        .iter()
        .filter(|one| one.version == version && one.days_ago < days)
    {
        *sums.entry(one.who.to_owned()).or_default() += one.count;
    }
    sums
}

#[test]
fn who_uses_a_version_is_told_exactly() {
    let uses = traffic();
    let given = Given::new(USAGE).fill(&uses);
    let report = json(&who_uses(&given, &["--json"]));
    let consumers = report["consumers"].as_array().unwrap();
    let [day, week, quarter] = [1, 7, 90].map(|days| sums(&uses, "2.0", days));
    assert_eq!(consumers.len(), quarter.len());
    let mut before = u64::MAX;
    for one in consumers {
        let who = one["who"].as_str().unwrap();
        let expected = [&day, &week, &quarter].map(|sums| sums.get(who).copied().unwrap_or_default());
        let told = ["last_24_hours", "last_7_days", "last_90_days"].map(|key| one[key].as_u64().unwrap());
        assert_eq!(told, expected, "{who}");
        assert!(told[1] <= before, "the most requests within 7 days first");
        before = told[1];
        let operations: BTreeMap<&str, u64> = one["operations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|used| {
                (
                    used["operation"].as_str().unwrap(),
                    used["requests"].as_u64().unwrap(),
                )
            })
            .collect();
        let mut of_who = BTreeMap::new();
        for used in uses
            .iter()
            .filter(|used| used.version == "2.0" && used.who == who)
        {
            *of_who.entry(used.operation).or_default() += used.count;
        }
        assert_eq!(operations, of_who, "{who}");
        for (list, verdict) in [("sent", "used"), ("delivered", "unknown")] {
            let exchanges: u64 = of_who.get(ledger::with(list)).copied().unwrap_or_default();
            let members = one[list].as_array().unwrap();
            assert_eq!(members.len(), usize::from(exchanges > 0), "{who}: {list}");
            for member in members {
                assert_eq!(member["member"], "Customer /address");
                assert_eq!(member["change"], "2.0..2.1");
                assert_eq!(member["verdict"], verdict);
                assert_eq!(member["exchanges"].as_u64().unwrap(), exchanges, "{who}: {list}");
            }
        }
    }
    let of = |name: &str| consumers.iter().find(|one| one["who"] == name).unwrap();
    assert_eq!(of("acme")["contact"], "api@acme.example");
    assert_eq!(of("left-last-year")["configured"], false);
    assert_eq!(of("left-last-year")["contact"], Json::Null);
    assert_eq!(of(ledger::FORMULA)["identified"], false);
    assert_eq!(
        (&report["demo"], &report["more"]),
        (&Json::Bool(false), &Json::from(0))
    );
}

#[test]
fn who_uses_a_version_is_told_to_people() {
    let uses = traffic();
    let given = Given::new(USAGE).fill(&uses);
    let said = who_uses(&given, &[]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    let lines: Vec<&str> = said.out.lines().collect();
    assert!(
        lines[0].starts_with("Version 2.0 of `customers`: 7 clients"),
        "{}",
        said.out
    );
    let place = |line: &str, what: &str| line.find(what).map(|at| line[..at].chars().count());
    let head = lines[2];
    let acme = lines.iter().find(|line| line.starts_with("acme")).unwrap();
    assert_eq!(
        place(head, "CONTACT"),
        place(acme, "api@acme.example"),
        "{}",
        said.out
    );
    assert!(
        said.out
            .contains("delivered, use unknown  Customer /address (2.0..2.1) "),
        "{}",
        said.out
    );
    assert!(said.out.contains("(no longer in consumers.yaml)"));
    for word in ["unused", "DEMO", "--limit"] {
        assert!(!said.out.contains(word), "{word}: {}", said.out);
    }
    let few = who_uses(&given, &["--limit", "2"]).out;
    assert!(few.contains("and 5 more: see --limit"), "{few}");
    assert_eq!(json(&who_uses(&given, &["--limit", "2", "--json"]))["more"], 5);
}

#[test]
fn spreadsheets_get_every_figure_and_no_formula() {
    let uses = traffic();
    let given = Given::new(USAGE).fill(&uses);
    let said = who_uses(&given, &["--csv"]);
    assert!(said.out.contains("\r\n"), "RFC 4180");
    let mut reader = csv::Reader::from_reader(said.out.as_bytes());
    let heads = reader.headers().unwrap().clone();
    let at = |name: &str| heads.iter().position(|head| head == name).unwrap();
    let quarter = sums(&uses, "2.0", 90);
    let mut met = 0;
    for row in reader.records() {
        let row = row.unwrap();
        for cell in &row {
            assert!(!cell.starts_with(['=', '+', '-', '@']), "{cell}");
        }
        let who = row[at("client")].trim_start_matches('\'');
        assert_eq!(row[at("last_90_days")].parse::<u64>().unwrap(), quarter[who]);
        assert_eq!(&row[at("demo")], "false");
        met += 1;
    }
    assert_eq!(met, quarter.len());
    assert!(heads.iter().any(|head| head == "delivered_use_unknown"));
    let said = sunset(&given, &["--csv"]);
    let rows = csv::Reader::from_reader(said.out.as_bytes())
        .into_records()
        .count();
    assert_eq!((said.code, rows), (0, 14), "{}", said.out);
    assert_eq!(who_uses(&given, &["--csv", "--json"]).code, 2, "one or the other");
}

#[test]
fn a_sunset_report_has_shares_forecasts_and_blockers() {
    let uses = traffic();
    let given = Given::new(USAGE).fill(&uses);
    let report = json(&sunset(&given, &["--json"]));
    let versions = report["versions"].as_array().unwrap();
    assert_eq!(versions.len(), 14);
    let of = |name: &str| versions.iter().find(|one| one["version"] == name).unwrap();
    let sum = |version: &str, days| sums(&uses, version, days).values().sum::<u64>();
    let all: u64 = ledger::VERSIONS.iter().map(|version| sum(version, 7)).sum();
    for version in ledger::VERSIONS {
        let told = of(version);
        assert_eq!(told["last_7_days"], sum(version, 7));
        assert_eq!(told["last_90_days"], sum(version, 90));
        let share = told["share"].as_f64().unwrap();
        assert!((share - sum(version, 7) as f64 / all as f64).abs() < 1e-12);
        assert_eq!(
            told["forecast"]["is"], "not_in_sight",
            "{version} is used as ever"
        );
    }
    assert_eq!(of("3.1")["forecast"]["is"], "reached");
    let names = |list: &Json| -> Vec<String> {
        let all = list.as_array().unwrap().iter();
        all.map(|one| one["who"].as_str().unwrap().to_owned()).collect()
    };
    let old = of("1.0");
    assert_eq!(names(&old["exempt"]), ["megacorp"]);
    assert_eq!(old["exempt"][0]["exempt_until"], "2027-12-31T23:59:59Z");
    let blockers = names(&old["blockers"]);
    assert_eq!(blockers.len(), 6, "{blockers:?}");
    assert!(!blockers.contains(&"megacorp".to_owned()));
    assert!(names(&of("2.0")["blockers"]).contains(&"megacorp".to_owned()));
    // A list that is cut knows what it leaves out, whoever is exempt.
    for limit in 1..6_u64 {
        let report = json(&sunset(&given, &["--json", "--limit", &limit.to_string()]));
        let old = &report["versions"][0];
        let listed = names(&old["blockers"]).len() as u64;
        assert_eq!(
            (listed, old["more_blockers"].as_u64().unwrap()),
            (limit, 6 - limit)
        );
        assert_eq!(names(&old["exempt"]), ["megacorp"], "{limit}");
    }
    let said = sunset(&given, &[]);
    assert!(
        said.out.contains("Version 1.0: refused at 2027-06-30T23:59:59Z"),
        "{}",
        said.out
    );
    assert!(
        said.out.contains("not refused: exempt until 2027-12-31"),
        "{}",
        said.out
    );
}

#[test]
fn a_version_that_is_left_has_a_date() {
    // 2.0 halves every ten days; all others stay.
    let uses: Vec<Use> = (0..90)
        .flat_map(|days_ago| {
            let old = (400.0 * f64::exp2(days_ago as f64 / 10.0)).round() as u64;
            [
                ledger::used("2.0", "acme", days_ago, old),
                ledger::used("3.3", "globex", days_ago, 10_000),
            ]
        })
        .collect();
    let given = Given::new(USAGE).fill(&uses);
    let report = json(&sunset(&given, &["--json"]));
    let old = &report["versions"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["version"] == "2.0")
        .unwrap();
    assert_eq!(old["forecast"]["is"], "on", "{old}");
    let date: jiff::civil::Date = old["forecast"]["date"].as_str().unwrap().parse().unwrap();
    let days = jiff::civil::date(2027, 3, 10).until(date).unwrap().get_days();
    // 400 of 10,400 come to 1 % when they are 101: two half-lives.
    assert!((18..=22).contains(&days), "{days}");
    assert!(old["trend"].as_f64().unwrap() < 0.0);
}

#[test]
fn many_clients_are_told_as_few_are() {
    let names: Vec<&'static str> = (0..150)
        .map(|n| &*Box::leak(format!("198.51.{n}.0/24 bot").into_boxed_str()))
        .collect();
    let uses: Vec<Use> = names
        .iter()
        .zip(1..)
        .flat_map(|(who, count)| {
            [
                ledger::used("2.0", who, 2, count),
                ledger::sending("2.0", who, 3, count + 1),
            ]
        })
        .collect();
    let given = Given::new(USAGE).fill(&uses);
    let many = json(&who_uses(&given, &["--json", "--limit", "150"]));
    let few = json(&who_uses(&given, &["--json", "--limit", "40"]));
    assert_eq!(
        (many["more"].as_u64(), few["more"].as_u64()),
        (Some(0), Some(110))
    );
    let (many, few) = (
        many["consumers"].as_array().unwrap(),
        few["consumers"].as_array().unwrap(),
    );
    assert_eq!(&many[..40], &few[..], "however they are asked for");
    for (one, count) in many.iter().zip((1..=150_u64).rev()) {
        assert_eq!(one["who"], format!("198.51.{}.0/24 bot", count - 1));
        assert_eq!(one["last_7_days"], 2 * count + 1);
        assert_eq!(one["sent"][0]["exchanges"], count + 1);
    }
}

#[test]
fn made_up_figures_are_marked_everywhere() {
    let given = Given::new(USAGE).fill(&traffic()).mark_demo();
    for said in [who_uses(&given, &[]), sunset(&given, &[])] {
        assert!(said.out.starts_with("DEMO DATA: "), "{}", said.out);
    }
    for said in [who_uses(&given, &["--json"]), sunset(&given, &["--json"])] {
        assert_eq!(json(&said)["demo"], true);
    }
    for said in [who_uses(&given, &["--csv"]), sunset(&given, &["--csv"])] {
        assert!(
            said.out.lines().skip(1).all(|line| line.ends_with("true")),
            "{}",
            said.out
        );
    }
}

#[test]
fn what_is_missing_is_told_with_what_to_do() {
    let given = Given::new("");
    let said = who_uses(&given, &[]);
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    assert!(
        said.err.contains("no `usage`") && said.err.contains("usage: {}"),
        "{}",
        said.err
    );

    let given = Given::new(USAGE);
    for said in [who_uses(&given, &[]), sunset(&given, &[])] {
        assert_eq!(said.code, 2);
        assert!(said.err.contains("usage.sqlite is not there yet"), "{}", said.err);
    }
    assert!(!given.file("usage.sqlite").exists(), "asking makes no file");

    let given = given.fill(&[]);
    let said = who_uses(&given, &[]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.out
            .starts_with("Nobody was seen in version 2.0 of `customers`"),
        "{}",
        said.out
    );
    let said = sunset(&given, &[]);
    assert!(
        said.out.contains("Nobody was seen in any version"),
        "{}",
        said.out
    );
    assert_eq!(
        json(&sunset(&given, &["--json"]))["versions"][0]["share"],
        Json::Null
    );
    assert_eq!(
        json(&who_uses(&given, &["--json"]))["consumers"],
        Json::Array(Vec::new())
    );

    let asked = |version: &str, more: &[&str]| {
        let mut arguments = vec!["who-uses", given.path(), version];
        arguments.extend(more);
        sluice(&arguments, "")
    };
    let said = asked("2.1-megacrop", &[]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("did you mean `2.1-megacorp`?"), "{}", said.err);
    let said = asked("main", &[]);
    assert!(said.err.contains("known here: `1.0`, `1.1`"), "{}", said.err);
    let said = asked("2.0", &["--api", "orders"]);
    assert_eq!(
        (
            said.code,
            said.err
                .contains("there is no API `orders`; there are: customers")
        ),
        (2, true)
    );

    std::fs::write(
        given.file("usage.sqlite"),
        "this is no database, whatever its name says ".repeat(100),
    )
    .unwrap();
    let said = who_uses(&given, &[]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("the ledger's store does not answer"),
        "{}",
        said.err
    );
}

#[test]
fn asking_is_no_hindrance_to_writing() {
    let uses = traffic();
    let given = Given::new(USAGE).fill(&uses);
    let writing = given.write_on(&[ledger::used("2.0", "acme", 0, 1)], 60);
    let mut before = 0;
    for _ in 0..5 {
        let report = json(&who_uses(&given, &["--json"]));
        let consumers = report["consumers"].as_array().unwrap();
        let acme = consumers.iter().find(|one| one["who"] == "acme").unwrap();
        let now = acme["last_90_days"].as_u64().unwrap();
        assert!(now >= before);
        before = now;
    }
    writing.join().unwrap();
    let report = json(&who_uses(&given, &["--json"]));
    let acme = report["consumers"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["who"] == "acme")
        .unwrap();
    assert_eq!(acme["last_90_days"], sums(&uses, "2.0", 90)["acme"] + 60);
}
