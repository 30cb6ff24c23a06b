//! When a server fails again and again, it is left alone for a while.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many failures in a row open it.
const FAILURES: u32 = 5;
/// The first pause; each attempt that fails doubles it.
const FIRST: Duration = Duration::from_secs(1);
/// The longest.
const LONGEST: Duration = Duration::from_secs(30);

/// Counts failures in a row.
#[derive(Debug, Default)]
pub struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    pause: Option<Pause>,
}

/// The server is left alone.
#[derive(Debug)]
struct Pause {
    lasts: Duration,
    until: Instant,
    /// Whether one tries if it is back.
    tried: bool,
}

impl Breaker {
    /// Whether the server may be asked. After a pause one may try; the others wait for what it finds.
    pub fn allows(&self, now: Instant) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut state.pause {
            None => true,
            Some(pause) if now < pause.until => false,
            Some(pause) => {
                pause.until = now + pause.lasts;
                pause.tried = true;
                true
            }
        }
    }

    /// The server was asked: whether it answered.
    pub fn told(&self, answered: bool, now: Instant) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if answered {
            *state = State::default();
            return;
        }
        state.failures = state.failures.saturating_add(1);
        let lasts = match &state.pause {
            None if state.failures < FAILURES => return,
            None => FIRST,
            Some(pause) if pause.tried => (pause.lasts * 2).min(LONGEST),
            // Questions that were under way when it opened say nothing new.
            Some(_) => return,
        };
        state.pause = Some(Pause {
            lasts,
            until: now + lasts,
            tried: false,
        });
    }
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
        for _ in 0..100 {
            breaker.told(false, begin);
        }
        assert!(!breaker.allows(begin));
        let later = begin + FIRST;
        assert!(breaker.allows(later) && !breaker.allows(later), "one tries");
        breaker.told(false, later);
        assert!(!breaker.allows(later + FIRST), "the pause grows");
        let later = later + 2 * FIRST;
        assert!(breaker.allows(later));
        assert!(
            breaker.allows(later + 2 * FIRST),
            "who tried and never told is not waited for"
        );
        breaker.told(true, later);
        assert!(breaker.allows(later));
    }

    #[test]
    fn the_pause_has_a_bound() {
        let (breaker, mut now) = (Breaker::default(), Instant::now());
        for _ in 0..100 {
            if breaker.allows(now) {
                breaker.told(false, now);
            }
            now += LONGEST;
        }
        assert!(!breaker.allows(now - Duration::from_secs(1)) && breaker.allows(now));
    }
}
