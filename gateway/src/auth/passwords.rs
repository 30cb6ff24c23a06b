//! Passwords are verified off the cores, a few at a time, and what was verified is remembered for a while: an argon2 hash
//! costs some ten milliseconds and 19 MiB, on purpose.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use jiff::{SignedDuration, Timestamp};
use lru::LruCache;
use sluice_config::plan::Consumers;
use sluice_config::{Code, Diagnostic};
use tokio::sync::Semaphore;

use super::keys::Hasher;

/// How many are verified at once, in all of the process.
const AT_ONCE: usize = 2;
/// How many more may wait for that.
const WAITING: usize = 64;
/// How long they wait.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many verified passwords are remembered, and for how long.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(4096).unwrap();
const REMEMBERED_FOR: SignedDuration = SignedDuration::from_secs(60);

/// What became of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verified {
    Right,
    Wrong,
    /// Too many others are being verified.
    Busy,
}

/// Verifies passwords. One for the process, from edition to edition.
#[derive(Clone)]
pub(super) struct Passwords {
    work: Arc<Work>,
    /// What an unknown user's password is verified against, so that it takes as long as a known one's.
    decoy: Option<Arc<str>>,
}

struct Work {
    turn: Semaphore,
    waiting: AtomicUsize,
    /// By user, password and hash, under a secret of this process.
    remembered: Mutex<LruCache<[u8; 32], Timestamp>>,
    hasher: Hasher,
}

impl Passwords {
    /// For these consumers; what is remembered and who waits goes over.
    ///
    /// # Errors
    /// A hash that is none.
    pub(super) fn compile(consumers: &Consumers, before: Option<&Self>) -> Result<Self, Vec<Diagnostic>> {
        let all = || consumers.iter().flat_map(|(_, consumer)| &consumer.passwords);
        let faults: Vec<Diagnostic> = all()
            .filter_map(|password| {
                let error = PasswordHash::new(&password.hash).err()?;
                let message = format!("this is not the hash of a password: {error}");
                Some(password.place.fault(Code::BadCredential, message))
            })
            .collect();
        if !faults.is_empty() {
            return Err(faults);
        }
        let cost = |hash: &Arc<str>| {
            let read = PasswordHash::new(hash).ok()?;
            let number = |name: &str| read.params.get_decimal(name).unwrap_or_default();
            Some(u64::from(number("m")) * u64::from(number("t")))
        };
        Ok(Self {
            work: before.map_or_else(|| Arc::new(Work::new()), |before| Arc::clone(&before.work)),
            decoy: all().map(|password| Arc::clone(&password.hash)).max_by_key(cost),
        })
    }

    /// Whether a password is the one of this hash; without a hash the user is not known, which is found out no faster.
    pub(super) async fn verify(
        &self,
        user: &str,
        password: &str,
        hash: Option<&Arc<str>>,
        now: Timestamp,
    ) -> Verified {
        let Some(against) = hash.or(self.decoy.as_ref()) else {
            return Verified::Wrong;
        };
        let name = self
            .work
            .hasher
            .of(&[user.as_bytes(), password.as_bytes(), against.as_bytes()]);
        if hash.is_some() && self.work.remembers(&name, now) {
            return Verified::Right;
        }
        let Some(right) = self.work.compute(password.to_owned(), Arc::clone(against)).await else {
            return Verified::Busy;
        };
        if !right || hash.is_none() {
            return Verified::Wrong;
        }
        self.work.remember(name, now);
        Verified::Right
    }
}

impl Work {
    fn new() -> Self {
        let mut secret = [0; 32];
        // Without randomness of the system nothing is remembered by a secret that others know: it holds in this process.
        let random = getrandom::fill(&mut secret).is_ok();
        Self {
            turn: Semaphore::new(AT_ONCE),
            waiting: AtomicUsize::new(0),
            remembered: Mutex::new(LruCache::new(if random { REMEMBERED } else { NonZeroUsize::MIN })),
            hasher: Hasher::new(&secret),
        }
    }

    fn remembers(&self, name: &[u8; 32], now: Timestamp) -> bool {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.get(name).is_some_and(|since| {
            let age = now.duration_since(*since);
            (SignedDuration::ZERO..REMEMBERED_FOR).contains(&age)
        })
    }

    fn remember(&self, name: [u8; 32], now: Timestamp) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.put(name, now);
    }

    /// Computes a hash when its turn comes; `None` when too many wait.
    async fn compute(self: &Arc<Self>, password: String, against: Arc<str>) -> Option<bool> {
        let _place = Place::take(self)?;
        let turn = tokio::time::timeout(PATIENCE, self.turn.acquire())
            .await
            .ok()?
            .ok()?;
        // The turn ends with the work, also when nobody waits for its outcome any more.
        turn.forget();
        let ended = Turn(Arc::clone(self));
        let done = tokio::task::spawn_blocking(move || {
            let _ended = ended;
            let hash = PasswordHash::new(&against).ok()?;
            Some(
                Argon2::default()
                    .verify_password(password.as_bytes(), &hash)
                    .is_ok(),
            )
        });
        done.await.ok().flatten()
    }
}

/// A turn that was taken, given back at its end.
struct Turn(Arc<Work>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.turn.add_permits(1);
    }
}

/// A place among those who wait.
struct Place<'w>(&'w Work);

impl<'w> Place<'w> {
    fn take(work: &'w Work) -> Option<Self> {
        let before = work.waiting.fetch_add(1, Ordering::Relaxed);
        let place = Self(work);
        (before < AT_ONCE + WAITING).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            work: Arc::new(Work::new()),
            decoy: None,
        }
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passwords(…)")
    }
}
