//! When a server fails again and again, it is left alone for a while.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many failures in a row open it.
const FAILURES: u32 = 5;
/// The first pause; each further failure doubles it.
const FIRST: Duration = Duration::from_secs(1);
/// The longest.
const LONGEST: Duration = Duration::from_secs(30);

/// Counts failures in a row.
#[derive(Debug, Default)]
pub struct Breaker(Mutex<Failed>);

#[derive(Debug, Default)]
struct Failed {
    times: u32,
    until: Option<Instant>,
}

impl Breaker {
    /// Whether the server may be asked. After a pause one may try; the others wait for what it finds.
    pub fn allows(&self, now: Instant) -> bool {
        let mut failed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match failed.until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                failed.until = Some(now + pause(failed.times));
                true
            }
        }
    }

    /// The server was asked: whether it answered.
    pub fn told(&self, answered: bool, now: Instant) {
        let mut failed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if answered {
            *failed = Failed::default();
            return;
        }
        failed.times = failed.times.saturating_add(1);
        failed.until = (failed.times >= FAILURES).then(|| now + pause(failed.times));
    }
}

fn pause(times: u32) -> Duration {
    FIRST
        .saturating_mul(1 << times.saturating_sub(FAILURES).min(10))
        .min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_lets_one_try_and_closes() {
        let (breaker, begin) = (Breaker::default(), Instant::now());
        for _ in 0..FAILURES {
            assert!(breaker.allows(begin));
            breaker.told(false, begin);
        }
        assert!(!breaker.allows(begin));
        let later = begin + FIRST;
        assert!(breaker.allows(later) && !breaker.allows(later), "one tries");
        breaker.told(false, later);
        assert!(!breaker.allows(later + FIRST), "the pause grows");
        assert!(breaker.allows(later + 2 * FIRST));
        breaker.told(true, later);
        assert!(breaker.allows(later));
        assert_eq!(pause(u32::MAX), LONGEST);
    }
}
