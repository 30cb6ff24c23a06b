//! Where it is kept who used what: SQLite, a file for one machine, or PostgreSQL, a server for any number of gateways.
//!
//! - [`connect`]: a few connections, with a bound on every wait;
//! - [`schema`]: the tables, and their version;
//! - [`number`]: a fact's number, the same in every gateway;
//! - [`add`]: a batch, in one transaction, once; it adds, so that gateways never overwrite one another;
//! - [`ask`], [`seen`]: questions; [`prune`]: what is too old goes, a portion at a time;
//! - [`notes`]: reloads, messages that were sent, marks.
//!
//! What is answered as added is on the disk: it outlives a killed process and, where the disk keeps what it says, the loss of
//! power. The same statements run in both: only a few words differ, and each of them says so.

mod add;
mod ask;
mod connect;
mod fault;
mod notes;
mod number;
mod prune;
mod schema;
mod seen;

use std::fmt;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sluice_config::plan::{Retention, UsagePlan};

use super::batch::Batch;
use super::question::{Known, Question, Seen};
use connect::Pools;

pub(super) use connect::is_same;
pub use fault::StoreFault;
pub use notes::ReloadRecord;

/// How long anything small may take.
const SHORT: Duration = Duration::from_secs(10);
/// How long a question may take.
const QUESTION: Duration = Duration::from_secs(30);
/// How long a batch may take, or a portion of what is deleted.
const WRITE: Duration = Duration::from_secs(90);

/// A store of usage figures, opened. Clones are the same store.
///
/// Its connections belong to the runtime on which it was opened.
#[derive(Clone)]
pub struct Store(Arc<Pools>);

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.0.dialect).finish()
    }
}

impl Store {
    /// Opens a store and makes what is missing: the file, which only its owner may read, and the tables. A relative path is
    /// meant from `directory`.
    ///
    /// # Errors
    /// What cannot be opened or written to, a server that does not answer, tables of a newer release.
    pub async fn open(plan: &UsagePlan, directory: Option<&Path>) -> Result<Self, StoreFault> {
        let pools = within(SHORT, Pools::open(plan, directory)).await?;
        if !within(SHORT, schema::is_made(&pools)).await? {
            within(WRITE, schema::make(&pools)).await?;
        }
        Ok(Self(Arc::new(pools)))
    }

    /// Adds a batch. One that is in already, by gateway and number, changes nothing: whoever does not know whether a batch
    /// arrived gives it again.
    ///
    /// # Errors
    /// Nothing of it is in, unless the server was lost while it committed.
    pub async fn add(&self, batch: &Batch) -> Result<(), StoreFault> {
        within(WRITE, add::add(&self.0, batch)).await
    }

    /// What is known.
    ///
    /// # Errors
    /// The store does not answer, or not in time.
    pub async fn ask(&self, question: &Question<'_>) -> Result<Vec<Known>, StoreFault> {
        within(QUESTION, ask::ask(&self.0, question)).await
    }

    /// Who asked in a version within the last 90 days, the most requests within 7 days first, then who was seen last: `most`
    /// of them after `skip`, and how many there are in all.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn seen(
        &self,
        api: &str,
        version: &str,
        now: Timestamp,
        most: u32,
        skip: u32,
    ) -> Result<(Vec<Seen>, u64), StoreFault> {
        within(QUESTION, seen::seen(&self.0, [api, version], now, most, skip)).await
    }

    /// How many exchanges gateways could not keep, since this store was down for too long.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn lost(&self) -> Result<u64, StoreFault> {
        within(SHORT, notes::lost(&self.0)).await
    }

    /// Deletes what is older than the retention, what is older than 90 days of clients without a credential, facts that nobody
    /// counts any more, and what only served not to count a batch twice. Others may add meanwhile: it goes a portion at a time.
    /// Answers how many rows went; none when another gateway is at it.
    ///
    /// # Errors
    /// As [`Self::ask`]. What went before is gone.
    pub async fn prune(&self, now: Timestamp, retention: &Retention) -> Result<u64, StoreFault> {
        prune::prune(&self.0, now, retention).await
    }

    /// Keeps what became of a reload.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn tell_reload(&self, reload: &ReloadRecord) -> Result<(), StoreFault> {
        within(SHORT, notes::tell_reload(&self.0, reload)).await
    }

    /// The last reloads of all gateways, the newest first.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn reloads(&self, most: u32) -> Result<Vec<ReloadRecord>, StoreFault> {
        within(SHORT, notes::reloads(&self.0, most)).await
    }

    /// Takes a message on, by its key: true for one caller only, however many there are.
    ///
    /// # Errors
    /// As [`Self::ask`]. It is then unknown whether it was taken on: better not sent than sent twice.
    pub async fn claim(&self, message: &str, now: Timestamp) -> Result<bool, StoreFault> {
        within(SHORT, notes::claim(&self.0, message, now)).await
    }

    /// Whether a message was taken on, by its key.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn is_claimed(&self, message: &str) -> Result<bool, StoreFault> {
        within(SHORT, notes::is_claimed(&self.0, message)).await
    }

    /// Gives a message back that could not be sent: it may be claimed again.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn release(&self, message: &str) -> Result<(), StoreFault> {
        within(SHORT, notes::release(&self.0, message)).await
    }

    /// Marks the figures as made up. The mark stays.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn mark_demo(&self) -> Result<(), StoreFault> {
        within(SHORT, notes::mark_demo(&self.0)).await
    }

    /// Whether the figures were made up.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn is_demo(&self) -> Result<bool, StoreFault> {
        within(SHORT, notes::is_demo(&self.0)).await
    }
}

/// A server may hang, and a connection be cut without a word.
async fn within<T>(
    limit: Duration,
    doing: impl Future<Output = Result<T, StoreFault>>,
) -> Result<T, StoreFault> {
    let done = tokio::time::timeout(limit, doing).await;
    done.unwrap_or(Err(StoreFault::Late(limit)))
}
