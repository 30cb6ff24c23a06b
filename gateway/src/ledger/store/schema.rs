//! The tables of a store.
//!
//! - `sluice_facts`: what was counted, and when it was seen first and last;
//! - `sluice_minutes`, `sluice_hours`, `sluice_days`: how often, by time and fact. Time comes first in the key: what is
//!   added at once stands together, however many facts there are, and so does what is deleted at once;
//! - `sluice_batches`: which batches are in, so that each counts once;
//! - `sluice_losses`: exchanges that gateways could not keep;
//! - `sluice_reloads`, `sluice_messages`: what became of reloads, and which messages were sent;
//! - `sluice_marks`: the version of these tables, and whether figures were made up.

use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor, Row, SqlSafeStr};

use super::connect::{Dialect, Pools};
use super::fault::StoreFault;
use super::number;
use crate::ledger::fact::Kind;

/// The version of these tables.
pub(super) const VERSION: i64 = 2;

/// Every table that this release makes.
const TABLES: [&str; 9] = [
    "sluice_facts (
        id {number} PRIMARY KEY, kind {small} NOT NULL, api TEXT NOT NULL, version TEXT NOT NULL, who_is {small} NOT NULL,
        who TEXT NOT NULL, operation TEXT NOT NULL, chosen_by TEXT NOT NULL, change TEXT NOT NULL, what TEXT NOT NULL,
        first_seen {number} NOT NULL, last_seen {number} NOT NULL){rows}",
    "sluice_minutes ({counts}){clustered}",
    "sluice_hours ({counts}){clustered}",
    "sluice_days ({counts}){clustered}",
    "sluice_batches (
        gateway TEXT NOT NULL, number {number} NOT NULL, at {number} NOT NULL, PRIMARY KEY (gateway, number)){clustered}",
    "sluice_losses (
        gateway TEXT NOT NULL, at {number} NOT NULL, exchanges {number} NOT NULL, PRIMARY KEY (gateway, at)){clustered}",
    "sluice_reloads (
        at {number} NOT NULL, gateway TEXT NOT NULL, generation {number} NOT NULL, hash TEXT NOT NULL, why TEXT NOT NULL,
        outcome TEXT NOT NULL, changes TEXT NOT NULL, PRIMARY KEY (at, gateway, generation)){clustered}",
    "sluice_messages (message TEXT PRIMARY KEY, at {number} NOT NULL){clustered}",
    "sluice_marks (name TEXT PRIMARY KEY, value {number} NOT NULL){clustered}",
];

const COUNTS: &str =
    "at {number} NOT NULL, fact {number} NOT NULL, c1 {number} NOT NULL, c2 {number} NOT NULL,
        c3 {number} NOT NULL, c4 {number} NOT NULL, c5 {number} NOT NULL, PRIMARY KEY (at, fact)";

/// Facts by version, and those of one client among them.
const BY_WHO: &str =
    "CREATE INDEX IF NOT EXISTS sluice_facts_by_who ON sluice_facts (kind, api, version, who_is, who)";

/// Clients without a credential, the oldest first: their facts are deleted earlier than others. A server changes a row in place
/// as long as what is indexed stays.
const UNIDENTIFIED: &str =
    "CREATE INDEX IF NOT EXISTS sluice_facts_unidentified ON sluice_facts (first_seen) WHERE who_is = 2";

/// What makes tables of a version those of the next, from version 1 on. Gateways of the release before may go on adding.
const UPGRADES: [&[&str]; VERSION as usize - 1] = [&[
    BY_WHO,
    UNIDENTIFIED,
    "DROP INDEX IF EXISTS sluice_facts_by_version",
]];

/// How long an upgrade may take: an index over many facts is made.
const PATIENCE: &str = "SET LOCAL statement_timeout = '80s'";

/// The days of consumers by fact, since who was seen in a version is asked of all of them at once. They are few among the rows.
/// A file finds the counts in the index; a server changes a row in place as long as no index has its counts.
fn of_consumers(dialect: Dialect) -> String {
    let counts = match dialect {
        Dialect::Sqlite => ", c1, c2, c3, c4, c5",
        Dialect::Postgres => "",
    };
    let of = of_consumers_alone("fact");
    format!(
        "CREATE INDEX IF NOT EXISTS sluice_days_of_consumers ON sluice_days (fact, at{counts}) WHERE {of}"
    )
}

/// The condition of that index, which whoever means to use it repeats.
pub(super) fn of_consumers_alone(fact: &str) -> String {
    let numbers = number::numbers(Kind::ByConsumer);
    format!("{fact} >= {} AND {fact} <= {}", numbers.start(), numbers.end())
}

