//! Limits that a fleet shares: the store holds the truth, gateways lease from it.
//!
//! A request that finds a token waits for nobody. Without one it waits for the store, at most as long as the store's
//! timeout says; what holds when that fails, each limit says itself (`on_failure`).

mod lease;
pub mod quota;

use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sluice_config::plan::{KeyPart, OnStoreFailure};
use tokio::sync::Notify;
use tokio::time::timeout_at;

use super::key::Subject;
use super::table::Table;
use super::verdict::Verdict;
use crate::store::{Script, Store, StoreFault, Value};

use lease::{Ask, Granted, Lease, Step, Terms};

static LEASE: Script = Script::new("lease", include_str!("lease.lua"));

/// What the gateways of a fleet share.
#[derive(Clone)]
pub struct Fleet {
    /// The store.
    pub store: Arc<Store>,
    /// What keys in the store are hashed with.
    pub secret: Arc<[u8]>,
}

impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fleet").field(&self.store).finish()
    }
}

/// A limit's place in the store.
#[derive(Clone, Debug)]
pub struct Shared {
    /// Where.
    pub fleet: Fleet,
    /// What tells it from other limits: the API, its name and its settings.
    pub policy: String,
    /// What is counted apart.
    pub key: Vec<KeyPart>,
    /// What holds while the store cannot be asked.
    pub on_failure: OnStoreFailure,
}

impl Shared {
    /// What holds while the store cannot be asked; `local` judges by what this gateway knows.
    fn without_store(&self, local: impl FnOnce() -> Verdict) -> Verdict {
        match self.on_failure {
            OnStoreFailure::Local => local(),
            OnStoreFailure::Closed => Verdict::Unavailable,
            OnStoreFailure::Open => Verdict::Uncounted,
        }
    }

    fn name(&self, subject: &Subject<'_>) -> String {
        format!(
            "limit:{}",
            subject.name(&self.fleet.secret, &self.policy, &self.key)
        )
    }
}

/// A rate by key, over the fleet.
#[derive(Debug)]
pub struct FleetRate {
    pub(super) shared: Shared,
    interval: Duration,
    burst: NonZeroU32,
    exact: bool,
    entries: Table<Arc<Entry>>,
}

/// What is held of one bucket.
#[derive(Debug)]
struct Entry {
    name: String,
    lease: Mutex<Lease>,
    answered: Notify,
}

impl FleetRate {
    /// A rate of `count` in each period, at most `burst` at once.
    pub fn new(shared: Shared, count: NonZeroU32, per: Duration, burst: NonZeroU32, exact: bool) -> Self {
        Self {
            shared,
            interval: (per / count.get()).max(Duration::from_nanos(1)),
            burst,
            exact,
            entries: Table::default(),
        }
    }

    /// Counts a request that costs so much.
    pub async fn take(self: &Arc<Self>, key: u64, subject: &Subject<'_>, cost: NonZeroU32) -> Verdict {
        let cost = cost.get();
        let entry = self.entry(key, subject);
        let begun = Instant::now();
        let faults = {
            let mut lease = entry.lease();
            lease.arrive(cost, begun);
            lease.faults
        };
        let deadline = tokio::time::Instant::from_std(begun + self.shared.fleet.store.timeout());
        loop {
            let mut answered = std::pin::pin!(entry.answered.notified());
            answered.as_mut().enable();
            let now = Instant::now();
            let step = entry.lease().take(cost, now, &self.terms());
            match step {
                Step::Decided(verdict, more) => {
                    more.into_iter().for_each(|ask| self.fetch(&entry, ask));
                    return verdict;
                }
                Step::Ask(ask) => return self.ask_alone(&entry, ask, cost).await,
                Step::Fetch(ask) => self.fetch(&entry, ask),
                Step::Wait => {}
            }
            let late = timeout_at(deadline, answered).await.is_err();
            if late || entry.lease().faults != faults {
                return self.alone(&entry, cost);
            }
        }
    }

    /// Takes back what was counted, for a request that another limit refused.
    pub fn give_back(&self, key: u64, cost: NonZeroU32) {
        let give = |entry: &mut Arc<Entry>| {
            entry.lease().give_back(cost.get(), Instant::now());
        };
        self.entries.seen(key, give);
    }

    fn entry(&self, key: u64, subject: &Subject<'_>) -> Arc<Entry> {
        let make = || {
            Arc::new(Entry {
                name: self.shared.name(subject),
                lease: Mutex::new(Lease::new(Instant::now())),
                answered: Notify::new(),
            })
        };
        self.entries.with(key, make, |entry| Arc::clone(entry))
    }

    fn terms(&self) -> Terms {
        Terms {
            interval: self.interval,
            burst: self.burst.get(),
            nodes: self.shared.fleet.store.nodes(),
            exact: self.exact,
        }
    }

    async fn ask_alone(&self, entry: &Entry, ask: Ask, cost: u32) -> Verdict {
        match self.ask(entry, &ask).await {
            Ok(granted) => {
                let now = Instant::now();
                entry.lease().granted_alone(granted, &ask, now, &self.terms())
            }
            Err(_) => self.alone(entry, cost),
        }
    }

    /// Fetches a lease beside the cores: a client that goes away does not take it along.
    fn fetch(self: &Arc<Self>, entry: &Arc<Entry>, ask: Ask) {
        if !self.shared.fleet.store.is_up() {
            entry.lease().fault();
            return entry.answered.notify_waiters();
        }
        let (rate, entry) = (Arc::clone(self), Arc::clone(entry));
        self.shared.fleet.store.spawn(async move {
            match rate.ask(&entry, &ask).await {
                Ok(granted) => entry.lease().granted(granted, &ask, Instant::now()),
                Err(_) => entry.lease().fault(),
            }
            entry.answered.notify_waiters();
        });
    }

    async fn ask(&self, entry: &Entry, ask: &Ask) -> Result<Granted, StoreFault> {
        let interval = self.interval.as_nanos() as f64 / 1000.0;
        // What is known is as old as the way there and back: were it told as more than it is, the bucket would dry up.
        let ahead = ask.ahead.saturating_sub(self.shared.fleet.store.timeout());
        let args = [
            format!("{interval}"),
            self.burst.to_string(),
            ask.want.to_string(),
            ask.least.to_string(),
            ahead.as_micros().to_string(),
        ];
        let args = args.each_ref().map(|arg| arg.as_bytes());
        let answer = self.shared.fleet.store.run(&LEASE, &[&entry.name], &args).await?;
        granted(&answer).ok_or(StoreFault::Failed)
    }

    fn alone(&self, entry: &Entry, cost: u32) -> Verdict {
        self.shared
            .without_store(|| entry.lease().alone(cost, Instant::now(), &self.terms()))
    }
}

impl Entry {
    fn lease(&self) -> MutexGuard<'_, Lease> {
        self.lease.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn granted(answer: &Value) -> Option<Granted> {
    let [tokens, wait, room, ahead] = numbers(answer)?;
    Some(Granted {
        tokens: u32::try_from(tokens).ok()?,
        wait: Duration::from_micros(wait),
        room: u32::try_from(room).unwrap_or(u32::MAX),
        ahead: Duration::from_micros(ahead),
    })
}

/// So many numbers that a script answered.
fn numbers<const N: usize>(answer: &Value) -> Option<[u64; N]> {
    let Value::Array(values) = answer else {
        return None;
    };
    let number = |value: &Value| match value {
        Value::Int(number) => u64::try_from(*number).ok(),
        _ => None,
    };
    let numbers: Option<Vec<_>> = values.iter().map(number).collect();
    numbers?.try_into().ok()
}
