//! Whether a request came over a connection that is for its host (RFC 9110 §7.4).
//!
//! A client may use one HTTP/2 connection for several hosts. Where the certificate was chosen by the host that the client
//! asked for (SNI), only hosts that get the same certificate are answered on it; any other is answered 421, and the client
//! opens a connection for it. A client that named no host is not judged: it did not choose.

use crate::canonical::CanonicalHost;
use crate::edition::Edition;
use crate::refusal::{Kind, Refusal};
use crate::serve::Peer;

/// Refuses a request for a host that its connection is not for.
///
/// # Errors
/// [`Kind::Misdirected`].
pub fn directed(edition: &Edition, peer: &Peer, host: Option<&CanonicalHost>) -> Result<(), Refusal> {
    let asked = peer.secured.as_ref().and_then(|s| s.server_name.as_deref());
    let (Some(server_name), Some(host)) = (asked, host.map(CanonicalHost::name)) else {
        return Ok(());
    };
    let is_for = || {
        edition
            .guard
            .tls
            .terms()
            .is_none_or(|t| t.is_directed(server_name, host))
    };
    match server_name == host || is_for() {
        true => Ok(()),
        false => Err(Refusal::new(
            Kind::Misdirected,
            "this connection was opened for another host; open one for this host",
        )),
    }
}
