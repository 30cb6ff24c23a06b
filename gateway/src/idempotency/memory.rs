//! Keys and answers in this process, shared by its cores. Only requests with a key come here.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use lru::LruCache;

use super::kept::Outcome;
use super::key::Hash;
use super::{Found, Standing};

/// The table of one API.
#[derive(Debug)]
pub struct Memory(Mutex<Table>);

#[derive(Debug)]
struct Table {
    /// Requests that are carried out now; there are never more than the process carries.
    flying: HashMap<Hash, Hash>,
    /// What became of others.
    done: LruCache<Hash, Done>,
}

#[derive(Debug)]
struct Done {
    print: Hash,
    standing: Standing,
    until: Timestamp,
}

impl Memory {
    /// A table for so many answers.
    pub fn new(entries: usize) -> Self {
        let done = LruCache::new(bound(entries));
        Self(Mutex::new(Table {
            flying: HashMap::new(),
            done,
        }))
    }

    /// Another bound. What is too much is forgotten.
    pub fn resize(&self, entries: usize) {
        self.table().done.resize(bound(entries));
    }

    /// Looks a key up, and claims it when nobody has.
    pub fn begin(&self, id: Hash, print: Hash, now: Timestamp) -> Found {
        let mut table = self.table();
        if let Some(known) = table.flying.get(&id) {
            return match *known == print {
                true => Found::Known(Standing::InFlight),
                false => Found::Other,
            };
        }
        let done = table.done.get(&id).filter(|done| done.until > now);
        if let Some(done) = done {
            return match done.print == print {
                true => Found::Known(done.standing.clone()),
                false => Found::Other,
            };
        }
        table.done.pop(&id);
        table.flying.insert(id, print);
        Found::First
    }

    /// Says what became of a request.
    pub fn end(&self, id: Hash, print: Hash, outcome: Outcome, until: Timestamp) {
        let standing = match outcome {
            Outcome::Kept(kept) => Standing::Kept(Arc::new(kept)),
            Outcome::Lost(loss) => Standing::Lost(loss),
            Outcome::Free => {
                self.table().flying.remove(&id);
                return;
            }
        };
        let mut table = self.table();
        table.flying.remove(&id);
        let done = Done {
            print,
            standing,
            until,
        };
        table.done.put(id, done);
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bound(entries: usize) -> NonZeroUsize {
    NonZeroUsize::new(entries).unwrap_or(NonZeroUsize::MIN)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::{HeaderMap, StatusCode};
    use jiff::SignedDuration;

    use super::super::kept::{Kept, Loss};
    use super::*;

    fn kept(text: &'static str) -> Kept {
        Kept {
            status: StatusCode::CREATED,
            fields: HeaderMap::new(),
            body: text.into(),
        }
    }

    #[test]
    fn a_key_is_claimed_once_kept_for_a_time_and_bounded() {
        let memory = Memory::new(2);
        let now = Timestamp::UNIX_EPOCH;
        let later = now + SignedDuration::from_secs(10);
        let (a, b, c, print, other) = ([1; 32], [2; 32], [3; 32], [8; 32], [9; 32]);
        assert!(matches!(memory.begin(a, print, now), Found::First));
        assert!(matches!(
            memory.begin(a, print, now),
            Found::Known(Standing::InFlight)
        ));
        assert!(matches!(memory.begin(a, other, now), Found::Other));
        memory.end(a, print, Outcome::Free, later);
        assert!(matches!(memory.begin(a, print, now), Found::First));
        memory.end(a, print, Outcome::Kept(kept("a")), later);
        let Found::Known(Standing::Kept(again)) = memory.begin(a, print, now) else {
            panic!("not kept");
        };
        assert_eq!(again.body, "a");
        assert!(matches!(memory.begin(a, other, now), Found::Other));
        assert!(
            matches!(memory.begin(a, other, later), Found::First),
            "its time is over"
        );
        memory.end(a, other, Outcome::Lost(Loss::Unknown), later);
        for id in [b, c] {
            assert!(matches!(memory.begin(id, print, now), Found::First));
            memory.end(id, print, Outcome::Kept(kept("x")), later);
        }
        assert!(
            matches!(memory.begin(a, print, now), Found::First),
            "the oldest went"
        );
    }
}
