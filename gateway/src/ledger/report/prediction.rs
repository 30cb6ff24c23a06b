//! Who breaks when something is switched off: read off from who used it.
//!
//! A request that the gateway refused breaks no more than it did: it is counted apart. So a client whose every request was
//! refused, since it has no credential for example, is not named. A member counts where it was sent: what is only delivered
//! breaks somebody or nobody, which nobody can tell.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;
use sluice_config::plan::{ApiPlan, Consumers, Course, Plan, VersionId};

use super::client::Client;
use super::window::{Window, instant};
use crate::ledger::fact::{Fact, Kind, Who, class};
use crate::ledger::question::{Known, Question};
use crate::ledger::store::{Store, StoreFault};

/// What is switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// A version.
    Version(&'a str),
    /// An operation of a version, by its id.
    Operation {
        /// The version.
        version: &'a str,
        /// The operation's id.
        operation: &'a str,
    },
    /// A member that requests of a version send, as `TYPE POINTER`.
    Member {
        /// The version.
        version: &'a str,
        /// The member.
        member: &'a str,
    },
}

/// How it is switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// At once, for everybody: `off` of `lifecycle`.
    Off,
    /// By a sunset at this instant: exemptions that last longer hold.
    Sunset(Timestamp),
}

/// Who breaks.
#[derive(Clone, Debug, Serialize)]
pub struct Prediction {
    /// The API.
    pub api: String,
    /// The version.
    pub version: String,
    /// When this was asked.
    pub at: Timestamp,
    /// Whether the figures were made up by `sluice demo`.
    pub demo: bool,
    /// Clients that would be refused what they were given, the most requests first.
    pub breaks: Vec<Breaking>,
}

/// A client that breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Breaking {
    /// As in [`super::client::Asker`].
    pub who: String,
    /// Whether that is a consumer's name.
    pub identified: bool,
    /// Whom to tell.
    pub contact: Option<String>,
    /// Requests that would be refused.
    pub requests: u64,
    /// Requests that the gateway refused already; of a member those that were answered 4xx.
    pub refused: u64,
    /// When it asked last.
    pub last_seen: Timestamp,
}

/// Who breaks when something of an API is switched off, by the requests within a window.
///
/// # Errors
/// The store does not answer.
pub async fn of(
    store: &Store,
    plan: &Plan,
    api: &ApiPlan,
    (target, way): (Target<'_>, Way),
    window: Window,
    now: Timestamp,
) -> Result<Prediction, StoreFault> {
    let version = target.version();
    let known = store
        .ask(&Question {
            api: Some(&api.name),
            version: Some(version),
            ..window.ask(target.kinds())
        })
        .await?;
    let course = api
        .version(version)
        .and_then(|id| target.course(&api.lifecycle, id));
    Ok(Prediction {
        api: api.name.clone(),
        version: version.to_owned(),
        at: now,
        demo: store.is_demo().await?,
        breaks: breaks(&known, target, way, course, &plan.consumers),
    })
}

/// Who breaks, by rows of what was used. `course` has the exemptions of what goes.
pub fn breaks(
    known: &[Known],
    target: Target<'_>,
    way: Way,
    course: Option<&Course>,
    consumers: &Consumers,
) -> Vec<Breaking> {
    let mut sums: HashMap<&Who, (u64, u64, i64)> = HashMap::new();
    for row in known.iter().filter(|row| target.holds(&row.fact)) {
        let (asked, refused, last_seen) = sums.entry(&row.fact.who).or_insert((0, 0, row.last_seen));
        match row.fact.kind {
            Kind::Refused => *refused += row.counts.all(),
            // What was answered 4xx breaks no more than it did, whoever refused it.
            Kind::Sent => {
                *asked += row.counts.all();
                *refused += row.counts.0[class(400)];
                *last_seen = row.last_seen.max(*last_seen);
            }
            _ => {
                *asked += row.counts.all();
                *last_seen = row.last_seen.max(*last_seen);
            }
        }
    }
    let mut all: Vec<Breaking> = sums
        .into_iter()
        .filter_map(|(who, (asked, refused, last_seen))| {
            let client = Client::of(who, consumers);
            let spared = course.and_then(|course| course.exempt_until(client.consumer));
            let requests = asked.saturating_sub(refused);
            (requests > 0 && !way.spares(spared)).then(|| Breaking {
                who: client.who,
                identified: client.identified,
                contact: client.contact,
                requests,
                refused,
                last_seen: instant(last_seen),
            })
        })
        .collect();
    all.sort_by(|a, b| b.requests.cmp(&a.requests).then_with(|| a.who.cmp(&b.who)));
    all
}

impl Way {
    fn spares(self, exempt_until: Option<Timestamp>) -> bool {
        match self {
            Self::Off => false,
            Self::Sunset(at) => exempt_until.is_some_and(|until| until > at),
        }
    }
}

impl<'a> Target<'a> {
    /// The version that it is of.
    pub fn version(&self) -> &'a str {
        match self {
            Self::Version(version) | Self::Operation { version, .. } | Self::Member { version, .. } => {
                version
            }
        }
    }

    fn kinds(&self) -> &'static [Kind] {
        match self {
            Self::Version(_) | Self::Operation { .. } => &[Kind::Request, Kind::Refused],
            Self::Member { .. } => &[Kind::Sent],
        }
    }

    /// Whether a row is about it.
    fn holds(&self, fact: &Fact) -> bool {
        let is_meant = match self {
            Self::Version(_) => true,
            Self::Operation { operation, .. } => *fact.operation == **operation,
            Self::Member { member, .. } => *fact.what == **member,
        };
        is_meant && *fact.version == *self.version() && self.kinds().contains(&fact.kind)
    }

    fn course<'p>(&self, plan: &'p sluice_config::plan::LifecyclePlan, id: VersionId) -> Option<&'p Course> {
        match self {
            Self::Version(_) => plan.version(id),
            Self::Operation { operation, .. } => plan.operation(id, operation),
            Self::Member { member, .. } => {
                let of = |one: &&sluice_config::plan::MemberCourse| {
                    one.versions.contains(id) && format!("{} {}", one.label, one.at) == **member
                };
                plan.members.iter().find(of).map(|one| &*one.course)
            }
        }
    }
}

#[cfg(test)]
mod tests;
