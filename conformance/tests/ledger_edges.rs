//! What is counted of exchanges that end early, or that others carry on: over real sockets, as the store knows it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Instant;

use serde_json::{Value, json};
use sluice_conformance::oracle::{self, Endpoint};
use sluice_conformance::stage::{PATIENCE, Setup, Stage};
use sluice_gateway::demo::backend;
use sluice_gateway::ledger::fact::{Kind, Who};
use sluice_gateway::ledger::question::{Grain, Question};
use sluice_gateway::ledger::store::Store;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const API: &str = "apis/customers/api.yaml";

/// A gateway whose figures are kept.
struct Counted {
    stage: Stage,
    _directory: TempDir,
}

impl Counted {
    fn start(setup: Setup) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("usage.sqlite");
        let setup = setup.main(&format!(
            "usage: {{store: {{sqlite: \"{}\"}}, flush: 1s}}",
            file.display()
        ));
        Self {
            stage: setup.start(),
            _directory: directory,
        }
    }

    /// What is known of a kind: `VERSION SELECTOR WHO CHANGE WHAT COUNT`.
    fn facts(&self, kind: Kind) -> Vec<String> {
        let ledger = &self.stage.gateway().shared.ledger;
        let begun = Instant::now();
        while !ledger.flush() {
            assert!(begun.elapsed() < PATIENCE, "{:?}", ledger.state());
        }
        let plan = self
            .stage
            .gateway()
            .editions
            .current()
            .unwrap()
            .plan
            .usage
            .clone();
        Runtime::new().unwrap().block_on(async {
            let store = Store::open(&plan.unwrap(), None).await.unwrap();
            let kinds = [kind];
            let known = store.ask(&everything(&kinds)).await.unwrap();
            known
                .iter()
                .map(|known| {
                    let fact = &known.fact;
                    let who = match &fact.who {
                        Who::Everybody => "everybody",
                        Who::Consumer(name) | Who::Unidentified(name) => name,
                        Who::Other => "other",
                    };
                    let all = [&*fact.version, &fact.chosen_by, who, &fact.change, &fact.what];
                    format!("{} {}", all.join("|"), known.counts.all())
                })
                .collect()
        })
    }
}

fn everything(kinds: &[Kind]) -> Question<'_> {
    Question {
        kinds,
        api: None,
        version: None,
        who: None,
        grain: Grain::Day,
        since: jiff::Timestamp::UNIX_EPOCH,
        until: jiff::Timestamp::MAX,
        by_time: false,
        most: 1_000,
    }
}

/// A customer in a version, as a client makes it.
fn customer(version: &str) -> Value {
    let mut all = oracle::lower(version, &backend::customers()[0])
        .document()
        .unwrap();
    let members = all.as_object_mut().unwrap();
    for given in ["id", "cust_id", "created_at", "createdAt"] {
        members.shift_remove(given);
    }
    all
}

#[test]
fn a_member_that_is_sent_with_an_idempotency_key_counts() {
    let going = "lifecycle:\n  members:\n    - {type: Customer, at: /segment, versions: {only: [\"3.2\"]}, deprecated: 2026-01-01}\n";
    let counted = Counted::start(
        Setup::integrationhub()
            .replace(API, "lifecycle:\n", going)
            .replace(
                API,
                "additions: pass",
                "additions: pass\nidempotency: {operations: [createCustomer], keep: 1h}",
            ),
    );
    let mut document = customer("3.2");
    document["segment"] = json!("smb");
    let headers = [("idempotency-key", "\"a-key\""), ("user-agent", "edges/1")];
    let made = counted
        .stage
        .write("POST", "/v3.2/customers", &headers, &document);
    made.expect(201);
    let sent = counted.facts(Kind::Sent);
    assert!(
        sent.contains(&"3.2||127.0.0.0/24 edges||Customer /segment 1".to_owned()),
        "{sent:?}"
    );
}

#[test]
fn a_document_that_could_not_be_lifted_counts_by_change() {
    let counted = Counted::start(Setup::integrationhub());
    let mut document = customer("2.2");
    document["address"]["country"] = json!("Atlantis");
    let written = counted.stage.write("POST", "/v2.2/customers", &[], &document);
    let refused = written.expect(422);
    let faulted = counted.facts(Kind::Faulted);
    assert_eq!(faulted.len(), 1, "{faulted:?} {refused:?}");
    assert!(faulted[0].ends_with("|/address/country 1"), "{faulted:?}");
    assert_eq!(counted.facts(Kind::Lifted), [""; 0]);
}

#[test]
fn members_of_an_answer_that_could_not_be_lowered_were_delivered_to_nobody() {
    let mut broken = backend::customers()[0].clone();
    // A country that older versions have no name for.
    broken["address"]["country"] = json!("ZZ");
    let id = broken["id"].as_str().unwrap().to_owned();
    let counted = Counted::start(Setup::integrationhub().customers(vec![broken]));
    let target = oracle::path("2.2", Endpoint::Read, &id).unwrap().target;
    counted.stage.get(&target, &[]).expect(502);
    assert_eq!(counted.facts(Kind::Faulted).len(), 1);
    assert_eq!(counted.facts(Kind::Delivered), [""; 0]);
}

#[test]
fn a_request_that_was_shed_counts() {
    let counted = Counted::start(Setup::integrationhub().serve(|settings| settings.requests = 0));
    counted.stage.get("/v2.0/customers", &[]).expect(503);
    assert_eq!(counted.facts(Kind::Request), ["||unknown|| 1"]);
    assert_eq!(counted.facts(Kind::Refused), ["||unknown||overloaded 1"]);
    assert_eq!(counted.facts(Kind::Failed), ["||everybody||gateway 1"]);
}

#[test]
fn who_is_refused_at_the_door_counts_in_the_version_that_was_asked_for() {
    let denied = "additions: pass\naddresses: {deny: [127.0.0.0/8]}";
    let counted = Counted::start(Setup::integrationhub().replace(API, "additions: pass", denied));
    counted
        .stage
        .get("/v2.0/customers", &[("user-agent", "edges/1")])
        .expect(403);
    assert_eq!(counted.facts(Kind::Request), ["2.0|path|127.0.0.0/24 edges|| 1"]);
}

#[test]
fn a_consumer_that_names_no_version_and_has_no_pin_counts_as_itself() {
    let unpinned = Setup::guarded().replace("consumers.yaml", "    pins: {customers: \"2.3\"}\n", "");
    let counted = Counted::start(unpinned);
    counted
        .stage
        .get("/customers", &[("x-api-key", "demo-key-acme")])
        .expect(400);
    assert_eq!(counted.facts(Kind::Request), ["||acme|| 1"]);
}
