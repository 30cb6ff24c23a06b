//! What waits for the store, bounded: when a store is down for long, minutes are put together into hours first, and only
//! then the oldest are given up.

use std::collections::VecDeque;
use std::sync::Arc;

use super::apart::Apart;
use super::batch::Batch;
use super::fact::Kind;
use super::minute::Minute;
use super::names::Names;
use super::question::Grain;
use super::table::{Bounds, Table};

/// How many rows go to the store at once.
const ROWS: usize = 4_096;

/// Counts that wait for the store, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Pending {
    minutes: VecDeque<Minute>,
    /// The batch that was given to the store last and not yet acknowledged: it is given again as it is.
    batch: Option<Batch>,
    number: i64,
    /// Which clients without a credential are told apart today.
    apart: Apart,
    /// How many batches have arrived.
    pub(super) acknowledged: u64,
    /// Exchanges that were given up, and not yet told to the store.
    untold: u64,
    /// Exchanges that were given up since the process began.
    pub(super) lost: u64,
}

impl Pending {
    /// Adds what a core counted within a minute.
    pub(super) fn add(&mut self, at: i64, table: &Table, bounds: Bounds, now: i64) {
        let minute = minute(&mut self.minutes, at, &table.names);
        let lost = minute.add(table, bounds, self.apart.at(at), now);
        self.lose(lost);
        self.shrink(bounds);
    }

    /// Exchanges that found no place.
    pub(super) fn lose(&mut self, exchanges: u64) {
        self.lost += exchanges;
        self.untold += exchanges;
    }

    /// How many rows wait.
    pub(super) fn rows(&self) -> usize {
        let batch = self.batch.as_ref().map_or(0, |batch| batch.rows.len());
        self.minutes.iter().map(Minute::len).sum::<usize>() + batch
    }

    /// Gives everything up that waits, where there is no store to wait for: how many exchanges that are. Whether the batch that
    /// was given last has arrived is unknown: it counts as given up.
    pub(super) fn clear(&mut self) -> u64 {
        let mut given_up: u64 = self.minutes.drain(..).map(|minute| minute.exchanges()).sum();
        if let Some(batch) = self.batch.take() {
            self.untold += batch.lost;
            let requests = batch.rows.iter().filter(|row| row.fact.kind == Kind::Request);
            given_up += requests.map(|row| row.counts.all()).sum::<u64>();
        }
        self.lose(given_up);
        given_up
    }

    /// What goes to the store next: what was not acknowledged, or the oldest rows.
    pub(super) fn next(&mut self, gateway: &str) -> Option<Batch> {
        if self.batch.is_none() {
            self.batch = self.form(gateway);
        }
        self.batch.clone()
    }

    /// The batch has arrived.
    pub(super) fn acknowledge(&mut self, number: i64) {
        if self.batch.take_if(|batch| batch.number == number).is_some() {
            self.acknowledged += 1;
        }
    }

    fn form(&mut self, gateway: &str) -> Option<Batch> {
        while self.minutes.front().is_some_and(Minute::is_empty) {
            self.minutes.pop_front();
        }
        let minute = self.minutes.front_mut()?;
        let (at, rows) = (minute.at, minute.take(ROWS));
        self.number += 1;
        Some(Batch {
            gateway: gateway.to_owned(),
            number: self.number,
            minute: at,
            rows,
            lost: std::mem::take(&mut self.untold),
        })
    }

    /// Keeps within the bound, half as much again as a minute may have, and one minute in any case.
    fn shrink(&mut self, bounds: Bounds) {
        let most = bounds.keys + bounds.keys / 2;
        let waiting = |minutes: &VecDeque<Minute>| minutes.iter().map(Minute::len).sum::<usize>();
        if waiting(&self.minutes) <= most {
            return;
        }
        self.put_together();
        // The last is what was just counted.
        while waiting(&self.minutes) > most && self.minutes.len() > 1 {
            let given_up = self.minutes.pop_front().map_or(0, |minute| minute.exchanges());
            self.lose(given_up);
        }
    }

    /// Puts minutes of the same hour together: what is kept by the hour and the day stays exact.
    fn put_together(&mut self) {
        let Some(last) = self.minutes.pop_back() else {
            return;
        };
        let mut hours: VecDeque<Minute> = VecDeque::new();
        for mut minute in self.minutes.drain(..) {
            minute.at = Grain::Hour.floor(minute.at);
            let same = |hour: &&mut Minute| hour.at == minute.at && Arc::ptr_eq(&hour.names, &minute.names);
            match hours.iter_mut().find(same) {
                Some(hour) => hour.absorb(minute),
                None => hours.push_back(minute),
            }
        }
        hours.push_back(last);
        self.minutes = hours;
    }
}

/// The minute under these names, made if it is not there.
fn minute<'a>(minutes: &'a mut VecDeque<Minute>, at: i64, names: &Arc<Names>) -> &'a mut Minute {
    let same = |minute: &Minute| minute.at == at && Arc::ptr_eq(&minute.names, names);
    let place = match minutes.iter().position(same) {
        Some(place) => place,
        None => {
            minutes.push_back(Minute::new(at, Arc::clone(names)));
            minutes.len() - 1
        }
    };
    &mut minutes[place]
}
