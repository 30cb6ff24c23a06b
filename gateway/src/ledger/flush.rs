//! What goes on beside the cores: counts are taken from them and brought to the store, again and again.

use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, SystemTime};

use sluice_config::plan::UsagePlan;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout};

use super::Ledger;
use super::store::{ReloadRecord, Store, StoreFault, is_same};

/// How often counts are taken from the cores where there is no store.
const UNKEPT: Duration = Duration::from_secs(10);
/// How often figures that are older than is kept are deleted.
const PRUNED: Duration = Duration::from_secs(3_600);
/// How many reloads may wait for a store.
const RELOADS: usize = 100;

/// What the flush is told.
#[derive(Debug)]
pub(super) enum Command {
    /// Figures are kept there from now on.
    Adopt(Option<Box<UsagePlan>>, Option<PathBuf>),
    /// Bring everything to the store now, and tell when that is done.
    Flush(SyncSender<()>),
    /// A reload, for the change log.
    Reload(Box<ReloadRecord>),
}

/// Goes on for as long as anybody can tell it anything.
pub(super) async fn keep(ledger: Arc<Ledger>, mut commands: mpsc::Receiver<Command>) {
    let mut keeper = Keeper {
        ledger,
        plan: None,
        directory: None,
        store: None,
        pruned: None,
        reloads: Vec::new(),
    };
    loop {
        let tick = sleep(until_next(keeper.every()));
        tokio::select! {
            () = tick => keeper.flush().await,
            command = commands.recv() => match command {
                None => return,
                Some(command) => keeper.carry_out(command).await,
            },
        }
    }
}

/// Ticks are at whole multiples of the interval, so that a flush holds counts of one minute.
fn until_next(every: Duration) -> Duration {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let into = Duration::from_nanos((now.as_nanos() % every.as_nanos().max(1)) as u64);
    every.saturating_sub(into).max(Duration::from_millis(1))
}

/// Takes counts from the cores on time while something else takes as long as it takes: they are dated when they are taken.
async fn beside<T>(ledger: &Arc<Ledger>, every: Duration, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = sleep(until_next(every)) => drain(ledger).await,
        }
    }
}

/// Many counts take a while to be put together, and others wait for this runtime.
async fn drain(ledger: &Arc<Ledger>) {
    let ledger = Arc::clone(ledger);
    if spawn_blocking(move || ledger.drain()).await.is_err() {
        tracing::error!("counts could not be put together");
    }
}

struct Keeper {
    ledger: Arc<Ledger>,
    plan: Option<UsagePlan>,
    directory: Option<PathBuf>,
    store: Option<Store>,
    pruned: Option<Instant>,
    reloads: Vec<ReloadRecord>,
}

impl Keeper {
    fn every(&self) -> Duration {
        self.plan.as_ref().map_or(UNKEPT, |plan| plan.flush)
    }

    async fn carry_out(&mut self, command: Command) {
        match command {
            Command::Adopt(plan, directory) => self.adopt(plan.map(|plan| *plan), directory).await,
            Command::Flush(done) => {
                self.flush().await;
                let _gone = done.try_send(());
            }
            Command::Reload(reload) => {
                if self.reloads.len() >= RELOADS {
                    self.reloads.remove(0);
                }
                self.reloads.push(*reload);
            }
        }
    }

    /// What was counted so far belongs where it was counted for. What cannot be brought there now is lost.
    async fn adopt(&mut self, plan: Option<UsagePlan>, directory: Option<PathBuf>) {
        let same_store = match (&self.plan, &plan) {
            (Some(before), Some(plan)) => is_same(&before.store, &plan.store) && self.directory == directory,
            (None, None) => true,
            _ => false,
        };
        if !same_store {
            if self.plan.is_some() {
                self.flush().await;
                self.ledger.forget();
            }
            self.ledger.opened(None);
            self.store = None;
        }
        self.ledger.keep(plan.is_some());
        (self.plan, self.directory) = (plan, directory);
        if self.plan.is_some() {
            let (ledger, every) = (Arc::clone(&self.ledger), self.every());
            // Where it cannot be opened now the next flush tries again.
            let opened = beside(&ledger, every, self.open()).await;
            self.ledger.told(opened.err().as_ref());
        }
    }

    async fn flush(&mut self) {
        drain(&self.ledger).await;
        let Some(plan) = self.plan.clone() else {
            return;
        };
        let (ledger, every) = (Arc::clone(&self.ledger), self.every());
        let brought = beside(&ledger, every, self.bring()).await;
        self.ledger.told(brought.as_ref().err());
        match brought {
            Ok(()) if self.ledger.keeps() => self.prune(&plan).await,
            Ok(()) => {}
            // A password may have changed, or a name: the next flush looks again.
            Err(StoreFault::Refused(_) | StoreFault::Down(_) | StoreFault::Address(_)) => self.store = None,
            Err(_) => {}
        }
    }

    async fn bring(&mut self) -> Result<(), StoreFault> {
        let store = self.open().await?;
        while let Some(batch) = self.ledger.next_batch() {
            store.add(&batch).await?;
            self.ledger.acknowledge(batch.number);
        }
        while let Some(reload) = self.reloads.first() {
            store.tell_reload(reload).await?;
            self.reloads.remove(0);
        }
        Ok(())
    }

    async fn open(&mut self) -> Result<Store, StoreFault> {
        if let Some(store) = &self.store {
            return Ok(store.clone());
        }
        let Some(plan) = &self.plan else {
            return Err(StoreFault::Down("there is none".to_owned()));
        };
        let store = Store::open(plan, self.directory.as_deref()).await?;
        self.ledger.opened(Some(&store));
        self.store = Some(store.clone());
        Ok(store)
    }

    async fn prune(&mut self, plan: &UsagePlan) {
        let (Some(store), true) = (
            &self.store,
            self.pruned.is_none_or(|last| last.elapsed() >= PRUNED),
        ) else {
            return;
        };
        self.pruned = Some(Instant::now());
        let (store, retention, now) = (store.clone(), plan.retention, self.ledger.now());
        // Deleting a day of figures may take long, and nobody waits for it.
        drop(tokio::spawn(async move {
            match timeout(PRUNED, store.prune(now, &retention)).await {
                Ok(Ok(0)) => {}
                Ok(Ok(rows)) => tracing::info!(rows, "usage figures that were old enough were deleted"),
                Ok(Err(fault)) => tracing::warn!(%fault, "old usage figures could not be deleted"),
                Err(_) => tracing::warn!("deleting old usage figures took too long"),
            }
        }));
    }
}
