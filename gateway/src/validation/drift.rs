//! Answers of the upstream against the origin's contract: what differs is counted and logged.
//!
//! No client notices, unless answers are enforced. Values are not logged: they are somebody's data.

use std::cell::Cell;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sluice_config::plan::AnswersPlan;
use sluice_transforms::contract::StatusRange;
use sluice_transforms::value::Value;
use tokio::sync::Semaphore;

use super::schema::Schema;
use super::words::Violation;
use crate::refusal::{Kind, Refusal};
use crate::shared::Shared;

/// How often one kind of difference is logged.
const LOGGED: Duration = Duration::from_secs(60);
/// How many kinds are told apart for that. More are counted only.
const KINDS: usize = 1_000;
/// The longest pointer in metrics.
const POINTER: usize = 200;
/// How many copies of answers may be judged or wait for it. More are let go.
const PLACES: usize = 16;

/// What the answers of one API are held against.
#[derive(Debug)]
pub struct Contract {
    api: String,
    settings: AnswersPlan,
    /// By operation: the documents of its answers.
    answers: HashMap<String, Vec<(StatusRange, Arc<Schema>)>>,
    log: Arc<Log>,
}

/// One answer that is looked at.
#[derive(Debug, Clone)]
pub struct Watch {
    contract: Arc<Contract>,
    operation: String,
    status: u16,
    schema: Arc<Schema>,
}

/// What was logged when, and who may be judged aside.
#[derive(Debug)]
pub struct Log {
    shared: Arc<Shared>,
    told: Mutex<HashMap<String, Instant>>,
    places: Arc<Semaphore>,
}

impl Log {
    /// Nothing was logged yet.
    pub fn new(shared: &Arc<Shared>) -> Self {
        Self {
            shared: Arc::clone(shared),
            told: Mutex::default(),
            places: Arc::new(Semaphore::new(PLACES)),
        }
    }

    /// Whether this kind was not logged for a while.
    fn is_due(&self, kind: String) -> bool {
        let now = Instant::now();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = told.get_mut(&kind) {
            let due = now.duration_since(*last) >= LOGGED;
            if due {
                *last = now;
            }
            return due;
        }
        if told.len() >= KINDS {
            told.retain(|_, last| now.duration_since(*last) < LOGGED);
        }
        told.len() < KINDS && told.insert(kind, now).is_none()
    }
}

impl Contract {
    /// What the answers of an API are held against.
    pub fn new(
        api: &str,
        settings: AnswersPlan,
        answers: HashMap<String, Vec<(StatusRange, Arc<Schema>)>>,
        log: &Arc<Log>,
    ) -> Self {
        Self {
            api: api.to_owned(),
            settings,
            answers,
            log: Arc::clone(log),
        }
    }

    /// Whether an answer is looked at: it is among the sampled ones, and the contract says what it carries.
    pub fn watch(self: &Arc<Self>, operation: &str, status: u16) -> Option<Watch> {
        // A part of a document cannot be judged.
        if status == 206 || !is_sampled(self.settings.sample) {
            return None;
        }
        let answers = self.answers.get(operation)?;
        let fits = |range: StatusRange| answers.iter().find(|(of, _)| *of == range);
        let class = StatusRange::Class(u8::try_from(status / 100).unwrap_or(0));
        let (_, schema) = fits(StatusRange::Exact(status))
            .or_else(|| fits(class))
            .or_else(|| fits(StatusRange::Default))?;
        Some(Watch {
            contract: Arc::clone(self),
            operation: operation.to_owned(),
            status,
            schema: Arc::clone(schema),
        })
    }
}

impl Watch {
    /// Whether an answer that is not valid is refused.
    pub fn enforces(&self) -> bool {
        self.contract.settings.enforce
    }

    /// The process's own, to judge beside the cores.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.contract.log.shared
    }

    /// A place to be judged aside; none when too many are judged already.
    pub fn place(&self) -> Option<tokio::sync::OwnedSemaphorePermit> {
        Arc::clone(&self.contract.log.places).try_acquire_owned().ok()
    }

    /// Judges an answer's document; none where the body is empty.
    ///
    /// # Errors
    /// It is not valid, and answers are enforced.
    pub fn judge(&self, document: Option<&Value>) -> Result<(), Refusal> {
        let violations = match document {
            Some(document) => self.schema.judge(document, self.contract.settings.violations),
            None => vec![whole("a document", "nothing")],
        };
        self.tell(&violations)
    }

    /// An answer that cannot be read as a document.
    ///
    /// # Errors
    /// Answers are enforced.
    pub fn unreadable(&self) -> Result<(), Refusal> {
        self.tell(&[whole("a JSON document", "something else")])
    }

    fn tell(&self, violations: &[Violation]) -> Result<(), Refusal> {
        let Some(first) = violations.first() else {
            return Ok(());
        };
        let mut counted: Vec<String> = Vec::new();
        for violation in violations {
            let pointer = normalised(&violation.pointer);
            if !counted.contains(&pointer) {
                self.count(&pointer, violation);
                counted.push(pointer);
            }
        }
        if !self.enforces() {
            return Ok(());
        }
        let refusal = Refusal::new(
            Kind::InvalidAnswer,
            "the upstream's answer is not what its document describes",
        );
        Err(refusal.behind(first.pointer.clone()))
    }

    fn count(&self, pointer: &str, violation: &Violation) {
        let (api, operation) = (self.contract.api.as_str(), self.operation.as_str());
        let log = &self.contract.log;
        let help = "Answers of the upstream that differ from the origin's document, by place";
        let labels = [("api", api), ("operation", operation), ("pointer", pointer)];
        log.shared.meters.count("sluice_drift", help, &labels);
        let kind = format!(
            "{api} {operation} {} {pointer} {}",
            self.status, violation.expected
        );
        if log.is_due(kind) {
            tracing::warn!(
                api,
                operation,
                status = self.status,
                pointer,
                expected = violation.expected,
                "the upstream's answer differs from its document"
            );
        }
    }
}

fn whole(expected: &str, found: &str) -> Violation {
    Violation {
        pointer: String::new(),
        expected: expected.to_owned(),
        found: found.to_owned(),
    }
}

/// A pointer in which elements of lists are not told apart.
fn normalised(pointer: &str) -> String {
    let index = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
    let names = pointer
        .split('/')
        .map(|name| if index(name) { "*" } else { name });
    let whole = names.collect::<Vec<_>>().join("/");
    whole.chars().take(POINTER).collect()
}

/// So many of a million.
fn is_sampled(sample: u32) -> bool {
    thread_local! {
        static STATE: Cell<u64> = Cell::new(RandomState::new().hash_one(0u8) | 1);
    }
    if sample >= 1_000_000 {
        return true;
    }
    // xorshift64*: enough to choose by.
    let mut x = STATE.get();
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    STATE.set(x);
    (x.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) % 1_000_000 < u64::from(sample)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_sampled() {
        let count = |sample| (0..100_000).filter(|_| is_sampled(sample)).count();
        assert_eq!((count(0), count(1_000_000)), (0, 100_000));
        let tenth = count(100_000);
        assert!((9_000..11_000).contains(&tenth), "{tenth}");
    }

    #[test]
    fn elements_are_not_told_apart() {
        assert_eq!(normalised("/data/17/phones/0"), "/data/*/phones/*");
        assert_eq!(normalised(""), "");
        assert_eq!(normalised(&"/é".repeat(500)).chars().count(), POINTER);
    }
}
