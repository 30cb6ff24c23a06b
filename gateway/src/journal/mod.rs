//! Journals: lines of JSON that one thread beside the cores appends to a file or to standard output.
//!
//! Keeping an entry never waits: what finds no place is counted, and the journal itself says how much is missing. An entry
//! becomes text on the writer's thread.

mod file;
#[cfg(test)]
mod tests;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::thread::Builder;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use jiff::Timestamp;
use prometheus_client::metrics::counter::Counter;

use crate::clock::Clock;
use file::Log;
use writer::{Message, Writer};

/// How long a journal may take to be put elsewhere, and to be written to its end.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a journal keeps.
pub trait Entry: Send + 'static {
    /// Appends it as one line, with the line's end.
    fn write(&self, text: &mut String);

    /// Appends the line that tells how many entries before it are missing.
    fn write_lost(at: Timestamp, missing: u64, text: &mut String);
}

/// How a journal goes about its work.
#[derive(Debug, Clone, Copy)]
pub struct Habits {
    /// What it is called in the log of the process, with its article.
    pub name: &'static str,
    /// What its thread is called.
    pub thread: &'static str,
    /// How many entries may wait to be written.
    pub waiting: usize,
    /// How long the writer lets entries gather once it has written all there were: a thread that is woken for each of
    /// many entries costs those who wake it.
    pub gather: Duration,
}

/// Where entries go.
#[derive(Debug)]
pub struct Journal<E> {
    habits: Habits,
    clock: Clock,
    /// The way to the writer; none without a log.
    way: ArcSwapOption<SyncSender<Message<E>>>,
    lost: Arc<Lost>,
}

/// What found no place.
#[derive(Debug)]
struct Lost {
    /// All of it.
    counter: Counter,
    /// What is not yet told in the journal.
    untold: AtomicU64,
}

impl Lost {
    fn add(&self, entries: u64) {
        self.counter.inc_by(entries);
        self.untold.fetch_add(entries, Ordering::Relaxed);
    }
}

/// Where a journal is.
#[derive(Debug, Clone)]
pub enum At {
    /// Standard output.
    Stdout,
    /// A file.
    File {
        /// Where it is.
        path: PathBuf,
        /// The size in bytes at which it is put aside.
        rotate: usize,
        /// How many files that were put aside are kept.
        keep: usize,
    },
}

/// A journal that was opened and is not yet written to; or that there is to be none.
#[derive(Debug)]
pub struct Opened(Option<Log>);

impl Opened {
    /// Opens what is to be written.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn at(at: Option<At>) -> std::io::Result<Self> {
        let log = match at {
            None => None,
            Some(At::Stdout) => Some(Log::Stdout),
            Some(At::File { path, rotate, keep }) => Some(Log::open(path, rotate, keep)?),
        };
        Ok(Self(log))
    }

    /// A log on a disk that is full.
    #[cfg(test)]
    pub(crate) fn full() -> std::io::Result<Self> {
        Ok(Self(Some(Log::full()?)))
    }
}

impl<E: Entry> Journal<E> {
    /// A journal that goes nowhere yet. What is lost is counted in `lost`.
    pub fn new(habits: Habits, clock: Clock, lost: Counter) -> Self {
        let lost = Lost {
            counter: lost,
            untold: AtomicU64::default(),
        };
        Self {
            habits,
            clock,
            way: ArcSwapOption::empty(),
            lost: Arc::new(lost),
        }
    }

    /// Keeps what `entry` makes, if there is a log. Never waits.
    pub fn keep(&self, entry: impl FnOnce() -> E) {
        let way = self.way.load();
        let Some(way) = &*way else {
            return;
        };
        if way.try_send(Message::Entry(entry())).is_err() {
            self.lost.add(1);
        }
    }

    /// Writes to a log from now on.
    pub fn adopt(&self, opened: Opened) {
        let Some(log) = opened.0 else {
            self.way.store(None);
            return;
        };
        let Some(way) = self.way.load_full() else {
            self.begin(log);
            return;
        };
        // A disk that hangs must not hold a reload up for ever.
        if !deliver(&way, Message::Reopen(log)) {
            tracing::error!("{} does not answer: it stays where it was", self.habits.name);
        }
    }

    fn begin(&self, log: Log) {
        let (way, waiting) = mpsc::sync_channel(self.habits.waiting);
        let writer = Writer {
            waiting,
            log,
            lost: Arc::clone(&self.lost),
            habits: self.habits,
            clock: self.clock,
        };
        let thread = Builder::new().name(self.habits.thread.to_owned());
        match thread.spawn(move || writer.write()) {
            Ok(_) => self.way.store(Some(Arc::new(way))),
            Err(error) => tracing::error!(%error, "{} has no thread: nothing is kept", self.habits.name),
        }
    }

    /// Waits until everything that was kept is written, but not for ever.
    pub fn flush(&self) {
        let Some(way) = self.way.load_full() else {
            return;
        };
        let (done, told) = mpsc::sync_channel(1);
        if deliver(&way, Message::Flush(done)) {
            let _late = told.recv_timeout(PATIENCE);
        }
    }
}

/// Sends what must arrive; gives up after a while.
fn deliver<E>(way: &SyncSender<Message<E>>, message: Message<E>) -> bool {
    let begun = Instant::now();
    let mut message = message;
    while begun.elapsed() < PATIENCE {
        match way.try_send(message) {
            Ok(()) => return true,
            Err(mpsc::TrySendError::Full(back)) => message = back,
            Err(mpsc::TrySendError::Disconnected(_)) => return false,
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}

/// Texts of clients are as long as clients like: at most this many characters of one are kept.
pub fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
