//! What looks like chance and is none: the same numbers for the same seed and time, on every machine.

/// From where all numbers come. Another one makes other figures, and no other stories.
const SEED: u64 = 0x51_47_1C_E0;

/// A small pseudo-random generator (SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
#[derive(Clone, Debug)]
pub(super) struct Chance(u64);

impl Chance {
    /// What happens at a time, in Unix seconds.
    pub(super) fn at(second: i64) -> Self {
        Self(SEED ^ second.unsigned_abs().rotate_left(32))
    }

    /// The next 64 bits.
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 where that is 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.bits().checked_rem(bound).unwrap_or_default()
    }

    /// How often something happened that was to happen so many thousandths of a time: up to 12 % off, and whole.
    pub(super) fn about(&mut self, thousandths: u64) -> u64 {
        let off = 880 + self.below(241);
        let thousandths = thousandths.saturating_mul(off) / 1_000;
        thousandths / 1_000 + u64::from(self.below(1_000) < thousandths % 1_000)
    }

    /// So many in a million of `all`, never more than all of them.
    pub(super) fn part(&mut self, all: u64, in_a_million: u64) -> u64 {
        let part = all.saturating_mul(in_a_million.min(1_000_000));
        part / 1_000_000 + u64::from(self.below(1_000_000) < part % 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_time_gives_the_same_numbers() {
        let numbers = |second| {
            let mut chance = Chance::at(second);
            [chance.below(1_000), chance.below(1_000), chance.below(1_000)]
        };
        assert_eq!(numbers(1_700_000_040), numbers(1_700_000_040));
        assert_ne!(numbers(1_700_000_040), numbers(1_700_000_100));
        assert_eq!(Chance::at(0).below(0), 0);
    }

    #[test]
    fn what_is_expected_happens_on_average() {
        let mut chance = Chance::at(60);
        let sum: u64 = (0..2_000).map(|_| chance.about(2_500)).sum();
        assert!((4_800..5_200).contains(&sum), "{sum}");
        let sum: u64 = (0..2_000).map(|_| chance.part(10, 250_000)).sum();
        assert!((4_800..5_200).contains(&sum), "{sum}");
        assert!((0..100).all(|_| chance.part(7, 5_000_000) == 7));
    }
}
