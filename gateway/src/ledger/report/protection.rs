//! Who was refused, and why.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;
use sluice_config::plan::{Consumers, Plan};

use super::client::Client;
use super::window::{Window, instant};
use crate::ledger::fact::{Kind, Who};
use crate::ledger::question::Known;
use crate::ledger::store::{Store, StoreFault};
use crate::refusal;

/// Who was refused within 24 hours, and why.
#[derive(Clone, Debug, Serialize)]
pub struct Protection {
    /// When this was asked.
    pub at: Timestamp,
    /// Whether the figures were made up by `sluice demo`.
    pub demo: bool,
    /// Each reason and client, the most often first.
    pub refusals: Vec<Refusals>,
    /// How many more there are than are listed.
    pub more: u64,
}

/// How often a client was refused for a reason.
#[derive(Clone, Debug, Serialize)]
pub struct Refusals {
    /// The API; empty where a request was for none.
    pub api: String,
    /// The status: 401, 403, 422, 429 and the like.
    pub status: u16,
    /// The refusal's code, such as `rate_limited`.
    pub reason: String,
    /// Who: see [`super::client::Asker`].
    pub who: String,
    /// Whether that is a consumer's name.
    pub identified: bool,
    /// How often within 24 hours.
    pub refused: u64,
    /// When last.
    pub last_seen: Timestamp,
}

/// Who was refused within the 24 hours that end with the hour at hand, in every API; `most` are listed.
///
/// # Errors
/// The store does not answer.
pub async fn of(store: &Store, plan: &Plan, most: u32, now: Timestamp) -> Result<Protection, StoreFault> {
    let known = store.ask(&Window::of_24_hours(now).ask(&[Kind::Refused])).await?;
    let mut refusals = refusals(&known, &plan.consumers);
    let listed = refusals.len().min(usize::try_from(most).unwrap_or(usize::MAX));
    let more = refusals.split_off(listed).len();
    Ok(Protection {
        at: now,
        demo: store.is_demo().await?,
        refusals,
        more: u64::try_from(more).unwrap_or(u64::MAX),
    })
}

/// Refusals of each client by reason, the most often first.
pub fn refusals(known: &[Known], consumers: &Consumers) -> Vec<Refusals> {
    let mut sums: HashMap<(&str, &str, &Who), (u64, i64)> = HashMap::new();
    for row in known.iter().filter(|row| row.fact.kind == Kind::Refused) {
        let key = (&*row.fact.api, &*row.fact.what, &row.fact.who);
        let (refused, last_seen) = sums.entry(key).or_insert((0, row.last_seen));
        *refused += row.counts.all();
        *last_seen = row.last_seen.max(*last_seen);
    }
    let mut all: Vec<Refusals> = sums
        .into_iter()
        .map(|((api, code, who), (refused, last_seen))| {
            let client = Client::of(who, consumers);
            Refusals {
                api: api.to_owned(),
                status: status(code),
                reason: code.to_owned(),
                who: client.who,
                identified: client.identified,
                refused,
                last_seen: instant(last_seen),
            }
        })
        .collect();
    all.sort_by(|a, b| {
        let names = |one: &Refusals| (one.api.clone(), one.reason.clone(), one.who.clone());
        b.refused.cmp(&a.refused).then_with(|| names(a).cmp(&names(b)))
    });
    all
}

/// The status of a refusal; 0 for a code of another release.
fn status(code: &str) -> u16 {
    let kind = refusal::Kind::ALL.iter().find(|kind| kind.code() == code);
    kind.map_or(0, |kind| kind.status().as_u16())
}

#[cfg(test)]
mod tests {
    use super::super::given;
    use super::*;

    #[test]
    fn refusals_are_summed_by_reason_and_client() {
        let acme = given::consumer("acme");
        let refused = |version: &str, who: &Who, operation: &str, code: &str, count| {
            given::row(Kind::Refused, version, who, [operation, "", code], count)
        };
        let limited = refusal::Kind::RateLimited;
        let rows = [
            refused("1.0", &acme, "get", limited.code(), 3).last_seen(10),
            refused("2.0", &acme, "put", limited.code(), 4).last_seen(30),
            refused("2.0", &Who::Other, "put", limited.code(), 9),
            refused("2.0", &acme, "put", "from_the_future", 1),
            given::request("2.0", &acme, "put", 100),
        ];
        let rows: Vec<Known> = rows.into_iter().map(Into::into).collect();
        let told = refusals(&rows, &Consumers::default());
        let told: Vec<_> = told
            .iter()
            .map(|r| (r.who.as_str(), r.status, r.refused, r.identified))
            .collect();
        assert_eq!(
            told,
            [
                ("other", 429, 9, false),
                ("acme", 429, 7, true),
                ("acme", 0, 1, true)
            ]
        );
    }
}
