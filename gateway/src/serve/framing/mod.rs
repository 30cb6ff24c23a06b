//! The framing check of HTTP/1, pure over bytes: no I/O, no clock.
//!
//! hyper takes the evidence away before a service sees a request: it drops `Content-Length` beside `Transfer-Encoding`,
//! and takes a bare LF as the end of a line. So [`Reader`] stands between the socket and hyper. It follows the borders of
//! messages (head, length, chunks, upgrade), checks each head strictly as bytes, and says how many bytes may pass.
//!
//! It is stricter than hyper in every bound, so that hyper never answers by itself, and whatever passes is the same
//! messages to both.
//!
//! - [`line`]: the request line;
//! - [`head`]: a whole head: what its lines say together;
//! - [`reader`]: one message after another.
//!
//! Field lines and chunks are read as those of answers are: [`crate::framing`].
//!
//! HTTP/2 passes untouched: [`frames`] sees floods only, [`parsed`] keeps the rules of a head for its requests.

mod frames;
mod head;
mod line;
mod parsed;
mod reader;

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod tests;

pub(super) use crate::framing::Fault;
pub(super) use parsed::judge;
pub(super) use reader::{Reader, Step};

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
