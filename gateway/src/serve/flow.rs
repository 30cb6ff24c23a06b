//! How fast the body of a request comes, while it is waited for.
//!
//! The wire counts bytes and notes when it waits for the client; the warden looks once a second. A body has credit, which
//! grows with its bytes up to what the grace allows, and shrinks by the least rate in each second in which the client was
//! waited for. A client that is held up by a slow upstream loses nothing.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What the wire tells of a body.
#[derive(Default)]
pub(super) struct Flow {
    waits: AtomicBool,
    bytes: AtomicU64,
    /// A body has ended since the warden looked.
    ended: AtomicBool,
}

impl Flow {
    /// So many bytes came.
    pub(super) fn came(&self, bytes: usize) {
        let before = self.bytes.load(Ordering::Relaxed);
        self.bytes
            .store(before.wrapping_add(bytes as u64), Ordering::Relaxed);
        self.waits.store(false, Ordering::Relaxed);
    }

    /// More are wanted, and are not there.
    pub(super) fn waits(&self) {
        self.waits.store(true, Ordering::Relaxed);
    }

    /// No body is coming.
    pub(super) fn ended(&self) {
        self.waits.store(false, Ordering::Relaxed);
        self.ended.store(true, Ordering::Relaxed);
    }
}

/// The least rate, in bytes a second, and for how many seconds less is taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Least {
    pub(super) rate: u32,
    pub(super) grace: u32,
}

/// The credit of a connection's bodies.
pub(super) struct Credit {
    /// Seconds of the clock, and bytes, when it was last looked.
    looked: Cell<u32>,
    counted: Cell<u64>,
    left: Cell<i64>,
}

impl Credit {
    pub(super) fn new(now: u32) -> Self {
        Self {
            looked: Cell::new(now),
            counted: Cell::new(0),
            left: Cell::new(i64::MAX),
        }
    }

    /// Whether the body comes too slowly.
    pub(super) fn is_spent(&self, flow: &Flow, now: u32, least: Least) -> bool {
        let most = i64::from(least.rate) * i64::from(least.grace);
        let seconds = i64::from(now.wrapping_sub(self.looked.replace(now)));
        let bytes = flow.bytes.load(Ordering::Relaxed);
        let came = bytes.wrapping_sub(self.counted.replace(bytes));
        if flow.ended.load(Ordering::Relaxed) {
            flow.ended.store(false, Ordering::Relaxed);
            self.left.set(most);
        }
        let came = i64::try_from(came).unwrap_or(i64::MAX);
        let waited = if flow.waits.load(Ordering::Relaxed) {
            seconds
        } else {
            0
        };
        let left = self.left.get().saturating_add(came).min(most) - waited * i64::from(least.rate);
        self.left.set(left);
        left < 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: Least = Least { rate: 100, grace: 5 };

    /// The second in which a client is found too slow that sends so much a second.
    fn ends(bytes: usize) -> Option<u32> {
        let (flow, credit) = (Flow::default(), Credit::new(1));
        (2..200).find(|now| {
            flow.came(bytes);
            flow.waits();
            credit.is_spent(&flow, *now, LEAST)
        })
    }

    #[test]
    fn a_trickle_ends_and_a_stream_does_not() {
        assert_eq!(ends(0), Some(7));
        assert!(ends(1).is_some_and(|second| second < 10));
        assert!(ends(90).is_some());
        assert_eq!(ends(100), None);
        assert_eq!(ends(1_000_000), None);
    }

    #[test]
    fn an_early_burst_does_not_pay_for_a_trickle() {
        let (flow, credit) = (Flow::default(), Credit::new(1));
        flow.came(10_000_000);
        flow.waits();
        assert!((2..20).any(|now| credit.is_spent(&flow, now, LEAST)));
    }

    #[test]
    fn a_client_that_is_not_waited_for_is_not_slow() {
        let (flow, credit) = (Flow::default(), Credit::new(1));
        assert!(!(2..100).any(|now| credit.is_spent(&flow, now, LEAST)));
    }
}
