//! Which signal means which end.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pingora_core::server::{ShutdownSignal, ShutdownSignalWatch};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::Drain;

/// How long SIGQUIT waits for a successor that is just starting.
const SUCCESSOR: Duration = Duration::from_secs(5);
/// Where the kernel lists Unix sockets.
const UNIX_SOCKETS: &str = "/proc/net/unix";

/// Our own watch, since pingora's takes SIGQUIT without asking for a successor and exits.
pub(super) struct Signals {
    drain: Drain,
    announce: Duration,
    socket: PathBuf,
    failed: Arc<Notify>,
}

impl Signals {
    pub(super) fn new(drain: Drain, announce: Duration, socket: PathBuf) -> Self {
        Self {
            drain,
            announce,
            socket,
            failed: Arc::new(Notify::new()),
        }
    }

    /// To be notified when the cores could not start.
    pub(super) fn failed(&self) -> Arc<Notify> {
        Arc::clone(&self.failed)
    }

    async fn watch(&self) -> io::Result<ShutdownSignal> {
        let mut quit = signal(SignalKind::quit())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        loop {
            tokio::select! {
                _ = quit.recv() => {
                    if self.successor_waits().await {
                        self.drain.announce();
                        return Ok(ShutdownSignal::GracefulUpgrade);
                    }
                    tracing::error!(socket = %self.socket.display(), "SIGQUIT refused: no successor waits; start one with --upgrade");
                }
                _ = terminate.recv() => {
                    self.announce(&mut terminate, &mut interrupt).await;
                    return Ok(ShutdownSignal::FastShutdown);
                }
                _ = interrupt.recv() => return Ok(ShutdownSignal::FastShutdown),
                () = self.failed.notified() => return Ok(ShutdownSignal::FastShutdown),
            }
        }
    }

    /// Tells clients to go elsewhere and gives them time to, unless someone is in a hurry.
    async fn announce(&self, terminate: &mut Signal, interrupt: &mut Signal) {
        self.drain.announce();
        tokio::select! {
            () = sleep(self.announce) => {}
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }

    async fn successor_waits(&self) -> bool {
        let waiting = async {
            while !listens(&self.socket) {
                sleep(Duration::from_millis(100)).await;
            }
        };
        timeout(SUCCESSOR, waiting).await.is_ok()
    }
}

#[async_trait]
impl ShutdownSignalWatch for Signals {
    async fn recv(&self) -> ShutdownSignal {
        match self.watch().await {
            Ok(end) => end,
            Err(error) => {
                tracing::error!(%error, "signals cannot be received; the process ends");
                ShutdownSignal::FastShutdown
            }
        }
    }
}

/// Waits for SIGTERM or SIGINT. Without signals it waits for ever.
pub(super) async fn end_asked() {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Whether a process listens on this Unix socket. To connect would tell, but the successor takes the first connection for
/// the hand-over itself; so the kernel is asked.
fn listens(path: &Path) -> bool {
    let Ok(table) = std::fs::read_to_string(UNIX_SOCKETS) else {
        // Not Linux: pingora hands over only there.
        return false;
    };
    table.lines().any(|line| is_listener(line, path))
}

/// `Num RefCount Protocol Flags Type St Inode Path`; the flag 0x10000 is `__SO_ACCEPTCON`.
fn is_listener(line: &str, path: &Path) -> bool {
    let mut fields = line.split_ascii_whitespace().skip(3);
    let flags = fields
        .next()
        .and_then(|flags| u32::from_str_radix(flags, 16).ok());
    flags.is_some_and(|flags| flags & 0x10000 != 0)
        && fields.nth(3).is_some_and(|name| Path::new(name) == path)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_listening_socket_is_seen() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("upgrade.sock");
        assert!(!listens(&path));
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        assert!(listens(&path));
        drop(listener);
        assert!(!listens(&path));
    }
}
