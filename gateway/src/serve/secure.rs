//! The TLS handshake, between accept and the first request. It has a deadline, and a place among a bounded number; the
//! connection has its place among all connections from the beginning.

use std::rc::Rc;

use rustls::ServerConnection;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::admission::Place;
use super::connection::Desk;
use super::stream::Stream;
use super::{Handler, Peer, Secured};

impl<H: Handler> Desk<H> {
    /// Secures a connection and serves it.
    pub(super) async fn secure(self: Rc<Self>, stream: TcpStream, mut peer: Peer, place: Place) {
        let remote = peer.remote;
        let Some(terms) = self.handler.terms() else {
            tracing::warn!(%remote, "closed: there is no certificate to show");
            return;
        };
        let Some(handshake) = self.core.shared().handshakes.admit() else {
            tracing::warn!(%remote, "closed: there are as many handshakes as allowed");
            return;
        };
        // What was accepted last is still answered while the process drains.
        let hold = self.core.hold();
        let accepted = TlsAcceptor::from(terms.config.clone()).accept(stream);
        let stream = match timeout(terms.within, accepted).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return tracing::debug!(%remote, %error, "a handshake failed"),
            Err(_elapsed) => return tracing::debug!(%remote, "a handshake took too long"),
        };
        drop(handshake);
        peer.secured = Some(Rc::new(Secured::of(stream.get_ref().1)));
        let served = Rc::clone(&self).serve(Stream::Tls(Box::new(stream)), peer, place);
        // The connection is in the core's list when the hold goes.
        futures_util::future::join(served, async { drop(hold) }).await;
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