/// One gateway at a time makes tables; the number is any.
const ALONE: &str = "SELECT pg_advisory_xact_lock(7514837029847)";

/// Whether everything is there.
///
/// # Errors
/// The tables are those of a newer release.
pub(super) async fn is_made(pools: &Pools) -> Result<bool, StoreFault> {
    let mut line = pools.writer().await?;
    let found = known(&mut line, pools.dialect).await?;
    line.keep();
    Ok(found == Some(VERSION))
}

/// Makes what is missing, and of tables of an older release those of this one.
///
/// # Errors
/// The tables are those of a newer release.
pub(super) async fn make(pools: &Pools) -> Result<(), StoreFault> {
    let mut line = pools.writer().await?;
    let mut transaction = line.begin_with(pools.begin()).await?;
    make_alone(&mut transaction, pools.dialect).await?;
    transaction.commit().await?;
    line.keep();
    Ok(())
}

/// The version of the tables that are there, if it is known.
async fn known(line: &mut AnyConnection, dialect: Dialect) -> Result<Option<i64>, StoreFault> {
    match version(line, dialect).await? {
        Some(found) if found > VERSION => Err(StoreFault::Newer {
            found,
            known: VERSION,
        }),
        found => Ok(found),
    }
}

async fn make_alone(line: &mut AnyConnection, dialect: Dialect) -> Result<(), StoreFault> {
    if dialect == Dialect::Postgres {
        line.execute(ALONE).await?;
    }
    // Another gateway may have made them meanwhile.
    match known(line, dialect).await? {
        Some(VERSION) => return Ok(()),
        Some(found) => upgrade(line, dialect, found).await?,
        None => create(line, dialect).await?,
    }
    let mark = "INSERT INTO sluice_marks (name, value) VALUES ('schema', $1)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    sqlx::query(mark).bind(VERSION).execute(&mut *line).await?;
    Ok(())
}

async fn create(line: &mut AnyConnection, dialect: Dialect) -> Result<(), StoreFault> {
    for table in TABLES {
        line.execute(statement(table, dialect)).await?;
    }
    line.execute(BY_WHO).await?;
    line.execute(UNIDENTIFIED).await?;
    line.execute(AssertSqlSafe(of_consumers(dialect))).await?;
    Ok(())
}

async fn upgrade(line: &mut AnyConnection, dialect: Dialect, found: i64) -> Result<(), StoreFault> {
    if dialect == Dialect::Postgres {
        line.execute(PATIENCE).await?;
    }
    let done = usize::try_from(found - 1).unwrap_or_default();
    for statement in UPGRADES.into_iter().skip(done).flatten() {
        line.execute(*statement).await?;
    }
    tracing::info!(
        from = found,
        to = VERSION,
        "the tables of the usage store were upgraded"
    );
    Ok(())
}

/// The version of the tables that are there.
async fn version(line: &mut AnyConnection, dialect: Dialect) -> Result<Option<i64>, sqlx::Error> {
    let there = match dialect {
        Dialect::Sqlite => "SELECT name FROM sqlite_schema WHERE name = 'sluice_marks'",
        // A look-up by name alone may answer what it was before another gateway made the tables.
        Dialect::Postgres => {
            "SELECT CAST(1 AS BIGINT) FROM pg_catalog.pg_class c
            WHERE c.relname = 'sluice_marks' AND pg_catalog.pg_table_is_visible(c.oid)"
        }
    };
    if line.fetch_optional(there).await?.is_none() {
        return Ok(None);
    }
    let mark = line.fetch_optional("SELECT value FROM sluice_marks WHERE name = 'schema'");
    mark.await?.map(|row| row.try_get(0)).transpose()
}

fn statement(table: &str, dialect: Dialect) -> impl SqlSafeStr {
    let [number, small, rows, clustered] = match dialect {
        // A strict table refuses a sum that is no integer any more.
        Dialect::Sqlite => ["INTEGER", "INTEGER", " STRICT", " STRICT, WITHOUT ROWID"],
        // Room in a page lets a row be changed in place.
        Dialect::Postgres => [
            "BIGINT",
            "SMALLINT",
            " WITH (fillfactor = 80)",
            " WITH (fillfactor = 80)",
        ],
    };
    let table = table
        .replace("{counts}", COUNTS)
        .replace("{number}", number)
        .replace("{small}", small)
        .replace("{rows}", rows)
        .replace("{clustered}", clustered);
    AssertSqlSafe(format!("CREATE TABLE IF NOT EXISTS {table}"))
}
