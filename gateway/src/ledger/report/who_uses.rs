//! Who uses a version, and what of it.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::Serialize;
use sluice_config::plan::{ApiPlan, Consumers, Plan};

use super::client::Asker;
use super::fields::Verdict;
use super::window::{ROWS, Window, instant};
use crate::ledger::fact::{Kind, Who};
use crate::ledger::question::{Known, Question, Seen};
use crate::ledger::store::{Store, StoreFault};

/// How many clients are asked for one by one; beyond it one question for all is cheaper.
const APART: usize = 64;
/// What a client uses.
const USED: [Kind; 3] = [Kind::Request, Kind::Sent, Kind::Delivered];

/// Which part of a long list is meant, and how much of each client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many clients at most.
    pub most: u32,
    /// How many are left out before the first.
    pub skip: u32,
    /// Whether their operations and members are asked for, too.
    pub detailed: bool,
}

/// Who uses a version.
#[derive(Clone, Debug, Serialize)]
pub struct WhoUses {
    /// The API.
    pub api: String,
    /// The version.
    pub version: String,
    /// When this was asked.
    pub at: Timestamp,
    /// Whether the figures were made up by `sluice demo`.
    pub demo: bool,
    /// Those who use it, the most requests within 7 days first.
    pub consumers: Vec<ConsumerUse>,
    /// How many more there are than are listed.
    pub more: u64,
}

/// What one client uses of a version.
#[derive(Clone, Debug, Serialize)]
pub struct ConsumerUse {
    /// Who, and how often it asked.
    #[serde(flatten)]
    pub asker: Asker,
    /// The operations that it asked for within 90 days, the most requests first.
    pub operations: Vec<OperationUse>,
    /// Members of old versions that it sent within 90 days: evidence of use.
    pub sent: Vec<MemberUse>,
    /// Members of old versions that it was given within 90 days: whether it uses them is unknown.
    pub delivered: Vec<MemberUse>,
}

/// How often an operation was asked for.
#[derive(Clone, Debug, Serialize)]
pub struct OperationUse {
    /// The operation's id; empty for requests that belong to none.
    pub operation: String,
    /// Requests.
    pub requests: u64,
}

/// How often a member was met.
#[derive(Clone, Debug, Serialize)]
pub struct MemberUse {
    /// The change that it went with, as `OLD..NEW`; empty for one that goes by `lifecycle`.
    pub change: String,
    /// The member, as `TYPE POINTER`.
    pub member: String,
    /// What can be said of its use.
    pub verdict: Verdict,
    /// Exchanges.
    pub exchanges: u64,
    /// When it was met last.
    pub last_seen: Timestamp,
}

/// Who uses a version of an API within the 90 days that end with the day at hand.
///
/// # Errors
/// The store does not answer.
pub async fn of(
    store: &Store,
    plan: &Plan,
    api: &ApiPlan,
    version: &str,
    page: Page,
    now: Timestamp,
) -> Result<WhoUses, StoreFault> {
    let (seen, all) = store.seen(&api.name, version, now, page.most, page.skip).await?;
    let mut used = match page.detailed {
        true => Used::sort(details(store, &api.name, version, &seen, now).await?),
        false => Used::default(),
    };
    let listed = u64::try_from(seen.len()).unwrap_or(u64::MAX);
    let consumers = seen.iter().map(|seen| used.of(seen, &plan.consumers)).collect();
    Ok(WhoUses {
        api: api.name.clone(),
        version: version.to_owned(),
        at: now,
        demo: store.is_demo().await?,
        consumers,
        more: all.saturating_sub(u64::from(page.skip).saturating_add(listed)),
    })
}

/// What these clients use of a version.
async fn details(
    store: &Store,
    api: &str,
    version: &str,
    seen: &[Seen],
    now: Timestamp,
) -> Result<Vec<Known>, StoreFault> {
    let window = Window::of_90_days(now);
    let question = |who| Question {
        api: Some(api),
        version: Some(version),
        who,
        ..window.ask(&USED)
    };
    if seen.len() > APART {
        let mut all = question(None);
        all.most = ROWS.saturating_mul(5);
        return store.ask(&all).await;
    }
    let mut rows = Vec::new();
    for seen in seen {
        rows.extend(store.ask(&question(Some(&seen.who))).await?);
    }
    Ok(rows)
}

/// Fills in what a consumer uses of a version.
///
/// # Errors
/// The store does not answer.
pub async fn detail(
    store: &Store,
    api: &str,
    version: &str,
    used: &mut ConsumerUse,
    now: Timestamp,
) -> Result<(), StoreFault> {
    let who = Who::Consumer(used.asker.who.as_str().into());
    let rows = store
        .ask(&Question {
            api: Some(api),
            version: Some(version),
            who: Some(&who),
            ..Window::of_90_days(now).ask(&USED)
        })
        .await?;
    let one = Used::sort(rows).0.remove(&who).unwrap_or_default();
    used.operations = operations(one.operations);
    used.sent = members(one.sent, Verdict::Used);
    used.delivered = members(one.delivered, Verdict::Unknown);
    Ok(())
}

