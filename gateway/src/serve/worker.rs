//! One core: a thread, a runtime, and what runs there.

use std::io;
use std::net::TcpListener as StdListener;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread::{Builder, JoinHandle};

use futures_util::future::join_all;
use tokio::net::TcpListener;
use tokio::runtime::LocalOptions;
use tokio::time::timeout;

use super::accept::accept;
use super::around::Numbers;
use super::connection::Desk;
use super::core::{Core, Shared};
use super::protocol::builder;
use super::warden::watch;
use super::{Handler, Listener};

/// What one core listens on.
pub(super) type Share = Vec<(StdListener, Listener)>;

/// Starts the core numbered `index`. Whether it runs is told through `started`.
pub(super) fn start<H, F>(
    index: usize,
    share: Share,
    shared: Arc<Shared>,
    factory: Arc<F>,
    started: Sender<io::Result<()>>,
) -> io::Result<JoinHandle<()>>
where
    H: Handler,
    F: Fn(&Core) -> H + Send + Sync + 'static,
{
    Builder::new().name(format!("core-{index}")).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build_local(LocalOptions::default());
        match runtime {
            Ok(runtime) => {
                runtime.block_on(work(index, share, shared, &*factory, started));
                // A name that is still being looked up must not keep the process.
                runtime.shutdown_background();
            }
            Err(error) => drop(started.send(Err(error))),
        }
    })
}

async fn work<H, F>(
    index: usize,
    share: Share,
    shared: Arc<Shared>,
    factory: &F,
    started: Sender<io::Result<()>>,
) where
    H: Handler,
    F: Fn(&Core) -> H,
{
    let core = Core::new(index, shared);
    let handler = Rc::new(factory(&core));
    let builder = builder(core.settings());
    let desk = Rc::new(Desk {
        core: core.clone(),
        handler,
        builder,
        numbers: Numbers::new(index),
    });
    let listeners = match listen(share) {
        Ok(listeners) => listeners,
        Err(error) => return drop(started.send(Err(error))),
    };
    drop(started.send(Ok(())));
    tokio::task::spawn_local(watch(core.clone()));
    join_all(
        listeners
            .into_iter()
            .map(|(listener, of)| accept(listener, of, Rc::clone(&desk))),
    )
    .await;
    core.drain().stopped().await;
    if timeout(core.settings().grace, core.emptied()).await.is_err() {
        tracing::warn!(
            core = index,
            cut = core.load(),
            "the drain's grace has ended; connections are cut"
        );
    }
}

fn listen(share: Share) -> io::Result<Vec<(TcpListener, Listener)>> {
    let listen = |(listener, of)| TcpListener::from_std(listener).map(|listener| (listener, of));
    share.into_iter().map(listen).collect()
}
