//! A quota of the calendar, over the fleet: one counter a period in the store.
//!
//! Every request asks. While the store cannot be asked, this gateway goes on from what was last known to be used, as if the
//! others spent as much as it does; what it spent is debited afterwards.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use sluice_config::plan::Period;

use super::{Shared, numbers};
use crate::limits::calendar::{self, Current};
use crate::limits::key::Subject;
use crate::limits::table::Table;
use crate::limits::verdict::{Standing, Verdict};
use crate::store::{Script, StoreFault};

static QUOTA: Script = Script::new("quota", include_str!("quota.lua"));

/// How much longer than its period a counter is kept: gateways' clocks differ.
const LONGER: Duration = Duration::from_secs(3600);

/// A quota by key.
#[derive(Debug)]
pub struct FleetQuota {
    pub(in crate::limits) shared: Shared,
    count: u64,
    period: Period,
    entries: Table<Arc<Entry>>,
}

#[derive(Debug)]
struct Entry {
    name: String,
    known: Mutex<Known>,
}

/// What this gateway knows of a counter.
#[derive(Debug, Default)]
struct Known {
    period: u32,
    /// What was used, as was last known.
    used: u64,
    /// What was spent without asking.
    spent: u64,
    /// What no longer fits in this period.
    refused: Option<u64>,
}

impl FleetQuota {
    /// So many in each period.
    pub fn new(shared: Shared, count: u64, period: Period) -> Self {
        Self {
            shared,
            count,
            period,
            entries: Table::default(),
        }
    }

    /// Counts a request that costs so much.
    pub async fn take(&self, key: u64, subject: &Subject<'_>, cost: NonZeroU32, now: Timestamp) -> Verdict {
        let cost = u64::from(cost.get());
        let current = calendar::current(self.period, now);
        let entry = self.entry(key, subject);
        if entry.known(current).refused.is_some_and(|least| cost >= least) {
            return Verdict::Refused(current.left);
        }
        match self.ask(&entry, cost, true, current).await {
            Ok(true) => self.admitted(entry.known(current).used, current),
            Ok(false) => {
                entry.known(current).refused = Some(cost);
                Verdict::Refused(current.left)
            }
            Err(_) => self.shared.without_store(|| self.alone(&entry, cost, current)),
        }
    }

    /// Takes back what was counted, for a request that another limit refused. It is told to the store beside the cores; when
    /// that fails, the request stays counted.
    pub fn give_back(self: &Arc<Self>, key: u64, cost: NonZeroU32, now: Timestamp) {
        let Some(entry) = self.entries.seen(key, |entry| Arc::clone(entry)) else {
            return;
        };
        let current = calendar::current(self.period, now);
        let cost = u64::from(cost.get());
        let alone = {
            let mut known = entry.known(current);
            let alone = known.spent >= cost;
            known.spent -= if alone { cost } else { 0 };
            alone
        };
        if !alone {
            let quota = Arc::clone(self);
            self.shared
                .fleet
                .store
                .spawn(async move { drop(quota.ask(&entry, cost, false, current).await) });
        }
    }

    fn entry(&self, key: u64, subject: &Subject<'_>) -> Arc<Entry> {
        let make = || {
            Arc::new(Entry {
                name: self.shared.name(subject),
                known: Mutex::default(),
            })
        };
        self.entries.with(key, make, |entry| Arc::clone(entry))
    }

    /// Asks the store: whether it fits.
    async fn ask(&self, entry: &Entry, cost: u64, takes: bool, current: Current) -> Result<bool, StoreFault> {
        let (spent, used) = {
            let mut known = entry.known(current);
            (std::mem::take(&mut known.spent), known.used)
        };
        let sign = if takes { "" } else { "-" };
        let args = [
            format!("{sign}{cost}"),
            self.count.to_string(),
            (current.left + LONGER).as_millis().to_string(),
            spent.to_string(),
            used.to_string(),
            self.shared.fleet.store.nodes().to_string(),
        ];
        let args = args.each_ref().map(|arg| arg.as_bytes());
        let name = format!("{}:{}", entry.name, current.number);
        let answer = self.shared.fleet.store.run(&QUOTA, &[&name], &args).await;
        let answer = answer.and_then(|answer| numbers(&answer).ok_or(StoreFault::Failed));
        let mut known = entry.known(current);
        match answer {
            Ok([fits, used]) => {
                known.used = used;
                Ok(fits == 1)
            }
            Err(fault) => {
                known.spent += spent;
                Err(fault)
            }
        }
    }

    fn alone(&self, entry: &Entry, cost: u64, current: Current) -> Verdict {
        let mut known = entry.known(current);
        let spent = known.spent + cost;
        let used = known.used + spent.saturating_mul(u64::from(self.shared.fleet.store.nodes()));
        if used > self.count {
            return Verdict::Refused(current.left);
        }
        known.spent = spent;
        self.admitted(used, current)
    }

    fn admitted(&self, used: u64, current: Current) -> Verdict {
        Verdict::Admitted(Standing {
            remaining: self.count.saturating_sub(used),
            reset: Some(current.left),
        })
    }
}

impl Entry {
    /// What is known of a period; of another one nothing.
    fn known(&self, current: Current) -> MutexGuard<'_, Known> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.period != current.number {
            *known = Known {
                period: current.number,
                ..Known::default()
            };
        }
        known
    }
}
