//! Answers questions.
//!
//! Rows stand by time and number ([`super::schema`]). For a few facts each row is looked up. For many, of which most may
//! have been there only once, the rows of their kinds and versions are walked through, which stand together.

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Row};

use super::connect::{Dialect, Pools};
use super::fault::StoreFault;
use super::number::{self, REST, who_parts};
use crate::ledger::fact::{Counts, Fact, Kind};
use crate::ledger::question::{Known, Question};

/// Up to how many rows are looked up one by one.
const LOOKED_UP: i64 = 200_000;

/// What a fact is, and its counts, in the order that [`known`] reads.
const KNOWN: &str = "f.kind, f.api, f.version, f.who_is, f.who, f.operation, f.chosen_by, f.change, f.what, f.first_seen, \
    f.last_seen, g.at, g.c1, g.c2, g.c3, g.c4, g.c5";
/// Sums of counts over time. The sum of numbers is of a larger type in one dialect; one that is too large is a fault.
const SUMS: &str = "CAST(0 AS BIGINT) AS at, CAST(SUM(c1) AS BIGINT) AS c1, CAST(SUM(c2) AS BIGINT) AS c2, \
    CAST(SUM(c3) AS BIGINT) AS c3, CAST(SUM(c4) AS BIGINT) AS c4, CAST(SUM(c5) AS BIGINT) AS c5";

pub(super) async fn ask(pools: &Pools, question: &Question<'_>) -> Result<Vec<Known>, StoreFault> {
    let mut line = pools.reader().await?;
    let times = times(&mut line, question).await?;
    if times.is_empty() || question.kinds.is_empty() {
        line.keep();
        return Ok(Vec::new());
    }
    let facts = Facts::of(question);
    let mut lists = vec![list(pools.dialect, &times)];
    if question.who.is_none() && facts.number(&mut line).await? * times.len() as i64 > LOOKED_UP {
        lists.push(list(pools.dialect, &facts.groups(&mut line).await?));
    }
    let statement = facts.statement(pools.dialect, question, lists.len() > 1);
    let asking = facts.bound(statement).bind(i64::from(question.most));
    let asking = lists.into_iter().fold(asking, Query::bind);
    let rows = asking.fetch_all(&mut *line).await?;
    line.keep();
    rows.iter().map(known).collect()
}

/// The minutes, hours or days that are meant, as far as there is anything.
async fn times(line: &mut AnyConnection, question: &Question<'_>) -> Result<Vec<i64>, StoreFault> {
    let table = question.grain.table();
    let there = format!("SELECT (SELECT MIN(at) FROM {table}), (SELECT MAX(at) FROM {table})");
    let there = sqlx::query(AssertSqlSafe(there)).fetch_one(line).await?;
    let (Some(first), Some(last)) = (there.try_get::<Option<i64>, _>(0)?, there.try_get(1)?) else {
        return Ok(Vec::new());
    };
    let since = question.grain.floor(question.since.as_second()).max(first);
    // The last second that begins before the end.
    let until = match question.until.subsec_nanosecond() {
        1.. => question.until.as_second(),
        _ => question.until.as_second() - 1,
    };
    let times = (since..=until.min(last)).step_by(question.grain.seconds() as usize);
    Ok(times.collect())
}

/// Numbers as one argument, read by [`in_list`] and [`from_list`].
pub(super) fn list(dialect: Dialect, numbers: &[i64]) -> String {
    let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
    match dialect {
        Dialect::Sqlite => format!("[{}]", numbers.join(",")),
        Dialect::Postgres => format!("{{{}}}", numbers.join(",")),
    }
}

/// Whether something is in the list that is an argument.
pub(super) fn in_list(dialect: Dialect, argument: usize) -> String {
    match dialect {
        Dialect::Sqlite => format!("IN (SELECT value FROM json_each(${argument}))"),
        Dialect::Postgres => format!("= ANY(${argument}::bigint[])"),
    }
}

/// A table `name` with one column, `value`, from the list that is an argument.
fn from_list(dialect: Dialect, argument: usize, name: &str) -> String {
    match dialect {
        Dialect::Sqlite => format!("json_each(${argument}) AS {name}"),
        Dialect::Postgres => format!("unnest(${argument}::bigint[]) AS {name}(value)"),
    }
}

/// The facts that are meant: a condition, with the first arguments of a statement.
struct Facts {
    condition: String,
    arguments: Vec<String>,
}

impl Facts {
    fn of(question: &Question<'_>) -> Self {
        let kinds = question.kinds.iter().map(|kind| (*kind as u8).to_string());
        let mut facts = Self {
            condition: format!("f.kind IN ({})", kinds.collect::<Vec<_>>().join(", ")),
            arguments: Vec::new(),
        };
        facts.narrow("api", question.api);
        facts.narrow("version", question.version);
        if let Some((is, name)) = question.who.map(who_parts) {
            facts.narrow("who", Some(name));
            facts.condition += &format!(" AND f.who_is = {is}");
        }
        facts
    }

    fn narrow(&mut self, column: &str, to: Option<&str>) {
        if let Some(to) = to {
            self.arguments.push(number::kept(to).into_owned());
            self.condition += &format!(" AND f.{column} = ${}", self.arguments.len());
        }
    }

