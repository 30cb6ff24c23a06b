//! When a connection has to go.
//!
//! Each connection has a [`Pulse`]; once a tick the core's warden reads them all and tells those beyond a bound to finish
//! or to end. One timer a core instead of several a request.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::Settings;
use super::core::Core;
use super::flow::{Credit, Least};
use super::gauge::Gauge;

/// How often connections are looked at; bounds are kept to within one tick.
const TICK: Duration = Duration::from_secs(1);
/// The same during a drain, where what has ended should be seen soon.
const DRAIN_TICK: Duration = Duration::from_millis(100);
/// Seconds in which a client may take the answer that it was too slow.
const TOLD: u32 = 2;

/// What a connection is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Order {
    /// Go on.
    Serve,
    /// Answer what is in progress, then close.
    Finish,
    /// Close.
    End,
}

/// The bodies of a connection's answers. HTTP/2 has a window for each stream, so a client can stop reading an answer
/// without blocking the socket: then its body is not asked for frames, although it does not wait for any.
#[derive(Default)]
pub(super) struct Bodies {
    open: Cell<u32>,
    waiting: Cell<u32>,
    asked: Cell<u32>,
}

impl Bodies {
    pub(super) fn open(&self, now: u32) {
        self.open.set(self.open.get() + 1);
        self.asked.set(now);
    }

    /// A body was asked for a frame; whether it waited for its upstream before, and does now.
    pub(super) fn asked(&self, waited: bool, waits: bool, now: u32) {
        self.waiting
            .set(self.waiting.get() - u32::from(waited) + u32::from(waits));
        self.asked.set(now);
    }

    pub(super) fn close(&self, waited: bool) {
        self.open.set(self.open.get() - 1);
        self.waiting.set(self.waiting.get() - u32::from(waited));
    }

    /// For how long no body was asked for anything, although one had something to give.
    fn unread(&self, now: u32) -> Option<u32> {
        (self.open.get() > self.waiting.get()).then(|| now.wrapping_sub(self.asked.get()))
    }
}

/// One connection as the warden sees it.
pub(super) struct Pulse {
    pub(super) gauge: Arc<Gauge>,
    born: u32,
    requests: Cell<u64>,
    in_progress: Cell<u32>,
    last_end: Cell<u32>,
    bodies: Bodies,
    credit: Credit,
    order: Cell<Order>,
    waker: RefCell<Waker>,
}

impl Pulse {
    pub(super) fn new(gauge: Arc<Gauge>, now: u32) -> Self {
        Self {
            gauge,
            born: now,
            requests: Cell::new(0),
            in_progress: Cell::new(0),
            last_end: Cell::new(now),
            bodies: Bodies::default(),
            credit: Credit::new(now),
            order: Cell::new(Order::Serve),
            waker: RefCell::new(Waker::noop().clone()),
        }
    }

    pub(super) fn begin(&self) {
        self.requests.set(self.requests.get() + 1);
        self.in_progress.set(self.in_progress.get() + 1);
    }

    pub(super) fn end(&self, now: u32) {
        self.in_progress.set(self.in_progress.get() - 1);
        self.last_end.set(now);
        self.gauge.head_resumed();
    }

    /// The bodies of its answers.
    pub(super) fn bodies(&self) -> &Bodies {
        &self.bodies
    }

    pub(super) fn order(&self) -> Order {
        self.order.get()
    }

    /// Whom to wake when the order changes.
    pub(super) fn listen(&self, waker: &Waker) {
        self.waker.borrow_mut().clone_from(waker);
    }

    fn tell(&self, order: Order) {
        if order > self.order.get() {
            self.order.set(order);
            self.waker.borrow().wake_by_ref();
        }
    }

    /// Says that a head or a body came too slowly; the wire ends it with an answer.
    fn give_up(&self) {
        if !self.gauge.is_late() {
            self.gauge.give_up();
            self.waker.borrow().wake_by_ref();
        }
    }

    fn seen(&self, now: u32) -> Seen {
        Seen {
            age: now.wrapping_sub(self.born),
            served: self.requests.get() > 0,
            busy: self.in_progress.get() > 0,
            quiet: now.wrapping_sub(self.last_end.get()),
            head: self.gauge.head_seconds(),
            blocked: self.gauge.blocked_seconds().max(self.bodies.unread(now)),
        }
    }
}

/// A connection at one moment, in seconds.
#[derive(Debug, Clone, Copy)]
struct Seen {
    age: u32,
    served: bool,
    busy: bool,
    quiet: u32,
    head: Option<u32>,
    blocked: Option<u32>,
}

/// The bounds, in seconds.
struct Bounds {
    head: u32,
    idle: u32,
    age: u32,
    announce: u32,
    least: Least,
}

