//! Durations and sizes as they are written: a whole number and a unit.

use std::time::Duration;

/// Why a quantity cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QuantityError {
    /// There is no number at the front.
    #[error("it does not begin with a whole number")]
    NoNumber,
    /// There is no unit, or none that is known.
    #[error("it has no unit that is known")]
    NoUnit,
    /// It is more than can be counted.
    #[error("it is too large")]
    TooLarge,
}

/// Units of time, in milliseconds.
const UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

/// Reads `250ms`, `1s`, `2m`, `1h` or `7d`.
pub(crate) fn duration(text: &str) -> Result<Duration, QuantityError> {
    quantity(text, &UNITS).map(Duration::from_millis)
}

/// A duration as it is written, in the largest unit that it is a whole number of.
pub(crate) fn written(duration: Duration) -> String {
    let millis = duration.as_millis();
    let fits = |factor: &u64| millis != 0 && millis.is_multiple_of(u128::from(*factor));
    let (unit, factor) = UNITS.iter().rev().find(|(_, f)| fits(f)).unwrap_or(&UNITS[1]);
    format!("{}{unit}", millis / u128::from(*factor))
}

/// Reads `512B`, `256KiB`, `1MiB` or `1GiB` as a number of bytes.
pub(crate) fn size(text: &str) -> Result<usize, QuantityError> {
    let bytes = quantity(
        text,
        &[("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)],
    )?;
    usize::try_from(bytes).map_err(|_| QuantityError::TooLarge)
}

fn quantity(text: &str, units: &[(&str, u64)]) -> Result<u64, QuantityError> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    if number.is_empty() {
        return Err(QuantityError::NoNumber);
    }
    let unit = unit.strip_prefix(' ').unwrap_or(unit);
    let (_, factor) = units
        .iter()
        .find(|(name, _)| *name == unit)
        .ok_or(QuantityError::NoUnit)?;
    let number: u64 = number.parse().map_err(|_| QuantityError::TooLarge)?;
    // A day of a thousand years is surely a slip, and sums of deadlines must not overflow.
    number
        .checked_mul(*factor)
        .filter(|n| *n <= 1 << 45)
        .ok_or(QuantityError::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("2 m"), Ok(Duration::from_secs(120)));
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
        assert_eq!(size("256KiB"), Ok(262_144));
        assert_eq!(size("1GiB"), Ok(1 << 30));
    }

    #[test]
    fn durations_are_written_as_they_are_read() {
        for text in ["250ms", "1s", "90s", "1m", "25h", "1d", "0s"] {
            assert_eq!(duration(text).map(written), Ok(text.to_owned()));
        }
    }

    #[test]
    fn what_is_unclear_is_not() {
        assert_eq!(duration("10"), Err(QuantityError::NoUnit));
        assert_eq!(duration("1.5s"), Err(QuantityError::NoUnit));
        assert_eq!(duration("-1s"), Err(QuantityError::NoNumber));
        assert_eq!(size("1MB"), Err(QuantityError::NoUnit));
        assert_eq!(size("99999999999999999999B"), Err(QuantityError::TooLarge));
        assert_eq!(duration("18446744073709551615h"), Err(QuantityError::TooLarge));
    }
}
