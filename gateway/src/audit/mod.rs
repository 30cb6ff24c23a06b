//! The audit log: who was refused, who called the admin API, what was reloaded, which keys came and went.
//!
//! One JSON object a line, appended by one thread beside the cores. Recording never waits: what finds no place is
//! counted, and the log says how much is missing. Secrets are never in it: an event holds names and reasons.

mod changes;
mod file;
#[cfg(test)]
mod tests;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::thread::Builder;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use jiff::Timestamp;
use serde_json::Value as Json;
use sluice_config::plan::{AuditPlan, Plan};
use sluice_config::{Code, Diagnostic};

use crate::clock::Clock;
use crate::meters::Meters;

pub use changes::{changes, keys};
use file::Log;
use writer::Message;

/// How many events may wait to be written.
const WAITING: usize = 4_096;
/// How long the log may take to be put elsewhere, and to be written to its end.
const PATIENCE: Duration = Duration::from_secs(2);

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
#[derive(Debug, Default)]
pub struct Audit {
    clock: Clock,
    meters: Arc<Meters>,
    /// The way to the writer; none without a log.
    way: ArcSwapOption<Way>,
    /// What found no place, and is not yet told in the log.
    lost: Arc<AtomicU64>,
}

/// The way to the writer of a log.
#[derive(Debug)]
struct Way {
    events: SyncSender<Message>,
}

/// A log that was opened and is not yet written to.
#[derive(Debug)]
pub struct Opened(Option<Log>);

impl Audit {
    /// An audit log that goes nowhere yet.
    pub fn new(clock: Clock, meters: Arc<Meters>) -> Self {
        Self {
            clock,
            meters,
            ..Self::default()
        }
    }

    /// Keeps an event. Never waits.
    pub fn record(&self, event: &Event) {
        let way = self.way.load();
        let Some(way) = &*way else {
            return;
        };
        let message = Message::Event(self.clock.now(), event.clone());
        if way.events.try_send(message).is_err() {
            lose(&self.lost, &self.meters);
        }
    }

    /// Opens the log of a plan: what cannot be opened is told before anything is swapped.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn open(&self, plan: &Plan, directory: Option<&Path>) -> Result<Opened, Vec<Diagnostic>> {
        let Some(plan) = &plan.audit else {
            return Ok(Opened(None));
        };
        let opened = Log::open(path(plan, directory), plan.rotate, plan.keep);
        opened.map(|log| Opened(Some(log))).map_err(|error| {
            let message = format!("{} cannot be written: {error}", plan.file.path.display());
            vec![plan.file.place.fault(Code::AuditUnwritable, message)]
        })
    }

    /// Writes to a log from now on.
    pub fn adopt(&self, opened: Opened) {
        let Some(log) = opened.0 else {
            self.way.store(None);
            return;
        };
        let Some(way) = self.way.load_full() else {
            self.begin(log);
            return;
        };
        // A disk that hangs must not hold a reload up for ever.
        if !deliver(&way.events, Message::Reopen(log)) {
            tracing::error!("the audit log does not answer: it stays where it was");
        }
    }

    fn begin(&self, log: Log) {
        let (events, waiting) = mpsc::sync_channel(WAITING);
        let (lost, meters) = (Arc::clone(&self.lost), Arc::clone(&self.meters));
        let thread = Builder::new().name("audit".to_owned());
        match thread.spawn(move || writer::write(&waiting, log, &lost, &meters)) {
            Ok(_) => self.way.store(Some(Arc::new(Way { events }))),
            Err(error) => tracing::error!(%error, "the audit log has no thread: nothing is recorded"),
        }
    }

    /// Waits until everything that was recorded is written, but not for ever.
    pub fn flush(&self) {
        let Some(way) = self.way.load_full() else {
            return;
        };
        let (done, told) = mpsc::sync_channel(1);
        if deliver(&way.events, Message::Flush(done)) {
            let _late = told.recv_timeout(PATIENCE);
        }
    }
}

/// Sends what must arrive; gives up after a while.
fn deliver(events: &SyncSender<Message>, message: Message) -> bool {
    let begun = Instant::now();
    let mut message = message;
    while begun.elapsed() < PATIENCE {
        match events.try_send(message) {
            Ok(()) => return true,
            Err(mpsc::TrySendError::Full(back)) => message = back,
            Err(mpsc::TrySendError::Disconnected(_)) => return false,
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}

fn lose(lost: &AtomicU64, meters: &Meters) {
    lost.fetch_add(1, Ordering::Relaxed);
    meters.count(
        "sluice_audit_lost",
        "Events that the audit log could not keep",
        &[],
    );
}

fn path(plan: &AuditPlan, directory: Option<&Path>) -> std::path::PathBuf {
    // A path that is absolute stays as it is.
    directory.map_or_else(|| plan.file.path.clone(), |base| base.join(&plan.file.path))
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

/// Texts of clients are as long as clients like.
fn short(text: &str) -> String {
    const MOST: usize = 512;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn shortened(value: &Json) -> Json {
    match value {
        Json::String(text) => short(text).into(),
        Json::Array(items) => items.iter().take(1_000).map(shortened).collect(),
        other => other.clone(),
    }
}
