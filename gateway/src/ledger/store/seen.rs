//! Who asked in a version, in three windows. Only what orders them is summed for all: the last 7 days. The rest is looked up
//! for those that are answered.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::ask::{in_list, list};
use super::connect::{Dialect, Pools};
use super::fault::StoreFault;
use super::number;
use super::schema::of_consumers_alone;
use crate::ledger::fact::Kind;
use crate::ledger::question::{Grain, Seen};

/// Who was seen within the last 90 days, and not only since then.
const THERE: &str =
    "f.kind = $1 AND f.api = $2 AND f.version = $3 AND f.last_seen >= $4 AND f.first_seen < $5 + 86400";

pub(super) async fn seen(
    pools: &Pools,
    [api, version]: [&str; 2],
    now: Timestamp,
    most: u32,
    skip: u32,
) -> Result<(Vec<Seen>, u64), StoreFault> {
    let now = now.as_second();
    let today = Grain::Day.floor(now);
    let since = |days: i64| today - (days - 1) * Grain::Day.seconds();
    let bound = |statement| {
        sqlx::query(AssertSqlSafe(statement))
            .bind(i64::from(Kind::ByConsumer as u8))
            .bind(number::kept(api).into_owned())
            .bind(number::kept(version).into_owned())
            .bind(since(90))
            .bind(today)
    };
    let mut line = pools.reader().await?;
    let count = bound(format!("SELECT COUNT(*) FROM sluice_facts f WHERE {THERE}"));
    let all: i64 = count.fetch_one(&mut *line).await?.try_get(0)?;
    let asking = bound(statement(pools.dialect))
        .bind(since(7))
        .bind(list(pools.dialect, &hours(now)))
        .bind(i64::from(most))
        .bind(i64::from(skip));
    let rows = asking.fetch_all(&mut *line).await?;
    line.keep();
    let seen = rows.iter().map(read).collect::<Result<_, _>>()?;
    Ok((seen, all.cast_unsigned()))
}

/// The last 24, with the one at hand.
fn hours(now: i64) -> Vec<i64> {
    let hour = Grain::Hour.floor(now);
    (0..24)
        .rev()
        .map(|before| hour - before * Grain::Hour.seconds())
        .collect()
}

fn statement(dialect: Dialect) -> String {
    let sum = |table, when: String| {
        let counts = "g.c1 + g.c2 + g.c3 + g.c4 + g.c5";
        format!(
            "CAST(COALESCE((SELECT SUM({counts}) FROM {table} g WHERE g.fact = s.id AND {when}), 0) AS BIGINT)"
        )
    };
    let of = of_consumers_alone("g.fact");
    let days = |since| sum("sluice_days", format!("g.at BETWEEN ${since} AND $5 AND {of}"));
    let (week, quarter) = (days(6), days(4));
    let day = sum("sluice_hours", format!("g.at {}", in_list(dialect, 7)));
    format!(
        "SELECT s.who_is, s.who, {day}, s.week, {quarter}, s.first_seen, s.last_seen FROM (
            SELECT s.*, {week} AS week FROM (SELECT * FROM sluice_facts f WHERE {THERE}) s
            ORDER BY week DESC, s.last_seen DESC, s.id LIMIT $8 OFFSET $9) s
        ORDER BY s.week DESC, s.last_seen DESC, s.id"
    )
}

fn read(row: &AnyRow) -> Result<Seen, sqlx::Error> {
    let count = |column: usize| row.try_get::<i64, _>(column).map(i64::cast_unsigned);
    let name: String = row.try_get(1)?;
    Ok(Seen {
        who: number::who(row.try_get(0)?, &name),
        day: count(2)?,
        week: count(3)?,
        quarter: count(4)?,
        first_seen: row.try_get(5)?,
        last_seen: row.try_get(6)?,
    })
}
