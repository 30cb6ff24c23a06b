//! What else gateways have to remember together: losses, reloads, messages that were sent, marks.

use jiff::Timestamp;
use serde::Serialize;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, Row};

use super::connect::Pools;
use super::fault::StoreFault;
use super::number::kept;

/// What became of a reload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReloadRecord {
    /// When it ended, kept to the microsecond.
    pub at: Timestamp,
    /// Which gateway, as in [`crate::ledger::batch::Batch`].
    pub gateway: String,
    /// The generation that serves since then; the one before, if it failed.
    pub generation: u64,
    /// The hash of the plan that serves since then.
    pub hash: String,
    /// What caused it.
    pub why: String,
    /// What became of it.
    pub outcome: String,
    /// What changed, or what was wrong, a line each.
    pub changes: Vec<String>,
}

pub(super) async fn lost(pools: &Pools) -> Result<u64, StoreFault> {
    let sum = sqlx::query("SELECT CAST(COALESCE(SUM(exchanges), 0) AS BIGINT) FROM sluice_losses");
    match read(pools, sum).await?.first() {
        Some(row) => Ok(row.try_get::<i64, _>(0)?.cast_unsigned()),
        None => Ok(0),
    }
}

pub(super) async fn tell_reload(pools: &Pools, reload: &ReloadRecord) -> Result<(), StoreFault> {
    let tell = "INSERT INTO sluice_reloads (at, gateway, generation, hash, why, outcome, changes)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    let changes: Vec<_> = reload
        .changes
        .iter()
        .map(|change| change.replace('\0', "\u{fffd}"))
        .collect();
    let changes = serde_json::to_string(&changes).map_err(|error| StoreFault::Failed(error.to_string()))?;
    let tell = sqlx::query(tell)
        .bind(reload.at.as_microsecond())
        .bind(kept(&reload.gateway).into_owned())
        .bind(i64::try_from(reload.generation).unwrap_or(i64::MAX))
        .bind(kept(&reload.hash).into_owned())
        .bind(kept(&reload.why).into_owned())
        .bind(kept(&reload.outcome).into_owned())
        .bind(changes);
    write(pools, tell).await?;
    Ok(())
}

pub(super) async fn reloads(pools: &Pools, most: u32) -> Result<Vec<ReloadRecord>, StoreFault> {
    let reloads = "SELECT at, gateway, generation, hash, why, outcome, changes FROM sluice_reloads
        ORDER BY at DESC, gateway, generation DESC LIMIT $1";
    let rows = read(pools, sqlx::query(reloads).bind(i64::from(most))).await?;
    rows.iter().map(reload).collect()
}

fn reload(row: &AnyRow) -> Result<ReloadRecord, StoreFault> {
    let at = Timestamp::from_microsecond(row.try_get(0)?);
    let changes = serde_json::from_str(row.try_get(6)?);
    Ok(ReloadRecord {
        at: at.map_err(|error| StoreFault::Failed(error.to_string()))?,
        gateway: row.try_get(1)?,
        generation: row.try_get::<i64, _>(2)?.cast_unsigned(),
        hash: row.try_get(3)?,
        why: row.try_get(4)?,
        outcome: row.try_get(5)?,
        changes: changes.map_err(|error| StoreFault::Failed(error.to_string()))?,
    })
}

pub(super) async fn claim(pools: &Pools, message: &str, now: Timestamp) -> Result<bool, StoreFault> {
    let claim = "INSERT INTO sluice_messages (message, at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    let claim = sqlx::query(claim).bind(kept(message).into_owned());
    Ok(write(pools, claim.bind(now.as_second())).await? == 1)
}

pub(super) async fn is_claimed(pools: &Pools, message: &str) -> Result<bool, StoreFault> {
    let claimed = sqlx::query("SELECT message FROM sluice_messages WHERE message = $1");
    let claimed = claimed.bind(kept(message).into_owned());
    Ok(!read(pools, claimed).await?.is_empty())
}

pub(super) async fn release(pools: &Pools, message: &str) -> Result<(), StoreFault> {
    let release = sqlx::query("DELETE FROM sluice_messages WHERE message = $1");
    write(pools, release.bind(kept(message).into_owned())).await?;
    Ok(())
}

pub(super) async fn mark_demo(pools: &Pools) -> Result<(), StoreFault> {
    let mark = "INSERT INTO sluice_marks (name, value) VALUES ('demo', 1) ON CONFLICT DO NOTHING";
    write(pools, sqlx::query(mark)).await?;
    Ok(())
}

pub(super) async fn is_demo(pools: &Pools) -> Result<bool, StoreFault> {
    let mark = sqlx::query("SELECT name FROM sluice_marks WHERE name = 'demo'");
    Ok(!read(pools, mark).await?.is_empty())
}

type Statement = Query<'static, Any, AnyArguments>;

async fn read(pools: &Pools, statement: Statement) -> Result<Vec<AnyRow>, sqlx::Error> {
    let mut line = pools.reader().await?;
    let rows = statement.fetch_all(&mut *line).await?;
    line.keep();
    Ok(rows)
}

/// How many rows it changed.
async fn write(pools: &Pools, statement: Statement) -> Result<u64, sqlx::Error> {
    let mut line = pools.writer().await?;
    let changed = statement.execute(&mut *line).await?.rows_affected();
    line.keep();
    Ok(changed)
}
