//! Adds a batch: in one transaction, and once.
//!
//! The rows go into a temporary table once, in bulk, and from there into the facts and the three grains. They are in the
//! order of their numbers: tables are walked through once, and gateways that add at the same time wait for one another
//! instead of each holding what the other needs.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use jiff::Timestamp;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor};

use super::connect::{Dialect, Pools};
use super::fault::{self, StoreFault};
use super::number::Parts;
use crate::ledger::batch::{Batch, Row};
use crate::ledger::question::Grain;

/// How often a transaction is tried that was in the way of another one.
const ATTEMPTS: u32 = 6;
/// How long it waits after the first of them, doubled after each.
const PAUSE: Duration = Duration::from_millis(20);
/// How many rows go into the temporary table at once: prepared statements of a few sizes.
const PORTIONS: [usize; 3] = [512, 16, 1];
/// How many columns it has.
const COLUMNS: usize = 16;

/// The columns of the temporary table but the first.
const TEMPORARY: &str = "kind SMALLINT NOT NULL, who_is SMALLINT NOT NULL, api TEXT NOT NULL, version TEXT NOT NULL,
    who TEXT NOT NULL, operation TEXT NOT NULL, chosen_by TEXT NOT NULL, change TEXT NOT NULL, what TEXT NOT NULL,
    seen BIGINT NOT NULL, c1 BIGINT NOT NULL, c2 BIGINT NOT NULL, c3 BIGINT NOT NULL, c4 BIGINT NOT NULL,
    c5 BIGINT NOT NULL";

const FACTS: &str = "INSERT INTO sluice_facts AS f (id, kind, api, version, who_is, who, operation, chosen_by, change, what,
        first_seen, last_seen)
    SELECT id, kind, api, version, who_is, who, operation, chosen_by, change, what, seen, seen
    FROM sluice_batch WHERE true ORDER BY id
    ON CONFLICT (id) DO UPDATE SET
        first_seen = CASE WHEN excluded.first_seen < f.first_seen THEN excluded.first_seen ELSE f.first_seen END,
        last_seen = CASE WHEN excluded.last_seen > f.last_seen THEN excluded.last_seen ELSE f.last_seen END
    WHERE excluded.first_seen < f.first_seen OR excluded.last_seen > f.last_seen";

/// By dialect and portion.
static INTO_TEMPORARY: LazyLock<[[Arc<str>; 3]; 2]> = LazyLock::new(|| {
    [Dialect::Sqlite, Dialect::Postgres].map(|dialect| PORTIONS.map(|rows| into_temporary(dialect, rows)))
});

/// Every grain, with its table.
const GRAINS: [Grain; 3] = [Grain::Minute, Grain::Hour, Grain::Day];

static INTO_GRAINS: LazyLock<[Arc<str>; 3]> = LazyLock::new(|| GRAINS.map(into_grain));

/// Adds a batch, if it is not in already.
pub(super) async fn add(pools: &Pools, batch: &Batch) -> Result<(), StoreFault> {
    let rows = staged(batch)?;
    let mut pause = PAUSE;
    for _ in 1..ATTEMPTS {
        match once(pools, batch, &rows).await {
            Err(error) if fault::is_conflict(&error) => tokio::time::sleep(pause).await,
            other => return Ok(other?),
        }
        pause *= 2;
    }
    Ok(once(pools, batch, &rows).await?)
}

async fn once(pools: &Pools, batch: &Batch, rows: &[Staged<'_>]) -> Result<(), sqlx::Error> {
    let mut line = pools.writer().await?;
    let mut transaction = line.begin_with(pools.begin()).await?;
    if claimed(&mut transaction, batch).await? {
        stage(&mut transaction, pools.dialect, rows).await?;
        transaction.execute(FACTS).await?;
        for (grain, statement) in GRAINS.into_iter().zip(INTO_GRAINS.iter()) {
            let adding = sqlx::query(AssertSqlSafe(Arc::clone(statement)));
            let adding = adding.bind(grain.floor(batch.minute));
            adding.execute(&mut *transaction).await?;
        }
        lose(&mut transaction, batch).await?;
    }
    transaction.commit().await?;
    line.keep();
    Ok(())
}

/// Whether the batch is new. Who gives the same at the same time waits for this transaction.
async fn claimed(line: &mut AnyConnection, batch: &Batch) -> Result<bool, sqlx::Error> {
    let claim = "INSERT INTO sluice_batches (gateway, number, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    let claim = sqlx::query(claim)
        .bind(super::number::kept(&batch.gateway).into_owned())
        .bind(batch.number)
        .bind(Timestamp::now().as_second().max(batch.minute));
    Ok(claim.execute(line).await?.rows_affected() == 1)
}

async fn lose(line: &mut AnyConnection, batch: &Batch) -> Result<(), sqlx::Error> {
    if batch.lost == 0 {
        return Ok(());
    }
    let loss = "INSERT INTO sluice_losses AS l (gateway, at, exchanges) VALUES ($1, $2, $3)
        ON CONFLICT (gateway, at) DO UPDATE SET exchanges = l.exchanges + excluded.exchanges";
    let loss = sqlx::query(loss)
        .bind(super::number::kept(&batch.gateway).into_owned())
        .bind(batch.minute)
        .bind(i64::try_from(batch.lost).unwrap_or(i64::MAX));
    loss.execute(line).await?;
    Ok(())
}

/// A row in the form that stores hold.
struct Staged<'a> {
    number: i64,
    parts: Parts<'a>,
    seen: i64,
    counts: [i64; 5],
}

