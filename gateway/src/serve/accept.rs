//! Taking connections in.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use super::connection::Desk;
use super::stream::Stream;
use super::{Handler, Listener, Peer};

/// How long to wait when the system has no descriptor or memory left for a connection.
const EXHAUSTED: Duration = Duration::from_millis(50);

/// Accepts until the drain stops; then takes what the system has already queued, and closes the socket.
pub(super) async fn accept<H: Handler>(listener: TcpListener, of: Listener, desk: Rc<Desk<H>>) {
    let drain = desk.core.drain().clone();
    let mut stopped = std::pin::pin!(drain.stopped());
    loop {
        tokio::select! {
            biased;
            () = &mut stopped => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, remote)) => desk.take(stream, remote, of),
                Err(error) => pause(&error).await,
            },
        }
    }
    if let Err(error) = desk.take_queued(listener, of) {
        tracing::debug!(%error, "the queue of a socket could not be emptied");
    }
}

/// A connection that was reset while it was queued is no reason to wait.
async fn pause(error: &io::Error) {
    if !matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    ) {
        tracing::warn!(%error, "a connection could not be accepted");
        sleep(EXHAUSTED).await;
    }
}

impl<H: Handler> Desk<H> {
    fn take(self: &Rc<Self>, stream: TcpStream, remote: SocketAddr, of: Listener) {
        let Some(place) = self.core.shared().door(of.role).connections.admit() else {
            tracing::warn!(%remote, "closed: there are as many connections as allowed");
            return;
        };
        let local = stream.set_nodelay(true).and_then(|()| stream.local_addr());
        match local {
            Ok(local) => {
                let peer = Peer {
                    remote,
                    local,
                    role: of.role,
                    secured: None,
                };
                let desk = Rc::clone(self);
                match of.secure {
                    true => drop(tokio::task::spawn_local(desk.secure(stream, peer, place))),
                    false => {
                        let stream = Stream::Plain(stream);
                        drop(tokio::task::spawn_local(desk.serve(stream, peer, place)));
                    }
                }
            }
            // It was reset between the two calls.
            Err(error) => tracing::debug!(%remote, %error, "a connection ended before it began"),
        }
    }

    fn take_queued(self: &Rc<Self>, listener: TcpListener, of: Listener) -> io::Result<()> {
        let listener = listener.into_std()?;
        loop {
            match listener.accept() {
                Ok((stream, remote)) => {
                    stream.set_nonblocking(true)?;
                    self.take(TcpStream::from_std(stream)?, remote, of);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}
