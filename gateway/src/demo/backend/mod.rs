//! The demo's backend: the IntegrationHub API, version 3.3 only, with its customers in memory.
//!
//! ```text
//! socket.rs       accepts, reads a request whole, records it, carries out a fault if one is due
//! answer.rs       one request -> one answer
//!   precondition.rs   If-Match and If-None-Match
//!   page.rs           page and page_size, Link
//!   rules.rs          what a customer must be
//!   exact.rs          JSON with the text of its numbers
//!   merge.rs          RFC 7396
//!   trouble.rs        every error -> one body, in one place
//! store.rs        the customers, in the order of their ids, with their entity tags
//! seed.rs         the customers that it starts with
//! fault.rs  journal.rs  what tests use: faults on demand, and what was asked
//! ```
//!
//! Decisions where the specification is silent:
//! - `page` or `page_size` that is no number is 400; a number out of bounds is 422. A parameter given twice is 400,
//!   unknown parameters are ignored.
//! - A PUT may leave out `id` and `createdAt`: they stay. One that changes their text is 422 with their field, and
//!   so is a PATCH that changes or removes them.
//! - Preconditions are judged before the content is looked at (RFC 9110, 13.2.1), so 412 comes before 400 and 422,
//!   and 404 before 412. The collection has no entity tag and ignores them. A malformed one is 400.
//! - A body that is not JSON by its `Content-Type` is 415; a missing `Content-Type` is taken for JSON, except in a
//!   PATCH, which must say `application/merge-patch+json`.
//! - Every write makes a new entity tag, also one that changes nothing.

mod answer;
mod exact;
mod fault;
mod journal;
mod merge;
mod page;
mod precondition;
mod rules;
mod running;
mod seed;
mod socket;
mod store;
mod trouble;

pub use exact::exact;
pub use fault::{Canned, Fault, Rule};
pub use journal::Recorded;
pub use rules::{Breach, check};
pub use running::{Backend, Running};
pub use seed::customers;

use std::io;
use std::net::SocketAddr;

/// Serves the seeded customers at `addr` on a thread of its own; port 0 lets the system choose one.
///
/// # Errors
/// The address cannot be bound, or the thread cannot be started.
pub fn serve(addr: SocketAddr) -> io::Result<Running> {
    Backend::default().serve(addr)
}

/// Serves the seeded customers at `addr` on the current tokio runtime.
///
/// # Errors
/// The address cannot be bound.
pub async fn spawn(addr: SocketAddr) -> io::Result<Running> {
    Backend::default().spawn(addr).await
}
