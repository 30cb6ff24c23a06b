//! Whether the process is on its way out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

/// The way out, in two steps: **announced**, when answers say `Connection: close` and readiness is false, and
/// **stopped**, when nothing is accepted any more. There is no way back. Cheap to clone; the same on every core.
#[derive(Clone)]
pub struct Drain(Arc<State>);

struct State {
    /// Read for each answer, hence not a lock.
    announced: AtomicBool,
    stopped: watch::Sender<bool>,
}

impl Drain {
    /// A process that stays.
    pub fn new() -> Self {
        Self(Arc::new(State {
            announced: AtomicBool::new(false),
            stopped: watch::Sender::new(false),
        }))
    }

    /// Whether the process is on its way out: it is not ready for new clients.
    pub fn is_draining(&self) -> bool {
        self.0.announced.load(Ordering::Relaxed)
    }

    /// Whether nothing is accepted any more.
    pub fn is_stopped(&self) -> bool {
        *self.0.stopped.borrow()
    }

    /// Tells clients to go elsewhere.
    pub fn announce(&self) {
        self.0.announced.store(true, Ordering::Relaxed);
    }

    /// Accepts nothing more; what is in progress goes on.
    pub fn stop(&self) {
        self.announce();
        self.0.stopped.send_replace(true);
    }

    /// Waits for [`Drain::stop`].
    pub async fn stopped(&self) {
        let mut stopped = self.0.stopped.subscribe();
        // It cannot fail: the sender lives in `self`.
        let _stopped = stopped.wait_for(|stopped| *stopped).await;
    }
}

impl Default for Drain {
    fn default() -> Self {
        Self::new()
    }
}
