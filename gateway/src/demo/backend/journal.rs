//! What was asked, for tests to look at: bounded, the oldest goes first.

use bytes::Bytes;
use http::{HeaderMap, Method};
use std::collections::VecDeque;

const KEPT: usize = 1024;

/// One request as the backend got it.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The method.
    pub method: Method,
    /// Path and query, as sent.
    pub target: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; empty if it exceeded the bound.
    pub body: Bytes,
}

/// The recent requests.
#[derive(Debug, Default)]
pub(super) struct Journal {
    recent: VecDeque<Recorded>,
    seen: u64,
}

impl Journal {
    pub(super) fn add(&mut self, recorded: Recorded) {
        self.seen += 1;
        if self.recent.len() == KEPT {
            self.recent.pop_front();
        }
        self.recent.push_back(recorded);
    }

    pub(super) fn recent(&self) -> Vec<Recorded> {
        self.recent.iter().cloned().collect()
    }

    pub(super) fn clear(&mut self) {
        self.recent.clear();
    }

    pub(super) fn seen(&self) -> u64 {
        self.seen
    }
}

#[cfg(test)]
mod tests {
    use super::{Journal, KEPT, Recorded};
    use bytes::Bytes;
    use http::{HeaderMap, Method};

    #[test]
    fn the_oldest_goes_first() {
        let mut journal = Journal::default();
        for number in 0..KEPT + 5 {
            let target = format!("/{number}");
            journal.add(Recorded {
                method: Method::GET,
                target,
                headers: HeaderMap::new(),
                body: Bytes::new(),
            });
        }
        assert_eq!(
            (journal.recent().len(), journal.recent()[0].target.as_str()),
            (KEPT, "/5")
        );
        assert_eq!(journal.seen(), KEPT as u64 + 5);
    }
}
