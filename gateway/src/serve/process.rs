//! The process: pingora's `Server` around the cores.
//!
//! pingora owns signals, the hand-over of sockets and the order of the end; the cores are ours, so that each has one
//! runtime and nothing is shared. What pingora-core 0.9.1 does otherwise than we need, and what is done about it:
//!
//! - it sleeps out its grace period even when nothing is left to do: the period is zero, and the drain is awaited here,
//!   after pingora has returned;
//! - it ends on SIGQUIT even without a successor: [`Signals`] asks first;
//! - what it inherits and nobody names stays open without an acceptor: every key is named in `listen_addresses`.

use std::io;
use std::os::fd::RawFd;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use pingora_core::server::configuration::{Opt, ServerConf};
use pingora_core::server::{ListenFds, RunArgs, Server, ShutdownWatch};
use pingora_core::services::Service;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::core::Core;
use super::running::Running;
use super::signals::{Signals, end_asked};
use super::sockets::{Sockets, keys};
use super::{Drain, Handler, Settings};

/// How often it is looked whether the cores have ended.
const LOOK: Duration = Duration::from_millis(10);

/// How sockets go from one process to the next.
#[derive(Debug, Clone)]
pub struct HandOver {
    /// The Unix socket over which they go. Keep it in a directory of the service's own.
    pub socket: PathBuf,
    /// Whether to take them from the process that runs now, which gets SIGQUIT once this one waits.
    pub upgrade: bool,
}

/// Why the process does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeFault {
    /// An address or a thread could not be had.
    #[error(transparent)]
    Start(#[from] io::Error),
    /// The path of the hand-over socket is not text.
    #[error("the path of the upgrade socket is not UTF-8: {}", .0.display())]
    UpgradeSocket(PathBuf),
}

/// Serves until a signal ends the process, and drains:
///
/// - SIGTERM: answers say `Connection: close` for `announce`; then nothing is accepted, and what is in progress may take
///   up to `grace`;
/// - SIGQUIT: the same, after the sockets went to the successor; refused without one;
/// - SIGINT: the drain without the announcement. A second SIGTERM or SIGINT cuts it short.
///
/// # Errors
/// [`ServeFault`], when it could not begin. pingora ends the process itself (status 1) when `upgrade` is asked for and no
/// sockets come.
pub fn run<H, F>(settings: Settings, hand_over: &HandOver, drain: Drain, factory: F) -> Result<(), ServeFault>
where
    H: Handler,
    F: Fn(&Core) -> H + Send + Sync + 'static,
{
    let mut server = server(hand_over)?;
    let signals = Signals::new(drain.clone(), settings.announce, hand_over.socket.clone());
    let stage = Arc::new(Stage {
        running: Mutex::new(None),
        failed: signals.failed(),
    });
    let factory = Arc::new(factory);
    server.bootstrap();
    server.add_service(Shell {
        settings,
        drain,
        factory,
        stage: Arc::clone(&stage),
    });
    server.run(RunArgs {
        shutdown_signal: Box::new(signals),
    });
    match stage.take() {
        Some(running) => Ok(finish(running?)?),
        None => Ok(()),
    }
}

fn server(hand_over: &HandOver) -> Result<Server, ServeFault> {
    let socket = hand_over.socket.to_str().map(str::to_owned);
    let conf = ServerConf {
        upgrade_sock: socket.ok_or_else(|| ServeFault::UpgradeSocket(hand_over.socket.clone()))?,
        grace_period_seconds: Some(0),
        graceful_shutdown_timeout_seconds: Some(0),
        threads: 1,
        ..ServerConf::default()
    };
    let opt = Opt {
        upgrade: hand_over.upgrade,
        ..Opt::default()
    };
    Ok(Server::new_with_opt_and_conf(opt, conf))
}

/// Awaits the drain's end, or a second signal.
fn finish(mut running: Running) -> io::Result<()> {
    running.stop();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        tokio::select! {
            () = ended(&running) => tracing::info!("drained"),
            () = end_asked() => tracing::warn!("the drain was cut short"),
        }
    });
    Ok(())
}

async fn ended(running: &Running) {
    while !running.has_ended() {
        sleep(LOOK).await;
    }
}

/// Where the service leaves the cores for whoever awaits their end.
struct Stage {
    running: Mutex<Option<io::Result<Running>>>,
    failed: Arc<Notify>,
}

impl Stage {
    fn put(&self, running: io::Result<Running>) {
        let failed = running.is_err();
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = Some(running);
        if failed {
            self.failed.notify_one();
        }
    }

    fn take(&self) -> Option<io::Result<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The cores as pingora's service.
struct Shell<F> {
    settings: Settings,
    drain: Drain,
    factory: Arc<F>,
    stage: Arc<Stage>,
}

impl<F> Shell<F> {
    /// Takes over what was inherited, opens the rest, and leaves every descriptor for the next successor.
    fn sockets(&self, fds: Option<&ListenFds>) -> io::Result<Sockets> {
        let inherited = |key: &str| -> Option<RawFd> { fds?.lock().get(key).copied() };
        let sockets = Sockets::open(&self.settings, inherited)?;
        if let Some(fds) = fds {
            let mut fds = fds.lock();
            sockets
                .descriptors()
                .for_each(|(key, descriptor)| fds.add(key, descriptor));
        }
        Ok(sockets)
    }
}

#[async_trait]
impl<H, F> Service for Shell<F>
where
    H: Handler,
    F: Fn(&Core) -> H + Send + Sync + 'static,
{
    async fn start_service(&mut self, fds: Option<ListenFds>, _shutdown: ShutdownWatch, _per_fd: usize) {
        let running = self.sockets(fds.as_ref()).and_then(|sockets| {
            Running::start(
                self.settings.clone(),
                self.drain.clone(),
                sockets,
                Arc::clone(&self.factory),
            )
        });
        if let Ok(running) = &running {
            tracing::info!(addresses = ?running.addresses(), "serving");
        }
        self.stage.put(running);
    }

    fn name(&self) -> &str {
        "sluice"
    }

    fn listen_addresses(&self) -> Option<Vec<String>> {
        Some(keys(&self.settings))
    }
}
