//! A rate in one process: the generic cell rate algorithm (governor), one cell a key, shared by all cores.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::{StateInformationMiddleware, StateSnapshot};
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::{NotUntil, Quota, RateLimiter};

use super::table::Table;
use super::verdict::{Standing, Verdict};

/// A rate by key.
#[derive(Debug)]
pub struct Rate<C: Clock = MonotonicClock> {
    cells: Cells,
    limiter: RateLimiter<u64, Cells, C, StateInformationMiddleware>,
    /// How long one request takes to be allowed again.
    interval: Duration,
    burst: NonZeroU32,
}

#[derive(Clone, Debug, Default)]
struct Cells(Arc<Table<Option<Nanos>>>);

impl StateStore for Cells {
    type Key = u64;

    fn measure_and_replace<T, F, E>(&self, key: &u64, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        self.0.with(
            *key,
            || None,
            |cell| {
                let (decision, next) = decide(*cell)?;
                *cell = Some(next);
                Ok(decision)
            },
        )
    }
}

impl Rate {
    /// A rate of `count` in each period, at most `burst` at once.
    pub fn new(count: NonZeroU32, per: Duration, burst: NonZeroU32) -> Self {
        Self::with_clock(count, per, burst, MonotonicClock)
    }
}

impl<C: Clock> Rate<C> {
    fn with_clock(count: NonZeroU32, per: Duration, burst: NonZeroU32, clock: C) -> Self {
        let interval = (per / count.get()).max(Duration::from_nanos(1));
        // `with_period` gives none for a period of nothing only.
        let quota = Quota::with_period(interval).unwrap_or(Quota::per_second(count));
        let cells = Cells::default();
        Self {
            limiter: RateLimiter::new(quota.allow_burst(burst), cells.clone(), clock),
            cells,
            interval,
            burst,
        }
    }

    /// Counts a request that costs so much.
    pub fn take(&self, key: u64, cost: NonZeroU32) -> Verdict {
        match self.limiter.check_key_n(&key, cost) {
            Ok(Ok(state)) => Verdict::Admitted(self.standing(&state)),
            Ok(Err(not_until)) => Verdict::Refused(self.wait(&not_until)),
            // It never fits; the loader refuses such weights.
            Err(_) => Verdict::Refused(self.interval.saturating_mul(cost.get())),
        }
    }

    /// Takes back what was counted, for a request that another limit refused.
    pub fn give_back(&self, key: u64, cost: NonZeroU32) {
        let given = Nanos::from(self.interval.saturating_mul(cost.get()));
        self.cells
            .0
            .seen(key, |cell| *cell = cell.map(|at| at.saturating_sub(given)));
    }

    fn standing(&self, state: &StateSnapshot) -> Standing {
        let remaining = state.remaining_burst_capacity();
        let missing = self.burst.get().saturating_sub(remaining);
        Standing {
            remaining: u64::from(remaining),
            reset: Some(self.interval.saturating_mul(missing)),
        }
    }

    fn wait(&self, not_until: &NotUntil<C::Instant>) -> Duration {
        not_until.wait_time_from(self.limiter.clock().now())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    const ONE: NonZeroU32 = NonZeroU32::MIN;

    fn number(n: u32) -> NonZeroU32 {
        NonZeroU32::new(n).unwrap()
    }

    fn rate(count: u32, burst: u32) -> (Rate<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        let second = Duration::from_secs(1);
        (
            Rate::with_clock(number(count), second, number(burst), clock.clone()),
            clock,
        )
    }

    fn admitted(verdict: Verdict) -> bool {
        matches!(verdict, Verdict::Admitted(_))
    }

    #[test]
    fn no_more_than_a_burst_and_the_rate() {
        let (rate, clock) = rate(10, 20);
        let mut all = 0;
        for _ in 0..1000 {
            all += (0..5).filter(|_| admitted(rate.take(1, ONE))).count();
            clock.advance(Duration::from_millis(10));
        }
        // 20 at once, and 10 a second for 10 seconds.
        assert!((115..=120).contains(&all), "{all}");
        assert!(admitted(rate.take(2, ONE)), "another key is another count");
    }

    #[test]
    fn weights_count_and_the_wait_is_told() {
        let (rate, clock) = rate(10, 20);
        assert!(matches!(rate.take(1, number(15)), Verdict::Admitted(s) if s.remaining == 5));
        let Verdict::Refused(wait) = rate.take(1, number(10)) else {
            panic!("10 do not fit where 5 are left")
        };
        assert_eq!(wait, Duration::from_millis(500));
        clock.advance(wait);
        assert!(admitted(rate.take(1, number(10))));
        assert!(
            !admitted(rate.take(3, number(21))),
            "more than a burst never fits"
        );
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let (rate, _clock) = rate(1, 2);
        assert!(admitted(rate.take(1, number(2))));
        assert!(!admitted(rate.take(1, ONE)));
        rate.give_back(1, ONE);
        assert!(admitted(rate.take(1, ONE)));
        assert!(!admitted(rate.take(1, ONE)));
        rate.give_back(9, ONE);
    }
}
