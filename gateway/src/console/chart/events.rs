//! Lines of what happened to versions within the days of the plot.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use sluice_config::plan::{ApiPlan, Course};

use super::scale::Scale;
use super::{BOTTOM, TOP};
use crate::console::figures::date;
use crate::lifecycle::openings;

/// The most brownouts of a version that get a line.
const BROWNOUTS: usize = 14;
/// About how wide a character of a name is.
const CHARACTER: f64 = 6.4;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    Deprecated,
    Brownout,
    Sunset,
}

impl Event {
    fn name(self) -> &'static str {
        match self {
            Self::Deprecated => "deprecated",
            Self::Brownout => "brownout",
            Self::Sunset => "sunset",
        }
    }
}

/// Draws a line for each day on which something happened, and names them where there is room.
pub(super) fn draw(api: &ApiPlan, scale: &Scale, now: Timestamp) -> Markup {
    let events = happened(api, scale, now);
    let mut ends = [f64::MIN; 2];
    html! {
        g.events {
            @for ((date, event), versions) in &events {
                @let x = scale.x(*date);
                @let name = format!("{} {}", event.name(), listed(api, versions));
                g class=(event.name()) {
                    title { (date) ": " (name) }
                    line.halo x1=(x) x2=(x) y1=(TOP) y2=(BOTTOM) {}
                    line x1=(x) x2=(x) y1=(TOP - 4.0) y2=(BOTTOM) {}
                    @if let Some(row) = room(&mut ends, x, &name) {
                        text x=(format!("{:.1}", left(x, &name))) y=(TOP - 10.0 - row as f64 * 15.0) { (name) }
                    }
                }
            }
        }
    }
}

/// Where a name begins: before its line where it would run out of the plot.
fn left(x: f64, name: &str) -> f64 {
    let wide = name.chars().count() as f64 * CHARACTER;
    if x + wide > 700.0 { x - wide + 8.0 } else { x - 4.0 }
}

/// The row above the plot in which there is room for a name.
fn room(ends: &mut [f64; 2], x: f64, name: &str) -> Option<usize> {
    let begin = left(x, name);
    let row = ends.iter().position(|end| *end + 8.0 < begin)?;
    ends[row] = begin + name.chars().count() as f64 * CHARACTER;
    Some(row)
}

/// What happened on which day, to which versions.
fn happened(api: &ApiPlan, scale: &Scale, now: Timestamp) -> BTreeMap<(Date, Event), Vec<usize>> {
    let mut events: BTreeMap<(Date, Event), Vec<usize>> = BTreeMap::new();
    for (index, version) in api.versions.iter().enumerate() {
        let course = api
            .version(&version.name)
            .and_then(|id| api.lifecycle.version(id));
        let Some(course) = course else { continue };
        let once = [
            (course.deprecated, Event::Deprecated),
            (course.sunset, Event::Sunset),
        ];
        let once = once
            .into_iter()
            .filter_map(|(at, event)| Some((date(at?), event)));
        let rests = brownouts(course, scale, now)
            .into_iter()
            .map(|date| (date, Event::Brownout));
        for (date, event) in once.chain(rests).filter(|(date, _)| scale.holds(*date)) {
            let versions = events.entry((date, event)).or_default();
            if versions.last() != Some(&index) {
                versions.push(index);
            }
        }
    }
    events
}

/// The days on which a version was in a brownout: the last ones.
fn brownouts(course: &Course, scale: &Scale, now: Timestamp) -> Vec<Date> {
    let begin = scale
        .ends()
        .0
        .to_zoned(TimeZone::UTC)
        .map(|begin| begin.timestamp());
    let Ok(begin) = begin else { return Vec::new() };
    let begin = course
        .deprecated
        .map_or(begin, |deprecated| deprecated.max(begin));
    let last = course.sunset.map_or(now, |sunset| sunset.min(now));
    let days = course.brownouts.iter().flat_map(|window| {
        let opened = openings(window, begin).map(|(opens, _)| opens);
        opened.take_while(|opens| *opens <= last)
    });
    let mut days: Vec<Date> = days.map(date).collect();
    days.sort();
    days.dedup();
    // Of many, those that people may remember.
    days.split_off(days.len().saturating_sub(BROWNOUTS))
}

/// Versions, as a range where they stand one after another.
fn listed(api: &ApiPlan, versions: &[usize]) -> String {
    let name = |index: usize| api.versions.get(index).map_or("", |version| &version.name);
    match versions {
        [] => String::new(),
        [one] => name(*one).to_owned(),
        [first, .., last] if last - first + 1 == versions.len() => {
            format!("{}–{}", name(*first), name(*last))
        }
        [first, rest @ ..] if rest.len() > 2 => format!("{} and {} more", name(*first), rest.len()),
        several => several
            .iter()
            .map(|index| name(*index))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use sluice_config::plan::{Brownout, Days};

    use super::*;

    #[test]
    fn a_daily_brownout_is_drawn_on_each_day() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let day = |text: &str| text.parse::<Date>().unwrap();
        let scale = Scale::new((day("2027-01-01"), day("2027-03-31")), (0.0, 100.0));
        let daily = |from: i64, lasts: i64| Course {
            deprecated: Some(at("2027-03-01T00:00:00Z")),
            brownouts: vec![Brownout::Recurring {
                on: Days::Every,
                from,
                lasts,
            }],
            ..Course::default()
        };
        let (course, now) = (daily(14 * 3600, 3600), at("2027-03-06T14:30:00Z"));
        let found = brownouts(&course, &scale, now);
        let expected: Vec<Date> = (1..=6).map(|number| Date::constant(2027, 3, number)).collect();
        assert_eq!(found, expected);
        // One that takes the whole day is one a day, too; of many the last ones are drawn.
        let found = brownouts(&daily(0, 86_400), &scale, at("2027-03-31T12:00:00Z"));
        assert_eq!(
            (found.len(), found[0], found[13]),
            (14, day("2027-03-18"), day("2027-03-31"))
        );
    }
}
