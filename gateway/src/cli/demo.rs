//! `sluice demo`: the IntegrationHub example with a backend of its own.

mod credentials;
mod table;
mod usage;

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use clap::Args;
use sluice_config::Sources;

use super::options::{Log, Time};
use super::process::Process;
use super::{Failure, Outcome, Verdict, output};
use crate::clock::Clock;
use crate::demo::backend::{Backend, Running};
use crate::ledger::Metering;
use crate::reload::Reloader;
use crate::serve::{HandOver, Settings};
use crate::watch::Watch;
use credentials::Credentials;
use usage::Usage;

/// The example's files, by path.
const EXAMPLE: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/integrationhub.rs"));

/// Serves the IntegrationHub example: one backend that speaks 3.3, and fourteen versions in front of it.
///
/// Everything is in the binary; customers are kept in memory, and tokens are signed with a key that is made at each start.
/// The ledger begins with 90 days of traffic that is made up, always the same for the same time, and marked as such wherever
/// it is shown; it is kept in a temporary directory that goes with the demo. Ctrl-C ends it. Port 0 lets the system choose
/// one.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Where the gateway listens.
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "SLUICE_LISTEN",
        default_value = "127.0.0.1:8080"
    )]
    listen: SocketAddr,
    /// Where the admin API listens; a loopback address.
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "SLUICE_ADMIN",
        default_value = "127.0.0.1:9901"
    )]
    admin: SocketAddr,
    /// Where the demo's backend listens.
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "CUSTOMERS_UPSTREAM",
        default_value = "127.0.0.1:9100"
    )]
    backend: SocketAddr,
    #[command(flatten)]
    log: Log,
    #[command(flatten)]
    time: Time,
}

impl Demo {
    pub(super) fn carry_out(self) -> Outcome {
        // The table is what there is to see.
        self.log.begin_at("warn")?;
        let watch = Watch::begin(None)
            .map_err(|error| Failure::new(format!("signals cannot be received: {error}")))?;
        let clock = self.time.clock();
        let listen = free(self.listen).map_err(|e| taken("--listen", "SLUICE_LISTEN", self.listen, &e))?;
        let admin = free(self.admin).map_err(|e| taken("--admin", "SLUICE_ADMIN", self.admin, &e))?;
        let backend = backend(self.backend, clock)
            .map_err(|e| taken("--backend", "CUSTOMERS_UPSTREAM", self.backend, &e))?;
        let credentials = Credentials::new(clock.now())?;
        let usage = Usage::new()?;
        let variables = [
            ("SLUICE_LISTEN", listen.to_string()),
            ("SLUICE_ADMIN", admin.to_string()),
            ("CUSTOMERS_UPSTREAM", backend.addr.to_string()),
            ("CUSTOMERS_JWKS", credentials.key_set()),
            ("SLUICE_KEY_SECRET", credentials::SECRET.to_owned()),
            (usage::VARIABLE, usage.file()),
        ];
        let variables: BTreeMap<String, String> =
            variables.map(|(name, value)| (name.to_owned(), value)).into();
        let reloader = Reloader::embedded(sources(), variables);
        let Some(process) = Process::load(reloader, clock, Metering::Kept)? else {
            return Ok(Verdict::Faulty);
        };
        usage::fill(process.plan(), clock.now())?;
        let table = table::write(process.plan(), backend.addr, clock.now(), &credentials);
        // Whoever presses Ctrl-C or ends the container wants it gone: there is nobody to tell.
        let settings = Settings {
            announce: Duration::ZERO,
            grace: Duration::from_secs(2),
            ..process.settings()
        };
        let print = move || drop(output::print(&table));
        process.serve(settings, &nowhere(), watch, print)?;
        backend.shutdown();
        Ok(Verdict::Sound)
    }
}

/// The example, and where the demo keeps usage figures.
fn sources() -> Sources {
    let file = |(path, bytes): &(&'static str, &[u8])| match *path {
        "sluice.yaml" => (*path, [*bytes, usage::SETTING.as_bytes()].concat()),
        _ => (*path, bytes.to_vec()),
    };
    Sources::from_files(EXAMPLE.iter().map(file))
}

fn backend(address: SocketAddr, clock: Clock) -> io::Result<Running> {
    Backend::default().clock(move || clock.now()).serve(address)
}

/// The address with the port that the system chooses for 0, if nobody listens there.
fn free(address: SocketAddr) -> io::Result<SocketAddr> {
    TcpListener::bind(address)?.local_addr()
}

fn taken(option: &str, variable: &str, address: SocketAddr, error: &io::Error) -> Failure {
    let other = SocketAddr::new(address.ip(), address.port().checked_add(1).unwrap_or_default());
    let how = format!(
        "choose another address: `sluice demo {option} {other}`, or {variable}={other} in the environment"
    );
    Failure::new(format!("{address} cannot be listened on: {error}\n  {how}"))
}

/// The demo is not handed over; its process has a place for that all the same.
fn nowhere() -> HandOver {
    let socket = std::env::temp_dir().join(format!("sluice-demo-{}.sock", std::process::id()));
    HandOver {
        socket,
        upgrade: false,
    }
}
