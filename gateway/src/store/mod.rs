//! The store that a fleet of gateways shares: Redis or Valkey. A request never queues for it.
//!
//! - [`Store::run`]: one atomic script, with a timeout; at once a fault when the store is down or too many wait already;
//! - [`keeper`]: beside the cores, keeps one connection and counts the gateways that live;
//! - after [`TOLERATED`] faults in a row the connection is given up, and tried again after a second. What holds until
//!   then is for each user of the store to say.

mod keeper;
mod script;

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Weak, mpsc};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use redis::aio::MultiplexedConnection;
use sluice_config::plan::{Secret, StorePlan};
use sluice_config::{Code, Diagnostic};
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore};
use tokio::time::timeout;

use crate::meters::Meters;
use crate::shared::Shared;

pub use redis::Value;
pub use script::Script;

/// How many faults in a row are borne before the connection is given up.
const TOLERATED: u32 = 5;
/// How many calls may wait for answers at once; more are refused.
const PLACES: usize = 1024;
/// How long the first attempt to connect may hold up an edition.
const FIRST: Duration = Duration::from_millis(500);

/// Why the store gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreFault {
    /// There is no connection.
    #[error("there is no connection to the store")]
    Down,
    /// Too many calls wait already.
    #[error("too many calls wait for the store")]
    Busy,
    /// It did not answer in time.
    #[error("the store did not answer in time")]
    Late,
    /// It answered with an error, or not in the form that a script gives.
    #[error("the store answered with an error")]
    Failed,
}

/// A store at work. One for a plan's settings, from one edition to the next.
pub struct Store {
    plan: StorePlan,
    client: redis::Client,
    line: ArcSwapOption<MultiplexedConnection>,
    faults: AtomicU32,
    places: Semaphore,
    /// What this gateway is known by in the store.
    node: String,
    nodes: AtomicU32,
    /// Whether limits are kept in it, so that they are degraded without it.
    limits: AtomicBool,
    /// Tells the keeper that the connection was given up, or that the store is no longer used.
    given_up: Arc<Notify>,
    /// The runtime beside the cores.
    background: Handle,
    /// For meters. It does not keep alive what keeps the store.
    shared: Weak<Shared>,
}

impl Store {
    /// Makes it; the same settings keep the connection.
    ///
    /// # Errors
    /// An address that is none.
    pub fn compile(
        plan: Option<&StorePlan>,
        before: Option<&Arc<Self>>,
        shared: &Arc<Shared>,
    ) -> Result<Option<Arc<Self>>, Vec<Diagnostic>> {
        let Some(plan) = plan else {
            return Ok(None);
        };
        match before.filter(|store| store.plan.is_same(plan)) {
            Some(store) => Ok(Some(Arc::clone(store))),
            None => Self::start(plan, shared).map(Some),
        }
    }

    fn start(plan: &StorePlan, shared: &Arc<Shared>) -> Result<Arc<Self>, Vec<Diagnostic>> {
        let bad = |message: &str| vec![plan.place.fault(Code::BadAddress, message)];
        let Secret::Value(address, _) = &plan.redis else {
            return Err(bad("the store's address is not a text"));
        };
        // The fault is not repeated: it may show the address, and with it a password.
        let client =
            redis::Client::open(&**address).map_err(|_| bad("this is not the address of a store"))?;
        let store = Arc::new(Self {
            plan: plan.clone(),
            client,
            line: ArcSwapOption::empty(),
            faults: AtomicU32::new(0),
            places: Semaphore::new(PLACES),
            node: keeper::random_name(),
            nodes: AtomicU32::new(plan.nodes.max(1)),
            limits: AtomicBool::new(false),
            given_up: Arc::default(),
            background: shared.background.handle().clone(),
            shared: Arc::downgrade(shared),
        });
        let (tell, told) = mpsc::channel();
        let keeping = keeper::keep(Arc::downgrade(&store), Arc::clone(&store.given_up), tell);
        drop(shared.background.spawn(keeping));
        // A cold start without the fleet's counts would let a whole burst in: one attempt is worth a short wait.
        let _late = told.recv_timeout(FIRST);
        Ok(store)
    }

    /// Runs a script on keys, each put under the store's prefix.
    ///
    /// # Errors
    /// No answer, within the timeout.
    pub async fn run(
        &self,
        script: &'static Script,
        keys: &[&str],
        args: &[&[u8]],
    ) -> Result<Value, StoreFault> {
        let line = self.line.load_full().ok_or(StoreFault::Down)?;
        let _place = self.places.try_acquire().map_err(|_| StoreFault::Busy)?;
        let called = timeout(
            self.plan.timeout,
            script.call(&line, &self.plan.prefix, keys, args),
        );
        match called.await {
            Ok(Ok(value)) => {
                if self.faults.load(Ordering::Relaxed) != 0 {
                    self.faults.store(0, Ordering::Relaxed);
                }
                Ok(value)
            }
            Ok(Err(error)) => {
                tracing::debug!(script = script.name, %error, "the store answered with an error");
                self.failed(&line, error.is_connection_dropped() || error.is_io_error());
                Err(StoreFault::Failed)
            }
            Err(_) => {
                self.failed(&line, false);
                Err(StoreFault::Late)
            }
        }
    }

    /// Starts work that asks it and that nobody waits for.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        drop(self.background.spawn(work));
    }

    /// Whether there is a connection.
    pub fn is_up(&self) -> bool {
        self.line.load().is_some()
    }

    /// How many gateways share it, as far as was last known; one at least.
    pub fn nodes(&self) -> u32 {
        self.nodes.load(Ordering::Relaxed).max(1)
    }

    /// How long a request may wait for it.
    pub fn timeout(&self) -> Duration {
        self.plan.timeout
    }

    /// Says that limits are kept in it: without it they are degraded.
    pub fn keeps_limits(&self) {
        if !self.limits.swap(true, Ordering::Relaxed) {
            self.meter(|meters| keeper::set_degraded(meters, !self.is_up()));
        }
    }

    /// Counts a fault of a connection. One too many, or a connection that is gone, gives it up.
    fn failed(&self, line: &Arc<MultiplexedConnection>, gone: bool) {
        let faults = self.faults.fetch_add(1, Ordering::Relaxed) + 1;
        if !gone && faults < TOLERATED {
            return;
        }
        // What is late from an old connection says nothing against the one after it.
        let current = self.line.load();
        if current.as_ref().is_some_and(|current| Arc::ptr_eq(current, line)) {
            self.line.store(None);
            self.given_up.notify_one();
        }
    }

    fn meter(&self, tell: impl FnOnce(&Meters)) {
        if let Some(shared) = self.shared.upgrade() {
            tell(&shared.meters);
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.given_up.notify_one();
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("prefix", &self.plan.prefix)
            .field("up", &self.is_up())
            .finish_non_exhaustive()
    }
}
