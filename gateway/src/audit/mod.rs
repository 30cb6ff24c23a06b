//! The audit log: who was refused, who called the admin API, what was reloaded, which keys came and went.
//!
//! One JSON object a line, appended by one thread beside the cores. Recording never waits: what finds no place is
//! counted, and the log says how much is missing. Secrets are never in it: an event holds names and reasons.

mod changes;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value as Json;
use sluice_config::plan::{NamedFile, Plan};
use sluice_config::{Code, Diagnostic};

use crate::clock::Clock;
use crate::files;
use crate::journal::{self, At, Entry, Habits, Journal, Opened};
use crate::meters::Meters;

pub use changes::{changes, keys};

const HABITS: Habits = Habits {
    name: "the audit log",
    thread: "audit",
    waiting: 4_096,
    gather: Duration::ZERO,
};

/// Something that is worth keeping.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What happened, such as `credential_refused`, `admin_call`, `reload`.
    pub what: &'static str,
    /// By whom: a consumer, an administrator, a signal; empty when unknown.
    pub who: String,
    /// From where: an address; empty for what comes from inside.
    pub from: String,
    /// The rest, by name.
    pub details: Vec<(&'static str, Json)>,
}

/// Where events go.
#[derive(Debug)]
pub struct Audit {
    clock: Clock,
    journal: Journal<Dated>,
}

/// An event and when it happened.
type Dated = (Timestamp, Event);

impl Audit {
    /// An audit log that goes nowhere yet.
    pub fn new(clock: Clock, meters: &Arc<Meters>) -> Self {
        let help = "Events that the audit log could not keep";
        let lost = meters.counter("sluice_audit_lost", help, &[]);
        Self {
            clock,
            journal: Journal::new(HABITS, clock, lost),
        }
    }

    /// Keeps an event. Never waits.
    pub fn record(&self, event: &Event) {
        self.journal.keep(|| (self.clock.now(), event.clone()));
    }

    /// Opens the log of a plan: what cannot be opened is told before anything is swapped.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn open(&self, plan: &Plan, directory: Option<&Path>) -> Result<Opened, Vec<Diagnostic>> {
        let at = plan.audit.as_ref().map(|plan| At::File {
            path: files::path(&plan.file, directory),
            rotate: plan.rotate,
            keep: plan.keep,
        });
        Opened::at(at).map_err(|error| {
            let unwritable = |file: &NamedFile| {
                let message = format!("{} cannot be written: {error}", file.path.display());
                file.place.fault(Code::AuditUnwritable, message)
            };
            plan.audit.iter().map(|plan| unwritable(&plan.file)).collect()
        })
    }

    /// Writes to a log from now on.
    pub fn adopt(&self, opened: Opened) {
        self.journal.adopt(opened);
    }

    /// Waits until everything that was recorded is written, but not for ever.
    pub fn flush(&self) {
        self.journal.flush();
    }
}

impl Entry for Dated {
    fn write(&self, text: &mut String) {
        text.push_str(&line(self.0, &self.1));
    }

    fn write_lost(at: Timestamp, missing: u64, text: &mut String) {
        let event = Event {
            what: "lost",
            who: String::new(),
            from: String::new(),
            details: vec![("lost", missing.into())],
        };
        text.push_str(&line(at, &event));
    }
}

/// An event as a line of the log.
fn line(at: Timestamp, event: &Event) -> String {
    let mut line = serde_json::Map::new();
    line.insert("time".to_owned(), at.to_string().into());
    line.insert("what".to_owned(), event.what.into());
    line.insert("who".to_owned(), short(&event.who).into());
    line.insert("from".to_owned(), short(&event.from).into());
    for (name, value) in &event.details {
        // Nothing that an event says of itself stands in the place of what is known of it.
        if !line.contains_key(*name) {
            line.insert((*name).to_owned(), shortened(value));
        }
    }
    let mut line = Json::Object(line).to_string();
    line.push('\n');
    line
}

fn short(text: &str) -> String {
    journal::short(text, 512)
}

fn shortened(value: &Json) -> Json {
    match value {
        Json::String(text) => short(text).into(),
        Json::Array(items) => items.iter().take(1_000).map(shortened).collect(),
        other => other.clone(),
    }
}
