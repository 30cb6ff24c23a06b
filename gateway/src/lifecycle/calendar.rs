//! Windows that come once, or again and again: whether one is open, and when the next one opens.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use sluice_config::plan::{Brownout, Days};

const DAY: i64 = 86_400;
/// Every kind of days comes within this many days, but for what no month has: a 31st is at most 62 days away.
const HORIZON: i64 = 100;

/// The first instant after the window, if it is open.
pub fn end(window: &Brownout, now: Timestamp) -> Option<Timestamp> {
    match *window {
        Brownout::Once { from, to } => (from <= now && now < to).then_some(to),
        Brownout::Recurring { on, from, lasts } => {
            let second = now.as_second();
            let midnight = second - second.rem_euclid(DAY);
            // It may have begun today or yesterday: it takes a day at most. The time of day rules most requests out.
            let begun = [midnight, midnight - DAY].into_iter().find(|midnight| {
                let begin = midnight + from;
                begin <= second && second < begin + lasts && fits(on, *midnight)
            })?;
            Timestamp::from_second(begun + from + lasts).ok()
        }
    }
}

/// When the window opens next, if it ever does; now, if it is open.
pub fn next(window: &Brownout, now: Timestamp) -> Option<Timestamp> {
    if end(window, now).is_some() {
        return Some(now);
    }
    match *window {
        Brownout::Once { from, .. } => (from > now).then_some(from),
        Brownout::Recurring { on, from, .. } => {
            let midnight = now.as_second() - now.as_second().rem_euclid(DAY);
            let days = (0..HORIZON).map(|day| midnight + day * DAY);
            let mut begins = days.filter(|midnight| fits(on, *midnight)).map(|m| m + from);
            Timestamp::from_second(begins.find(|begin| *begin > now.as_second())?).ok()
        }
    }
}

/// Every opening of the window from this instant on, with the first instant after it; the first is now, if it is open.
pub fn openings(window: &Brownout, now: Timestamp) -> impl Iterator<Item = (Timestamp, Timestamp)> {
    let mut from = now;
    std::iter::from_fn(move || {
        let opens = next(window, from)?;
        from = end(window, opens).filter(|end| *end > opens)?;
        Some((opens, from))
    })
}

/// Whether the day that begins at this second is one of them.
fn fits(on: Days, midnight: i64) -> bool {
    let Ok(begin) = Timestamp::from_second(midnight) else {
        return false;
    };
    let date = TimeZone::UTC.to_datetime(begin).date();
    match on {
        Days::Every => true,
        Days::Weekly(day) => date.weekday() == day,
        Days::Nth(nth, day) => date.weekday() == day && (date.day() - 1) / 7 + 1 == nth.cast_signed(),
        Days::Last(day) => date.weekday() == day && is_last(date, day),
        Days::Monthly(day) => date.day() == day.cast_signed(),
    }
}

/// Whether the same day of the next week lies in another month.
fn is_last(date: Date, day: Weekday) -> bool {
    debug_assert_eq!(date.weekday(), day);
    date.checked_add(7.days())
        .map_or(true, |later| later.month() != date.month())
}
