//! Where a key set comes from: read at the start, read again in the background, kept when a reading fails.
//!
//! No token decides what is read. A key that is not known only brings the next reading forward, and readings stand so far
//! apart as the configuration says, however many such tokens come.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use futures_util::FutureExt;
use sluice_config::plan::{KeySetPlan, KeySource, NamedFile, Place, Remote};
use sluice_config::{Code, Diagnostic};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{sleep, timeout};

use super::fetch::Fetcher;
use super::key_set::{KeySet, MOST_BYTES};
use crate::files;
use crate::shared::Shared;

/// How long a token with an unknown key waits for a reading that has begun.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many tokens wait for it at once; others are refused at once.
const WAITING: usize = 256;
/// The longest pause after a reading that failed.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Every key set of the process, for as long as a scheme uses it.
#[derive(Debug, Default)]
pub struct Sources(Mutex<Vec<Weak<Source>>>);

/// One key set.
#[derive(Debug)]
pub struct Source {
    plan: KeySetPlan,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    origin: Origin,
    label: String,
    set: ArcSwapOption<KeySet>,
    /// Counts readings that are over.
    turns: watch::Sender<u64>,
    /// A key was asked for that is not in the set.
    wanted: Notify,
    /// Whether that brings a reading about now, or one is under way.
    open: AtomicBool,
    waiting: Semaphore,
    shared: Arc<Shared>,
}

#[derive(Debug)]
enum Origin {
    File(PathBuf),
    Remote(Fetcher),
}

impl Sources {
    /// The key set of a plan. One that is in use already is shared; one from the same place hands over what it has read,
    /// so that a reload leaves no gap.
    ///
    /// # Errors
    /// A file that is no key set or holds a secret; an address that must not be asked.
    pub fn of(&self, plan: &KeySetPlan, shared: &Arc<Shared>) -> Result<Arc<Source>, Diagnostic> {
        let plan = placeless(plan);
        let (origin, read) = Origin::of(&plan.0, &plan.1, shared)?;
        let plan = plan.0;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|source| source.strong_count() > 0);
        let alike = |s: &Arc<Source>| s.plan.source == plan.source && s.state.origin.trusts_as(&origin);
        let alike: Vec<_> = known.iter().filter_map(Weak::upgrade).filter(alike).collect();
        if let (Some(read), true) = (&read, !alike.is_empty()) {
            // The file as it is now counts for all that name it.
            alike
                .iter()
                .for_each(|source| source.state.set.store(Some(read.clone())));
        }
        if let Some(same) = alike.iter().find(|source| source.plan == plan) {
            return Ok(same.clone());
        }
        let set = read.or_else(|| alike.iter().find_map(|source| source.set()));
        let source = Arc::new(Source::start(plan, origin, set, shared));
        known.push(Arc::downgrade(&source));
        Ok(source)
    }
}

/// A plan without the places in it, which say nothing of what is read; and the place that faults are told at.
fn placeless(plan: &KeySetPlan) -> (KeySetPlan, Place) {
    let mut plan = plan.clone();
    let nowhere = || Place {
        file: String::new(),
        span: sluice_config::Span::START,
    };
    let place = match &mut plan.source {
        KeySource::File(NamedFile { place, .. }) => std::mem::replace(place, nowhere()),
        KeySource::Remote(Remote { place, .. }) => std::mem::replace(place, nowhere()),
    };
    if let KeySource::Remote(Remote {
        authorities: Some(named),
        ..
    }) = &mut plan.source
    {
        named.place = nowhere();
    }
    (plan, place)
}

impl Origin {
    fn of(
        plan: &KeySetPlan,
        place: &Place,
        shared: &Shared,
    ) -> Result<(Self, Option<Arc<KeySet>>), Diagnostic> {
        let directory = shared.directory.as_deref();
        match &plan.source {
            KeySource::File(named) => {
                let named = NamedFile {
                    path: named.path.clone(),
                    place: place.clone(),
                };
                let bytes = files::read(&named, directory, MOST_BYTES, Code::Unreadable)?;
                let set = KeySet::read(&bytes).and_then(refuse_leaks);
                let fault = |why| place.fault(Code::Unreadable, format!("the key set cannot be used: {why}"));
                Ok((
                    Self::File(files::path(&named, directory)),
                    Some(Arc::new(set.map_err(fault)?)),
                ))
            }
            KeySource::Remote(remote) => {
                let remote = Remote {
                    place: place.clone(),
                    ..remote.clone()
                };
                Ok((Self::Remote(Fetcher::new(&remote, directory)?), None))
            }
        }
    }

    /// Whether what the other one read can be trusted as what this one reads.
    fn trusts_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File(one), Self::File(other)) => one == other,
            (Self::Remote(one), Self::Remote(other)) => one.authorities == other.authorities,
            _ => false,
        }
    }

    async fn read(&self) -> Result<Vec<u8>, (&'static str, String)> {
        match self {
            Self::File(path) => {
                let path = path.clone();
                let read = spawn_blocking(move || files::bytes(&path, MOST_BYTES)).await;
                let read = read.unwrap_or_else(|error| Err(error.into()));
                read.map_err(|error| ("unreachable", error.to_string()))
            }
            Self::Remote(fetcher) => {
                let read = fetcher.get(MOST_BYTES).await;
                read.map_err(|fault| (fault.outcome(), fault.to_string()))
            }
        }
    }
}

