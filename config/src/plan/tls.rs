//! TLS towards clients.

/// Listeners with TLS.
#[derive(Debug, Clone, Default)]
pub struct TlsPlan {}

/// TLS towards an upstream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpstreamTls {}
