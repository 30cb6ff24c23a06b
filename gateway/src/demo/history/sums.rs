//! The sums that a flush keeps beside what they are of, so that the tables that are asked for the most read few rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ledger::batch::Row;
use crate::ledger::fact::{Fact, Kind, Who};

/// Requests by version and who, and requests by version: of the [`Kind::Request`] rows among these. Each sum stands once.
pub(super) fn sums(rows: &[Row]) -> Vec<Row> {
    let mut sums: BTreeMap<Fact, Row> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.fact.kind == Kind::Request) {
        for (kind, who) in [
            (Kind::ByConsumer, row.fact.who.clone()),
            (Kind::ByVersion, Who::Everybody),
        ] {
            add(&mut sums, sum(kind, who, &row.fact), row);
        }
    }
    sums.into_values().collect()
}

fn sum(kind: Kind, who: Who, of: &Fact) -> Fact {
    let none: Arc<str> = Arc::from("");
    Fact {
        kind,
        api: Arc::clone(&of.api),
        version: Arc::clone(&of.version),
        who,
        operation: Arc::clone(&none),
        chosen_by: Arc::clone(&none),
        change: Arc::clone(&none),
        what: none,
    }
}

fn add(sums: &mut BTreeMap<Fact, Row>, fact: Fact, row: &Row) {
    if let Some(known) = sums.get_mut(&fact) {
        known.counts.add(&row.counts);
        known.last_seen = known.last_seen.max(row.last_seen);
        return;
    }
    let first = Row {
        fact: fact.clone(),
        counts: row.counts,
        last_seen: row.last_seen,
    };
    sums.insert(fact, first);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::fact::Counts;

    fn row(kind: Kind, who: &str, operation: &str, counts: [u64; 5], last_seen: i64) -> Row {
        let fact = Fact {
            kind,
            api: "customers".into(),
            version: "2.0".into(),
            who: Who::Consumer(who.into()),
            operation: operation.into(),
            chosen_by: "path".into(),
            change: "".into(),
            what: "".into(),
        };
        Row {
            fact,
            counts: Counts(counts),
            last_seen,
        }
    }

    #[test]
    fn requests_are_summed_by_consumer_and_by_version() {
        let rows = [
            row(Kind::Request, "acme", "read", [0, 5, 0, 1, 0], 20),
            row(Kind::Request, "acme", "list", [0, 2, 0, 0, 0], 30),
            row(Kind::Request, "megacorp", "read", [0, 0, 0, 0, 4], 10),
            row(Kind::Sent, "acme", "read", [0, 99, 0, 0, 0], 40),
        ];
        let told = |row: &Row| (row.fact.kind, row.fact.who.clone(), row.counts.0, row.last_seen);
        let sums: Vec<_> = sums(&rows).iter().map(told).collect();
        let consumer = |name: &str| Who::Consumer(name.into());
        assert_eq!(
            sums,
            [
                (Kind::ByConsumer, consumer("acme"), [0, 7, 0, 1, 0], 30),
                (Kind::ByConsumer, consumer("megacorp"), [0, 0, 0, 0, 4], 10),
                (Kind::ByVersion, Who::Everybody, [0, 7, 0, 1, 4], 30),
            ]
        );
        let none = |row: &Row| row.fact.operation.is_empty() && row.fact.chosen_by.is_empty();
        assert!(super::sums(&rows).iter().all(none));
    }
}
