//! The framing check of HTTP/1, pure over bytes: no I/O, no clock.
//!
//! hyper takes the evidence away before a service sees a request: it drops `Content-Length` beside `Transfer-Encoding`,
//! and takes a bare LF as the end of a line. So [`Reader`] stands between the socket and hyper. It follows the borders of
//! messages (head, length, chunks, upgrade), checks each head strictly as bytes, and says how many bytes may pass.
//!
//! It is stricter than hyper in every bound, so that hyper never answers by itself, and whatever passes is the same
//! messages to both.
//!
//! - [`octets`]: which byte may stand where;
//! - [`line`]: the request line and one field line;
//! - [`head`]: a whole head: what its lines say together;
//! - [`chunks`]: a chunked body with its trailers;
//! - [`reader`]: one message after another.
//!
//! HTTP/2 passes untouched: its messages are checked once they are parsed.

mod chunks;
mod head;
mod line;
mod octets;
mod reader;

#[cfg(test)]
mod tests;

pub(super) use reader::{Reader, Step};

use crate::refusal::Kind;

/// How large a head may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Bytes of a head.
    pub(super) head: usize,
    /// Field lines of a head.
    pub(super) lines: usize,
    /// Bytes of a target.
    pub(super) target: usize,
}

/// What is wrong with the bytes, and in which words the client is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) kind: Kind,
    pub(super) detail: &'static str,
}

impl Fault {
    pub(super) const fn new(kind: Kind, detail: &'static str) -> Self {
        Self { kind, detail }
    }

    /// The most frequent kind: not what HTTP allows, or readable in two ways.
    const fn malformed(detail: &'static str) -> Self {
        Self::new(Kind::MalformedRequest, detail)
    }
}
