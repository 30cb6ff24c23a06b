//! How the ledger is doing, put up for pages: whoever looks waits for nobody, least of all a core for a drain.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::recent::Pace;
use super::{Inner, State};

/// What was put up last.
#[derive(Debug, Default)]
pub(super) struct Shown(ArcSwap<(State, Pace)>);

impl Shown {
    /// Puts up how it is doing now.
    pub(super) fn put_up(&self, inner: &Inner) {
        let state = State {
            waiting: inner.pending.rows(),
            lost: inner.pending.lost,
            ..inner.state.clone()
        };
        self.0.store(Arc::new((state, inner.recent.pace())));
    }

    pub(super) fn state(&self) -> State {
        self.0.load().0.clone()
    }

    pub(super) fn pace(&self) -> Pace {
        self.0.load().1.clone()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::background::Background;
    use crate::clock::Clock;
    use crate::ledger::{Ledger, Metering};

    /// Without that this would wait for ever.
    #[test]
    fn whoever_looks_waits_for_no_drain() {
        let background = Background::start().unwrap();
        let ledger = Ledger::start(Clock::System, &background, Metering::Kept);
        ledger.drain();
        let drains = ledger.lock();
        assert_eq!((ledger.state().waiting, ledger.state().kept), (0, false));
        assert_eq!(ledger.pace().exchanges, 0);
        drop(drains);
    }
}
