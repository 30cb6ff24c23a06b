//! Amounts as they are written: `100/s`, `100000/month`.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::build::judge::Judge;
use crate::diagnostic::Code;
use crate::plan::{Measure, Period};

/// The highest rate: one request a microsecond. Nothing slower than that could be told apart by the store's clock.
const HIGHEST: u64 = 1_000_000;
/// How many seconds a burst may take to come back.
const LONGEST: u64 = 366 * 86_400;

/// A rate, such as `100/s`.
pub(super) fn rate(judge: &mut Judge<'_>, pointer: &str, text: &str, burst: Option<u32>) -> Option<Measure> {
    let at = format!("{pointer}/rate");
    let units = [("s", 1), ("m", 60), ("h", 3_600)];
    let Some((count, seconds)) = amount(text, &units) else {
        bad(judge, &at, "a rate", "write `100/s`, `100/m` or `100/h`");
        return None;
    };
    let count = u32::try_from(count)
        .ok()
        .filter(|n| u64::from(*n) <= HIGHEST * seconds);
    let Some(count) = count.and_then(NonZeroU32::new) else {
        let message = format!(
            "`{}` is not between 1 and {HIGHEST} a second",
            judge.tree.shown(&at)
        );
        let hint = "a limit that allows nothing is a switch: `lifecycle` has one".to_owned();
        judge.fault(Code::OutOfRange, &at, message, Some(hint));
        return None;
    };
    let a_second = u32::try_from(u64::from(count.get()) / seconds).unwrap_or(u32::MAX);
    let burst = NonZeroU32::new(burst.unwrap_or(a_second)).unwrap_or(NonZeroU32::MIN);
    if u64::from(burst.get()) * seconds > LONGEST * u64::from(count.get()) {
        let message = "at this rate the burst takes more than a year to come back";
        judge.fault(Code::OutOfRange, &format!("{pointer}/burst"), message, None);
        return None;
    }
    let per = Duration::from_secs(seconds);
    Some(Measure::Rate { count, per, burst })
}

/// A quota, such as `1000/day`.
pub(super) fn quota(judge: &mut Judge<'_>, pointer: &str, text: &str) -> Option<Measure> {
    let at = format!("{pointer}/quota");
    match amount(text, &[("day", Period::Day), ("month", Period::Month)]) {
        Some((count, period)) if (1..=1_000_000_000_000).contains(&count) => {
            Some(Measure::Quota { count, period })
        }
        Some(_) => {
            let message = format!("`{}` is not between 1 and 1000000000000", judge.tree.shown(&at));
            judge.fault(Code::OutOfRange, &at, message, None);
            None
        }
        None => {
            bad(judge, &at, "a quota", "write `1000/day` or `100000/month`");
            None
        }
    }
}

fn amount<T: Copy>(text: &str, units: &[(&str, T)]) -> Option<(u64, T)> {
    let (count, unit) = text.split_once('/')?;
    let (_, unit) = units.iter().find(|(name, _)| *name == unit.trim())?;
    let count = count.trim();
    let is_number = !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit());
    is_number.then_some((count.parse().unwrap_or(u64::MAX), *unit))
}

fn bad(judge: &mut Judge<'_>, at: &str, what: &str, hint: &str) {
    let message = format!("`{}` is not {what}", judge.tree.shown(at));
    judge.fault(Code::BadRate, at, message, Some(hint.to_owned()));
}

#[cfg(test)]
mod tests {
    use super::amount;

    #[test]
    fn amounts_are_read() {
        let units = [("s", 1), ("m", 60)];
        assert_eq!(amount("100/s", &units), Some((100, 1)));
        assert_eq!(amount("1 / m", &units), Some((1, 60)));
        assert_eq!(amount("99999999999999999999/s", &units), Some((u64::MAX, 1)));
        for text in ["100", "/s", "+1/s", "-1/s", "1.5/s", "1/h", "1/", "", "1/s/s"] {
            assert_eq!(amount(text, &units), None, "{text}");
        }
    }
}
