//! Field use of a version: what its clients send, and what they are given.

use jiff::Timestamp;
use maud::{Markup, html};
use sluice_config::plan::ApiPlan;

use super::{Panel, empty, scroll};
use crate::console::figures::{ago, count};
use crate::console::links::{Link, word};
use crate::console::reading::Reading;
use crate::ledger::report::fields::{Field, FieldUse, Verdict};

/// The panel.
pub(in crate::console) fn panel(
    report: &Reading<FieldUse>,
    api: &ApiPlan,
    version: &str,
    now: Timestamp,
) -> Markup {
    let panel = Panel {
        id: "fields",
        title: "Field use",
        lead: "Members of an old version that are gone, renamed, moved or deprecated, within 90 days. A member that is sent is used. Whether one that is only delivered is read, nobody can say: it is unknown, never unused.",
        cli: format!("sluice who-uses DIR --api {} {}", word(&api.name), word(version)),
        json: Some(
            Link::new("/console/api/fields.json")
                .api(&api.name)
                .with("version", version),
        ),
    };
    panel.of(
        report,
        |report| html! { (chooser(api, version)) (content(report, now)) },
    )
}

/// Which version is looked at.
fn chooser(api: &ApiPlan, chosen: &str) -> Markup {
    html! {
        form.choose method="get" action="/console#fields" {
            input type="hidden" name="api" value=(api.name);
            label for="field-version" { "Version" }
            select #field-version name="version" {
                @for version in &api.versions { option value=(version.name) selected[version.name == chosen] { (version.name) } }
            }
            button type="submit" { "Show" }
        }
    }
}

fn content(report: &FieldUse, now: Timestamp) -> Markup {
    if report.members.is_empty() {
        return empty(html! {
            p { "No request of " (report.version) " sent a member that changed later, and no answer delivered one, within 90 days." }
        });
    }
    let trials = report.members.iter().any(|member| member.withheld > 0);
    scroll(
        "fields",
        html! {
            table {
                caption.unseen { "Members of " (report.version) " and their use within 90 days" }
                thead { tr {
                    th scope="col" { "Member" }
                    th scope="col" { "Change" }
                    th scope="col" { "Use" }
                    th.n scope="col" { "Sent" }
                    th.n scope="col" { "by clients" }
                    th.n scope="col" { "Delivered" }
                    th.n scope="col" { "to clients" }
                    @if trials { th.n scope="col" { "Withheld" } }
                    th scope="col" { "Last met" }
                } }
                tbody { @for member in &report.members { (line(member, trials, now)) } }
            }
        },
    )
}

fn line(member: &Field, trials: bool, now: Timestamp) -> Markup {
    html! {
        tr {
            th scope="row" { code { (member.member) } }
            td { @if member.change.is_empty() { "lifecycle" } @else { (member.change.replace("..", " → ")) } }
            td { (verdict(member.verdict)) }
            td.n { (count(member.sent)) }
            td.n { (count(member.senders)) }
            td.n { (count(member.delivered)) }
            td.n { (count(member.receivers)) }
            @if trials { td.n { (count(member.withheld)) } }
            td { (ago(member.last_seen, now)) }
        }
    }
}

fn verdict(verdict: Verdict) -> Markup {
    html! {
        @match verdict {
            Verdict::Used => span.badge.used { "used" },
            Verdict::Unknown => span.badge.unknown { "unknown" },
        }
    }
}
