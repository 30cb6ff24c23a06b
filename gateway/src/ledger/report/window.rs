//! The windows that reports look through: each ends with the hour or the day at hand, which is counted too.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::ledger::fact::Kind;
use crate::ledger::question::{Grain, Question};

/// How many rows of one question are held: what is beyond are the smallest counts.
pub const ROWS: u32 = 200_000;

/// A span of whole hours or days, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// How fine the figures are that it is asked by.
    pub grain: Grain,
    /// Its first instant.
    pub since: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
}

impl Window {
    /// The hour at hand and the 23 before it.
    pub fn of_24_hours(now: Timestamp) -> Self {
        Self::last(24, Grain::Hour, now)
    }

    /// The day at hand and the 6 before it.
    pub fn of_7_days(now: Timestamp) -> Self {
        Self::last(7, Grain::Day, now)
    }

    /// The day at hand and the 89 before it.
    pub fn of_90_days(now: Timestamp) -> Self {
        Self::last(90, Grain::Day, now)
    }

    /// So many hours or days, the last one the one at hand.
    pub fn last(count: u16, grain: Grain, now: Timestamp) -> Self {
        let at_hand = grain.floor(now.as_second());
        let since = at_hand - (i64::from(count) - 1) * grain.seconds();
        Self {
            grain,
            since: instant(since),
            until: instant(at_hand + grain.seconds()),
        }
    }

    /// The question for these kinds in this window: for every API, version and client, each fact once.
    pub fn ask<'a>(&self, kinds: &'a [Kind]) -> Question<'a> {
        Question {
            kinds,
            api: None,
            version: None,
            who: None,
            grain: self.grain,
            since: self.since,
            until: self.until,
            by_time: false,
            most: ROWS,
        }
    }

    /// Its days in order, where its grain is the day.
    pub fn days(&self) -> impl Iterator<Item = Date> {
        let (since, until) = (self.since.as_second(), self.until.as_second());
        let step = usize::try_from(Grain::Day.seconds()).unwrap_or(usize::MAX);
        (since..until).step_by(step).map(day)
    }

    /// Which of its hours or days holds this second, counted from 0.
    pub fn place(&self, second: i64) -> Option<usize> {
        let within = self.since.as_second() <= second && second < self.until.as_second();
        let place = (second - self.since.as_second()) / self.grain.seconds();
        usize::try_from(place).ok().filter(|_| within)
    }
}

/// An instant of Unix time; what lies beyond the calendar is its end.
pub fn instant(second: i64) -> Timestamp {
    let end = if second < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    Timestamp::from_second(second).unwrap_or(end)
}

/// The day in UTC that holds a second.
pub fn day(second: i64) -> Date {
    TimeZone::UTC.to_datetime(instant(second)).date()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn windows_end_with_the_hour_or_the_day_at_hand() {
        let now = at("2027-03-01T14:25:36Z");
        let hours = Window::of_24_hours(now);
        assert_eq!(
            (hours.since, hours.until),
            (at("2027-02-28T15:00:00Z"), at("2027-03-01T15:00:00Z"))
        );
        let week = Window::of_7_days(now);
        assert_eq!(
            (week.since, week.until),
            (at("2027-02-23T00:00:00Z"), at("2027-03-02T00:00:00Z"))
        );
        let days: Vec<String> = Window::of_90_days(now).days().map(|d| d.to_string()).collect();
        assert_eq!(
            (days.len(), days[0].as_str(), days[89].as_str()),
            (90, "2026-12-02", "2027-03-01")
        );
    }

    #[test]
    fn the_first_second_of_a_day_belongs_to_it() {
        let midnight = at("2027-03-01T00:00:00Z");
        let week = Window::of_7_days(midnight);
        assert_eq!(week.since, at("2027-02-23T00:00:00Z"));
        assert_eq!(week.place(midnight.as_second()), Some(6));
        assert_eq!(week.place(midnight.as_second() - 1), Some(5));
        assert_eq!(week.place(week.since.as_second() - 1), None);
        assert_eq!(week.place(week.until.as_second()), None);
    }

    #[test]
    fn the_calendar_has_ends() {
        assert_eq!(instant(i64::MAX), Timestamp::MAX);
        assert_eq!(instant(i64::MIN), Timestamp::MIN);
    }
}
