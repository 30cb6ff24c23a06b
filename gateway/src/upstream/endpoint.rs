//! One endpoint: its connections, how many there may be, and whether it answers at all.
//!
//! A permit stands for a connection in use. A connection is dialled only while a permit is held and none is idle, so
//! connections in use and idle together never exceed the permits.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout};

use super::link::Link;
use super::{Fault, Settings};

/// How long a connection whose answer has ended may take to be ready again.
const SETTLE: Duration = Duration::from_secs(1);

pub(super) struct Endpoint {
    pub(super) name: String,
    pub(super) host: HeaderValue,
    pub(super) settings: Rc<Settings>,
    permits: Arc<Semaphore>,
    idle: RefCell<VecDeque<Idle>>,
    down_until: Cell<Option<Instant>>,
    swept: Cell<bool>,
}

struct Idle {
    link: Link,
    since: Instant,
}

impl Endpoint {
    pub(super) fn new(name: &str, settings: Rc<Settings>) -> Rc<Self> {
        Rc::new(Self {
            name: name.to_owned(),
            host: HeaderValue::from_str(&settings.host_of(name))
                .unwrap_or(HeaderValue::from_static("upstream")),
            permits: Arc::new(Semaphore::new(settings.connections)),
            settings,
            idle: RefCell::default(),
            down_until: Cell::new(None),
            swept: Cell::new(false),
        })
    }

    /// Whether connections to it stood, the last time one was tried.
    pub(super) fn is_up(&self, now: Instant) -> bool {
        self.down_until.get().is_none_or(|until| until <= now)
    }

    /// Drops every unused connection.
    pub(super) fn forget(&self) {
        self.idle.borrow_mut().clear();
    }

    /// A connection: one that was kept, else a new one.
    pub(super) async fn lease(self: &Rc<Self>) -> Result<Lease, Fault> {
        let permit = self.permit().await?;
        let kept = self.unpark();
        let reused = kept.is_some();
        let link = match kept {
            Some(link) => link,
            // Boxed: it is rare, and would make the future of every request larger.
            None => Box::pin(self.dial()).await?,
        };
        Ok(Lease {
            link,
            permit,
            endpoint: Rc::clone(self),
            reused,
        })
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, Fault> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Ok(permit);
        }
        let waiting = Arc::clone(&self.permits).acquire_owned();
        let waited = Box::pin(timeout(self.settings.wait, waiting)).await;
        waited.ok().and_then(Result::ok).ok_or_else(|| self.exhausted())
    }

    fn exhausted(&self) -> Fault {
        Fault::PoolExhausted {
            endpoint: self.name.clone(),
            connections: self.settings.connections,
        }
    }

    /// The connection used last is the one most likely to live.
    fn unpark(&self) -> Option<Link> {
        let mut idle = self.idle.borrow_mut();
        while let Some(Idle { link, .. }) = idle.pop_back() {
            if link.is_open() {
                return Some(link);
            }
        }
        None
    }

    fn park(self: &Rc<Self>, link: Link) {
        self.idle.borrow_mut().push_back(Idle {
            link,
            since: Instant::now(),
        });
        if !self.swept.replace(true) {
            tokio::task::spawn_local(sweep(Rc::downgrade(self)));
        }
    }

    async fn dial(&self) -> Result<Link, Fault> {
        let dialled = Link::dial(&self.name, &self.settings).await;
        self.down_until.set(match &dialled {
            Err(fault) if fault.is_unreachable() => Some(Instant::now() + self.settings.backoff),
            _ => None,
        });
        dialled
    }

    fn drop_stale(&self) {
        let keep = self.settings.keep;
        self.idle
            .borrow_mut()
            .retain(|idle| idle.link.is_open() && idle.since.elapsed() < keep);
    }
}

/// Closes what nobody used for long; ends with the endpoint, or when nothing is kept.
async fn sweep(endpoint: std::rc::Weak<Endpoint>) {
    loop {
        let Some(keep) = endpoint.upgrade().map(|endpoint| endpoint.settings.keep) else {
            return;
        };
        sleep(keep.max(Duration::from_millis(20)) / 2).await;
        let Some(endpoint) = endpoint.upgrade() else {
            return;
        };
        endpoint.drop_stale();
        if endpoint.idle.borrow().is_empty() {
            endpoint.swept.set(false);
            return;
        }
    }
}

/// A connection in use. Dropped, the connection is closed; [`Lease::release`] gives it back.
pub(super) struct Lease {
    pub(super) link: Link,
    permit: OwnedSemaphorePermit,
    endpoint: Rc<Endpoint>,
    reused: bool,
}

impl Lease {
    pub(super) fn endpoint(&self) -> Rc<Endpoint> {
        Rc::clone(&self.endpoint)
    }

    pub(super) fn name(&self) -> &str {
        &self.endpoint.name
    }

    pub(super) fn host(&self) -> &HeaderValue {
        &self.endpoint.host
    }

    /// Whether the connection carried a request before.
    pub(super) fn is_reused(&self) -> bool {
        self.reused
    }

    /// Gives the connection back, at once if it is ready for another request.
    pub(super) fn release(self) {
        if self.link.is_ready() {
            self.park();
        } else if self.link.is_open() {
            tokio::task::spawn_local(self.settle());
        }
    }

    /// The answer has ended, but the connection has not noticed, or still sends the request.
    async fn settle(mut self) {
        if timeout(SETTLE, self.link.ready()).await == Ok(true) {
            self.park();
        }
    }

    fn park(self) {
        self.endpoint.park(self.link);
        // Only now may the next in line look for it.
        drop(self.permit);
    }
}
