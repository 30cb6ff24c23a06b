//! A process that is measured: started here, ended here, and its CPU time with that of its workers.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Fault;

/// How long a process may take to begin or to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process with its workers.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// Microseconds of one clock tick.
    tick: f64,
}

impl Process {
    /// Starts a command and waits until it listens.
    pub(crate) fn start(mut command: Command, log: &Path, address: SocketAddr) -> Result<Self, Fault> {
        let out = File::create(log)?;
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
        let child = command
            .spawn()
            .map_err(|e| format!("{}: {e}", command.get_program().display()))?;
        let mut process = Self { child, tick: tick()? };
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            let ended = process.child.try_wait()?;
            if ended.is_some() || Instant::now() > until {
                let said = fs::read_to_string(log).unwrap_or_default();
                return Err(format!("{} does not listen:\n{said}", command.get_program().display()).into());
            }
            sleep(Duration::from_millis(20));
        }
        Ok(process)
    }

    /// CPU time so far in microseconds, user and system, of the process and its children.
    pub(crate) fn cpu(&self) -> f64 {
        let own = self.child.id();
        let ids = std::iter::once(own).chain(children(own));
        ids.filter_map(ticks).map(|ticks| ticks * self.tick).sum()
    }

    /// Threads and processes that serve.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    /// SIGINT: nginx ends its workers, sluice drains without an announcement.
    fn drop(&mut self) {
        let id = self.child.id().to_string();
        let _ = Command::new("kill").args(["-INT", &id]).status();
        let until = Instant::now() + PATIENCE;
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > until {
                let _ = self.child.kill();
            }
            sleep(Duration::from_millis(10));
        }
    }
}

/// CPU time of this process so far, in microseconds.
pub(crate) fn own_cpu() -> Result<f64, Fault> {
    Ok(ticks(std::process::id()).unwrap_or_default() * tick()?)
}

/// User and system time of a process in clock ticks: fields 14 and 15 of `/proc/PID/stat` (proc(5)).
fn ticks(id: u32) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The second field is a name in parentheses, which may hold anything.
    let after = text.rsplit_once(')')?.1;
    let mut fields = after.split_ascii_whitespace().skip(11);
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

fn children(id: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    text.split_ascii_whitespace()
        .filter_map(|id| id.parse().ok())
        .collect()
}

fn tick() -> Result<f64, Fault> {
    let output = Command::new("getconf").arg("CLK_TCK").output()?;
    let ticks: f64 = String::from_utf8(output.stdout)?.trim().parse()?;
    Ok(1e6 / ticks)
}

/// A loopback address that nobody listens on at this moment.
pub(crate) fn free_address() -> Result<SocketAddr, Fault> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// Builds `sluice` as this program was built, and says where it is.
pub(crate) fn sluice() -> Result<PathBuf, Fault> {
    let own = std::env::current_exe()?;
    let directory = own.parent().ok_or("this program has no directory")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args([
        "build",
        "--quiet",
        "--package",
        "sluice-gateway",
        "--bin",
        "sluice",
    ]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    build.current_dir(env!("CARGO_MANIFEST_DIR"));
    if !build.status()?.success() {
        return Err("sluice could not be built".into());
    }
    Ok(directory.join("sluice"))
}
