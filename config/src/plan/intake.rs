//! How requests are taken in from a connection.

use std::time::Duration;

/// Bounds of what a client sends, before anything is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intake {
    /// Bytes of a request's header, its first line with it.
    pub head: usize,
    /// Lines of a request's header.
    pub headers: usize,
    /// Bytes of a request's target.
    pub target: usize,
    /// The longest that a header may take.
    pub head_within: Duration,
    /// Bytes a second with which a body has to come while it is waited for; 0 for any.
    pub body_rate: u32,
    /// For how long less is taken.
    pub body_grace: Duration,
}
