//! Keys and answers in the store that the fleet shares.
//!
//! A claim is a value that goes by itself: a gateway that dies while it carries a request out leaves the key free after
//! its lease. Who ends a claim replaces it only if it is still its own.

use std::sync::Arc;
use std::time::Duration;

use super::kept::{Kept, Loss, Outcome};
use super::key::Hash;
use super::{Found, Standing};
use crate::store::{Script, Store, StoreFault, Value};

/// How often what became of a request is told again, when the store does not take it.
const AGAIN: usize = 10;
/// How long is waited between.
const PAUSE: Duration = Duration::from_secs(1);

/// First letters of a value.
const FLYING: u8 = b'f';
const KEPT: u8 = b'k';
const UNKNOWN: u8 = b'u';
const TOO_LARGE: u8 = b'l';

/// Gives what is there, or claims the key.
static CLAIM: Script = Script::new(
    "claim",
    "local there = redis.call('GET', KEYS[1])
     if there then return there end
     redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
     return false",
);

/// Puts another value in the place of one's own claim.
static END: Script = Script::new(
    "end",
    "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
     redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
     return 1",
);

/// Gives a claim up.
static FREE: Script = Script::new(
    "free",
    "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
     return redis.call('DEL', KEYS[1])",
);

/// A claim in the store.
#[derive(Debug, Clone)]
pub struct Claim {
    store: Arc<Store>,
    key: String,
    /// The value that stands for it.
    value: Vec<u8>,
    print: Hash,
}

impl Claim {
    /// A claim that is not made yet.
    pub fn new(store: &Arc<Store>, id: Hash, print: Hash) -> Self {
        let mut value = vec![FLYING];
        value.extend_from_slice(&print);
        let mut token = [0; 16];
        // Without randomness two claims of one request could not be told apart; the second still finds the first.
        let _same = getrandom::fill(&mut token);
        value.extend_from_slice(&token);
        let key = id.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        Self {
            store: Arc::clone(store),
            key: format!("answer:{key}"),
            value,
            print,
        }
    }

    /// Looks the key up, and claims it for `lease` when nobody has.
    ///
    /// # Errors
    /// The store did not answer. It may hold the claim all the same, which then goes by itself.
    pub async fn begin(&self, lease: Duration) -> Result<Found, StoreFault> {
        let lease = lease.as_millis().to_string();
        let args: [&[u8]; 2] = [&self.value, lease.as_bytes()];
        match self.store.run(&CLAIM, &[&self.key], &args).await? {
            Value::BulkString(there) => read(&there, self.print).ok_or(StoreFault::Failed),
            Value::Nil | Value::Boolean(false) => Ok(Found::First),
            _ => Err(StoreFault::Failed),
        }
    }

    /// Says what became of the request.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn end(&self, outcome: &Outcome, keep: Duration) -> Result<(), StoreFault> {
        let keep = keep.as_millis().to_string();
        let done = match self.done(outcome) {
            None => self.store.run(&FREE, &[&self.key], &[&self.value]).await?,
            Some(done) => {
                let args: [&[u8]; 3] = [&self.value, &done, keep.as_bytes()];
                self.store.run(&END, &[&self.key], &args).await?
            }
        };
        match done {
            Value::Int(_) => Ok(()),
            _ => Err(StoreFault::Failed),
        }
    }

    /// Says it until the store takes it. An outcome that it never takes leaves the claim, until that goes by itself.
    pub async fn end_at_last(self, outcome: Outcome, keep: Duration) {
        for _ in 0..AGAIN {
            if self.end(&outcome, keep).await.is_ok() {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        tracing::warn!(
            "the store did not take the answer of a request with an idempotency key: it is not kept"
        );
    }

    /// What stands in the place of the claim; nothing where the key is free again.
    fn done(&self, outcome: &Outcome) -> Option<Vec<u8>> {
        let letter = match outcome {
            Outcome::Free => return None,
            Outcome::Kept(_) => KEPT,
            Outcome::Lost(Loss::Unknown) => UNKNOWN,
            Outcome::Lost(Loss::TooLarge) => TOO_LARGE,
        };
        let mut done = vec![letter];
        done.extend_from_slice(&self.print);
        if let Outcome::Kept(kept) = outcome {
            kept.write(&mut done);
        }
        Some(done)
    }
}

fn read(there: &[u8], print: Hash) -> Option<Found> {
    let (letter, rest) = there.split_first()?;
    let (known, rest) = rest.split_first_chunk::<32>()?;
    if *known != print {
        return Some(Found::Other);
    }
    Some(Found::Known(match *letter {
        FLYING => Standing::InFlight,
        KEPT => Standing::Kept(Arc::new(Kept::read(rest)?)),
        UNKNOWN => Standing::Lost(Loss::Unknown),
        TOO_LARGE => Standing::Lost(Loss::TooLarge),
        _ => return None,
    }))
}
