//! How long the process waits for its last counts to be kept: while the store takes them.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How long it waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Without anything being taken.
    still: Duration,
    /// In all.
    most: Duration,
}

pub(super) const BOUNDS: Bounds = Bounds {
    still: Duration::from_secs(5),
    most: Duration::from_secs(60),
};

/// Waits until it is told that all is done: whether it was. `taken` counts up whenever the store has taken something.
pub(super) fn wait(told: &Receiver<()>, bounds: Bounds, taken: impl Fn() -> u64) -> bool {
    let begun = Instant::now();
    let mut before = taken();
    loop {
        let left = bounds.most.saturating_sub(begun.elapsed());
        match told.recv_timeout(bounds.still.min(left)) {
            Ok(()) => return true,
            Err(RecvTimeoutError::Disconnected) => return false,
            Err(RecvTimeoutError::Timeout) => {}
        }
        let now = taken();
        if now == before || begun.elapsed() >= bounds.most {
            return false;
        }
        before = now;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::mpsc::sync_channel;

    use super::*;

    fn bounds(still: u64, most: u64) -> Bounds {
        let [still, most] = [still, most].map(Duration::from_millis);
        Bounds { still, most }
    }

    #[test]
    fn what_is_taken_is_waited_for_and_what_is_not_is_left() {
        let (done, told) = sync_channel(1);
        let begun = Instant::now();
        assert!(!wait(&told, bounds(30, 60_000), || 7), "nothing is taken");
        assert!(begun.elapsed() < Duration::from_secs(30));
        // Something is taken again and again: for longer than it may be still.
        let taken = AtomicU64::new(0);
        let counted = || {
            if taken.load(Ordering::Relaxed) == 5 {
                done.try_send(()).unwrap();
            }
            taken.fetch_add(1, Ordering::Relaxed)
        };
        assert!(wait(&told, bounds(20, 60_000), counted));
        // For ever is too long.
        let begun = Instant::now();
        assert!(!wait(&told, bounds(20, 100), || taken.fetch_add(1, Ordering::Relaxed)));
        assert!(begun.elapsed() >= Duration::from_millis(100));
        drop(done);
        assert!(!wait(&told, bounds(30_000, 60_000), || 7), "nobody will tell");
    }
}