/// Rows by number, each once.
fn staged(batch: &Batch) -> Result<Vec<Staged<'_>>, StoreFault> {
    let rows = batch.rows.iter().map(|row| Staged::of(row, batch.minute));
    let mut rows = rows.collect::<Option<Vec<_>>>().ok_or_else(too_large)?;
    rows.sort_unstable_by_key(|row| row.number);
    let mut overflow = false;
    rows.dedup_by(|row, kept| {
        let same = row.number == kept.number;
        overflow |= same && !kept.add(row);
        same
    });
    match overflow {
        false => Ok(rows),
        true => Err(too_large()),
    }
}

fn too_large() -> StoreFault {
    StoreFault::Overflow("it came in a batch".to_owned())
}

impl<'a> Staged<'a> {
    fn of(row: &'a Row, minute: i64) -> Option<Self> {
        let parts = Parts::of(&row.fact);
        let mut counts = [0; 5];
        for (count, given) in counts.iter_mut().zip(row.counts.0) {
            *count = i64::try_from(given).ok()?;
        }
        Some(Self {
            number: parts.number(),
            parts,
            // Whatever clocks say: a fact is there for as long as its rows, which are found by the minute.
            seen: row.last_seen.max(minute),
            counts,
        })
    }

    /// Facts that are the same once they are kept, such as two that were cut off: whether their sum is still a number.
    fn add(&mut self, other: &Self) -> bool {
        self.seen = self.seen.max(other.seen);
        let sums = self.counts.iter_mut().zip(other.counts);
        sums.map(|(count, more)| count.checked_add(more).map(|sum| *count = sum))
            .all(|sum| sum.is_some())
    }
}

async fn stage(line: &mut AnyConnection, dialect: Dialect, rows: &[Staged<'_>]) -> Result<(), sqlx::Error> {
    line.execute(AssertSqlSafe(temporary(dialect))).await?;
    // A server has emptied it itself.
    if dialect == Dialect::Sqlite {
        line.execute("DELETE FROM sluice_batch").await?;
    }
    let mut rest = rows;
    for (portion, statement) in PORTIONS.into_iter().zip(&INTO_TEMPORARY[dialect as usize]) {
        while let Some((rows, more)) = rest.split_at_checked(portion) {
            let mut staging = sqlx::query(AssertSqlSafe(Arc::clone(statement)));
            for row in rows {
                staging = staging
                    .bind(row.number)
                    .bind(i64::from(row.parts.kind as u8))
                    .bind(row.parts.who_is);
                for text in &row.parts.text {
                    staging = staging.bind(Cow::as_ref(text).to_owned());
                }
                staging = staging.bind(row.seen);
                for count in row.counts {
                    staging = staging.bind(count);
                }
            }
            staging.execute(&mut *line).await?;
            rest = more;
        }
    }
    Ok(())
}

fn temporary(dialect: Dialect) -> String {
    let (number, emptied) = match dialect {
        // A file holds rows in the order of this column, and need not sort them for each of the tables.
        Dialect::Sqlite => ("INTEGER PRIMARY KEY", ""),
        // Rows that are deleted would stay in its files for as long as the connection: nothing there vacuums them.
        Dialect::Postgres => ("BIGINT NOT NULL", " ON COMMIT DELETE ROWS"),
    };
    format!("CREATE TEMPORARY TABLE IF NOT EXISTS sluice_batch (id {number}, {TEMPORARY}){emptied}")
}

fn into_temporary(dialect: Dialect, rows: usize) -> Arc<str> {
    let argument = |number: usize| match dialect {
        // SQLite looks a name up among all others, each time that it is bound: thousands of arguments have none.
        Dialect::Sqlite => "?".to_owned(),
        Dialect::Postgres => format!("${number}"),
    };
    let row = |row: usize| {
        let arguments = (1..=COLUMNS).map(|column| argument(row * COLUMNS + column));
        format!("({})", arguments.collect::<Vec<_>>().join(", "))
    };
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!("INSERT INTO sluice_batch VALUES {}", rows.join(", ")).into()
}

fn into_grain(grain: Grain) -> Arc<str> {
    let table = grain.table();
    let statement = format!(
        "INSERT INTO {table} AS g (at, fact, c1, c2, c3, c4, c5)
        SELECT $1, id, c1, c2, c3, c4, c5 FROM sluice_batch WHERE true ORDER BY id
        ON CONFLICT (at, fact) DO UPDATE SET c1 = g.c1 + excluded.c1, c2 = g.c2 + excluded.c2,
            c3 = g.c3 + excluded.c3, c4 = g.c4 + excluded.c4, c5 = g.c5 + excluded.c5"
    );
    statement.into()
}

impl Grain {
    /// Its table.
    pub(super) fn table(self) -> &'static str {
        match self {
            Self::Minute => "sluice_minutes",
            Self::Hour => "sluice_hours",
            Self::Day => "sluice_days",
        }
    }
}
