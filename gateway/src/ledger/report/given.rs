//! Rows that tests give: a fact with a count, and the rest as it does not matter.

use std::sync::Arc;

use crate::ledger::fact::{Counts, Fact, Kind, Who};
use crate::ledger::question::Known;

/// A row to be.
#[derive(Clone, Debug)]
pub(super) struct Given(Known);

impl From<Given> for Known {
    fn from(given: Given) -> Self {
        given.0
    }
}

impl Given {
    pub(super) fn at(mut self, second: i64) -> Self {
        self.0.at = second;
        self
    }

    pub(super) fn last_seen(mut self, second: i64) -> Self {
        self.0.last_seen = second;
        self
    }

    pub(super) fn chosen_by(mut self, selector: &str) -> Self {
        self.0.fact.chosen_by = selector.into();
        self
    }
}

pub(super) fn consumer(name: &str) -> Who {
    Who::Consumer(name.into())
}

pub(super) fn unidentified(name: &str) -> Who {
    Who::Unidentified(name.into())
}

/// A count of successes.
pub(super) fn row(
    kind: Kind,
    version: &str,
    who: &Who,
    [operation, change, what]: [&str; 3],
    count: u64,
) -> Given {
    let none: Arc<str> = "".into();
    Given(Known {
        fact: Fact {
            kind,
            api: "customers".into(),
            version: version.into(),
            who: who.clone(),
            operation: operation.into(),
            chosen_by: none,
            change: change.into(),
            what: what.into(),
        },
        at: 0,
        counts: Counts([0, count, 0, 0, 0]),
        first_seen: 0,
        last_seen: 0,
    })
}

pub(super) fn by_version(version: &str, count: u64) -> Given {
    row(Kind::ByVersion, version, &Who::Everybody, ["", "", ""], count)
}

pub(super) fn request(version: &str, who: &Who, operation: &str, count: u64) -> Given {
    row(Kind::Request, version, who, [operation, "", ""], count)
}

pub(super) fn sent(
    version: &str,
    who: &Who,
    operation: &str,
    change: &str,
    member: &str,
    count: u64,
) -> Given {
    row(Kind::Sent, version, who, [operation, change, member], count)
}

pub(super) fn delivered(
    version: &str,
    who: &Who,
    operation: &str,
    change: &str,
    member: &str,
    count: u64,
) -> Given {
    row(Kind::Delivered, version, who, [operation, change, member], count)
}
