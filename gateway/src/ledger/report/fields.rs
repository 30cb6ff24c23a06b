//! Members of old versions that a version's clients send and are given.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use serde::Serialize;
use sluice_config::plan::ApiPlan;

use super::window::{Window, instant};
use crate::ledger::fact::{Kind, Who};
use crate::ledger::question::{Known, Question};
use crate::ledger::store::{Store, StoreFault};

/// Use of the members of a version that are gone, renamed, moved or deprecated.
#[derive(Clone, Debug, Serialize)]
pub struct FieldUse {
    /// The API.
    pub api: String,
    /// The version.
    pub version: String,
    /// Whether the figures were made up by `sluice demo`.
    pub demo: bool,
    /// The members, within 90 days.
    pub members: Vec<Field>,
}

/// Use of a member.
#[derive(Clone, Debug, Serialize)]
pub struct Field {
    /// The change that it went with, as `OLD..NEW`; empty for one that goes by `lifecycle`.
    pub change: String,
    /// The member, as `TYPE POINTER`.
    pub member: String,
    /// Requests that sent it: evidence of use.
    pub sent: u64,
    /// By how many clients.
    pub senders: u64,
    /// Answers that delivered it: whether it is used is unknown.
    pub delivered: u64,
    /// To how many clients.
    pub receivers: u64,
    /// Answers from which a trial withheld it.
    pub withheld: u64,
    /// What can be said.
    pub verdict: Verdict,
    /// When it was met last.
    pub last_seen: Timestamp,
}

/// What can be said of a member's use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Somebody sends it.
    Used,
    /// It is only delivered: nobody can say whether it is read. Never "unused".
    Unknown,
}

/// Use of the members of a version within the 90 days that end with the day at hand, those first that are sent the most.
///
/// # Errors
/// The store does not answer.
pub async fn of(store: &Store, api: &ApiPlan, version: &str, now: Timestamp) -> Result<FieldUse, StoreFault> {
    let known = store
        .ask(&Question {
            api: Some(&api.name),
            version: Some(version),
            ..Window::of_90_days(now).ask(&[Kind::Sent, Kind::Delivered, Kind::Withheld])
        })
        .await?;
    Ok(FieldUse {
        api: api.name.clone(),
        version: version.to_owned(),
        demo: store.is_demo().await?,
        members: members(&known),
    })
}

#[derive(Default)]
struct Tally<'k> {
    sent: u64,
    senders: HashSet<&'k Who>,
    delivered: u64,
    receivers: HashSet<&'k Who>,
    withheld: u64,
    last_seen: i64,
}

/// What rows say of each member.
pub fn members(known: &[Known]) -> Vec<Field> {
    let mut tallies: BTreeMap<(&str, &str), Tally<'_>> = BTreeMap::new();
    for row in known {
        let tally = tallies
            .entry((&row.fact.change, &row.fact.what))
            .or_insert_with(|| Tally {
                last_seen: row.last_seen,
                ..Tally::default()
            });
        tally.last_seen = tally.last_seen.max(row.last_seen);
        tally.add(row);
    }
    let mut members: Vec<Field> = tallies
        .into_iter()
        .map(|(name, tally)| tally.field(name))
        .collect();
    members.sort_by_key(|field| std::cmp::Reverse((field.sent, field.delivered)));
    members
}

impl<'k> Tally<'k> {
    fn add(&mut self, row: &'k Known) {
        let count = row.counts.all();
        match row.fact.kind {
            Kind::Sent => {
                self.sent += count;
                self.senders.insert(&row.fact.who);
            }
            Kind::Delivered => {
                self.delivered += count;
                self.receivers.insert(&row.fact.who);
            }
            Kind::Withheld => self.withheld += count,
            _ => {}
        }
    }

    fn field(self, (change, member): (&str, &str)) -> Field {
        let count = |clients: HashSet<&Who>| u64::try_from(clients.len()).unwrap_or(u64::MAX);
        Field {
            change: change.to_owned(),
            member: member.to_owned(),
            sent: self.sent,
            senders: count(self.senders),
            delivered: self.delivered,
            receivers: count(self.receivers),
            withheld: self.withheld,
            verdict: if self.sent > 0 {
                Verdict::Used
            } else {
                Verdict::Unknown
            },
            last_seen: instant(self.last_seen),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::given;
    use super::*;

    #[test]
    fn sent_and_delivered_are_never_mixed() {
        let (acme, megacorp) = (given::consumer("acme"), given::consumer("megacorp"));
        let name = ("2.0..2.1", "Customer /name");
        let rows = [
            given::sent("2.0", &acme, "put", name.0, name.1, 3).last_seen(70),
            given::sent("2.0", &acme, "patch", name.0, name.1, 4).last_seen(90),
            given::sent("2.0", &megacorp, "put", name.0, name.1, 5),
            given::delivered("2.0", &acme, "get", name.0, name.1, 100),
            given::delivered("2.0", &acme, "get", "2.0..2.1", "Customer /city", 1_000),
            given::delivered("2.0", &Who::Other, "get", "2.0..2.1", "Customer /city", 1_000),
            given::row(Kind::Withheld, "2.0", &acme, ["get", "", "Customer /hint"], 9),
        ];
        let rows: Vec<Known> = rows.into_iter().map(Into::into).collect();
        let told: Vec<_> = members(&rows)
            .into_iter()
            .map(|f| {
                (
                    f.member,
                    [f.sent, f.senders, f.delivered, f.receivers, f.withheld],
                    f.verdict,
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("Customer /name".to_owned(), [12, 2, 100, 1, 0], Verdict::Used),
                ("Customer /city".to_owned(), [0, 0, 2_000, 2, 0], Verdict::Unknown),
                ("Customer /hint".to_owned(), [0, 0, 0, 0, 9], Verdict::Unknown),
            ]
        );
        assert_eq!(members(&rows)[0].last_seen, instant(90));
    }
}
