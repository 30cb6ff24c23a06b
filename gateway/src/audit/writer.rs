//! The thread that writes the audit log.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};

use jiff::Timestamp;

use super::file::Log;
use super::{Event, line, lose};
use crate::meters::Meters;

/// What the writer is told.
pub(super) enum Message {
    /// Something happened.
    Event(Timestamp, Event),
    /// The log is elsewhere from now on.
    Reopen(Log),
    /// Tell when everything before this is written.
    Flush(SyncSender<()>),
}

/// Writes until nobody can record any more. A disk that is full costs events, never an exchange.
pub(super) fn write(waiting: &Receiver<Message>, mut log: Log, lost: &AtomicU64, meters: &Meters) {
    let mut fails = false;
    while let Ok(message) = waiting.recv() {
        match message {
            Message::Reopen(other) => {
                let _synced = log.sync();
                log = other;
            }
            Message::Flush(done) => {
                let _synced = log.sync();
                let _gone = done.try_send(());
            }
            Message::Event(at, event) => {
                let written = tell_lost(&mut log, at, lost).and_then(|()| log.append(&line(at, &event)));
                if written.is_err() {
                    lose(lost, meters);
                }
                changed(&mut fails, written.err());
            }
        }
    }
    let _synced = log.sync();
}

/// Says in the log how much is missing before this line.
fn tell_lost(log: &mut Log, at: Timestamp, lost: &AtomicU64) -> std::io::Result<()> {
    let missing = lost.load(Ordering::Relaxed);
    if missing == 0 {
        return Ok(());
    }
    let event = Event {
        what: "lost",
        who: String::new(),
        from: String::new(),
        details: vec![("lost", missing.into())],
    };
    log.append(&line(at, &event))?;
    // What was lost meanwhile is told next time.
    lost.fetch_sub(missing, Ordering::Relaxed);
    Ok(())
}

/// Tells operators when it begins to fail and when it works again: not once an event.
fn changed(fails: &mut bool, error: Option<std::io::Error>) {
    match (*fails, &error) {
        (false, Some(error)) => tracing::error!(%error, "the audit log cannot be written: events are lost"),
        (true, None) => tracing::info!("the audit log is written again"),
        _ => {}
    }
    *fails = error.is_some();
}
