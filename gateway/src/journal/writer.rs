//! The thread that writes a journal.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError};
use std::thread::sleep;

use super::file::{Log, Unwritten};
use super::{Entry, Habits, Lost};
use crate::clock::Clock;

/// How much text is written at once, in bytes.
const AT_ONCE: usize = 64 * 1024;

/// What the writer is told.
#[derive(Debug)]
pub(super) enum Message<E> {
    /// Something to keep.
    Entry(E),
    /// The log is elsewhere from now on.
    Reopen(Log),
    /// Tell when everything before this is written.
    Flush(SyncSender<()>),
}

/// Writes until nobody can keep anything any more. A disk that is full costs entries, never an exchange. What is lost is told
/// before the next line, and where no line may follow: at a flush, before the log is another one, and at the end.
pub(super) struct Writer<E> {
    pub(super) waiting: Receiver<Message<E>>,
    pub(super) log: Log,
    pub(super) lost: Arc<Lost>,
    pub(super) habits: Habits,
    pub(super) clock: Clock,
}

impl<E: Entry> Writer<E> {
    pub(super) fn write(mut self) {
        let mut fails = false;
        let mut next = None;
        while let Some(message) = next.take().or_else(|| self.waiting.recv().ok()) {
            match message {
                Message::Reopen(other) => {
                    let _told = self.tell_lost();
                    let _synced = self.log.sync();
                    self.log = other;
                }
                Message::Flush(done) => {
                    let _told = self.tell_lost();
                    let _synced = self.log.sync();
                    let _gone = done.try_send(());
                }
                Message::Entry(entry) => {
                    let (lines, after) = self.gathered(&entry);
                    let unwritten = self.append(&lines).err();
                    changed(self.habits.name, &mut fails, unwritten);
                    if after.is_none() && !self.habits.gather.is_zero() {
                        sleep(self.habits.gather);
                    }
                    next = after;
                }
            }
        }
        let _told = self.tell_lost();
        let _synced = self.log.sync();
    }

    /// An entry and those that wait behind it as text, and what waits behind those.
    fn gathered(&self, first: &E) -> (String, Option<Message<E>>) {
        let mut lines = String::new();
        first.write(&mut lines);
        while lines.len() < AT_ONCE {
            match self.waiting.try_recv() {
                Ok(Message::Entry(entry)) => entry.write(&mut lines),
                Ok(other) => return (lines, Some(other)),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            }
        }
        (lines, None)
    }

    fn append(&mut self, lines: &str) -> Result<(), Unwritten> {
        let told = self.tell_lost();
        let written = told.and_then(|()| self.log.append(lines));
        if let Err(unwritten) = &written {
            // What could not be told of before is still untold.
            self.lost.add(unwritten.lines.unwrap_or_else(|| count(lines)));
        }
        written
    }

    /// Says in the log how much is missing before the next line.
    fn tell_lost(&mut self) -> Result<(), Unwritten> {
        let missing = self.lost.untold.load(Ordering::Relaxed);
        if missing == 0 {
            return Ok(());
        }
        let mut line = String::new();
        E::write_lost(self.clock.now(), missing, &mut line);
        let told = self.log.append(&line);
        told.map_err(|unwritten| Unwritten {
            lines: None,
            ..unwritten
        })?;
        // What was lost meanwhile is told next time.
        self.lost.untold.fetch_sub(missing, Ordering::Relaxed);
        Ok(())
    }
}

/// How many lines a text has.
pub(super) fn count(lines: &str) -> u64 {
    lines.bytes().filter(|byte| *byte == b'\n').count() as u64
}

/// Tells operators when it begins to fail and when it works again: not once an entry.
fn changed(name: &str, fails: &mut bool, unwritten: Option<Unwritten>) {
    match (*fails, &unwritten) {
        (false, Some(Unwritten { error, .. })) => {
            tracing::error!(%error, "{name} cannot be written: entries are lost");
        }
        (true, None) => tracing::info!("{name} is written again"),
        _ => {}
    }
    *fails = unwritten.is_some();
}
