//! What is counted: one form for everything that the ledger knows, so that there is one table, one store and one merge.

use std::sync::Arc;

use serde::Serialize;

/// What a count is of.
///
/// `operation`, `chosen_by`, `change` and `what` are empty where a [`Kind`] has none.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fact {
    /// What is counted.
    pub kind: Kind,
    /// The API; empty where a request was for none.
    pub api: Arc<str>,
    /// The client's version; empty where it is unknown.
    pub version: Arc<str>,
    /// Who asked.
    pub who: Who,
    /// The operation's id.
    pub operation: Arc<str>,
    /// The selector that named the version.
    pub chosen_by: Arc<str>,
    /// The change that a member went with, as `OLD..NEW`.
    pub change: Arc<str>,
    /// The rest, as [`Kind`] says.
    pub what: Arc<str>,
}

/// Who asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Who {
    /// Nobody is told apart: a sum over all.
    Everybody,
    /// A consumer, by its name.
    Consumer(Arc<str>),
    /// A client without a credential: its address range and the family of its user agent, such as `203.0.113.0/24 curl`.
    Unidentified(Arc<str>),
    /// Those beyond the bound.
    Other,
}

/// Kinds of facts. The numbers are what stores hold: never given to another kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Kind {
    /// Requests, by version, who, operation and selector.
    Request = 0,
    /// Requests, by version and who: the sum of the former. [`Who::Other`] and clients without a credential are here too.
    ByConsumer = 1,
    /// Requests, by version: the sum of the former.
    ByVersion = 2,
    /// A member of an old version that requests sent: evidence of use. `what` is `TYPE POINTER`.
    Sent = 3,
    /// A member of an old version that answers delivered: whether it is used is unknown. `what` as before.
    Delivered = 4,
    /// A member that a trial withheld from an answer. `what` as before.
    Withheld = 5,
    /// Requests that the gateway refused. `what` is the refusal's code.
    Refused = 6,
    /// Answers with 5xx, by whose fault they are. `what` is `gateway`, `transformation` or `upstream`.
    Failed = 7,
    /// Requests that were lifted, by version and operation.
    Lifted = 8,
    /// Answers that were lowered, by version and operation.
    Lowered = 9,
    /// Documents that a change could not carry. `what` is the pointer, with `*` for positions in lists.
    Faulted = 10,
    /// Elements of lists that were left out or replaced. `what` is the type, if known.
    Lost = 11,
    /// Exchanges by how long the gateway itself took. `what` is the bucket's upper bound in seconds, `+Inf` for the last.
    TookGateway = 12,
    /// Exchanges by how long translation took. `what` as before.
    TookTransformation = 13,
    /// Exchanges by how long the upstream took. `what` as before.
    TookUpstream = 14,
}

impl Kind {
    /// Every kind, by number.
    pub const ALL: [Self; 15] = [
        Self::Request,
        Self::ByConsumer,
        Self::ByVersion,
        Self::Sent,
        Self::Delivered,
        Self::Withheld,
        Self::Refused,
        Self::Failed,
        Self::Lifted,
        Self::Lowered,
        Self::Faulted,
        Self::Lost,
        Self::TookGateway,
        Self::TookTransformation,
        Self::TookUpstream,
    ];

    /// The kind of a number in a store.
    pub fn of(number: i64) -> Option<Self> {
        Self::ALL.get(usize::try_from(number).ok()?).copied()
    }
}

/// Counts by the class of the status that the client got: 1xx to 5xx.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts(pub [u64; 5]);

impl Counts {
    /// One exchange with this status.
    pub fn one(status: u16) -> Self {
        let mut counts = Self::default();
        counts.0[class(status)] = 1;
        counts
    }

    /// Whatever the status.
    pub fn all(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Adds others to these.
    pub fn add(&mut self, others: &Self) {
        for (count, other) in self.0.iter_mut().zip(others.0) {
            *count += other;
        }
    }
}

/// Which of the classes 1xx to 5xx a status belongs to, counted from 0. What is none of them counts as 5xx.
pub fn class(status: u16) -> usize {
    match status / 100 {
        hundreds @ 1..=5 => usize::from(hundreds) - 1,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_kinds_stay() {
        for (number, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, number);
            assert_eq!(Kind::of(number as i64), Some(kind));
        }
        assert_eq!(Kind::of(15), None);
    }

    #[test]
    fn statuses_have_a_class() {
        assert_eq!(
            [100, 204, 304, 499, 503, 0, 999].map(class),
            [0, 1, 2, 3, 4, 4, 4]
        );
        let mut counts = Counts::one(200);
        counts.add(&Counts::one(404));
        assert_eq!((counts.0, counts.all()), ([0, 1, 0, 1, 0], 2));
    }
}
