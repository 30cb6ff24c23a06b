//! An exchange from its head until the ledger knows of it: each one counts once, also where the client has gone before its answer
//! stood.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::StatusCode;
use sluice_config::plan::ConsumerId;

use super::Known;
use crate::edition::Edition;
use crate::gateway::Carrier;
use crate::ledger::told::{Told, Unknown};
use crate::ledger::took::Times;
use crate::refusal::Kind;

/// Nobody was there to get an answer any more. HTTP has no status for it; this is the one that nginx made known, and it is
/// never sent.
const CLIENT_GONE: u16 = 499;

/// An exchange that the ledger does not know of yet.
pub(super) struct Open<'c, 'e> {
    carrier: &'c Carrier,
    edition: &'e Arc<Edition>,
    /// When it began; none where nothing is counted, and once it is.
    begun: Option<Instant>,
    /// What is known of it so far.
    pub(super) known: Known<'e>,
}

impl<'c, 'e> Open<'c, 'e> {
    /// An exchange begins.
    pub(super) fn new(carrier: &'c Carrier, edition: &'e Arc<Edition>) -> Self {
        Self {
            carrier,
            edition,
            begun: carrier.shard().map(|_| Instant::now()),
            known: Known::default(),
        }
    }

    /// The head of its answer stands. Gives whose time it took.
    pub(super) fn end(mut self, status: StatusCode, refused: Option<Kind>) -> Option<Times> {
        self.count(status.as_u16(), refused)
    }

    fn count(&mut self, status: u16, refused: Option<Kind>) -> Option<Times> {
        let took = self.begun.take()?.elapsed();
        let shard = self.carrier.shard()?;
        let known = &mut self.known;
        let times = times(known, took);
        let told = Told {
            api: known.api,
            version: known.chosen.map(|(version, _)| version.index()),
            operation: known.number,
            chosen_by: known.chosen.map_or("", |(_, chosen_by)| chosen_by),
            consumer: known.who.consumer.map(ConsumerId::index),
            client: Unknown {
                address: known.address,
                agent: known.agent.as_ref(),
            },
            status,
            refused,
            times,
            gathered: std::mem::take(&mut known.gathered),
        };
        shard.count(&self.edition.names, told);
        Some(times)
    }
}

impl Drop for Open<'_, '_> {
    fn drop(&mut self) {
        let (status, refused) = unanswered();
        self.count(status, refused);
    }
}

/// What becomes of an exchange that is let go of before its answer stands: a panic is answered by the guard around it
/// ([`crate::serve`]), else nobody is there any more.
fn unanswered() -> (u16, Option<Kind>) {
    match std::thread::panicking() {
        true => (Kind::Internal.status().as_u16(), Some(Kind::Internal)),
        false => (CLIENT_GONE, None),
    }
}

/// Whose time it took.
fn times(known: &Known<'_>, took: Duration) -> Times {
    let waited = known.spent.as_ref().and_then(|spent| spent.waited.get());
    let upstream = waited.map(|head| head + known.gathered.upstream);
    Times::of(took, known.gathered.client, known.gathered.translation, upstream)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    struct LetGo<'a>(&'a Cell<(u16, Option<Kind>)>);

    impl Drop for LetGo<'_> {
        fn drop(&mut self) {
            self.0.set(unanswered());
        }
    }

    #[test]
    fn a_panic_is_the_gateways_fault_and_not_a_client_that_has_gone() {
        let seen = Cell::new((0, None));
        drop(LetGo(&seen));
        assert_eq!(seen.get(), (499, None));
        let panics = AssertUnwindSafe(|| {
            let _open = LetGo(&seen);
            std::panic::resume_unwind(Box::new("planned"));
        });
        assert!(catch_unwind(panics).is_err());
        assert_eq!(seen.get(), (500, Some(Kind::Internal)));
    }
}
