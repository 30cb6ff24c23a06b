//! What the wire tells of its connection, for the warden to see.
//!
//! Time is read off a coarse clock that the warden moves on once a second: a read or a write costs a few plain stores.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::Poll;
use std::time::Instant;

use super::flow::Flow;
use super::gate::Gate;

/// Seconds since the core began, from 1. Only its own core moves it on; it is atomic because an upgraded connection has
/// to be `Send`.
#[derive(Clone)]
pub(super) struct Clock {
    began: Instant,
    seconds: Arc<AtomicU32>,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            seconds: Arc::new(AtomicU32::new(1)),
        }
    }

    pub(super) fn now(&self) -> u32 {
        self.seconds.load(Ordering::Relaxed)
    }

    /// Looks at the real clock.
    pub(super) fn refresh(&self) {
        let seconds = u32::try_from(self.began.elapsed().as_secs()).unwrap_or(u32::MAX - 1);
        self.seconds.store(seconds + 1, Ordering::Relaxed);
    }
}

/// Since when something goes on, in seconds of the clock; 0 if it does not.
#[derive(Default)]
struct Since(AtomicU32);

impl Since {
    fn begin(&self, clock: &Clock) {
        if self.0.load(Ordering::Relaxed) == 0 {
            self.0.store(clock.now(), Ordering::Relaxed);
        }
    }

    fn end(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    fn seconds(&self, clock: &Clock) -> Option<u32> {
        let since = self.0.load(Ordering::Relaxed);
        (since != 0).then(|| clock.now().wrapping_sub(since))
    }
}

/// What the wire tells of its connection, and is told.
pub(super) struct Gauge {
    clock: Clock,
    /// A head is coming.
    head: Since,
    /// The client does not take what is written.
    blocked: Since,
    /// The body that is coming.
    pub(super) flow: Flow,
    /// Between the wire and the exchanges.
    pub(super) gate: Gate,
    /// What is coming came too slowly.
    late: AtomicBool,
    /// The client floods us.
    flooded: AtomicBool,
}

impl Gauge {
    pub(super) fn new(clock: Clock) -> Arc<Self> {
        Arc::new(Self {
            clock,
            head: Since::default(),
            blocked: Since::default(),
            flow: Flow::default(),
            gate: Gate::new(),
            late: AtomicBool::new(false),
            flooded: AtomicBool::new(false),
        })
    }

    /// A head has begun to come.
    pub(super) fn head_began(&self) {
        self.head.begin(&self.clock);
    }

    /// The head that was coming is here.
    pub(super) fn head_ended(&self) {
        self.head.end();
    }

    /// A head that was coming was not asked for until now.
    pub(super) fn head_resumed(&self) {
        if self.head_seconds().is_some() {
            self.head.end();
            self.head.begin(&self.clock);
        }
    }

    /// For how long a head has been coming.
    pub(super) fn head_seconds(&self) -> Option<u32> {
        self.head.seconds(&self.clock)
    }

    /// For how long the client has taken nothing.
    pub(super) fn blocked_seconds(&self) -> Option<u32> {
        self.blocked.seconds(&self.clock)
    }

    /// Says that what is coming came too slowly.
    pub(super) fn give_up(&self) {
        self.late.store(true, Ordering::Relaxed);
    }

    /// Whether what is coming came too slowly.
    pub(super) fn is_late(&self) -> bool {
        self.late.load(Ordering::Relaxed)
    }

    /// The client floods us.
    pub(super) fn flood(&self) {
        self.flooded.store(true, Ordering::Relaxed);
    }

    /// Whether the client floods us.
    pub(super) fn is_flooded(&self) -> bool {
        self.flooded.load(Ordering::Relaxed)
    }

    /// The time, in seconds.
    pub(super) fn now(&self) -> u32 {
        self.clock.now()
    }

    pub(super) fn wrote<T>(&self, polled: Poll<T>) -> Poll<T> {
        match polled.is_pending() {
            true => self.blocked.begin(&self.clock),
            false => self.blocked.end(),
        }
        polled
    }
}
