//! What the wire and the exchange tell each other, beside the bytes: nothing that a client sends can look like it.
//!
//! Messages of a connection are counted on both sides, from 1: heads as they pass, requests as they are begun. Wire and
//! exchange are on the same core; atomics and a lock only because an upgraded connection has to be `Send`.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use super::framing::Fault;

/// Between the wire and the exchanges of one HTTP/1 connection.
pub(super) struct Gate {
    /// The message that is refused; 0 if none is. It is the last one.
    refused: AtomicU64,
    fault: Mutex<Option<Fault>>,
    /// The message whose body is still coming; 0 between messages.
    body: AtomicU64,
    /// The last message whose answer is known, and whether it switched protocols.
    answered: AtomicU64,
    switched: AtomicBool,
    /// The wire, when it waits for an answer.
    waiting: AtomicBool,
    waker: Mutex<Waker>,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self {
            refused: AtomicU64::new(0),
            fault: Mutex::new(None),
            body: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            switched: AtomicBool::new(false),
            waiting: AtomicBool::new(false),
            waker: Mutex::new(Waker::noop().clone()),
        }
    }

    /// The head with this number is refused.
    pub(super) fn refuse(&self, number: u64, fault: Fault) {
        *lock(&self.fault) = Some(fault);
        self.refused.store(number, Ordering::Release);
    }

    /// Why the request with this number is refused, if it is.
    pub(super) fn fault_of(&self, number: u64) -> Option<Fault> {
        let refused = self.refused.load(Ordering::Acquire);
        match refused == number && refused != 0 {
            true => *lock(&self.fault),
            false => None,
        }
    }

    /// The body of this message is coming; of none if it is 0.
    pub(super) fn in_body(&self, number: u64) {
        self.body.store(number, Ordering::Relaxed);
    }

    /// Whether the body of this message has not come whole.
    pub(super) fn is_in_body(&self, number: u64) -> bool {
        self.body.load(Ordering::Relaxed) == number
    }

    /// The answer to this message is known.
    pub(super) fn answer(&self, number: u64, switched: bool) {
        self.switched.store(switched, Ordering::Relaxed);
        self.answered.store(number, Ordering::Release);
        if self.waiting.load(Ordering::Acquire) {
            self.waiting.store(false, Ordering::Relaxed);
            lock(&self.waker).wake_by_ref();
        }
    }

    /// Whether the answer to this message switched protocols; else `waker` is woken once it is known.
    pub(super) fn switched(&self, number: u64, waker: &Waker) -> Option<bool> {
        if self.answered.load(Ordering::Acquire) < number {
            lock(&self.waker).clone_from(waker);
            self.waiting.store(true, Ordering::Release);
            // Both sides are on one core, so that nothing comes between the two looks.
            return None;
        }
        Some(self.switched.load(Ordering::Relaxed))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
