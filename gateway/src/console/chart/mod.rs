//! The version timeline as SVG: on the left who spoke which version, on the right what comes.
//!
//! - `bands`: shares, stacked; what goes lies on top, and the newest version rises from the bottom as clients move on
//! - `events`: lines of what happened to versions within these days
//! - `ahead`: when each version that goes falls to 1 %, and when it is gone
//! - `scale`: days to the width, and which of them are named
//!
//! Colours are classes of the style sheet, by what becomes of a version: a picture is right in the light and in the dark.

mod ahead;
mod bands;
mod events;
mod scale;

use jiff::Timestamp;
use maud::{Markup, html};
use sluice_config::plan::ApiPlan;

use super::figures::{date, percent};
use crate::ledger::report::sunset::SunsetReport;
use crate::ledger::report::timeline::Timeline;
use crate::lifecycle::{State, standing};
use scale::Scale;

/// The picture's size, in its own units; about as many pixels on a wide screen.
const WIDTH: f64 = 1080.0;
const HEIGHT: f64 = 340.0;
/// The plot within it.
const TOP: f64 = 46.0;
const BOTTOM: f64 = 300.0;
const LEFT: f64 = 50.0;

/// How a version is drawn.
struct Style {
    name: String,
    family: Family,
    class: String,
}

/// What becomes of a version: its colour, and where it lies. What goes lies on top, and what stays rises below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Family {
    Gone,
    Going,
    Current,
    Preview,
}

impl Family {
    fn name(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Going => "going",
            Self::Current => "current",
            Self::Preview => "preview",
        }
    }
}

/// Draws the timeline.
pub(super) fn draw(
    timeline: &Timeline,
    sunset: Option<&SunsetReport>,
    api: &ApiPlan,
    now: Timestamp,
) -> Markup {
    let rows = sunset
        .map(|report| ahead::rows(report, api, now))
        .unwrap_or_default();
    let right = if rows.is_empty() { WIDTH - 110.0 } else { 700.0 };
    let timeline = &whole_days(timeline);
    let (Some(first), Some(last)) = (timeline.days.first(), timeline.days.last()) else {
        return html! {};
    };
    let scale = Scale::new((*first, *last), (LEFT, right));
    let shares = bands::shares(timeline);
    let styles = styles(timeline, api, now);
    let stack = bands::stack(&styles, &shares);
    html! {
        svg.timeline viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-labelledby="chart-title chart-desc" {
            title #chart-title { "Share of each version of " (timeline.api) " from " (first) " to " (last) }
            desc #chart-desc { (told(timeline, &shares)) }
            (grid(right))
            (bands::draw(&scale, &stack))
            (scale.axis(BOTTOM))
            (events::draw(api, &scale, now))
            (bands::names(&stack, right))
            @if !rows.is_empty() { (ahead::draw(&rows, date(now))) }
        }
        (key(!rows.is_empty()))
    }
}

/// The timeline without the day at hand, whose shares are those of some hours; unless nothing was counted before it.
fn whole_days(timeline: &Timeline) -> Timeline {
    let mut whole = timeline.clone();
    let before = timeline.days.len().saturating_sub(1);
    whole.days.truncate(before);
    whole
        .versions
        .iter_mut()
        .for_each(|series| series.requests.truncate(before));
    let counted = whole
        .versions
        .iter()
        .flat_map(|series| &series.requests)
        .any(|requests| *requests > 0);
    if counted { whole } else { timeline.clone() }
}

/// Lines of the shares, and their names.
fn grid(right: f64) -> Markup {
    html! {
        g.grid {
            @for quarter in 0..=4 {
                @let y = height(f64::from(quarter) / 4.0);
                line x1=(LEFT) x2=(right) y1=(y) y2=(y) {}
                text x=(LEFT - 8.0) y=(y + 4.0) text-anchor="end" { (quarter * 25) @if quarter == 4 { " %" } }
            }
        }
    }
}

/// Where a share of 0 to 1 stands.
fn height(share: f64) -> f64 {
    ((BOTTOM - share * (BOTTOM - TOP)) * 10.0).round() / 10.0
}

/// Each version's colour: by what becomes of it. Of what goes the oldest is the darkest, of what stays the newest.
fn styles(timeline: &Timeline, api: &ApiPlan, now: Timestamp) -> Vec<Style> {
    const SHADES: usize = 8;
    let standings = standing(api, now);
    let family = |name: &str| {
        let state = standings.iter().find(|standing| standing.name == name);
        match state.map(|standing| standing.state) {
            Some(State::Preview) => Family::Preview,
            Some(State::Deprecated | State::Brownout { .. }) => Family::Going,
            Some(State::Sunset | State::Off) => Family::Gone,
            Some(State::Active) | None => Family::Current,
        }
    };
    let families: Vec<Family> = timeline
        .versions
        .iter()
        .map(|series| family(&series.version))
        .collect();
    let shade = |index: usize, family: Family| {
        let others = match family {
            Family::Current => &families[index + 1..],
            Family::Gone | Family::Going | Family::Preview => &families[..index],
        };
        others.iter().filter(|known| **known == family).count() % SHADES
    };
    let named = timeline.versions.iter().zip(&families).enumerate();
    named
        .map(|(index, (series, family))| Style {
            name: series.version.clone(),
            family: *family,
            class: format!("f-{} n-{}", family.name(), shade(index, *family)),
        })
        .collect()
}

/// The picture in words: its two ends.
fn told(timeline: &Timeline, shares: &[Vec<f64>]) -> String {
    let days = timeline.days.len();
    let used = |day: usize| shares.iter().any(|series| series[day] > 0.0);
    let ends = [
        (0..days).find(|day| used(*day)),
        (0..days).rev().find(|day| used(*day)),
    ];
    let mut sentences: Vec<String> = Vec::new();
    for at in ends.into_iter().flatten() {
        let mut all: Vec<(&str, f64)> = timeline
            .versions
            .iter()
            .zip(shares)
            .map(|(series, shares)| (series.version.as_str(), shares[at]))
            .filter(|(_, share)| *share > 0.0)
            .collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        let told: Vec<String> = all
            .iter()
            .map(|(name, share)| format!("{name} {}", percent(*share)))
            .collect();
        sentences.push(format!("On {}: {}.", timeline.days[at], told.join(", ")));
    }
    sentences.push("The tables below say the same.".to_owned());
    sentences.join(" ")
}

/// What colours and lines mean.
fn key(ahead: bool) -> Markup {
    html! {
        ul.key aria-label="What colours and lines mean" {
            li { span.swatch.current aria-hidden="true" {} "active" }
            li { span.swatch.going aria-hidden="true" {} "deprecated" }
            li { span.swatch.preview aria-hidden="true" {} "preview" }
            li { span.swatch.gone aria-hidden="true" {} "sunset or off" }
            li { span.stroke.deprecated aria-hidden="true" {} "deprecation" }
            li { span.stroke.brownout aria-hidden="true" {} "brownout" }
            li { span.stroke.sunset aria-hidden="true" {} "sunset" }
            @if ahead { li { span.diamond aria-hidden="true" {} "forecast: falls to 1 %" } }
        }
    }
}

#[cfg(test)]
mod tests;
