//! What is too old goes, a portion at a time, so that nobody waits long for a lock.

use std::time::Duration;

use jiff::Timestamp;
use sluice_config::plan::Retention;
use sqlx::query::Query;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor, Row};

use super::connect::{Dialect, Pools};
use super::fault::StoreFault;
use super::{WRITE, within};
use crate::ledger::question::Grain;

/// How many rows go at once.
const PORTION: i64 = 5_000;
/// For how long it is known which batches are in: nobody gives one again that late.
const BATCHES: Duration = Duration::from_secs(7 * 86_400);
/// How long clients without a credential are kept at most: reports ask no further, and names that come and go would add up.
const UNIDENTIFIED: Duration = Duration::from_secs(90 * 86_400);
/// Those whose first rows are from before `$1`: a portion of them, the oldest first.
const OLDEST: &str =
    "SELECT id FROM sluice_facts WHERE who_is = 2 AND first_seen < $1 ORDER BY first_seen, id LIMIT $2";
/// Longer than anything is kept, in seconds.
const LONGEST: i64 = 1 << 40;
/// How many reloads are kept.
const RELOADS: i64 = 1_000;
/// Of gateways that share a server one prunes at a time; the number is any.
const ALONE: &str = "SELECT CASE WHEN pg_try_advisory_xact_lock(7514837029848) THEN 1 ELSE 0 END";

pub(super) async fn prune(pools: &Pools, now: Timestamp, retention: &Retention) -> Result<u64, StoreFault> {
    let now = now.as_second();
    let days = retention.days.map(|days| cutoff(Grain::Day, now, days));
    let cutoffs = [
        (Grain::Minute, Some(cutoff(Grain::Minute, now, retention.minutes))),
        (Grain::Hour, Some(cutoff(Grain::Hour, now, retention.hours))),
        (Grain::Day, days),
    ];
    let mut gone = 0;
    for (grain, cutoff) in cutoffs {
        if let Some(cutoff) = cutoff {
            gone += portions(pools, &oldest(grain.table(), "at, fact"), cutoff).await?;
        }
    }
    gone += unidentified(pools, now, retention).await?;
    // A fact was seen last when the last of its rows was added: without any row of that time it has none.
    let all = cutoffs.map(|(_, cutoff)| cutoff).into_iter().min().flatten();
    if let Some(cutoff) = all {
        gone += facts(pools, cutoff).await?;
        gone += portions(pools, &oldest("sluice_losses", "gateway, at"), cutoff).await?;
    }
    let before = cutoff(Grain::Minute, now, BATCHES);
    gone += portions(pools, &oldest("sluice_batches", "gateway, number"), before).await?;
    gone += reloads(pools).await?;
    Ok(gone)
}

/// The first second that is kept: nothing is cut in the middle of a minute, hour or day.
fn cutoff(grain: Grain, now: i64, kept: Duration) -> i64 {
    grain.floor(now - i64::try_from(kept.as_secs()).unwrap_or(LONGEST).min(LONGEST))
}

/// Deletes the first rows of a table, by its key, that are from before `$1`.
fn oldest(table: &str, key: &str) -> String {
    format!(
        "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE at < $1 ORDER BY {key} LIMIT {PORTION})"
    )
}

/// Until a portion is not whole.
async fn portions(pools: &Pools, statement: &str, cutoff: i64) -> Result<u64, StoreFault> {
    let mut gone = 0;
    loop {
        let portion = within(WRITE, portion(pools, statement, &[cutoff])).await?;
        gone += portion;
        if portion < PORTION.cast_unsigned() {
            return Ok(gone);
        }
    }
}

/// Deletes facts that were seen last before `cutoff`. They are walked through by number, since few of many may be gone.
async fn facts(pools: &Pools, cutoff: i64) -> Result<u64, StoreFault> {
    let statement = "DELETE FROM sluice_facts WHERE last_seen < $1 AND id > $2 AND id <= $3";
    let (mut gone, mut done) = (0, -1);
    while done < i64::MAX {
        let last = within(WRITE, end(pools, done)).await?;
        gone += within(WRITE, portion(pools, statement, &[cutoff, done, last])).await?;
        done = last;
    }
    Ok(gone)
}

