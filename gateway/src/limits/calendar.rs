//! Periods of the calendar, in UTC.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::Offset;
use sluice_config::plan::Period;

/// A period at a time: what tells it from others, and how long it still lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Current {
    /// The period: `20261120` for a day, `202611` for a month.
    pub(super) number: u32,
    /// How long until the next one.
    pub(super) left: Duration,
}

/// The period that a time is in.
pub(super) fn current(period: Period, now: Timestamp) -> Current {
    let today = Offset::UTC.to_datetime(now).date();
    let month = today.year().unsigned_abs() as u32 * 100 + today.month().unsigned_abs() as u32;
    let (number, next) = match period {
        Period::Day => (
            month * 100 + today.day().unsigned_abs() as u32,
            today.tomorrow().ok(),
        ),
        Period::Month => (month, next_month(today)),
    };
    let next = next.and_then(|next| Offset::UTC.to_timestamp(next.at(0, 0, 0, 0)).ok());
    let left = next.map(|next| next.duration_since(now).unsigned_abs());
    Current {
        number,
        left: left.unwrap_or(Duration::from_secs(1)),
    }
}

fn next_month(today: Date) -> Option<Date> {
    let last = today.last_of_month().tomorrow().ok()?;
    Some(date(last.year(), last.month(), 1))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn periods_begin_at_midnight_utc() {
        let at = |text: &str, period| current(period, text.parse().unwrap());
        let day = at("2026-11-20T23:59:58Z", Period::Day);
        assert_eq!((day.number, day.left), (20_261_120, Duration::from_secs(2)));
        assert_eq!(at("2026-11-21T00:00:00Z", Period::Day).number, 20_261_121);
        let month = at("2026-12-31T00:00:00Z", Period::Month);
        assert_eq!((month.number, month.left), (202_612, Duration::from_secs(86_400)));
        let leap = at("2028-02-01T00:00:00+01:00", Period::Month);
        assert_eq!((leap.number, leap.left), (202_801, Duration::from_secs(3_600)));
        assert_eq!(
            at("2028-02-01T00:00:00Z", Period::Month).left,
            Duration::from_secs(29 * 86_400)
        );
    }
}