impl Bounds {
    fn of(settings: &Settings) -> Self {
        // Rounded up: a bound below one second is kept to within one.
        let seconds = |bound: Duration| u32::try_from(bound.as_millis().div_ceil(1000)).unwrap_or(u32::MAX);
        Self {
            head: seconds(settings.head_within),
            idle: seconds(settings.idle),
            age: seconds(settings.age),
            announce: seconds(settings.announce),
            least: Least {
                rate: settings.body_rate,
                grace: seconds(settings.body_grace),
            },
        }
    }

    /// Whether what is coming came too slowly.
    fn is_late(&self, pulse: &Pulse, seen: &Seen, now: u32) -> bool {
        let head = !seen.busy && seen.head.is_some_and(|head| head > self.head);
        // Its bytes are counted in any case.
        let body = self.least.rate > 0 && pulse.credit.is_spent(&pulse.gauge.flow, now, self.least);
        head || body
    }

    fn order(&self, seen: &Seen, stopped: bool) -> Order {
        let stuck = seen.blocked.is_some_and(|blocked| blocked > self.idle);
        let slow_head = !seen.busy && seen.head.is_some_and(|head| head > self.head + TOLD);
        let mute = !seen.served && seen.head.is_none() && seen.age > self.head + TOLD;
        let overdue = seen.age > self.age.saturating_mul(2);
        let unused = !seen.busy && seen.head.is_none() && seen.quiet > self.idle;
        // A connection accepted last may have its first request on the way: it is answered, and told to close.
        let leaving = stopped && (seen.served || seen.age > self.announce);
        match () {
            () if stuck || slow_head || mute || overdue => Order::End,
            () if leaving || unused || seen.age > self.age => Order::Finish,
            () => Order::Serve,
        }
    }
}

/// Watches over a core's connections, for as long as the core runs.
pub(super) async fn watch(core: Core) {
    let bounds = Bounds::of(core.settings());
    loop {
        let stopped = core.drain().is_stopped();
        core.clock().refresh();
        let now = core.clock().now();
        core.visit(|pulse| {
            let seen = pulse.seen(now);
            if bounds.is_late(pulse, &seen, now) {
                pulse.give_up();
            }
            pulse.tell(bounds.order(&seen, stopped));
        });
        match stopped {
            true => sleep(DRAIN_TICK).await,
            // Cut short when the drain begins.
            false => drop(timeout(TICK, core.drain().stopped()).await),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds {
        head: 10,
        idle: 60,
        age: 3600,
        announce: 2,
        least: Least { rate: 100, grace: 5 },
    };
    const USED: Seen = Seen {
        age: 100,
        served: true,
        busy: false,
        quiet: 5,
        head: None,
        blocked: None,
    };

    #[test]
    fn a_connection_in_use_stays() {
        assert_eq!(BOUNDS.order(&USED, false), Order::Serve);
        assert_eq!(
            BOUNDS.order(
                &Seen {
                    busy: true,
                    quiet: 500,
                    ..USED
                },
                false
            ),
            Order::Serve
        );
    }

    #[test]
    fn each_bound_has_its_order() {
        let cases = [
            (
                Seen {
                    head: Some(13),
                    ..USED
                },
                Order::End,
            ),
            (
                Seen {
                    served: false,
                    age: 13,
                    quiet: 13,
                    ..USED
                },
                Order::End,
            ),
            (
                Seen {
                    busy: true,
                    blocked: Some(61),
                    ..USED
                },
                Order::End,
            ),
            (Seen { quiet: 61, ..USED }, Order::Finish),
            (
                Seen {
                    busy: true,
                    age: 3601,
                    ..USED
                },
                Order::Finish,
            ),
        ];
        for (seen, order) in cases {
            assert_eq!(BOUNDS.order(&seen, false), order, "{seen:?}");
        }
    }

    #[test]
    fn a_drain_lets_a_new_connection_ask_once() {
        assert_eq!(BOUNDS.order(&USED, true), Order::Finish);
        let new = Seen {
            served: false,
            age: 1,
            quiet: 1,
            ..USED
        };
        assert_eq!(BOUNDS.order(&new, true), Order::Serve);
        assert_eq!(BOUNDS.order(&Seen { age: 3, ..new }, true), Order::Finish);
    }

    #[test]
    fn a_body_that_waits_for_its_upstream_is_not_unread() {
        let bodies = Bodies::default();
        bodies.open(1);
        assert_eq!(bodies.unread(10), Some(9));
        bodies.asked(false, true, 10);
        assert_eq!(bodies.unread(100), None);
        bodies.asked(true, false, 100);
        assert_eq!(bodies.unread(101), Some(1));
        bodies.close(false);
        assert_eq!(bodies.unread(200), None);
    }
}