/// The number at which a portion of facts ends that begins after `done`.
async fn end(pools: &Pools, done: i64) -> Result<i64, StoreFault> {
    let next = "SELECT id FROM sluice_facts WHERE id > $1 ORDER BY id LIMIT 1 OFFSET $2";
    let next = sqlx::query(next).bind(done).bind(PORTION - 1);
    let mut line = pools.reader().await?;
    let next = next.fetch_optional(&mut *line).await?;
    line.keep();
    Ok(next.map_or(Ok(i64::MAX), |row| row.try_get(0))?)
}

/// Deletes what is too old of clients without a credential, day by day. What is left of a client begins after the last of
/// these days: so each day is looked at once, by an index, and whoever goes on after an interruption finds where it was.
async fn unidentified(pools: &Pools, now: i64, retention: &Retention) -> Result<u64, StoreFault> {
    // What is finer may be kept for longer.
    let longest = UNIDENTIFIED.max(retention.minutes).max(retention.hours);
    let cutoff = cutoff(Grain::Day, now, longest);
    let mut gone = 0;
    while let Some(day) = within(WRITE, first_day(pools)).await?.filter(|day| *day < cutoff) {
        let Some(portion) = within(WRITE, day_of_unidentified(pools, day)).await? else {
            break;
        };
        gone += portion;
    }
    Ok(gone)
}

/// The first day on which a client without a credential was seen.
async fn first_day(pools: &Pools) -> Result<Option<i64>, StoreFault> {
    let first = "SELECT MIN(first_seen) FROM sluice_facts WHERE who_is = 2";
    let mut line = pools.reader().await?;
    let first = line.fetch_one(first).await?.try_get::<Option<i64>, _>(0)?;
    line.keep();
    Ok(first.map(|second| Grain::Day.floor(second)))
}

/// Deletes a portion of their rows of a day. None when another gateway prunes.
async fn day_of_unidentified(pools: &Pools, day: i64) -> Result<Option<u64>, StoreFault> {
    let next = day + Grain::Day.seconds();
    // A fact may have been seen first a little after its row's day had ended.
    let rows = format!("DELETE FROM sluice_days WHERE at IN ($3, $4) AND fact IN ({OLDEST})");
    let facts = format!("UPDATE sluice_facts SET first_seen = $1 WHERE id IN ({OLDEST})");
    let seen = "DELETE FROM sluice_facts WHERE who_is = 2 AND first_seen = $1 AND last_seen < $1";
    let mut line = pools.writer().await?;
    let mut transaction = line.begin_with(pools.begin()).await?;
    if pools.dialect == Dialect::Postgres && !alone(&mut transaction).await? {
        transaction.rollback().await?;
        line.keep();
        return Ok(None);
    }
    let rows = sqlx::query(AssertSqlSafe(rows)).bind(next).bind(PORTION);
    let rows = rows.bind(day).bind(day - Grain::Day.seconds());
    let mut gone = rows.execute(&mut *transaction).await?.rows_affected();
    let facts = sqlx::query(AssertSqlSafe(facts)).bind(next).bind(PORTION);
    facts.execute(&mut *transaction).await?;
    let seen = sqlx::query(seen).bind(next);
    gone += seen.execute(&mut *transaction).await?.rows_affected();
    transaction.commit().await?;
    line.keep();
    Ok(Some(gone))
}

async fn reloads(pools: &Pools) -> Result<u64, StoreFault> {
    let statement = "DELETE FROM sluice_reloads WHERE at < (
        SELECT MIN(at) FROM (SELECT at FROM sluice_reloads ORDER BY at DESC LIMIT $1) AS kept)";
    within(WRITE, portion(pools, statement, &[RELOADS])).await
}

/// Runs a statement that deletes, in a transaction of its own. None of it when another gateway prunes.
async fn portion(pools: &Pools, statement: &str, arguments: &[i64]) -> Result<u64, StoreFault> {
    let mut line = pools.writer().await?;
    let mut transaction = line.begin_with(pools.begin()).await?;
    if pools.dialect == Dialect::Postgres && !alone(&mut transaction).await? {
        transaction.rollback().await?;
        line.keep();
        return Ok(0);
    }
    let deleting = sqlx::query(AssertSqlSafe(statement.to_owned()));
    let deleting = arguments.iter().copied().fold(deleting, Query::bind);
    let gone = deleting.execute(&mut *transaction).await?.rows_affected();
    transaction.commit().await?;
    line.keep();
    Ok(gone)
}

async fn alone(line: &mut AnyConnection) -> Result<bool, sqlx::Error> {
    Ok(line.fetch_one(ALONE).await?.try_get::<i64, _>(0)? == 1)
}
