//! Which messages a consumer of a version is due: pure in the plan and the time.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use sluice_config::plan::{ApiPlan, Brownout, ConsumerId, Course, VersionId};

use crate::lifecycle;

const DAY: i64 = 86_400;
/// How long before a brownout it is told.
const AHEAD: SignedDuration = SignedDuration::from_secs(7 * DAY);

/// Why somebody is written to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "occasion", rename_all = "snake_case")]
pub enum Occasion {
    /// The version is deprecated, or will be.
    Deprecated,
    /// Its sunset is rehearsed soon: one message for all windows of a week.
    Brownout {
        /// The Monday of that week, in UTC.
        week: Date,
        /// Those of its windows that are ahead, the first first.
        windows: Vec<Rest>,
    },
    /// Its sunset comes near.
    Sunset {
        /// Which reminder this is: so many days before.
        reminder: u16,
        /// How many days are left, the one at hand counted.
        days_left: i64,
    },
}

/// A window in which requests are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Rest {
    /// Its first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
}

/// When a version ends for a consumer: at its sunset, or with its own exemption.
pub fn end(course: &Course, consumer: Option<ConsumerId>) -> Option<Timestamp> {
    let own = course.exempt_until(consumer);
    course
        .sunset
        .map(|sunset| own.map_or(sunset, |own| own.max(sunset)))
}

/// Whether a version answers a consumer no more: what of it goes concerns nobody then.
pub fn is_gone(api: &ApiPlan, id: VersionId, consumer: Option<ConsumerId>, now: Timestamp) -> bool {
    let course = api.lifecycle.version(id);
    let end = course.and_then(|course| end(course, consumer));
    api.lifecycle.off.contains(id) || end.is_some_and(|end| end < now)
}

/// What a consumer that uses a version is to be told now. `days` are those before a sunset, the most first.
///
/// Of reminders that were missed only the nearest one is due: somebody who is told at day 29 need not be told of day 90.
pub fn due(
    api: &ApiPlan,
    id: VersionId,
    consumer: Option<ConsumerId>,
    days: &[u16],
    now: Timestamp,
) -> Vec<Occasion> {
    match api.lifecycle.version(id) {
        Some(course) if !api.lifecycle.off.contains(id) => due_of(course, consumer, days, now),
        _ => Vec::new(),
    }
}

/// The same, of whatever has this course.
pub fn due_of(course: &Course, consumer: Option<ConsumerId>, days: &[u16], now: Timestamp) -> Vec<Occasion> {
    let end = end(course, consumer);
    let goes = course.deprecated.is_some() || end.is_some();
    if !goes || end.is_some_and(|end| end < now) {
        return Vec::new();
    }
    let mut all = vec![Occasion::Deprecated];
    all.extend(brownouts(course, consumer, now));
    all.extend(end.and_then(|end| reminder(end, days, now)));
    all
}

fn reminder(end: Timestamp, days: &[u16], now: Timestamp) -> Option<Occasion> {
    let seconds = end.as_second() - now.as_second();
    let days_left = seconds.div_euclid(DAY) + i64::from(seconds.rem_euclid(DAY) > 0);
    let reached = days.iter().copied().filter(|day| i64::from(*day) >= days_left);
    reached
        .min()
        .map(|reminder| Occasion::Sunset { reminder, days_left })
}

/// The brownouts of each week in which one begins within seven days: two weeks at most, since a week begins in between.
fn brownouts(course: &Course, consumer: Option<ConsumerId>, now: Timestamp) -> Vec<Occasion> {
    let Ok(until) = now.checked_add(AHEAD) else {
        return Vec::new();
    };
    let soon = rests(course, consumer, now, until);
    let mut weeks: Vec<Date> = soon.iter().map(|rest| monday(rest.from)).collect();
    weeks.dedup();
    let of_week = |week| {
        let mut windows = of_week(course, consumer, week);
        windows.retain(|rest| rest.from > now);
        Occasion::Brownout { week, windows }
    };
    weeks.into_iter().map(of_week).collect()
}

/// Every window of a week, also of those days that have gone by: what tells one week's message from another's.
pub fn of_week(course: &Course, consumer: Option<ConsumerId>, week: Date) -> Vec<Rest> {
    let begin = second_of(week);
    match (
        Timestamp::from_second(begin - 1),
        Timestamp::from_second(begin + 7 * DAY),
    ) {
        (Ok(begin), Ok(over)) => rests(course, consumer, begin, over),
        _ => Vec::new(),
    }
}

/// The windows that begin after `now` and before `until`, for a consumer that is not exempt then.
fn rests(course: &Course, consumer: Option<ConsumerId>, now: Timestamp, until: Timestamp) -> Vec<Rest> {
    let exempt = course.exempt_until(consumer);
    let concerns = |rest: &Rest| {
        exempt.is_none_or(|exempt| rest.from > exempt)
            && course.sunset.is_none_or(|sunset| rest.from <= sunset)
            && course.deprecated.is_none_or(|begin| rest.from >= begin)
    };
    let mut all: Vec<Rest> = course
        .brownouts
        .iter()
        .flat_map(|window| openings(window, now, until))
        .filter(concerns)
        .collect();
    all.sort();
    all.dedup();
    all
}

/// When a window opens after `now` and before `until`.
fn openings(window: &Brownout, now: Timestamp, until: Timestamp) -> impl Iterator<Item = Rest> {
    // What is open now is not ahead.
    let ahead = lifecycle::end(window, now).unwrap_or(now);
    lifecycle::openings(window, ahead)
        .take_while(move |(opens, _)| *opens < until)
        .map(|(from, to)| Rest { from, to })
        .take(1_000)
}

fn monday(at: Timestamp) -> Date {
    let date = TimeZone::UTC.to_datetime(at).date();
    let since = i64::from(date.weekday().since(Weekday::Monday));
    date.saturating_sub(SignedDuration::from_secs(since * DAY))
}

fn second_of(date: Date) -> i64 {
    let midnight = TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0));
    midnight.map_or(0, Timestamp::as_second)
}

#[cfg(test)]
mod tests;
