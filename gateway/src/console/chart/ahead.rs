//! What comes: a line for each version that goes, with the day on which its share falls to 1 % and the day of its sunset.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use maud::{Markup, html};
use sluice_config::plan::ApiPlan;

use super::scale::Scale;
use super::{BOTTOM, TOP};
use crate::console::figures::date;
use crate::ledger::report::sunset::{Forecast, SunsetReport, VersionReport};
use crate::lifecycle::{Standing, standing};

const LEFT: f64 = 876.0;
const RIGHT: f64 = 1048.0;
/// The most versions that have a line.
const MOST: usize = 12;
/// The farthest that is drawn, in days.
const FARTHEST: i64 = 1_100;

/// A version that goes.
pub(super) struct Row {
    version: String,
    sunset: Option<Date>,
    forecast: Forecast,
    brownout: Option<Date>,
}

/// Versions that go and are not gone.
pub(super) fn rows(report: &SunsetReport, api: &ApiPlan, now: Timestamp) -> Vec<Row> {
    let standings = standing(api, now);
    let versions = report.versions.iter().filter(|version| goes(version, now));
    versions
        .take(MOST)
        .map(|version| row(version, &standings))
        .collect()
}

fn goes(version: &VersionReport, now: Timestamp) -> bool {
    match version.sunset {
        Some(sunset) => sunset >= now,
        None => version.deprecated.is_some(),
    }
}

fn row(version: &VersionReport, standings: &[Standing<'_>]) -> Row {
    let standing = standings.iter().find(|standing| standing.name == version.version);
    Row {
        version: version.version.clone(),
        sunset: version.sunset.map(date),
        forecast: version.forecast,
        brownout: standing.and_then(|standing| standing.rests).map(date),
    }
}

/// Draws what comes.
pub(super) fn draw(rows: &[Row], today: Date) -> Markup {
    let scale = Scale::new((today, horizon(rows, today)), (LEFT, RIGHT));
    let apart = ((BOTTOM - TOP - 8.0) / rows.len().max(1) as f64).min(24.0);
    html! {
        g.ahead {
            text.heading x=(LEFT) y=(TOP - 12.0) { "Ahead" }
            (scale.axis(BOTTOM))
            line.today x1=(LEFT) x2=(LEFT) y1=(TOP - 4.0) y2=(BOTTOM) {}
            @for (index, row) in rows.iter().enumerate() {
                @let y = ((TOP + 10.0 + index as f64 * apart) * 10.0).round() / 10.0;
                (line(row, &scale, y))
            }
        }
    }
}

/// The last day of the plot: the last one that is drawn, and some room.
fn horizon(rows: &[Row], today: Date) -> Date {
    let far = today.checked_add(FARTHEST.days()).unwrap_or(today);
    let forecast = |row: &Row| match row.forecast {
        Forecast::On(date) => Some(date),
        _ => None,
    };
    let dates = rows.iter().flat_map(|row| [row.sunset, forecast(row)]).flatten();
    let last = dates.filter(|date| *date <= far).max().unwrap_or(today);
    let least = today.checked_add(60.days()).unwrap_or(today);
    let last = last.max(least);
    last.checked_add(14.days()).unwrap_or(last)
}

fn line(row: &Row, scale: &Scale, y: f64) -> Markup {
    let end = scale.ends().1;
    let sunset = row.sunset.filter(|date| *date <= end);
    let until = scale.x(sunset.unwrap_or(end));
    let (forecast, late) = match row.forecast {
        Forecast::On(date) => (Some(date), row.sunset.is_some_and(|sunset| date > sunset)),
        _ => (None, false),
    };
    let class = if late { "forecast late" } else { "forecast" };
    html! {
        g.going {
            title { (told(row)) }
            text.version x=(LEFT - 8.0) y=(y + 4.0) text-anchor="end" { (row.version) }
            line.course x1=(LEFT) x2=(until) y1=(y) y2=(y) {}
            @if let Some(brownout) = row.brownout.filter(|date| scale.holds(*date)) {
                @let x = scale.x(brownout);
                line.brownout x1=(x) x2=(x) y1=(y - 5.0) y2=(y + 5.0) {}
            }
            @if let Some(sunset) = sunset {
                @let x = scale.x(sunset);
                line.sunset x1=(x) x2=(x) y1=(y - 7.0) y2=(y + 7.0) {}
            }
            @match forecast {
                Some(date) if date <= end => path class=(class) d=(diamond(scale.x(date), y)) {},
                Some(_) => path class=(class) d=(arrow(RIGHT, y)) {},
                None => {},
            }
        }
    }
}

fn told(row: &Row) -> String {
    let forecast = match row.forecast {
        Forecast::Reached => "is at 1 % or less already".to_owned(),
        Forecast::On(date) => format!("falls to 1 % on {date}"),
        Forecast::NotInSight => "does not fall to 1 % if it goes on like this".to_owned(),
        Forecast::TooFewDays => "has too few days to judge by".to_owned(),
    };
    match row.sunset {
        Some(sunset) => format!("{} {forecast}; sunset on {sunset}", row.version),
        None => format!("{} {forecast}; no sunset is set", row.version),
    }
}

fn diamond(x: f64, y: f64) -> String {
    format!(
        "M{:.1} {y}L{x:.1} {:.1}L{:.1} {y}L{x:.1} {:.1}Z",
        x - 5.0,
        y - 5.0,
        x + 5.0,
        y + 5.0
    )
}

/// Beyond the edge.
fn arrow(x: f64, y: f64) -> String {
    format!(
        "M{:.1} {:.1}L{x:.1} {y}L{:.1} {:.1}Z",
        x - 7.0,
        y - 5.0,
        x - 7.0,
        y + 5.0
    )
}
