//! How many requests are in progress, counted over all cores.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const SHARDS: usize = 16;

/// A cap by key. A key with nothing in progress takes no room.
#[derive(Debug)]
pub struct Concurrency {
    cap: NonZeroU32,
    shards: [Mutex<HashMap<u64, u32>>; SHARDS],
}

/// A place under a cap, until it is dropped.
#[derive(Debug)]
pub struct Place {
    of: Arc<Concurrency>,
    key: u64,
}

impl Concurrency {
    /// A cap.
    pub fn new(cap: NonZeroU32) -> Self {
        Self {
            cap,
            shards: Default::default(),
        }
    }

    /// A place, and how many are left. None when all are taken.
    pub fn take(self: &Arc<Self>, key: u64) -> Option<(Place, u32)> {
        let mut shard = self.shard(key);
        let taken = shard.entry(key).or_default();
        let left = self.cap.get().checked_sub(*taken + 1)?;
        *taken += 1;
        let place = Place {
            of: Arc::clone(self),
            key,
        };
        Some((place, left))
    }

    fn shard(&self, key: u64) -> MutexGuard<'_, HashMap<u64, u32>> {
        let index = (key >> 60) as usize % SHARDS;
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut shard = self.of.shard(self.key);
        match shard.get_mut(&self.key) {
            Some(taken) if *taken > 1 => *taken -= 1,
            _ => drop(shard.remove(&self.key)),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_back_from_any_thread() {
        let cap = Arc::new(Concurrency::new(NonZeroU32::new(3).unwrap()));
        let held: Vec<_> = (0..3).map(|_| cap.take(1).unwrap()).collect();
        assert_eq!(held.iter().map(|(_, left)| *left).collect::<Vec<_>>(), [2, 1, 0]);
        assert!(cap.take(1).is_none());
        assert!(cap.take(2).is_some());
        std::thread::spawn(move || drop(held)).join().unwrap();
        assert!(cap.take(1).is_some());
        assert!(cap.shards.iter().all(|shard| shard.lock().unwrap().is_empty()));
    }

    #[test]
    fn never_more_than_the_cap_at_once() {
        let cap = Arc::new(Concurrency::new(NonZeroU32::new(2).unwrap()));
        let most = Arc::new(std::sync::atomic::AtomicU32::new(0));
        let now = Arc::new(std::sync::atomic::AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10_000 {
                        let Some(place) = cap.take(1) else { continue };
                        use std::sync::atomic::Ordering::SeqCst;
                        most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
                        now.fetch_sub(1, SeqCst);
                        drop(place);
                    }
                });
            }
        });
        let most = most.load(std::sync::atomic::Ordering::SeqCst);
        assert!((1..=2).contains(&most), "{most}");
    }
}
