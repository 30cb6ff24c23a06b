//! What a limit says of a request.

use std::time::Duration;

/// What a limit says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It counts, and goes on.
    Admitted(Standing),
    /// It is too much, for so long.
    Refused(Duration),
    /// The store cannot be asked, and nothing is counted.
    Uncounted,
    /// The store cannot be asked, and nothing may go on.
    Unavailable,
}

/// How a count stands after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How many more are allowed now.
    pub remaining: u64,
    /// How long until all are allowed again, where time alone brings that about.
    pub reset: Option<Duration>,
}
