//! Numbers that nobody can foresee, for the ids of traces and for who is sampled.
//!
//! Each thread has its own sequence (SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators",
//! OOPSLA 2014), which begins where the system's randomness says: an id costs no system call. They are no secrets.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

use opentelemetry::{SpanId, TraceId};

thread_local! {
    static STATE: Cell<u64> = Cell::new(RandomState::new().hash_one(0));
}

fn next() -> u64 {
    STATE.with(|state| {
        let seed = state.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        state.set(seed);
        let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    })
}

/// The id of a new trace; never zero.
pub(super) fn trace() -> TraceId {
    TraceId::from((u128::from(next()) << 64) | u128::from(next().max(1)))
}

/// The id of a new span; never zero.
pub(super) fn span() -> SpanId {
    SpanId::from(next().max(1))
}

/// True for such a share of calls: always for 1, never for 0.
pub(super) fn chance(share: f64) -> bool {
    // 53 bits are what a double holds exactly.
    let drawn = (next() >> 11) as f64 / (1_u64 << 53) as f64;
    drawn < share
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_differ_and_shares_hold_at_both_ends() {
        let spans: BTreeSet<_> = (0..10_000).map(|_| span().to_bytes()).collect();
        assert_eq!(spans.len(), 10_000);
        let other = std::thread::spawn(trace).join();
        assert_ne!(other.ok(), Some(trace()));
        assert!((0..10_000).all(|_| chance(1.0) && !chance(0.0)));
        let half = (0..100_000).filter(|_| chance(0.5)).count();
        assert!((48_000..52_000).contains(&half), "{half}");
    }
}
