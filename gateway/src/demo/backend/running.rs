//! The running backend as its owner holds it: where it listens, what it was asked, what it shall do wrong.

use super::fault::{Faults, Rule};
use super::journal::{Journal, Recorded};
use super::merge::merge;
use super::store::Store;
use super::{seed, socket};
use jiff::Timestamp;
use serde_json::Value;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// RFC 3339 in UTC.
const CREATED_AT: &str = "%Y-%m-%dT%H:%M:%SZ";

type Clock = Box<dyn Fn() -> String + Send + Sync>;

/// A backend before it runs.
pub struct Backend {
    customers: Vec<Value>,
    clock: Clock,
    body_cap: usize,
}

impl Default for Backend {
    /// The seeded customers, the system's clock, bodies up to 1 MiB.
    fn default() -> Self {
        let clock = || Timestamp::now().strftime(CREATED_AT).to_string();
        Self {
            customers: seed::customers(),
            clock: Box::new(clock),
            body_cap: 1 << 20,
        }
    }
}

impl Backend {
    /// Starts with these customers. They are not judged: a test may want a broken one.
    #[must_use]
    pub fn customers(mut self, customers: Vec<Value>) -> Self {
        self.customers = customers;
        self
    }

    /// Always takes this text (RFC 3339, UTC) for the time of creation.
    #[must_use]
    pub fn at(mut self, now: &str) -> Self {
        let now = now.to_owned();
        self.clock = Box::new(move || now.clone());
        self
    }

    /// Takes the time of creation from this clock, in whole seconds.
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Box::new(move || now().strftime(CREATED_AT).to_string());
        self
    }

    /// Refuses bodies above so many bytes.
    #[must_use]
    pub fn body_cap(mut self, bytes: usize) -> Self {
        self.body_cap = bytes;
        self
    }

    /// Serves at `addr` on a thread of its own.
    ///
    /// # Errors
    /// The address cannot be bound, or the thread cannot be started.
    pub fn serve(self, addr: SocketAddr) -> io::Result<Running> {
        let listener = std::net::TcpListener::bind(addr)?;
        listener.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listener = {
            let _inside = runtime.enter();
            TcpListener::from_std(listener)?
        };
        let (running, accepting) = self.start(listener)?;
        std::thread::Builder::new()
            .name("demo-backend".into())
            .spawn(move || runtime.block_on(accepting))?;
        Ok(running)
    }

    /// Serves at `addr` on the current tokio runtime.
    ///
    /// # Errors
    /// The address cannot be bound.
    pub async fn spawn(self, addr: SocketAddr) -> io::Result<Running> {
        let (running, accepting) = self.start(TcpListener::bind(addr).await?)?;
        tokio::spawn(accepting);
        Ok(running)
    }

    fn start(self, listener: TcpListener) -> io::Result<(Running, impl Future<Output = ()> + Send)> {
        let addr = listener.local_addr()?;
        let mut store = Store::default();
        for customer in self.customers {
            keep(&mut store, customer);
        }
        let state = Arc::new(State {
            store: Mutex::new(store),
            journal: Mutex::default(),
            faults: Mutex::default(),
            clock: self.clock,
            body_cap: self.body_cap,
        });
        let (stop, stopped) = watch::channel(false);
        let accepting = socket::accept(listener, Arc::clone(&state), stopped);
        Ok((Running { addr, state, stop }, accepting))
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend")
            .field("customers", &self.customers.len())
            .finish_non_exhaustive()
    }
}

/// A backend that runs until it is shut down or dropped.
pub struct Running {
    /// Where it listens.
    pub addr: SocketAddr,
    state: Arc<State>,
    stop: watch::Sender<bool>,
}

impl Running {
    /// The recent requests, the oldest first; at most 1,024.
    #[must_use]
    pub fn requests(&self) -> Vec<Recorded> {
        lock(&self.state.journal).recent()
    }

    /// How many requests came in since the start.
    #[must_use]
    pub fn seen(&self) -> u64 {
        lock(&self.state.journal).seen()
    }

    /// Forgets the recorded requests.
    pub fn forget(&self) {
        lock(&self.state.journal).clear();
    }

    /// Misbehaves as told; a bare [`super::Fault`] strikes the next request.
    pub fn inject(&self, rule: impl Into<Rule>) {
        lock(&self.state.faults).add(rule.into());
    }

    /// Behaves again.
    pub fn heal(&self) {
        lock(&self.state.faults).clear();
    }

    /// The stored customer, as it is.
    #[must_use]
    pub fn customer(&self, id: &str) -> Option<Value> {
        self.state.store().get(id).map(|kept| kept.value.clone())
    }

    /// Its entity tag.
    #[must_use]
    pub fn etag(&self, id: &str) -> Option<String> {
        self.state.store().get(id).map(|kept| kept.etag.clone())
    }

    /// Stores a customer under the id that it names, without judging it.
    pub fn put(&self, customer: Value) {
        keep(&mut self.state.store(), customer);
    }

    /// Removes a customer.
    pub fn remove(&self, id: &str) {
        self.state.store().remove(id);
    }

    /// Removes all customers.
    pub fn clear(&self) {
        self.state.store().clear();
    }

    /// Stops listening and drops the connections.
    pub fn shutdown(self) {
        drop(self);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("addr", &self.addr)
            .finish_non_exhaustive()
    }
}

fn keep(store: &mut Store, customer: Value) {
    let id = customer["id"].as_str().unwrap_or_default().to_owned();
    store.put(&id, customer);
}

/// What all connections share.
pub(super) struct State {
    store: Mutex<Store>,
    journal: Mutex<Journal>,
    faults: Mutex<Faults>,
    clock: Clock,
    pub(super) body_cap: usize,
}

impl State {
    pub(super) fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.store)
    }

    pub(super) fn now(&self) -> String {
        (self.clock)()
    }

    /// Writes the request down and says which fault is due.
    pub(super) fn record(&self, asked: Recorded) -> Option<super::Fault> {
        let path = asked.target.split('?').next().unwrap_or_default();
        let due = lock(&self.faults).due(&asked.method, path);
        lock(&self.journal).add(asked);
        due
    }

    /// Another writer was here.
    pub(super) fn race(&self, id: &str, patch: &Value) {
        let mut store = self.store();
        if let Some(mut value) = store.get(id).map(|kept| kept.value.clone()) {
            merge(&mut value, patch);
            store.put(id, value);
        }
    }
}

/// A panic elsewhere does not make the content unusable: every write is one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