/// What clients use, by client.
#[derive(Debug, Default)]
pub struct Used(HashMap<Who, OfOne>);

#[derive(Debug, Default)]
struct OfOne {
    operations: BTreeMap<String, u64>,
    sent: Members,
    delivered: Members,
}

/// By change and member, exchanges and when last.
type Members = BTreeMap<(String, String), (u64, i64)>;

impl Used {
    /// Sorts rows by client and by what they are of.
    pub fn sort(rows: impl IntoIterator<Item = Known>) -> Self {
        let mut used = Self::default();
        for row in rows {
            let one = used.0.entry(row.fact.who.clone()).or_default();
            let members = match row.fact.kind {
                Kind::Sent => &mut one.sent,
                Kind::Delivered => &mut one.delivered,
                Kind::Request => {
                    *one.operations.entry(row.fact.operation.to_string()).or_default() += row.counts.all();
                    continue;
                }
                _ => continue,
            };
            let name = (row.fact.change.to_string(), row.fact.what.to_string());
            let (exchanges, last_seen) = members.entry(name).or_insert((0, row.last_seen));
            *exchanges += row.counts.all();
            *last_seen = row.last_seen.max(*last_seen);
        }
        used
    }

    /// What one of them uses; it is taken out.
    pub fn of(&mut self, seen: &Seen, consumers: &Consumers) -> ConsumerUse {
        let used = self.0.remove(&seen.who).unwrap_or_default();
        ConsumerUse {
            asker: Asker::of(seen, consumers),
            operations: operations(used.operations),
            sent: members(used.sent, Verdict::Used),
            delivered: members(used.delivered, Verdict::Unknown),
        }
    }
}

fn operations(counts: BTreeMap<String, u64>) -> Vec<OperationUse> {
    let all = counts.into_iter();
    let mut all: Vec<_> = all
        .map(|(operation, requests)| OperationUse { operation, requests })
        .collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.requests));
    all
}

fn members(members: Members, verdict: Verdict) -> Vec<MemberUse> {
    let all = members.into_iter();
    let mut all: Vec<_> = all
        .map(|((change, member), (exchanges, last_seen))| MemberUse {
            change,
            member,
            verdict,
            exchanges,
            last_seen: instant(last_seen),
        })
        .collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.exchanges));
    all
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::given;
    use super::*;

    #[test]
    fn rows_are_summed_by_client_and_by_what_they_are_of() {
        let (acme, anyone) = (
            given::consumer("acme"),
            given::unidentified("203.0.113.0/24 curl"),
        );
        let rows = [
            given::request("2.0", &acme, "getCustomer", 5).chosen_by("path"),
            given::request("2.0", &acme, "getCustomer", 6).chosen_by("header"),
            given::request("2.0", &acme, "listCustomers", 20),
            given::sent("2.0", &acme, "putCustomer", "2.0..2.1", "Customer /name", 3).last_seen(100),
            given::sent("2.0", &acme, "patchCustomer", "2.0..2.1", "Customer /name", 4).last_seen(90),
            given::delivered("2.0", &acme, "getCustomer", "2.0..2.1", "Customer /name", 11),
            given::delivered("2.0", &acme, "getCustomer", "2.0..2.1", "Customer /city", 12),
            given::request("2.0", &anyone, "getCustomer", 7),
        ];
        let mut used = Used::sort(rows.into_iter().map(Into::into));
        let seen = |who: &Who| Seen {
            who: who.clone(),
            day: 1,
            week: 2,
            quarter: 3,
            first_seen: 10,
            last_seen: 200,
        };
        let of_acme = used.of(&seen(&acme), &Consumers::default());
        let told = of_acme.asker;
        assert_eq!(
            (told.who.as_str(), told.identified, told.configured, told.contact),
            ("acme", true, false, None)
        );
        let operations: Vec<_> = of_acme
            .operations
            .iter()
            .map(|o| (o.operation.as_str(), o.requests))
            .collect();
        assert_eq!(operations, [("listCustomers", 20), ("getCustomer", 11)]);
        assert_eq!(of_acme.sent.len(), 1);
        assert_eq!(
            (of_acme.sent[0].exchanges, of_acme.sent[0].last_seen),
            (7, instant(100))
        );
        let delivered: Vec<_> = of_acme.delivered.iter().map(|m| m.member.as_str()).collect();
        assert_eq!(delivered, ["Customer /city", "Customer /name"]);
        let of_anyone = used.of(&seen(&anyone), &Consumers::default());
        assert_eq!(
            (of_anyone.asker.identified, of_anyone.operations[0].requests),
            (false, 7)
        );
        // Whoever was seen with nothing more known of it is listed all the same.
        assert!(
            used.of(&seen(&Who::Other), &Consumers::default())
                .operations
                .is_empty()
        );
    }
}
