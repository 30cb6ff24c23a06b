//! Sunset blockers: who would be refused, version by version. The key table.

use jiff::Timestamp;
use maud::{Markup, html};

use super::timeline::forecast;
use super::{Panel, badge, clients, empty, scroll};
use crate::console::figures::{count, dated, distance, percent};
use crate::console::links::{Link, word};
use crate::console::reading::Reading;
use crate::ledger::report::sunset::{Blocker, SunsetReport, VersionReport};

/// How many clients of a version are shown here; its own page has the others.
const SHOWN: usize = 8;

/// The panel.
pub(in crate::console) fn panel(report: &Reading<SunsetReport>, api: &str, now: Timestamp) -> Markup {
    let panel = Panel {
        id: "blockers",
        title: "Sunset blockers",
        lead: "Who asked for a version that goes within 90 days, and would be refused. The most requests within 7 days first.",
        cli: format!("sluice report sunset DIR --api {}", word(api)),
        json: Some(Link::new("/console/api/sunset.json").api(api)),
    };
    panel.of(report, |report| content(report, now))
}

fn content(report: &SunsetReport, now: Timestamp) -> Markup {
    let goes = |version: &&VersionReport| version.deprecated.is_some() || version.sunset.is_some();
    let going: Vec<&VersionReport> = report.versions.iter().filter(goes).collect();
    let blocked = going
        .iter()
        .any(|version| !version.blockers.is_empty() || !version.exempt.is_empty());
    if going.is_empty() {
        return empty(html! {
            p { "No version is to go. " code { "lifecycle:" } " in " code { "api.yaml" } " says when one does:" }
            pre { code { "lifecycle:\n  versions:\n    - {versions: {to: \"1.2\"}, deprecated: 2026-01-01, sunset: 2027-06-30}" } }
        });
    }
    if !blocked {
        return empty(
            html! { p { "Nobody asked for a version that goes within 90 days. They can be switched off." } },
        );
    }
    scroll(
        "blockers",
        html! {
            table.blockers {
                caption.unseen { "Clients of versions that go, by version" }
                thead { tr {
                    (clients::heads())
                    th scope="col" { "Exempt until" }
                } }
                @for version in going { (group(&report.api, version, now)) }
            }
        },
    )
}

fn group(api: &str, version: &VersionReport, now: Timestamp) -> Markup {
    let lists = [version.blockers.len(), version.exempt.len()];
    let all = lists.iter().sum::<usize>() as u64 + version.more_blockers;
    let shown = lists.map(|list| list.min(SHOWN)).iter().sum::<usize>() as u64;
    let page = Link::new("/console/version")
        .api(api)
        .with("version", &version.version);
    html! {
        tbody {
            tr.group {
                th scope="rowgroup" colspan="7" {
                    a.version href=(page) { (version.version) } " " (badge(&version.state)) " "
                    span.facts {
                        @if let Some(sunset) = version.sunset { span { "sunset " (dated(sunset, now)) ", " (distance(sunset, now)) } }
                        @if let Some(share) = version.share { span { (percent(share)) " of 7 days" } }
                        span { "1 %: " (forecast(version)) }
                    }
                }
            }
            @for blocker in version.blockers.iter().take(SHOWN) { (line(api, blocker, now)) }
            @for blocker in version.exempt.iter().take(SHOWN) { (line(api, blocker, now)) }
            @if version.blockers.is_empty() && version.exempt.is_empty() {
                tr { td.quiet colspan="7" { "Nobody within 90 days: it can be switched off." } }
            }
            @if all > shown {
                tr { td colspan="7" { a href=(page) { "and " (count(all - shown)) " more" } } }
            }
        }
    }
}

fn line(api: &str, blocker: &Blocker, now: Timestamp) -> Markup {
    html! {
        tr {
            (clients::cells(api, &blocker.asker, now))
            td { @match blocker.exempt_until { Some(at) => (dated(at, now)), None => span.none { "–" } } }
        }
    }
}
