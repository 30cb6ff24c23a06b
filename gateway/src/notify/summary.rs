//! What a run came to.

use serde::Serialize;

use super::message::Message;

/// How many clients without a credential are named for a version.
const LARGEST: usize = 5;

/// What a run came to.
#[derive(Debug, Default, Serialize)]
pub struct Summary {
    /// Messages that were sent; in a dry run, that would be, unless they were sent before.
    pub sent: Vec<Told>,
    /// How many were sent by an earlier run, or are being sent by another.
    pub already: u64,
    /// Those of them that a dry run met: one may have been claimed by a run that was killed before it sent it.
    pub earlier: Vec<Told>,
    /// Messages that were to be sent again and are not due.
    pub not_due: Vec<String>,
    /// Messages that could not be sent: the next run tries them again.
    pub failed: Vec<Told>,
    /// How many were not tried, since the run was stopped or the receiver took nothing.
    pub untried: u64,
    /// Consumers without a contact, who were due something.
    pub without_contact: Vec<Unreached>,
    /// Clients without a credential, by version: nobody knows whom to tell.
    pub unidentified: Vec<Unidentified>,
}

/// A message in a summary.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    /// The message's id.
    pub id: String,
    /// What it is about.
    pub subject: String,
    /// The consumer.
    pub consumer: String,
    /// Whom it is for.
    pub contact: String,
    /// Where it went, or why not.
    pub outcome: String,
}

/// Somebody who uses what goes and is not told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unreached {
    /// The API.
    pub api: String,
    /// The version.
    pub version: String,
    /// Who.
    pub who: String,
    /// Whether consumers.yaml has that consumer.
    pub configured: bool,
    /// Requests within 90 days.
    pub last_90_days: u64,
}

/// Clients without a credential that use what goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unidentified {
    /// The API.
    pub api: String,
    /// The version.
    pub version: String,
    /// How many there are.
    pub clients: u64,
    /// Their requests within 90 days.
    pub last_90_days: u64,
    /// Those with the most requests: at most five.
    pub largest: Vec<String>,
}

impl Summary {
    /// Counts a client without a credential; they come with the most requests first.
    pub(super) fn unidentified(&mut self, client: Unreached) {
        let last = self.unidentified.last_mut();
        let same = last.filter(|last| last.api == client.api && last.version == client.version);
        let Some(of_version) = same else {
            self.unidentified.push(Unidentified {
                api: client.api,
                version: client.version,
                clients: 1,
                last_90_days: client.last_90_days,
                largest: vec![client.who],
            });
            return;
        };
        of_version.clients += 1;
        of_version.last_90_days += client.last_90_days;
        if of_version.largest.len() < LARGEST {
            of_version.largest.push(client.who);
        }
    }
}

impl Told {
    /// What is told of a message.
    pub(super) fn new(message: &Message, outcome: String) -> Self {
        Self {
            id: message.id.clone(),
            subject: message.subject.clone(),
            consumer: message.used.asker.who.clone(),
            contact: message.used.asker.contact.clone().unwrap_or_default(),
            outcome,
        }
    }
}
