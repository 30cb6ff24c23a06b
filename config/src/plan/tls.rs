//! TLS towards clients and towards upstreams.

use std::net::SocketAddr;
use std::time::Duration;

use super::NamedFile;

pub use crate::choice::TlsVersion;

/// Listeners with TLS.
#[derive(Debug, Clone)]
pub struct TlsPlan {
    /// Where requests are served over TLS.
    pub listen: Vec<SocketAddr>,
    /// Whether the admin address is served over TLS too.
    pub admin: bool,
    /// The oldest version that is spoken.
    pub minimum: TlsVersion,
    /// The certificates; one at least.
    pub certificates: Vec<CertificatePlan>,
    /// Client certificates; without it none is asked for.
    pub clients: Option<ClientsPlan>,
    /// The longest that a handshake may take.
    pub handshake: Duration,
}

/// A certificate with its private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPair {
    /// The certificate and what stands between it and its authority.
    pub certificate: NamedFile,
    /// The private key.
    pub key: NamedFile,
}

/// A certificate for clients.
#[derive(Debug, Clone)]
pub struct CertificatePlan {
    /// Its files.
    pub pair: KeyPair,
    /// The hosts it is given for, in lower case, the left-most label may be `*`; empty: the certificate's own names.
    pub hosts: Vec<String>,
    /// Whether it is given for hosts that no certificate is for. One at most.
    pub default: bool,
}

/// Client certificates.
#[derive(Debug, Clone)]
pub struct ClientsPlan {
    /// The authorities whose certificates are accepted.
    pub authorities: NamedFile,
    /// Whether a connection without one is refused.
    pub required: bool,
}

/// TLS towards an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamTls {
    /// The name that its certificate must have; without it the host of the endpoint.
    pub server_name: Option<String>,
    /// Who may have issued its certificate; without it the system's authorities.
    pub authorities: Option<NamedFile>,
    /// The certificate that the gateway shows.
    pub pair: Option<KeyPair>,
    /// The oldest version that is spoken.
    pub minimum: TlsVersion,
}
