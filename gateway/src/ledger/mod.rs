//! The ledger: who used what.
//!
//! - an exchange [`gathered`] what it met, and tells it when it has ended ([`told`]);
//! - its core counts it in a [`shard`] of its own: a bounded [`table`] of numbers;
//! - the [`flush`] takes the tables away, puts them together by [`minute`] and hands them to the [`store`] as batches of
//!   [`fact`]s; what the store does not take waits, bounded ([`pending`]);
//! - [`series`] and [`recent`] are the same counts since the process began, and of the last minutes, for metrics and the console;
//! - [`report`] asks the [`store`] what people want to know.
//!
//! Counting costs a look-up on the core; everything else happens beside the cores.

mod apart;
pub mod batch;
pub mod fact;
mod farewell;
mod flush;
pub mod gathered;
mod key;
pub mod metrics;
mod minute;
pub mod names;
mod pending;
pub mod question;
pub mod recent;
pub mod report;
pub mod series;
pub mod shard;
mod shown;
pub mod source;
pub mod store;
mod table;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
pub mod told;
pub mod took;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use jiff::Timestamp;
use sluice_config::plan::UsagePlan;
use tokio::sync::mpsc;

use crate::background::Background;
use crate::clock::Clock;
use crate::ledger::batch::Batch;
use flush::Command;
pub use gathered::{Gathered, Member};
use pending::Pending;
use question::Grain;
use recent::{Pace, Recent};
use series::Series;
use shard::Shard;
use store::{ReloadRecord, Store, StoreFault};
pub use table::Bounds;

/// How many commands may wait for the flush.
const COMMANDS: usize = 256;

/// What becomes of what is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Metering {
    /// It is kept in the store.
    #[default]
    Kept,
    /// It is shown while the process lives. In a rehearsal the store is only asked: what was counted at another time does not
    /// belong there, and what is old then is not old now.
    Shown,
    /// Nothing is counted: for measuring what counting costs.
    Off,
}

/// Who used what, in this process and in the store.
#[derive(Debug)]
pub struct Ledger {
    clock: Clock,
    /// What this process is called in the store: no other ever has the name.
    gateway: String,
    inner: Mutex<Inner>,
    shown: shown::Shown,
    store: ArcSwapOption<Store>,
    commands: mpsc::Sender<Command>,
    metering: Metering,
}

#[derive(Debug, Default)]
struct Inner {
    shards: Vec<Arc<Shard>>,
    bounds: Bounds,
    pending: Pending,
    series: Series,
    recent: Recent,
    state: State,
    /// How long the flush waits at most: counts of the minute before may come so late.
    late: Duration,
}

/// How the ledger is doing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// Whether there is a store to be kept in.
    pub kept: bool,
    /// What is wrong with the store; nothing while it takes what it is given.
    pub fault: Option<String>,
    /// When the store took everything last.
    pub flushed: Option<Timestamp>,
    /// How many rows wait for it.
    pub waiting: usize,
    /// How many exchanges could not be kept since the process began.
    pub lost: u64,
}

impl Ledger {
    /// Begins to count. Nothing is kept before [`Ledger::adopt`] says where.
    pub fn start(clock: Clock, background: &Background, metering: Metering) -> Arc<Self> {
        let (commands, told) = mpsc::channel(COMMANDS);
        let late = Duration::from_secs(10);
        let ledger = Arc::new(Self {
            clock,
            gateway: name(),
            inner: Mutex::new(Inner {
                late,
                ..Inner::default()
            }),
            shown: shown::Shown::default(),
            store: ArcSwapOption::empty(),
            commands,
            metering,
        });
        drop(background.spawn(flush::keep(Arc::clone(&ledger), told)));
        ledger
    }

    /// Where a core counts; none where nothing is counted.
    pub fn shard(&self) -> Option<Arc<Shard>> {
        if self.metering == Metering::Off {
            return None;
        }
        let mut inner = self.lock();
        let shard = Arc::new(Shard::new(inner.bounds));
        inner.shards.push(Arc::clone(&shard));
        Some(shard)
    }

    /// Keeps figures as a plan says from now on.
    pub fn adopt(&self, plan: Option<&UsagePlan>, directory: Option<PathBuf>) {
        {
            let mut inner = self.lock();
            let bounds = plan.map(|plan| Bounds {
                keys: plan.keys,
                unidentified: plan.unidentified,
            });
            inner.bounds = bounds.unwrap_or_default();
            inner.late = plan.map_or(inner.late, |plan| plan.flush);
            // Where nothing is kept any more, what was counted until now still is.
            inner.state.kept |= plan.is_some() && self.keeps();
            self.shown.put_up(&inner);
        }
        if self
            .commands
            .try_send(Command::Adopt(plan.cloned().map(Box::new), directory))
            .is_err()
        {
            tracing::error!("the ledger does not answer: figures go on where they went");
        }
    }

