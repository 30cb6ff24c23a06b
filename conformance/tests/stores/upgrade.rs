//! Tables that an older release made.

use sluice_gateway::ledger::question::Grain;
use sluice_gateway::ledger::store::Store;

use super::{At, all, batch, consumer, now, row};

/// The tables of version 1, as releases made them that knew no other.
const TABLES: &str = "
    CREATE TABLE sluice_facts (
        id {number} PRIMARY KEY, kind {small} NOT NULL, api TEXT NOT NULL, version TEXT NOT NULL, who_is {small} NOT NULL,
        who TEXT NOT NULL, operation TEXT NOT NULL, chosen_by TEXT NOT NULL, change TEXT NOT NULL, what TEXT NOT NULL,
        first_seen {number} NOT NULL, last_seen {number} NOT NULL){rows};
    CREATE TABLE sluice_minutes ({counts}){clustered};
    CREATE TABLE sluice_hours ({counts}){clustered};
    CREATE TABLE sluice_days ({counts}){clustered};
    CREATE TABLE sluice_batches (
        gateway TEXT NOT NULL, number {number} NOT NULL, at {number} NOT NULL, PRIMARY KEY (gateway, number)){clustered};
    CREATE TABLE sluice_losses (
        gateway TEXT NOT NULL, at {number} NOT NULL, exchanges {number} NOT NULL, PRIMARY KEY (gateway, at)){clustered};
    CREATE TABLE sluice_reloads (
        at {number} NOT NULL, gateway TEXT NOT NULL, generation {number} NOT NULL, hash TEXT NOT NULL, why TEXT NOT NULL,
        outcome TEXT NOT NULL, changes TEXT NOT NULL, PRIMARY KEY (at, gateway, generation)){clustered};
    CREATE TABLE sluice_messages (message TEXT PRIMARY KEY, at {number} NOT NULL){clustered};
    CREATE TABLE sluice_marks (name TEXT PRIMARY KEY, value {number} NOT NULL){clustered};
    CREATE INDEX sluice_facts_by_version ON sluice_facts (kind, api, version);
    CREATE INDEX sluice_days_of_consumers ON sluice_days (fact, at{covered})
        WHERE fact >= 288230376151711744 AND fact <= 576460752303423487";

const COUNTS: &str =
    "at {number} NOT NULL, fact {number} NOT NULL, c1 {number} NOT NULL, c2 {number} NOT NULL,
    c3 {number} NOT NULL, c4 {number} NOT NULL, c5 {number} NOT NULL, PRIMARY KEY (at, fact)";

fn tables(on_server: bool) -> String {
    let [number, small, rows, clustered, covered] = match on_server {
        true => [
            "BIGINT",
            "SMALLINT",
            " WITH (fillfactor = 80)",
            " WITH (fillfactor = 80)",
            "",
        ],
        false => [
            "INTEGER",
            "INTEGER",
            " STRICT",
            " STRICT, WITHOUT ROWID",
            ", c1, c2, c3, c4, c5",
        ],
    };
    TABLES
        .replace("{counts}", COUNTS)
        .replace("{number}", number)
        .replace("{small}", small)
        .replace("{rows}", rows)
        .replace("{clustered}", clustered)
        .replace("{covered}", covered)
}

pub async fn tables_of_version_1_become_those_of_version_2_and_keep_counts(at: At) {
    at.make();
    at.sql(&tables(at.is_server())).await;
    // What is added is the same in both.
    at.sql("INSERT INTO sluice_marks (name, value) VALUES ('schema', 2), ('demo', 1)")
        .await;
    let minute = now().as_second() - 56;
    let given = |number| {
        let rows = (0..50).map(|n| row(consumer("1.0", n), [0, n + 1, 0, 0, 0], minute));
        batch("g", number, minute, rows.collect())
    };
    let before = at.open().await;
    before.add(&given(1)).await.unwrap();
    let known = before.ask(&all(Grain::Day)).await.unwrap();
    at.sql("UPDATE sluice_marks SET value = 1 WHERE name = 'schema'")
        .await;
    // Several gateways of the newer release come at once, and one of the older still adds.
    let mut opening = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let plan = at.plan.clone();
        opening.spawn(async move { Store::open(&plan, None).await });
    }
    while let Some(opened) = opening.join_next().await {
        let store = opened.unwrap().unwrap();
        assert_eq!(store.ask(&all(Grain::Day)).await.unwrap(), known);
    }
    before.add(&given(2)).await.unwrap();
    let store = at.open().await;
    assert!(store.is_demo().await.unwrap());
    for (known, before) in store.ask(&all(Grain::Hour)).await.unwrap().iter().zip(&known) {
        assert_eq!(known.counts.0[1], 2 * before.counts.0[1]);
    }
    // Each of these fails where it is otherwise.
    at.sql("INSERT INTO sluice_marks (name, value) SELECT name || ' is 2', value FROM sluice_marks WHERE value = 2")
        .await;
    at.sql("DELETE FROM sluice_marks WHERE name = 'schema is 2'")
        .await;
    at.sql("DROP INDEX sluice_facts_by_who").await;
    at.sql("DROP INDEX sluice_facts_unidentified").await;
    at.sql("CREATE INDEX sluice_facts_by_version ON sluice_facts (kind)")
        .await;
}
