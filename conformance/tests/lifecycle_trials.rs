//! Field brownouts over real sockets: a share of one consumer's answers lacks an optional member for a while, says so, and
//! cannot be written back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use jiff::Timestamp;
use serde_json::{Value, json};
use sluice_conformance::oracle::{self, Endpoint};
use sluice_conformance::stage::{Answer, Setup, Stage};
use sluice_gateway::auth::keys::Hasher;
use sluice_gateway::clock::Clock;

const API: &str = "apis/customers/api.yaml";
const SECRET: &str = "a-secret-of-more-than-sixteen-bytes";
const SEGMENT: &str = "\"/segment\";type=\"Customer\"";
const RISK: &str = "\"/insights/churnRisk\";type=\"Customer\"";
const NOON: &str = "2026-06-15T12:00:00Z";

/// Acme does without `segment` in 3.2, which is translated, and `insights.churnRisk` in 3.3, which passes, for an hour.
fn trying(share: &str, now: &str) -> Stage {
    let hash = |key: &str| -> String {
        let digits = Hasher::new(SECRET.as_bytes()).hash(key.as_bytes()).0;
        digits.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let consumer = |name| format!("  {name}: {{keys: [{{hash: \"hmac-sha256:{}\"}}]}}\n", hash(name));
    let trial =
        format!("[{{consumer: acme, share: {share}, from: 2026-06-15T12:00:00Z, to: 2026-06-15T13:00:00Z}}]");
    let member = |at: &str, version: &str| {
        format!(
            "    - {{type: Customer, at: {at}, versions: {{only: [\"{version}\"]}}, deprecated: 2026-01-01, trials: {trial}}}\n"
        )
    };
    let members = [member("/segment", "3.2"), member("/insights/churnRisk", "3.3")].concat();
    Setup::integrationhub()
        .clock(Clock::Fixed(now.parse::<Timestamp>().unwrap()))
        .main(&format!("keys: {{secret: {SECRET}}}"))
        .file(
            "consumers.yaml",
            format!(
                "sluice: 1\nconsumers:\n{}{}",
                consumer("acme"),
                consumer("globex")
            ),
        )
        .append(
            API,
            "authentication:\n  - schemes: [{api_key: {header: X-API-Key}}]\n",
        )
        .replace(API, "lifecycle:\n", &format!("lifecycle:\n  members:\n{members}"))
        .start()
}

fn target(version: &str, endpoint: Endpoint) -> String {
    oracle::path(version, endpoint, "cus_000017").unwrap().target
}

fn read(stage: &Stage, who: &str, version: &str) -> Answer {
    stage
        .get(&target(version, Endpoint::Read), &[("x-api-key", who)])
        .expect(200)
}

fn risk(customer: &Value) -> Option<&Value> {
    customer.pointer("/insights/churnRisk")
}

#[test]
fn a_share_of_one_consumers_answers_lacks_the_member() {
    let stage = trying("0.25", NOON);
    let whole = read(&stage, "globex", "3.2");
    let mut lesser = 0;
    for _ in 0..400 {
        let answer = read(&stage, "acme", "3.2");
        let is_lesser = answer.json().get("segment").is_none();
        assert_eq!(answer.has("sluice-withheld"), is_lesser, "{answer:?}");
        assert!(
            answer.list("sluice-deprecated").starts_with(SEGMENT),
            "{answer:?}"
        );
        if !is_lesser {
            assert_eq!(answer.body, whole.body);
            continue;
        }
        lesser += 1;
        assert_eq!(answer.header("sluice-withheld"), SEGMENT);
        let mut expected = whole.json();
        expected.as_object_mut().unwrap().remove("segment");
        assert_eq!(answer.json(), expected, "nothing else is missing");
    }
    // A hundred are due; seven standard deviations on either side.
    assert!((40..=160).contains(&lesser), "{lesser} of 400");
}

#[test]
fn nobody_else_is_tried() {
    let stage = trying("1", NOON);
    for version in ["3.2", "3.3"] {
        for _ in 0..20 {
            let answer = read(&stage, "globex", version);
            assert!(!answer.has("sluice-withheld"), "{answer:?}");
            assert!(answer.json().get("segment").is_some() || risk(&answer.json()).is_some());
        }
        assert!(read(&stage, "acme", version).has("sluice-withheld"));
    }
    // Nor is the same member of other versions.
    let other = read(&stage, "acme", "3.1");
    assert!(!other.has("sluice-withheld") && other.json()["segment"].is_string());
}

#[test]
fn a_trial_has_an_hour() {
    for (now, goes_on) in [
        ("2026-06-15T11:59:59Z", false),
        ("2026-06-15T12:00:00Z", true),
        ("2026-06-15T12:59:59Z", true),
        ("2026-06-15T13:00:00Z", false),
    ] {
        let stage = trying("1", now);
        for version in ["3.2", "3.3"] {
            let answer = read(&stage, "acme", version);
            assert_eq!(
                answer.has("sluice-withheld"),
                goes_on,
                "{now} {version}: {answer:?}"
            );
        }
    }
}

#[test]
fn lists_and_answers_to_writes_lack_it_too() {
    let stage = trying("1", NOON);
    let key = ("x-api-key", "acme");
    let listed = stage.get(&target("3.3", Endpoint::List), &[key]).expect(200);
    let customers = listed.json()["data"].as_array().unwrap().clone();
    assert!(customers.len() > 1);
    assert!(
        customers.iter().all(|customer| risk(customer).is_none()),
        "{listed:?}"
    );
    assert!(
        customers
            .iter()
            .any(|customer| customer.get("insights").is_some()),
        "the rest of it stays"
    );
    // What every customer must have is there.
    let required = [
        "id", "name", "email", "status", "tier", "phones", "address", "balance", "tags",
    ];
    assert!(
        customers
            .iter()
            .all(|customer| required.iter().all(|name| customer.get(name).is_some()))
    );
    let patch = json!({"tags": ["a"], "insights": {"churnRisk": 0.5}});
    let patched = stage.write("PATCH", &target("3.3", Endpoint::Patch), &[key], &patch);
    let patched = patched.expect(200);
    assert!(
        risk(&patched.json()).is_none() && patched.header("sluice-withheld") == RISK,
        "{patched:?}"
    );
    // A trial is of answers: what is sent is kept.
    assert_eq!(risk(&read(&stage, "globex", "3.3").json()), Some(&json!(0.5)));
    stage
        .send("HEAD", &target("3.3", Endpoint::Read), &[key], b"")
        .expect(200);
}

#[test]
fn a_lesser_answer_is_neither_kept_nor_written_back() {
    let stage = trying("1", NOON);
    for version in ["3.2", "3.3"] {
        let key = ("x-api-key", "acme");
        let whole = read(&stage, "globex", version);
        let lesser = read(&stage, "acme", version);
        assert_eq!(lesser.header("content-length"), lesser.body.len().to_string());
        assert_eq!(lesser.header("cache-control"), "no-store");
        assert!(!lesser.has("last-modified"));
        let tag = lesser.header("etag");
        let own = whole.header("etag").trim_end_matches('"');
        assert_eq!(tag, format!("{own}~lesser\""));
        // A cache that has it asks again and gets a whole answer.
        let again = stage.get(&target(version, Endpoint::Read), &[key, ("if-none-match", tag)]);
        again.expect(200);
        let kept = stage.get(
            &target(version, Endpoint::Read),
            &[key, ("if-none-match", whole.header("etag"))],
        );
        kept.expect(304);
        // Whoever would write it back is told that it is not what is stored.
        let put = stage.write(
            "PUT",
            &target(version, Endpoint::Replace),
            &[key, ("if-match", tag)],
            &lesser.json(),
        );
        put.expect(412);
        let still = read(&stage, "globex", version);
        assert_eq!(still.body, whole.body, "nothing was lost");
    }
}
