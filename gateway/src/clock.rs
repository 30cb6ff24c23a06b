//! What time it is: asked here by everything that decides by the time, so that another day can be rehearsed.

use jiff::{SignedDuration, Timestamp};

/// A clock. Cheap to copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// The system's time.
    #[default]
    System,
    /// The system's time, so much later: a rehearsal that goes on.
    Shifted(SignedDuration),
    /// Always the same time: for tests.
    Fixed(Timestamp),
}

impl Clock {
    /// A clock that shows `now` at this moment and goes on from there.
    pub fn starting_at(now: Timestamp) -> Self {
        Self::Shifted(now.duration_since(Timestamp::now()))
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Shifted(by) => Timestamp::now().saturating_add(*by).unwrap_or(Timestamp::MAX),
            Self::Fixed(at) => *at,
        }
    }

    /// Whether it shows another time than the system's.
    pub fn is_rehearsal(&self) -> bool {
        *self != Self::System
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_rehearsal_goes_on_from_its_beginning() {
        let begin: Timestamp = "2031-05-06T07:08:09Z".parse().unwrap();
        let late = Clock::starting_at(begin).now().duration_since(begin);
        assert!(late >= SignedDuration::ZERO && late < SignedDuration::from_secs(60));
        assert_eq!(Clock::Fixed(begin).now(), begin);
    }
}
