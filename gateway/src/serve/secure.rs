//! The TLS handshake, between accept and the first request. It has a deadline, and a place among a bounded number; the
//! connection has its place among those of its role from the beginning.

use std::rc::Rc;
use std::sync::Arc;

use rustls::ServerConnection;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::admission::Place;
use super::connection::Desk;
use super::stream::Stream;
use super::{Handler, Peer, Role, Secured};

impl<H: Handler> Desk<H> {
    /// Secures a connection and serves it.
    pub(super) async fn secure(self: Rc<Self>, stream: TcpStream, mut peer: Peer, place: Place) {
        let remote = peer.remote;
        // What was accepted last is still answered while the process drains.
        let hold = self.core.hold();
        let stream = match self.shake_hands(stream, peer.role).await {
            Ok(stream) => stream,
            Err(Unsecured { why, error }) => {
                self.handler.unsecured(why);
                return tracing::debug!(%remote, why, error, "closed before its TLS stood");
            }
        };
        peer.secured = Some(Rc::new(Secured::of(stream.get_ref().1)));
        let served = Rc::clone(&self).serve(Stream::Tls(Box::new(stream)), peer, place);
        // The connection is in the core's list when the hold goes.
        futures_util::future::join(served, async { drop(hold) }).await;
    }

    async fn shake_hands(&self, stream: TcpStream, role: Role) -> Result<TlsStream<TcpStream>, Unsecured> {
        let terms = self.handler.terms().ok_or(Unsecured::of("no_certificate"))?;
        let handshakes = &self.core.shared().door(role).handshakes;
        let _place = handshakes.admit().ok_or(Unsecured::of("too_many"))?;
        let accepted = TlsAcceptor::from(Arc::clone(&terms.config)).accept(stream);
        match timeout(terms.within, accepted).await {
            Ok(accepted) => accepted.map_err(|error| Unsecured {
                why: "handshake",
                error: error.to_string(),
            }),
            Err(_elapsed) => Err(Unsecured::of("too_slow")),
        }
    }
}

/// Why a connection was not secured.
struct Unsecured {
    why: &'static str,
    error: String,
}

impl Unsecured {
    fn of(why: &'static str) -> Self {
        Self {
            why,
            error: String::new(),
        }
    }
}

impl Secured {
    fn of(connection: &ServerConnection) -> Self {
        let certificates = connection.peer_certificates().unwrap_or_default();
        Self {
            server_name: connection.server_name().map(Into::into),
            certificates: certificates.iter().map(|c| c.to_vec()).collect(),
        }
    }
}
