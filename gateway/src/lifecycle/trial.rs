//! Field brownouts: whether an answer lacks a member that one consumer is to do without for a while.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

use jiff::Timestamp;
use sluice_config::plan::{ConsumerId, Trial};

/// The odd number nearest to 2^64 over the golden ratio: steps of it visit every number.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// The number of an answer, which decides what it lacks. Each core has its own, so that they share nothing.
pub fn number() -> u64 {
    thread_local! {
        static NEXT: Cell<u64> = Cell::new(RandomState::new().hash_one(0u8));
    }
    NEXT.replace(NEXT.get().wrapping_add(STEP))
}

/// Whether the trial of a consumer that goes on now withholds the member of a rule from the answer of this number.
pub fn withholds(
    trials: &[Trial],
    consumer: Option<ConsumerId>,
    now: Timestamp,
    (number, rule): (u64, usize),
) -> bool {
    let goes_on = |trial: &&Trial| Some(trial.consumer) == consumer && trial.from <= now && now < trial.to;
    let trial = trials.iter().find(goes_on);
    trial.is_some_and(|trial| is_within(trial.share, mixed(number, rule)))
}

/// Whether a number is among the share of all numbers: never for 0, always for 1.
fn is_within(share: f64, number: u64) -> bool {
    let upper = (number >> 32) as u32;
    f64::from(upper) < share * 4_294_967_296.0
}

/// A number of its own for each rule, so that one answer need not lack all or nothing. SplitMix64 (Steele, Lea, Flood:
/// Fast splittable pseudorandom number generators, 2014).
fn mixed(number: u64, rule: usize) -> u64 {
    let mut x = number ^ (rule as u64).wrapping_mul(0xD1B5_4A32_D192_ED03);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of 10,000 numbers in a row are among a share, for a rule.
    fn among(share: f64, rule: usize) -> usize {
        let numbers = (0..10_000).map(|n: u64| n.wrapping_mul(STEP));
        numbers.filter(|n| is_within(share, mixed(*n, rule))).count()
    }

    #[test]
    fn a_share_is_that_share() {
        assert_eq!((among(0.0, 0), among(1.0, 0)), (0, 10_000));
        for rule in 0..4 {
            // Six standard deviations on either side.
            assert!((4_700..5_300).contains(&among(0.5, rule)), "{}", among(0.5, rule));
            assert!((820..1_180).contains(&among(0.1, rule)), "{}", among(0.1, rule));
        }
    }

    #[test]
    fn rules_are_decided_apart() {
        let both = (0..10_000_u64)
            .map(|n| n.wrapping_mul(STEP))
            .filter(|n| is_within(0.5, mixed(*n, 0)) && is_within(0.5, mixed(*n, 1)))
            .count();
        assert!((2_240..2_760).contains(&both), "{both}");
    }

    #[test]
    fn each_answer_has_a_number_of_its_own() {
        let numbers: std::collections::HashSet<u64> = (0..1_000).map(|_| number()).collect();
        assert_eq!(numbers.len(), 1_000);
    }
}
