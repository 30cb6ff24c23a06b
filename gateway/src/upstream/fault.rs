//! Why an upstream did not answer, each reason as a sentence for people.

use std::io;

use super::wire::Ambiguous;
use crate::body;

/// An exchange with an upstream that gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The upstream has no endpoints.
    #[error("the upstream has no endpoint")]
    NoEndpoint,
    /// The endpoint refused the connection, or its name is not known.
    #[error("{endpoint} could not be reached: {reason}")]
    Unreachable {
        /// `host:port` as configured.
        endpoint: String,
        /// What the system said.
        reason: String,
    },
    /// Over TLS the endpoint could not be trusted, or does not trust us. It is never asked without TLS instead.
    #[error("{endpoint} could not be trusted: {reason}")]
    Untrusted {
        /// `host:port` as configured.
        endpoint: String,
        /// What is wrong.
        reason: String,
    },
    /// The endpoint did not accept in time.
    #[error("{endpoint} did not accept a connection within {millis} ms")]
    ConnectTimeout {
        /// `host:port` as configured.
        endpoint: String,
        /// The bound.
        millis: u128,
    },
    /// Every connection that may be opened is in use.
    #[error("all {connections} connections to {endpoint} are in use")]
    PoolExhausted {
        /// `host:port` as configured.
        endpoint: String,
        /// The bound.
        connections: usize,
    },
    /// The request went out and no answer began in time.
    #[error("{endpoint} did not begin to answer within {millis} ms")]
    FirstByteTimeout {
        /// `host:port` as configured.
        endpoint: String,
        /// The bound.
        millis: u128,
    },
    /// The connection ended before an answer.
    #[error("{endpoint} closed the connection before it answered")]
    Reset {
        /// `host:port` as configured.
        endpoint: String,
    },
    /// What came is not an HTTP answer.
    #[error("{endpoint} answered with something that is not HTTP: {reason}")]
    Garbage {
        /// `host:port` as configured.
        endpoint: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The body of the request failed while it was sent: the client's doing, not the upstream's.
    #[error("the request's body failed while it was forwarded: {0}")]
    RequestBody(body::Fault),
}

impl Fault {
    /// One word for it, for figures and traces.
    pub fn word(&self) -> &'static str {
        match self {
            Self::NoEndpoint => "no_endpoint",
            Self::Unreachable { .. } => "unreachable",
            Self::Untrusted { .. } => "untrusted",
            Self::ConnectTimeout { .. } => "connect_timeout",
            Self::PoolExhausted { .. } => "pool_exhausted",
            Self::FirstByteTimeout { .. } => "first_byte_timeout",
            Self::Reset { .. } => "reset",
            Self::Garbage { .. } => "garbage",
            Self::RequestBody(_) => "request_body",
        }
    }

    /// No connection stands, so nothing was answered: another endpoint may be tried.
    pub(super) fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::ConnectTimeout { .. } | Self::Untrusted { .. }
        )
    }

    /// Nothing of the request was written to any connection.
    pub fn is_unsent(&self) -> bool {
        self.is_unreachable() || matches!(self, Self::NoEndpoint | Self::PoolExhausted { .. })
    }

    /// The connection died without a byte of an answer.
    pub(super) fn is_lost_connection(&self) -> bool {
        matches!(self, Self::Reset { .. })
    }

    /// What hyper says of an exchange that failed at `endpoint`.
    pub(super) fn of(error: &hyper::Error, endpoint: &str) -> Self {
        if let Some(fault) = body_fault(error) {
            return Self::RequestBody(fault);
        }
        let transport = transport(error);
        let ambiguous = transport.and_then(|io| io.get_ref()?.downcast_ref::<Ambiguous>());
        if let Some(ambiguous) = ambiguous {
            return Self::Garbage {
                endpoint: endpoint.to_owned(),
                reason: ambiguous.to_string(),
            };
        }
        match transport.and_then(|io| untrusted(io, endpoint)) {
            Some(fault) => fault,
            None if error.is_parse() => Self::Garbage {
                endpoint: endpoint.to_owned(),
                reason: error.to_string(),
            },
            None => Self::Reset {
                endpoint: endpoint.to_owned(),
            },
        }
    }

    /// What is wrong with a handshake.
    pub(super) fn of_handshake(error: &io::Error, endpoint: &str) -> Self {
        untrusted(error, endpoint).unwrap_or_else(|| Self::Unreachable {
            endpoint: endpoint.to_owned(),
            reason: format!("the TLS handshake failed: {error}"),
        })
    }
}

/// What TLS says is wrong; nothing when the connection itself failed.
fn untrusted(error: &io::Error, endpoint: &str) -> Option<Fault> {
    let reason = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    Some(Fault::Untrusted {
        endpoint: endpoint.to_owned(),
        reason: reason.to_string(),
    })
}

/// The transport's error below hyper's.
fn transport(error: &hyper::Error) -> Option<&io::Error> {
    std::error::Error::source(error)?.downcast_ref()
}

/// The fault of the request's own body, which hyper wraps.
fn body_fault(error: &hyper::Error) -> Option<body::Fault> {
    let cause = std::error::Error::source(error)?;
    cause.downcast_ref::<body::Fault>().cloned()
}
