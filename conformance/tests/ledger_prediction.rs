//! Who breaks is known before anything is switched off: the ledger names them from recorded traffic, then the same traffic is
//! sent again with it switched off, and the two lists agree.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sluice_config::plan::Plan;
use sluice_conformance::stage::{PATIENCE, Setup, Stage, noon};
use sluice_conformance::traffic::{Ask, operation, traffic};
use sluice_gateway::ledger::report::prediction::{self, Target, Way};
use sluice_gateway::ledger::report::window::Window;
use sluice_gateway::ledger::store::Store;
use tokio::runtime::Runtime;

/// By client, how many of its requests broke.
type Broken = BTreeMap<String, u64>;

/// The example with a ledger in a file, and more of a lifecycle.
fn setup(file: &str, lifecycle: &str) -> Setup {
    Setup::guarded()
        .main(&format!("usage: {{store: {{sqlite: \"{file}\"}}, flush: 1s}}"))
        // What is required stays after its sunset.
        .replace(
            "apis/customers/openapi.yaml",
            "status, tier, phones",
            "status, phones",
        )
        .replace(
            "apis/customers/api.yaml",
            "  successor: \"3.3\"\n",
            &format!("  successor: \"3.3\"\n{lifecycle}"),
        )
}

/// Records the traffic, and gives the status of each request.
fn record(stage: &Stage, asks: &[Ask]) -> Vec<u16> {
    let statuses = asks.iter().map(|ask| ask.send(stage).status).collect();
    let begun = Instant::now();
    while !(stage.gateway().shared.ledger.flush() && stage.gateway().shared.ledger.state().waiting == 0) {
        assert!(begun.elapsed() < PATIENCE);
    }
    statuses
}

fn predict(plan: &Plan, target: Target<'_>, way: Way) -> Broken {
    let runtime = Runtime::new().unwrap();
    let prediction = runtime.block_on(async {
        let store = Store::open(plan.usage.as_ref().unwrap(), None).await.unwrap();
        let now = noon().checked_add(SignedDuration::from_mins(1)).unwrap();
        let window = Window::of_90_days(now);
        prediction::of(&store, plan, &plan.apis[0], (target, way), window, now)
            .await
            .unwrap()
    });
    prediction
        .breaks
        .into_iter()
        .map(|one| (one.who, one.requests))
        .collect()
}

/// Sends the traffic again, and gives who was refused with this status that was not before.
fn replay(lifecycle: &str, asks: &[Ask], before: &[u16], refused: u16) -> Broken {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("replay.sqlite").display().to_string();
    let stage = setup(&file, lifecycle).start();
    let mut broken = Broken::new();
    for (ask, before) in asks.iter().zip(before) {
        // What the gateway refused in the first run breaks no more than it did; of members whatever was refused.
        let was_refused = match refused {
            422 => (400..500).contains(before),
            _ => matches!(*before, 401 | 403 | 404 | 405),
        };
        if ask.send(&stage).status == refused && !was_refused {
            let who = ask.who.unwrap_or("127.0.0.0/24 traffic");
            *broken.entry(who.to_owned()).or_default() += 1;
        }
    }
    stage.shutdown();
    broken
}

struct Recorded {
    plan: Plan,
    asks: Vec<Ask>,
    statuses: Vec<u16>,
    _directory: tempfile::TempDir,
}

fn recorded(seed: u64, lifecycle: &str) -> Recorded {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("usage.sqlite").display().to_string();
    let asks = traffic(seed, 300);
    let stage = setup(&file, lifecycle).start();
    let statuses = record(&stage, &asks);
    stage.shutdown();
    Recorded {
        plan: setup(&file, lifecycle).plan("127.0.0.1:1"),
        asks,
        statuses,
        _directory: directory,
    }
}

fn names(broken: &Broken) -> BTreeSet<&str> {
    broken.keys().map(String::as_str).collect()
}

#[test]
fn versions() {
    let recorded = recorded(11, "");
    let mut met = 0;
    for version in ["1.0", "2.0", "2.1", "2.3", "3.0", "3.1"] {
        let predicted = predict(&recorded.plan, Target::Version(version), Way::Off);
        let off = format!("  off: {{only: [\"{version}\"]}}\n");
        let broke = replay(&off, &recorded.asks, &recorded.statuses, 503);
        assert_eq!(names(&predicted), names(&broke), "{version}");
        assert_eq!(predicted, broke, "{version}: how often");
        met += broke.len();
    }
    assert!(met >= 6, "the traffic uses too little: {met}");
}

#[test]
fn operations() {
    let recorded = recorded(12, "");
    let mut met = 0;
    for (version, id) in [
        ("2.0", "patchCustomer"),
        ("2.3", "listCustomers"),
        ("2.2", "createCustomer"),
        ("3.0", "deleteCustomer"),
    ] {
        let target = Target::Operation {
            version,
            operation: id,
        };
        let gone: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        let predicted = predict(&recorded.plan, target, Way::Sunset(gone));
        let lifecycle = format!(
            "  operations: [{{operations: [{id}], versions: {{only: [\"{version}\"]}}, deprecated: 2026-01-01, sunset: {gone}}}]\n"
        );
        let broke = replay(&lifecycle, &recorded.asks, &recorded.statuses, 410);
        assert_eq!(predicted, broke, "{version} {id}");
        let asked = recorded
            .asks
            .iter()
            .filter(|ask| ask.version == version && operation(ask.endpoint) == id);
        assert_eq!(asked.count() > 0, !broke.is_empty(), "{version} {id}");
        met += broke.len();
    }
    assert!(met >= 3, "the traffic uses too little: {met}");
}

#[test]
fn sent_members() {
    // While a member is deprecated it is counted; past its sunset requests that send it are refused.
    let member = |sunset: &str| {
        format!(
            "  members: [{{type: Customer, at: /tier, versions: {{only: [\"2.0\", \"2.3\"]}}, deprecated: 2026-01-01{sunset}}}]\n"
        )
    };
    let recorded = recorded(13, &member(""));
    let mut met = 0;
    for version in ["2.0", "2.3"] {
        let target = Target::Member {
            version,
            member: "Customer /tier",
        };
        let predicted = predict(&recorded.plan, target, Way::Off);
        let meant: Vec<Ask> = recorded
            .asks
            .iter()
            .filter(|ask| ask.version == version)
            .cloned()
            .collect();
        let statuses: Vec<u16> = recorded
            .asks
            .iter()
            .zip(&recorded.statuses)
            .filter(|(ask, _)| ask.version == version)
            .map(|(_, status)| *status)
            .collect();
        let broke = replay(&member(", sunset: 2026-03-01"), &meant, &statuses, 422);
        assert_eq!(predicted, broke, "{version}");
        met += broke.len();
        let senders = meant.iter().filter(|ask| {
            ask.body
                .as_ref()
                .is_some_and(|body| body.get("tier") != Some(&Value::Null) && body.get("tier").is_some())
        });
        assert!(senders.count() > 0, "{version}: nobody sends it");
    }
    assert!(met >= 2, "the traffic uses too little: {met}");
}