    /// The store, once it could be opened.
    pub fn store(&self) -> Option<Arc<Store>> {
        self.store.load_full()
    }

    /// How it is doing, as far as it was last put up. Waits for nobody.
    pub fn state(&self) -> State {
        self.shown.state()
    }

    /// Takes what cores have counted into account. It may take long: call it off the cores.
    pub fn drain(&self) {
        let now = self.now().as_second();
        let mut inner = self.lock();
        let bounds = inner.bounds;
        // What is taken right after a minute has begun was counted before it.
        let at = Grain::Minute.floor(now - (inner.late.as_secs() / 2) as i64);
        let mut taken = Vec::with_capacity(inner.shards.len());
        inner.shards.retain(|shard| {
            // A core that has ended counts no more; it may end right after it was asked.
            let goes_on = Arc::strong_count(shard) > 1;
            taken.push(shard.take(bounds));
            goes_on
        });
        for taken in taken {
            inner.pending.lose(taken.lost);
            for table in taken.tables {
                inner.series.add(&table);
                if inner.state.kept {
                    inner.pending.lose(table.lost);
                    inner.pending.add(at, &table, bounds, now);
                }
            }
        }
        let Inner { series, recent, .. } = &mut *inner;
        recent.read(series, Instant::now());
        self.shown.put_up(&inner);
    }

    /// What was counted since the process began, up to the last [`Ledger::drain`].
    pub fn series(&self) -> Series {
        self.lock().series.clone()
    }

    /// The last minutes, up to the last [`Ledger::drain`]. Waits for nobody.
    pub fn pace(&self) -> Pace {
        self.shown.pace()
    }

    /// Brings everything to the store, and waits for it while it takes what it is given, but not for ever. Call it off the
    /// cores. Whether all of it is there.
    pub fn flush(&self) -> bool {
        let (done, told) = std::sync::mpsc::sync_channel(1);
        let sent = self.commands.try_send(Command::Flush(done)).is_ok();
        let done = || farewell::wait(&told, farewell::BOUNDS, || self.lock().pending.acknowledged);
        sent && done() && self.state().fault.is_none()
    }

    /// Keeps a reload for the change log.
    pub fn tell_reload(&self, mut reload: ReloadRecord) {
        if !self.keeps() {
            return;
        }
        reload.gateway.clone_from(&self.gateway);
        if self.commands.try_send(Command::Reload(Box::new(reload))).is_err() {
            tracing::warn!("a reload is missing in the ledger's change log");
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn next_batch(&self) -> Option<Batch> {
        self.lock().pending.next(&self.gateway)
    }

    fn acknowledge(&self, number: i64) {
        self.lock().pending.acknowledge(number);
    }

    /// Gives up what waits: there is no store, or another one from now on.
    fn forget(&self) {
        let exchanges = self.lock().pending.clear();
        if exchanges > 0 {
            tracing::error!(
                exchanges,
                "usage figures are lost: the store that they were for did not take them, and is left"
            );
        }
    }

    /// Whether counts are kept from now on.
    fn keep(&self, kept: bool) {
        let mut inner = self.lock();
        inner.state.kept = kept && self.keeps();
        self.shown.put_up(&inner);
    }

    /// Whether anything is ever written to the store.
    fn keeps(&self) -> bool {
        self.metering == Metering::Kept
    }

    fn opened(&self, store: Option<&Store>) {
        self.store.store(store.cloned().map(Arc::new));
    }

    /// Remembers how the store did, and tells operators when that changes.
    fn told(&self, fault: Option<&StoreFault>) {
        let fault = fault.map(ToString::to_string);
        let mut inner = self.lock();
        let (waiting, before) = (inner.pending.rows(), inner.state.fault.clone());
        match (&before, &fault) {
            (None, Some(fault)) => {
                tracing::error!(%fault, waiting, "usage figures cannot be kept now: they wait")
            }
            (Some(_), None) => tracing::info!("usage figures are kept again"),
            _ => {}
        }
        if fault.is_none() {
            inner.state.flushed = Some(self.now());
        }
        inner.state.fault = fault;
        self.shown.put_up(&inner);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A name that no other process has.
fn name() -> String {
    let mut bytes = [0_u8; 16];
    if getrandom::fill(&mut bytes).is_err() {
        // Without randomness the time and the process tell it apart.
        let now = Timestamp::now().as_nanosecond().to_le_bytes();
        bytes.copy_from_slice(&now);
        bytes[12..].copy_from_slice(&std::process::id().to_le_bytes());
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
