//! What requests and answers of HTTP/1 have in common, as bytes: pure, no I/O, no clock.
//!
//! - [`octets`]: which byte may stand where;
//! - [`field`]: one field line;
//! - [`chunks`]: a chunked body with its trailers.
//!
//! Requests are read in `serve::framing`, answers in `upstream::framing`.

pub(crate) mod chunks;
pub(crate) mod field;
pub(crate) mod octets;

use crate::refusal::Kind;

/// What is wrong with the bytes, and in which words the client is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    pub(crate) detail: &'static str,
}

impl Fault {
    pub(crate) const fn new(kind: Kind, detail: &'static str) -> Self {
        Self { kind, detail }
    }

    /// The most frequent kind: not what HTTP allows, or readable in two ways.
    pub(crate) const fn malformed(detail: &'static str) -> Self {
        Self::new(Kind::MalformedRequest, detail)
    }
}
