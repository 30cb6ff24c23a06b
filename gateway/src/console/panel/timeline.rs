//! The version timeline: who spoke which version within 90 days, and what comes.

use jiff::Timestamp;
use maud::{Markup, html};
use sluice_config::plan::{ApiPlan, Plan};

use super::{Panel, badge, no_traffic, scroll};
use crate::console::chart;
use crate::console::figures::{count, dated, percent, points};
use crate::console::links::{Link, word};
use crate::console::reading::Reading;
use crate::ledger::report::sunset::{Forecast, SunsetReport, VersionReport};
use crate::ledger::report::timeline::Timeline;

/// The panel.
pub(in crate::console) fn panel(
    timeline: &Reading<Timeline>,
    sunset: &Reading<SunsetReport>,
    plan: &Plan,
    api: &ApiPlan,
    now: Timestamp,
) -> Markup {
    let panel = Panel {
        id: "timeline",
        title: "Versions",
        lead: "The share of each version in the requests of 90 days, and how the versions that go are getting there.",
        cli: format!("sluice report sunset DIR --api {}", word(&api.name)),
        json: Some(Link::new("/console/api/timeline.json").api(&api.name)),
    };
    panel.of(timeline, |timeline| {
        let total: u64 = timeline.versions.iter().flat_map(|series| &series.requests).sum();
        if total == 0 {
            return no_traffic(plan, api);
        }
        html! {
            (scroll("timeline", chart::draw(timeline, sunset.get(), api, now)))
            @if let Some(sunset) = sunset.get() { (table(sunset, now)) }
            (days(timeline))
        }
    })
}

/// The same in figures.
fn table(report: &SunsetReport, now: Timestamp) -> Markup {
    scroll(
        "timeline",
        html! {
            table {
                caption.unseen { "How far each version of " (report.api) " is from being gone" }
                thead { tr {
                    th scope="col" { "Version" }
                    th scope="col" { "State" }
                    th.n scope="col" { "Share, 7 days" }
                    th.n scope="col" { "A week" }
                    th.n scope="col" { "Requests, 7 days" }
                    th.n scope="col" { "90 days" }
                    th scope="col" { "Falls to 1 %" }
                    th scope="col" { "Deprecated" }
                    th scope="col" { "Sunset" }
                } }
                tbody { @for version in &report.versions { (line(&report.api, version, now)) } }
            }
        },
    )
}

fn line(api: &str, version: &VersionReport, now: Timestamp) -> Markup {
    let users = Link::new("/console/version")
        .api(api)
        .with("version", &version.version);
    html! {
        tr {
            th scope="row" { a href=(users) { (version.version) } }
            td { (badge(&version.state)) }
            td.n { (or_none(version.share.map(percent))) }
            td.n { (or_none(version.trend.map(points))) }
            td.n { (count(version.last_7_days)) }
            td.n { (count(version.last_90_days)) }
            td { (forecast(version)) }
            td { @match version.deprecated { Some(at) => (dated(at, now)), None => (none()) } }
            td { @match version.sunset { Some(at) => (dated(at, now)), None => (none()) } }
        }
    }
}

fn or_none(text: Option<String>) -> Markup {
    html! { @match text { Some(text) => (text), None => (none()) } }
}

fn none() -> Markup {
    html! { span.none { "–" } }
}

/// When a version falls to 1 %; late where that is after its sunset.
pub(super) fn forecast(version: &VersionReport) -> Markup {
    let late = match (version.forecast, version.sunset) {
        (Forecast::On(date), Some(sunset)) => date > crate::console::figures::date(sunset),
        (Forecast::NotInSight, Some(_)) => true,
        _ => false,
    };
    html! {
        @match version.forecast {
            Forecast::Reached => "reached",
            Forecast::On(date) => time datetime=(date) { (date) },
            Forecast::NotInSight => "not in sight",
            Forecast::TooFewDays => span.quiet { "too few days yet" },
        }
        @if late { " " span.badge.late { "after the sunset" } }
    }
}

/// Every day in figures: what the picture shows.
fn days(timeline: &Timeline) -> Markup {
    let used: Vec<_> = timeline
        .versions
        .iter()
        .filter(|series| series.requests.iter().any(|requests| *requests > 0))
        .collect();
    html! {
        details.figures {
            summary { "Requests of each day" }
            (scroll("timeline", html! {
                table {
                    caption.unseen { "Requests of " (timeline.api) " by day and version" }
                    thead { tr {
                        th scope="col" { "Day" }
                        @for series in &used { th.n scope="col" { (series.version) } }
                    } }
                    tbody {
                        @for (index, day) in timeline.days.iter().enumerate().rev() {
                            tr {
                                th scope="row" { (day) }
                                @for series in &used { td.n { (count(series.requests.get(index).copied().unwrap_or(0))) } }
                            }
                        }
                    }
                }
            }))
        }
    }
}
