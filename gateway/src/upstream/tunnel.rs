//! What follows a 101: bytes both ways, read by nobody here.

use std::cell::Cell;
use std::io;
use std::time::Duration;

use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::time::{Instant, sleep_until, timeout};

/// Bytes held of each direction.
const BUFFER: usize = 16 * 1024;

/// How a tunnel ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Both sides had said all.
    Closed,
    /// Neither side said anything for as long as is waited.
    Idle,
    /// One side failed.
    Broken,
    /// One side never switched.
    Refused,
}

/// Joins both sides of an upgrade (`hyper::upgrade::on` of the request and of its 101) until they end or fall silent for
/// `idle`. Spawn it on the core. `hold` lives as long as the tunnel: the core's [`Hold`](crate::serve::Hold), so that a
/// drain waits for it, and the answer's body, which owns the upstream's connection.
pub async fn tunnel(client: OnUpgrade, upstream: OnUpgrade, idle: Duration, hold: impl Sized) -> Ended {
    let ended = match timeout(idle, futures_util::future::try_join(client, upstream)).await {
        Ok(Ok((client, upstream))) => join(client, upstream, idle).await,
        Ok(Err(_)) | Err(_) => Ended::Refused,
    };
    drop(hold);
    ended
}

async fn join(client: Upgraded, upstream: Upgraded, idle: Duration) -> Ended {
    let (client_read, client_write) = split(TokioIo::new(client));
    let (upstream_read, upstream_write) = split(TokioIo::new(upstream));
    let heard = Cell::new(Instant::now());
    tokio::select! {
        both = futures_util::future::try_join(
            pass(client_read, upstream_write, &heard),
            pass(upstream_read, client_write, &heard),
        ) => both.map_or(Ended::Broken, |_| Ended::Closed),
        () = silence(&heard, idle) => Ended::Idle,
    }
}

/// One direction, to its end; then the other side is told that no more comes.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    heard: &Cell<Instant>,
) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..count]).await?;
        to.flush().await?;
        heard.set(Instant::now());
    }
}

async fn silence(heard: &Cell<Instant>, idle: Duration) {
    loop {
        let deadline = heard.get() + idle;
        if deadline <= Instant::now() {
            return;
        }
        sleep_until(deadline).await;
    }
}
