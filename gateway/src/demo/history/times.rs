//! How long exchanges took, in the buckets of the gateway's histograms ([`crate::ledger::took`]).

use super::chance::Chance;

/// Buckets, by number, and how many of a thousand exchanges fall into each: the most into the first that is named.
pub(super) type Spread = &'static [(usize, u64)];

/// What the gateway itself adds.
pub(super) const ADDED: Spread = &[(3, 500), (4, 330), (2, 90), (5, 55), (6, 18), (7, 6), (8, 1)];
/// What translation takes where few steps are taken, and where many are.
pub(super) const SHORT: Spread = &[(2, 540), (1, 260), (3, 160), (4, 35), (5, 5)];
pub(super) const LONG: Spread = &[(4, 470), (3, 360), (5, 130), (6, 32), (7, 8)];
/// What the upstream takes, and where it does not answer.
pub(super) const ANSWERED: Spread = &[
    (0, 560),
    (1, 270),
    (2, 110),
    (3, 38),
    (4, 9),
    (5, 6),
    (6, 5),
    (7, 2),
];
pub(super) const UNANSWERED: Spread = &[(14, 620), (13, 240), (0, 140)];

/// How many of `all` fall into each bucket.
pub(super) fn spread(all: u64, over: Spread, chance: &mut Chance) -> Vec<(usize, u64)> {
    let mut left = all;
    let mut counts: Vec<(usize, u64)> = Vec::with_capacity(over.len());
    for (bucket, share) in over.iter().skip(1) {
        let here = chance.part(all, share * 1_000).min(left);
        left -= here;
        counts.push((*bucket, here));
    }
    counts.extend(over.first().map(|(bucket, _)| (*bucket, left)));
    counts.retain(|(_, count)| *count > 0);
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::took::Part;

    #[test]
    fn every_exchange_falls_into_one_bucket() {
        let mut chance = Chance::at(0);
        let spreads = [
            (ADDED, Part::Gateway),
            (SHORT, Part::Transformation),
            (LONG, Part::Transformation),
            (ANSWERED, Part::Upstream),
            (UNANSWERED, Part::Upstream),
        ];
        for (over, part) in spreads {
            assert_eq!(over.iter().map(|(_, share)| share).sum::<u64>(), 1_000);
            assert!(over.iter().all(|(bucket, _)| *bucket <= part.bounds().len()));
            for all in [0, 1, 7, 1_000] {
                let counts = spread(all, over, &mut chance);
                assert_eq!(counts.iter().map(|(_, count)| count).sum::<u64>(), all);
            }
        }
    }
}