    fn bound(&self, statement: String) -> Query<'static, Any, AnyArguments> {
        let query = sqlx::query(AssertSqlSafe(statement));
        self.arguments.iter().cloned().fold(query, Query::bind)
    }

    /// How many there are.
    async fn number(&self, line: &mut AnyConnection) -> Result<i64, sqlx::Error> {
        let count = format!("SELECT COUNT(*) FROM sluice_facts f WHERE {}", self.condition);
        self.bound(count).fetch_one(line).await?.try_get(0)
    }

    /// What their numbers begin with.
    async fn groups(&self, line: &mut AnyConnection) -> Result<Vec<i64>, sqlx::Error> {
        let groups = format!(
            "SELECT DISTINCT f.id >> {REST} FROM sluice_facts f WHERE {}",
            self.condition
        );
        let rows = self.bound(groups).fetch_all(line).await?;
        rows.iter().map(|row| row.try_get(0)).collect()
    }

    /// Its arguments: those of the facts, how many answers, times, and groups if they are walked through.
    fn statement(&self, dialect: Dialect, question: &Question<'_>, walk: bool) -> String {
        let (table, condition, most) = (question.grain.table(), &self.condition, self.arguments.len() + 1);
        let counts = match question.by_time {
            true => "at, c1, c2, c3, c4, c5",
            false => SUMS,
        };
        let grouped = match question.by_time {
            true => "",
            false => "GROUP BY fact",
        };
        let (from, at) = match walk {
            false => ("sluice_facts f".to_owned(), in_list(dialect, most + 1)),
            true => (from_list(dialect, most + 2, "near"), in_list(dialect, most + 1)),
        };
        let rows = match walk {
            false => format!("{from} CROSS JOIN {table} t WHERE {condition} AND t.fact = f.id AND t.at {at}"),
            true => format!(
                "{from} CROSS JOIN {table} t WHERE t.at {at}
                    AND t.fact BETWEEN near.value << {REST} AND ((near.value + 1) << {REST}) - 1"
            ),
        };
        let order = match question.by_time {
            true => "g.at, g.c1 + g.c2 + g.c3 + g.c4 + g.c5 DESC, f.id",
            false => "g.c1 + g.c2 + g.c3 + g.c4 + g.c5 DESC, f.id",
        };
        // A server that does not know yet how many facts there are would look up each of them for each time.
        format!(
            "WITH g AS MATERIALIZED (SELECT fact, {counts} FROM {rows} {grouped})
            SELECT {KNOWN} FROM g JOIN sluice_facts f ON f.id = g.fact WHERE {condition} ORDER BY {order} LIMIT ${most}"
        )
    }
}

fn known(row: &AnyRow) -> Result<Known, StoreFault> {
    let kind: i64 = row.try_get(0)?;
    let text = |column: usize| row.try_get::<String, _>(column);
    let mut counts = Counts::default();
    for (count, column) in counts.0.iter_mut().zip(12..) {
        *count = row.try_get::<i64, _>(column)?.cast_unsigned();
    }
    let fact = Fact {
        kind: Kind::of(kind).ok_or_else(|| StoreFault::Failed(format!("kind {kind} is unknown")))?,
        api: text(1)?.into(),
        version: text(2)?.into(),
        who: number::who(row.try_get(3)?, &text(4)?),
        operation: text(5)?.into(),
        chosen_by: text(6)?.into(),
        change: text(7)?.into(),
        what: text(8)?.into(),
    };
    Ok(Known {
        fact,
        at: row.try_get(11)?,
        counts,
        first_seen: row.try_get(9)?,
        last_seen: row.try_get(10)?,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;
    use sluice_config::Span;
    use sluice_config::plan::{NamedFile, Place, Retention, UsagePlan, UsageStore};

    use super::*;
    use crate::ledger::fact::Who;
    use crate::ledger::question::Grain;
    use crate::ledger::store::schema;

    fn plan(path: std::path::PathBuf) -> UsagePlan {
        let place = Place {
            file: "sluice.yaml".to_owned(),
            span: Span::START,
        };
        UsagePlan {
            store: UsageStore::Sqlite(NamedFile {
                path,
                place: place.clone(),
            }),
            flush: Duration::from_secs(60),
            keys: 1_000,
            unidentified: 100,
            retention: Retention {
                minutes: Duration::ZERO,
                hours: Duration::ZERO,
                days: None,
            },
            place,
        }
    }

    #[tokio::test]
    async fn the_facts_of_one_client_are_found_by_an_index() {
        let directory = tempfile::tempdir().unwrap();
        let pools = Pools::open(&plan(directory.path().join("usage.sqlite")), None).await;
        let pools = pools.unwrap();
        schema::make(&pools).await.unwrap();
        let who = Who::Consumer("acme".into());
        let question = Question {
            kinds: &[Kind::Request, Kind::Sent],
            api: Some("customers"),
            version: Some("1.0"),
            who: Some(&who),
            grain: Grain::Day,
            since: Timestamp::UNIX_EPOCH,
            until: Timestamp::MAX,
            by_time: false,
            most: 10,
        };
        let facts = Facts::of(&question);
        let statement = facts.statement(pools.dialect, &question, false);
        let explaining = facts.bound(format!("EXPLAIN QUERY PLAN {statement}"));
        let explaining = explaining.bind(10_i64).bind(list(pools.dialect, &[0]));
        let mut line = pools.reader().await.unwrap();
        let steps = explaining.fetch_all(&mut *line).await.unwrap();
        let steps: Vec<String> = steps.iter().map(|step| step.try_get(3).unwrap()).collect();
        let expected = "SEARCH f USING INDEX sluice_facts_by_who \
            (kind=? AND api=? AND version=? AND who_is=? AND who=?)";
        assert!(steps.iter().any(|step| step == expected), "{steps:?}");
    }
}
