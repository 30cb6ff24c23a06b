//! Tokens that were verified before: the signature of each is checked once, not with each request.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use lru::LruCache;

use super::Print;
use super::claims::Claims;

/// Parts, each with a lock of its own: cores seldom wait for each other.
const PARTS: usize = 16;
/// The most tokens in one part.
const MOST: NonZeroUsize = NonZeroUsize::new(256).unwrap();

/// Verified tokens by their print.
#[derive(Debug)]
pub struct Seen([Mutex<Part>; PARTS]);

#[derive(Debug)]
struct Part {
    /// The key set that verified them.
    set: Print,
    tokens: LruCache<Print, Claims>,
}

impl Default for Seen {
    fn default() -> Self {
        let part = || Part {
            set: [0; 32],
            tokens: LruCache::sparse(MOST),
        };
        Self(std::array::from_fn(|_| Mutex::new(part())))
    }
}

impl Seen {
    /// What a token proved under this key set.
    pub fn get(&self, token: &Print, set: &Print) -> Option<Claims> {
        self.with(token, set, |tokens| tokens.get(token).cloned())
    }

    /// Remembers what a token proved under this key set.
    pub fn put(&self, token: Print, set: &Print, claims: Claims) {
        self.with(&token, set, |tokens| drop(tokens.put(token, claims)));
    }

    /// What another key set verified is forgotten.
    fn with<T>(&self, token: &Print, set: &Print, act: impl FnOnce(&mut LruCache<Print, Claims>) -> T) -> T {
        let part = &self.0[usize::from(token[0]) % PARTS];
        let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
        if part.set != *set {
            part.tokens.clear();
            part.set = *set;
        }
        act(&mut part.tokens)
    }
}