/// In a file of ours a secret is a slip that must be mended.
fn refuse_leaks(set: KeySet) -> Result<KeySet, String> {
    match set.left.iter().find(|(_, fault)| fault.is_leak()) {
        Some((place, fault)) => Err(format!("of key {place}, {fault}; write its public part only")),
        None => Ok(set),
    }
}

impl Source {
    fn start(plan: KeySetPlan, origin: Origin, set: Option<Arc<KeySet>>, shared: &Arc<Shared>) -> Self {
        let label = match &origin {
            Origin::File(path) => path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            Origin::Remote(fetcher) => fetcher.label.clone(),
        };
        let state = Arc::new(State {
            origin,
            label,
            set: ArcSwapOption::new(set),
            turns: watch::Sender::new(0),
            wanted: Notify::new(),
            open: AtomicBool::new(false),
            waiting: Semaphore::new(WAITING),
            shared: shared.clone(),
        });
        state.tell();
        let task = shared.background.spawn(state.clone().go_on(plan.clone()));
        Self { plan, state, task }
    }

    /// The keys; none before the first reading.
    pub fn set(&self) -> Option<Arc<KeySet>> {
        self.state.set.load_full()
    }

    /// A key is not in the set: asks for a reading, and waits for it if it comes now. Whether it came.
    pub async fn look_again(&self) -> bool {
        let mut turns = self.state.turns.subscribe();
        let open = self.state.open.load(Ordering::Acquire);
        self.state.wanted.notify_one();
        match self.state.waiting.try_acquire() {
            Ok(_place) if open => timeout(PATIENCE, turns.changed())
                .await
                .is_ok_and(|turn| turn.is_ok()),
            _ => false,
        }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl State {
    async fn go_on(self: Arc<Self>, plan: KeySetPlan) {
        let mut failed = 0;
        // What is at hand already is read again when its time comes.
        let mut at_hand = self.set.load().is_some();
        loop {
            if !std::mem::take(&mut at_hand) {
                self.open.store(true, Ordering::Release);
                failed = if self.read().await { 0 } else { failed + 1 };
                self.open.store(false, Ordering::Release);
                // Whoever asked until now has this reading.
                let _asked = self.wanted.notified().now_or_never();
                self.turns.send_modify(|turns| *turns += 1);
            }
            let (rest, pause) = pauses(&plan, failed);
            sleep(rest).await;
            self.open.store(true, Ordering::Release);
            let _asked = timeout(pause, self.wanted.notified()).await;
        }
    }

    async fn read(&self) -> bool {
        let (good, outcome) = match self.origin.read().await.and_then(|bytes| self.take(&bytes)) {
            Ok(outcome) => (true, outcome),
            Err((outcome, why)) => {
                tracing::warn!(
                    jwks = self.label,
                    why,
                    "the key set was not read; what was read before is kept"
                );
                (false, outcome)
            }
        };
        let labels = [("jwks", self.label.as_str()), ("outcome", outcome)];
        self.shared
            .meters
            .count("sluice_jwks_refresh", "Readings of key sets", &labels);
        if good {
            self.tell();
        }
        good
    }

    fn take(&self, bytes: &[u8]) -> Result<&'static str, (&'static str, String)> {
        let set = KeySet::read(bytes).map_err(|why| ("malformed", why))?;
        if self
            .set
            .load()
            .as_ref()
            .is_some_and(|known| known.print == set.print)
        {
            return Ok("same");
        }
        for (place, why) in &set.left {
            tracing::warn!(jwks = self.label, key = place, %why, "a key of the set is not used");
        }
        tracing::info!(jwks = self.label, keys = set.len(), "the key set is new");
        self.set.store(Some(Arc::new(set)));
        Ok("new")
    }

    fn tell(&self) {
        let set = self.set.load();
        let labels = [("jwks", self.label.as_str())];
        let meters = &self.shared.meters;
        let keys = set.as_ref().map_or(0, |set| set.len());
        meters.set(
            "sluice_jwks_keys",
            "Keys in use; none before the first reading",
            &labels,
            keys as f64,
        );
        if set.is_some() {
            let help = "When the key set was last read, in seconds since 1970";
            let now = self.shared.clock.now().as_second();
            meters.set("sluice_jwks_read_timestamp_seconds", help, &labels, now as f64);
        }
    }
}

/// How long no reading comes whatever is asked, and how long then the next is waited for.
fn pauses(plan: &KeySetPlan, failed: u32) -> (Duration, Duration) {
    if failed == 0 {
        let refresh = jittered(plan.refresh);
        let rest = plan.unknown_key.min(refresh);
        return (rest, refresh.saturating_sub(rest));
    }
    let growing = plan
        .unknown_key
        .min(Duration::from_secs(1))
        .saturating_mul(1 << failed.min(10));
    (
        jittered(growing.min(LONGEST_PAUSE).min(plan.refresh.max(plan.unknown_key))),
        Duration::ZERO,
    )
}

/// Up to a tenth less: gateways that started together must not all ask at once.
fn jittered(duration: Duration) -> Duration {
    let mut byte = [0];
    let _without = getrandom::fill(&mut byte);
    duration - duration / 10 * u32::from(byte[0]) / 255
}
