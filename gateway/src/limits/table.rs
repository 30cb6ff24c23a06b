//! State by key, bounded in number: beyond [`KEYS`] the key that was used least recently is forgotten, and begins anew when
//! it comes again.
//!
//! The table is divided so that cores seldom meet. A lock is held for one look-up and never over a wait.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;

/// How many keys one limit remembers.
pub const KEYS: usize = 1 << 16;

const SHARDS: usize = 1 << 4;
const IN_SHARD: NonZeroUsize = NonZeroUsize::MIN.saturating_add(KEYS / SHARDS - 1);

/// State by key. Keys are keyed hashes, spread evenly.
#[derive(Debug)]
pub(super) struct Table<V> {
    shards: Vec<Mutex<LruCache<u64, V>>>,
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        let shard = |_| Mutex::new(LruCache::sparse(IN_SHARD));
        Self {
            shards: (0..SHARDS).map(shard).collect(),
        }
    }
}

impl<V> Table<V> {
    /// Looks at a key's state, made if it is new.
    pub(super) fn with<R>(&self, key: u64, make: impl FnOnce() -> V, look: impl FnOnce(&mut V) -> R) -> R {
        look(self.shard(key).get_or_insert_mut(key, make))
    }

    /// Looks at a key's state, if there is any.
    pub(super) fn seen<R>(&self, key: u64, look: impl FnOnce(&mut V) -> R) -> Option<R> {
        self.shard(key).get_mut(&key).map(look)
    }

    fn shard(&self, key: u64) -> MutexGuard<'_, LruCache<u64, V>> {
        let index = (key >> 60) as usize % SHARDS;
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        (0..SHARDS as u64)
            .map(|shard| self.shard(shard << 60).len())
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_least_is_forgotten() {
        let table: Table<u64> = Table::default();
        let spread = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for n in 0..4 * KEYS as u64 {
            table.with(spread(n), || n, |_| ());
            // One key that is used all the time stays.
            table.with(spread(0), || 7, |first| assert_eq!(*first, 0));
        }
        assert!(table.len() <= KEYS);
        assert_eq!(table.seen(spread(1), |_| ()), None);
    }
}
