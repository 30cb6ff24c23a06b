//! Cores that run.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;

use super::core::{Core, Shared};
use super::sockets::Sockets;
use super::{Drain, Handler, Settings, worker};

/// Serves in this process, on threads of its own and without pingora around it. `factory` is called once on each core.
///
/// # Errors
/// When an address cannot be bound or a thread cannot be started.
pub fn in_process<H, F>(settings: Settings, drain: Drain, factory: F) -> io::Result<Running>
where
    H: Handler,
    F: Fn(&Core) -> H + Send + Sync + 'static,
{
    let sockets = Sockets::open(&settings, |_| None)?;
    Running::start(settings, drain, sockets, Arc::new(factory))
}

/// Cores that run. Dropped, they stop accepting and end by themselves; [`Running::shutdown`] waits for that.
pub struct Running {
    addresses: Vec<SocketAddr>,
    drain: Drain,
    /// Queue connections for as long as they are held, hence dropped when the drain stops.
    sockets: Vec<TcpListener>,
    threads: Vec<JoinHandle<()>>,
}

impl Running {
    pub(super) fn start<H, F>(
        settings: Settings,
        drain: Drain,
        mut sockets: Sockets,
        factory: Arc<F>,
    ) -> io::Result<Self>
    where
        H: Handler,
        F: Fn(&Core) -> H + Send + Sync + 'static,
    {
        let shares = std::mem::take(&mut sockets.shares);
        let addresses = sockets.addresses.clone();
        let mut running = Self {
            addresses,
            drain,
            sockets: sockets.into_originals(),
            threads: Vec::new(),
        };
        let shared = Shared::new(settings, running.drain.clone());
        let (started, reports) = channel();
        for (core, share) in shares.into_iter().enumerate() {
            let (shared, factory, started) = (Arc::clone(&shared), Arc::clone(&factory), started.clone());
            running
                .threads
                .push(worker::start(core, share, shared, factory, started)?);
        }
        drop(started);
        await_start(&reports, running.threads.len())?;
        Ok(running)
    }

    /// Where it listens, in the order of the settings, with real ports.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Its way out.
    pub fn drain(&self) -> &Drain {
        &self.drain
    }

    /// Stops accepting. What is in progress goes on, for at most the grace of the settings.
    pub fn stop(&mut self) {
        self.sockets.clear();
        self.drain.stop();
    }

    /// Whether every core has ended.
    pub fn has_ended(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
    }

    /// Stops, and waits for what is in progress, for at most the grace of the settings. Blocks the thread.
    pub fn shutdown(mut self) {
        self.stop();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a core ended with a panic");
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

fn await_start(reports: &Receiver<io::Result<()>>, cores: usize) -> io::Result<()> {
    for _core in 0..cores {
        reports
            .recv()
            .unwrap_or_else(|_| Err(io::Error::other("a core ended before it began")))?;
    }
    Ok(())
}
