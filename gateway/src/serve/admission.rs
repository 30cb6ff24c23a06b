//! What holds for the whole process: how many connections there are, and how many requests are in progress.
//!
//! The two counters are the only thing that cores share on the way of a request. What is beyond a bound is turned away at
//! once: a queue would only make everyone wait for the same refusal.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A number of places.
#[derive(Clone)]
pub(super) struct Admission(Arc<Places>);

struct Places {
    taken: AtomicUsize,
    limit: usize,
}

/// One place taken; free again when dropped.
pub(super) struct Place(Arc<Places>);

impl Admission {
    pub(super) fn new(limit: usize) -> Self {
        Self(Arc::new(Places {
            taken: AtomicUsize::new(0),
            limit,
        }))
    }

    /// A place, if one is free.
    pub(super) fn admit(&self) -> Option<Place> {
        let place = Place(Arc::clone(&self.0));
        let before = self.0.taken.fetch_add(1, Ordering::Relaxed);
        // Above the limit, dropping `place` gives back what was taken too much.
        (before < self.0.limit).then_some(place)
    }

    /// Places taken now.
    pub(super) fn taken(&self) -> usize {
        self.0.taken.load(Ordering::Relaxed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_dropped() {
        let admission = Admission::new(1);
        let first = admission.admit();
        assert!(first.is_some());
        assert!(admission.admit().is_none());
        drop(first);
        assert!(admission.admit().is_some());
        assert_eq!(admission.taken(), 0);
    }
}
