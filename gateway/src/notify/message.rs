//! A message: what it says, and the key that lets it be sent once.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use sluice_config::plan::{ApiPlan, Plan, VersionId};

use super::due::{self, Occasion};
use super::text;
use crate::ledger::report::who_uses::ConsumerUse;

/// A message to the people behind a consumer. Its JSON is what a webhook gets.
#[derive(Clone, Debug, Serialize)]
pub struct Message {
    /// The same whenever this message is sent, and of no other one.
    pub id: String,
    /// When it was written.
    pub at: Timestamp,
    /// Whether its figures were made up by `sluice demo`.
    pub demo: bool,
    /// The API.
    pub api: String,
    /// The version that goes.
    pub version: String,
    /// Why it is written.
    #[serde(flatten)]
    pub occasion: Occasion,
    /// From when on the version is deprecated.
    pub deprecated: Option<Timestamp>,
    /// The last instant at which it answers this consumer.
    pub sunset: Option<Timestamp>,
    /// The version to move to.
    pub successor: Option<String>,
    /// Where it is written how.
    pub guide: Option<String>,
    /// What the consumer still uses of it. Whether it uses what is `delivered` is unknown.
    #[serde(rename = "use")]
    pub used: ConsumerUse,
    /// A line of what it is about.
    pub subject: String,
    /// The message for people.
    pub text: String,
}

/// What a message is about, before anything is asked for it.
#[derive(Clone, Debug)]
pub struct About<'p> {
    /// The API.
    pub api: &'p ApiPlan,
    /// The version.
    pub version: VersionId,
    /// The consumer's name.
    pub consumer: String,
    /// Why.
    pub occasion: Occasion,
}

impl About<'_> {
    /// What is claimed so that the message is sent once: a JSON list of everything that makes it another message.
    pub fn key(&self, plan: &Plan) -> String {
        let consumer = plan.consumers.named(&self.consumer);
        let course = self.api.lifecycle.version(self.version);
        let sunset = course.and_then(|course| due::end(course, consumer));
        let (word, rest) = match &self.occasion {
            Occasion::Deprecated => {
                let deprecated = course.and_then(|course| course.deprecated);
                ("deprecated", json!([deprecated, sunset]))
            }
            Occasion::Brownout { week, .. } => {
                let windows = course.map(|course| due::of_week(course, consumer, *week));
                let begins: Vec<String> = windows.iter().flatten().map(|w| w.from.to_string()).collect();
                ("brownout", json!([week, short_hash(&begins.join(" "))]))
            }
            Occasion::Sunset { reminder, .. } => ("sunset", json!([sunset, reminder])),
        };
        let version = self.api.version_name(self.version);
        json!([word, self.api.name, version, self.consumer, rest]).to_string()
    }

    /// The message.
    pub fn write(&self, plan: &Plan, used: ConsumerUse, demo: bool, now: Timestamp) -> Message {
        let course = self.api.lifecycle.version(self.version);
        let consumer = plan.consumers.named(&self.consumer);
        let successor = course.and_then(|course| course.successor);
        let mut message = Message {
            id: id(&self.key(plan)),
            at: now,
            demo,
            api: self.api.name.clone(),
            version: self.api.version_name(self.version).to_owned(),
            occasion: self.occasion.clone(),
            deprecated: course.and_then(|course| course.deprecated),
            sunset: course.and_then(|course| due::end(course, consumer)),
            successor: successor.map(|id| self.api.version_name(id).to_owned()),
            guide: course.and_then(|course| course.guide.clone()),
            used,
            subject: String::new(),
            text: String::new(),
        };
        message.subject = text::subject(&message);
        message.text = text::body(&message);
        message
    }
}

/// The id of the message with this key.
pub(super) fn id(key: &str) -> String {
    format!("sluice-{}", short_hash(key))
}

/// 128 bits of SHA-256, in hexadecimal.
fn short_hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest[..16].iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
