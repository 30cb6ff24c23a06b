//! What the whole process shares, from its first edition to its last.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::audit::Audit;
use crate::auth::token::Sources;
use crate::background::Background;
use crate::clock::Clock;
use crate::ledger::metrics::Shown;
use crate::ledger::{Ledger, Metering};
use crate::meters::Meters;
use crate::telemetry::access::{self, AccessLog};

/// What editions are made with and exchanges are judged by.
#[derive(Debug)]
pub struct Shared {
    /// What time it is, for all that decides by it.
    pub clock: Clock,
    /// What goes on beside the cores.
    pub background: Background,
    /// Counters for operators.
    pub meters: Arc<Meters>,
    /// The audit log.
    pub audit: Audit,
    /// Who used what.
    pub ledger: Arc<Ledger>,
    /// The access log.
    pub access: AccessLog,
    /// The keys that tokens are verified with.
    pub key_sets: Sources,
    /// The configuration directory: relative paths of key files are meant from here.
    pub directory: Option<PathBuf>,
}

impl Shared {
    /// Starts what goes on beside the cores.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(clock: Clock, directory: Option<PathBuf>) -> io::Result<Self> {
        Self::begin(clock, directory, Metering::Kept)
    }

    /// The same, and what becomes of what is counted.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn begin(clock: Clock, directory: Option<PathBuf>, metering: Metering) -> io::Result<Self> {
        let meters = Arc::<Meters>::default();
        let background = Background::start()?;
        let ledger = Ledger::start(clock, &background, metering);
        meters.show(Shown(Arc::clone(&ledger)));
        Ok(Self {
            clock,
            background,
            audit: Audit::new(clock, &meters),
            ledger,
            access: access::journal(clock, &meters),
            meters,
            key_sets: Sources::default(),
            directory,
        })
    }
}
