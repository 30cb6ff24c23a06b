//! The counts of one core. The core itself locks them for each exchange, and nobody else but the flush, which takes them
//! away in one move: the lock is all but never waited for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::names::Names;
use super::table::{Bounds, Table};
use super::told::Told;

/// How many tables of older names may wait for the flush; beyond it their counts go under numbers that cannot be told.
const OLDER: usize = 64;

/// The counts of one core.
#[derive(Debug)]
pub struct Shard(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    bounds: Bounds,
    current: Option<Table>,
    older: Vec<Table>,
    lost: u64,
}

/// What a core counted since it was asked last.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// By the names that numbers stand for, the oldest first.
    pub(super) tables: Vec<Table>,
    /// Exchanges that found no place.
    pub(super) lost: u64,
}

impl Shard {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self(Mutex::new(Inner {
            bounds,
            current: None,
            older: Vec::new(),
            lost: 0,
        }))
    }

    /// Counts an exchange in an edition's names. Called on the core.
    pub fn count(&self, names: &Arc<Names>, told: Told<'_>) {
        self.lock().count(names, told);
    }

    /// Takes the counts away. New ones are bounded so from now on.
    pub(super) fn take(&self, bounds: Bounds) -> Taken {
        let (current, mut tables, lost) = {
            let mut inner = self.lock();
            inner.bounds = bounds;
            (
                inner.current.take(),
                std::mem::take(&mut inner.older),
                std::mem::take(&mut inner.lost),
            )
        };
        tables.extend(current);
        Taken { tables, lost }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn count(&mut self, names: &Arc<Names>, told: Told<'_>) {
        match &mut self.current {
            Some(table) if Arc::ptr_eq(&table.names, names) => table.count(told),
            _ => self.renew(names, told),
        }
    }

    /// A reload gave other names: those before wait for the flush. A request of the edition before may still end.
    #[cold]
    fn renew(&mut self, names: &Arc<Names>, told: Told<'_>) {
        if let Some(table) = self
            .older
            .iter_mut()
            .find(|table| Arc::ptr_eq(&table.names, names))
        {
            table.count(told);
            return;
        }
        let mut table = Table::new(Arc::clone(names), self.bounds);
        table.count(told);
        if let Some(before) = self.current.replace(table) {
            if self.older.len() < OLDER {
                self.older.push(before);
            } else {
                self.lost += before.exchanges() + before.lost;
            }
        }
    }
}
