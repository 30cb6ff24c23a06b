//! `sluice run`: serves a configuration.

use std::path::PathBuf;

use clap::Args;

use super::options::{Log, Time};
use super::process::Process;
use super::{Failure, Outcome, Verdict, configuration, upgrade};
use crate::ledger::Metering;
use crate::reload::Reloader;
use crate::serve::HandOver;
use crate::watch::Watch;

/// Serves a configuration.
///
/// The configuration is read again on SIGHUP, when a file changes, and on POST /reload of the admin API. One that is at
/// fault changes nothing: the log and the admin API tell why. What only a new process can change (listen, tls.listen,
/// tls.admin, admin, workers, drain) waits for a restart or a hand-over; the log and GET /plan name it.
///
/// SIGTERM drains: answers say `Connection: close` for `drain.announce`, then what is in progress may take up to
/// `drain.grace`. SIGINT drains without the announcement. For an upgrade without a lost request start the new process
/// with --upgrade and send SIGQUIT to the old one.
#[derive(Debug, Args)]
pub(super) struct Run {
    /// The directory of the configuration.
    path: PathBuf,
    /// Takes the sockets over from the running process, which is then sent SIGQUIT.
    #[arg(long)]
    upgrade: bool,
    /// The Unix socket over which sockets are handed over; both processes must agree. By default it is in
    /// $XDG_RUNTIME_DIR, or the temporary directory, and named after the first address of `listen`.
    #[arg(long, value_name = "FILE", env = "SLUICE_UPGRADE_SOCKET")]
    upgrade_socket: Option<PathBuf>,
    /// Counts nothing: for measuring what counting costs.
    #[arg(long, hide = true)]
    unmetered: bool,
    #[command(flatten)]
    log: Log,
    #[command(flatten)]
    time: Time,
}

impl Run {
    pub(super) fn carry_out(self) -> Outcome {
        self.log.begin()?;
        configuration::expect_directory(&self.path)?;
        // Before anything else: a SIGHUP that comes early would end the process.
        let watch = Watch::begin(Some(&self.path))
            .map_err(|error| Failure::new(format!("signals cannot be received: {error}")))?;
        let clock = self.time.clock();
        let metering = match (self.unmetered, clock.is_rehearsal()) {
            (true, _) => Metering::Off,
            (_, true) => Metering::Shown,
            _ => Metering::Kept,
        };
        let Some(process) = Process::load(Reloader::new(&self.path), clock, metering)? else {
            return Ok(Verdict::Faulty);
        };
        let hand_over = HandOver {
            socket: self.socket(&process)?,
            upgrade: self.upgrade,
        };
        let settings = process.settings();
        process.serve(settings, &hand_over, watch, || {})?;
        Ok(Verdict::Sound)
    }

    fn socket(&self, process: &Process) -> Result<PathBuf, Failure> {
        let plan = process.plan();
        let secured = plan.tls.as_ref().and_then(|tls| tls.listen.first());
        match (&self.upgrade_socket, plan.listen.first().or(secured)) {
            (Some(socket), _) => Ok(socket.clone()),
            (None, Some(address)) => upgrade::socket(*address),
            (None, None) => Err(Failure::new("the configuration listens nowhere")),
        }
    }
}
