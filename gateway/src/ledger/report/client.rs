//! Who asked, as reports name them, and how often.

use jiff::Timestamp;
use serde::Serialize;
use sluice_config::plan::{ConsumerId, Consumers};

use super::window::instant;
use crate::ledger::fact::Who;
use crate::ledger::question::Seen;

/// A client as reports name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The consumer's name; of a client without a credential its address range and user agent; `other` beyond the bound.
    pub who: String,
    /// Whether that is a consumer's name.
    pub identified: bool,
    /// The consumer's number, while consumers.yaml has it.
    pub consumer: Option<ConsumerId>,
    /// Whom to tell.
    pub contact: Option<String>,
}

/// A client, and how often it asked in a version.
#[derive(Clone, Debug, Serialize)]
pub struct Asker {
    /// The consumer's name; of a client without a credential its address range and user agent; `other` beyond the bound.
    pub who: String,
    /// Whether that is a consumer's name.
    pub identified: bool,
    /// Whether consumers.yaml still has that consumer.
    pub configured: bool,
    /// Whom to tell: `contact` of consumers.yaml.
    pub contact: Option<String>,
    /// Requests within 24 hours.
    pub last_24_hours: u64,
    /// Within 7 days.
    pub last_7_days: u64,
    /// Within 90 days.
    pub last_90_days: u64,
    /// When it was seen first.
    pub first_seen: Timestamp,
    /// When it was seen last.
    pub last_seen: Timestamp,
}

impl Client {
    /// Names a client by what consumers.yaml says now.
    pub fn of(who: &Who, consumers: &Consumers) -> Self {
        let (name, identified) = match who {
            Who::Consumer(name) => (&**name, true),
            Who::Unidentified(name) => (&**name, false),
            Who::Everybody => ("everybody", false),
            Who::Other => ("other", false),
        };
        let consumer = consumers.named(name).filter(|_| identified);
        let plan = consumer.and_then(|id| consumers.get(id));
        Self {
            who: name.to_owned(),
            identified,
            consumer,
            contact: plan.and_then(|plan| plan.contact.clone()),
        }
    }
}

impl Asker {
    /// Names whoever was seen by what consumers.yaml says now.
    pub fn of(seen: &Seen, consumers: &Consumers) -> Self {
        let client = Client::of(&seen.who, consumers);
        Self {
            who: client.who,
            identified: client.identified,
            configured: client.consumer.is_some(),
            contact: client.contact,
            last_24_hours: seen.day,
            last_7_days: seen.week,
            last_90_days: seen.quarter,
            first_seen: instant(seen.first_seen),
            last_seen: instant(seen.last_seen),
        }
    }

    /// The consumer's number, while consumers.yaml has it.
    pub fn consumer(&self, consumers: &Consumers) -> Option<ConsumerId> {
        consumers.named(&self.who).filter(|_| self.identified)
    }
}
