//! Options that several commands have.

use std::io::IsTerminal;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::fmt;

use super::Failure;
use crate::clock::Clock;

/// What is logged unless `RUST_LOG` says otherwise. pingora's account of its own start is not news.
const LOGGED: &str = "info,pingora_core=warn";

/// How the log is written.
#[derive(Debug, Args)]
pub(super) struct Log {
    /// The log's format. It goes to standard error; RUST_LOG says what is logged.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    log_format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Log {
    /// Begins to log.
    pub(super) fn begin(&self) -> Result<(), Failure> {
        self.begin_at(LOGGED)
    }

    /// Begins to log; this much, unless `RUST_LOG` says otherwise.
    pub(super) fn begin_at(&self, usual: &str) -> Result<(), Failure> {
        let chosen = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_default();
        let chosen = if chosen.is_empty() { usual } else { &chosen };
        let filter =
            EnvFilter::try_new(chosen).map_err(|e| Failure::new(format!("RUST_LOG cannot be read: {e}")))?;
        let log = fmt().with_env_filter(filter).with_writer(std::io::stderr);
        let begun = match self.log_format {
            Format::Text => log.with_ansi(std::io::stderr().is_terminal()).try_init(),
            Format::Json => log.json().flatten_event(true).try_init(),
        };
        begun.map_err(|error| Failure::new(format!("cannot log: {error}")))
    }
}

/// What time it is taken to be.
#[derive(Debug, Args)]
pub(super) struct Time {
    /// Rehearses another time: the clock begins there and goes on, e.g. 2027-06-30T23:59:59Z.
    #[arg(long, value_name = "INSTANT")]
    now: Option<Timestamp>,
}

impl Time {
    /// The clock to decide by.
    pub(super) fn clock(&self) -> Clock {
        self.now.map_or(Clock::System, Clock::starting_at)
    }

    /// Whether it is another time than the system's.
    pub(super) fn is_rehearsed(&self) -> bool {
        self.now.is_some()
    }
}
