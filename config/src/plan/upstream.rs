//! Upstreams: backends with their endpoints.

use std::fmt;
use std::net::Ipv6Addr;
use std::time::Duration;

use super::UpstreamTls;
use crate::choice::Keep;

/// An upstream's place in its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UpstreamId(pub(crate) usize);

impl UpstreamId {
    /// Its place in [`Plan::upstreams`](super::Plan::upstreams).
    pub fn index(self) -> usize {
        self.0
    }
}

/// One backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamPlan {
    /// Its name: what an upstream is known by from one plan to the next.
    pub name: String,
    /// Where it listens; one endpoint at least.
    pub endpoints: Vec<Endpoint>,
    /// How what an older version cannot show is kept on writes.
    pub keep: Keep,
    /// How often a write is tried again when our own precondition failed.
    pub retries: u32,
    /// How long to wait for it.
    pub timeouts: Timeouts,
    /// How many connections one core opens to one endpoint.
    pub connections: usize,
    /// TLS towards it; without it plain HTTP.
    pub tls: Option<UpstreamTls>,
    /// Whether an endpoint may be a link-local address.
    pub link_local: bool,
}

/// How long to wait for an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// For the first byte of an answer.
    pub first_byte: Duration,
    /// For the next bytes of an answer, and how long an unused connection is held.
    pub idle: Duration,
}

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// A host name or an IP address, an IPv6 address without brackets.
    pub host: String,
    /// The port; never 0.
    pub port: u16,
}

/// Why a text is no endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// It has a scheme.
    #[error("it has a scheme")]
    Scheme,
    /// It has no port between 1 and 65535.
    #[error("it does not end with a port")]
    Port,
    /// What stands before the port is no host.
    #[error("it has no host name or IP address")]
    Host,
}

impl Endpoint {
    /// Reads `host:port`, `1.2.3.4:port` or `[::1]:port`.
    ///
    /// # Errors
    /// When it is none of these.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        if text.contains("://") {
            return Err(EndpointError::Scheme);
        }
        let (host, port) = text.rsplit_once(':').ok_or(EndpointError::Port)?;
        let all_digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        let port = port
            .parse()
            .ok()
            .filter(|port| all_digits && *port != 0)
            .ok_or(EndpointError::Port)?;
        let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let (host, valid) = match bracketed {
            Some(inner) => (inner, inner.parse::<Ipv6Addr>().is_ok()),
            None => (host, is_host_name(host)),
        };
        if valid {
            Ok(Endpoint {
                host: host.to_ascii_lowercase(),
                port,
            })
        } else {
            Err(EndpointError::Host)
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Endpoint { host, port } = self;
        if host.contains(':') {
            write!(f, "[{host}]:{port}")
        } else {
            write!(f, "{host}:{port}")
        }
    }
}

/// Whether this is a host name (RFC 1123, section 2.1; `_` too, as container networks use it).
pub(crate) fn is_host_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, EndpointError};

    #[test]
    fn endpoints_are_read_and_written() {
        for text in ["backend:9100", "10.0.0.1:80", "[::1]:8080", "a_b.c-d:1"] {
            assert_eq!(Endpoint::parse(text).map(|e| e.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn other_texts_are_not() {
        assert_eq!(Endpoint::parse("http://a:80"), Err(EndpointError::Scheme));
        for text in ["backend", "a:0", "a:65536", "a:+80", "a:", ""] {
            assert_eq!(Endpoint::parse(text), Err(EndpointError::Port), "{text}");
        }
        for text in [":80", "::1:80", "[a]:80", "a b:80", "-a:80", "a..b:80", "a@b:80"] {
            assert_eq!(Endpoint::parse(text), Err(EndpointError::Host), "{text}");
        }
    }
}
