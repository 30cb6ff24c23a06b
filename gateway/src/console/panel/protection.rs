//! Protection: who was refused, and why.

use std::collections::BTreeMap;

use jiff::Timestamp;
use maud::{Markup, html};

use super::clients::who;
use super::{Panel, empty, scroll};
use crate::console::figures::{ago, count};
use crate::console::links::Link;
use crate::console::reading::Reading;
use crate::ledger::report::protection::{Protection, Refusals};

/// The panel.
pub(in crate::console) fn panel(report: &Reading<Protection>, now: Timestamp) -> Markup {
    let panel = Panel {
        id: "protection",
        title: "Protection",
        lead: "Requests that the guard refused within 24 hours, by reason and client, of every API.",
        cli: String::new(),
        json: Some(Link::new("/console/api/protection.json")),
    };
    panel.of(report, |report| content(report, now))
}

fn content(report: &Protection, now: Timestamp) -> Markup {
    if report.refusals.is_empty() {
        return empty(html! { p { "Nobody was refused within 24 hours." } });
    }
    html! {
        (sums(report))
        (scroll("protection", html! {
            table {
                caption.unseen { "Refusals within 24 hours, the most often first" }
                thead { tr {
                    th scope="col" { "Client" }
                    th scope="col" { "Reason" }
                    th.n scope="col" { "Status" }
                    th scope="col" { "API" }
                    th.n scope="col" { "Refused" }
                    th scope="col" { "Last" }
                } }
                tbody { @for refusals in &report.refusals { (line(refusals, now)) } }
            }
        }))
        @if report.more > 0 { p.quiet { "and " (count(report.more)) " more reasons and clients" } }
    }
}

/// How often each status was answered, of what is listed.
fn sums(report: &Protection) -> Markup {
    let mut sums: BTreeMap<u16, u64> = BTreeMap::new();
    for refusals in &report.refusals {
        let sum = sums.entry(refusals.status).or_default();
        *sum = sum.saturating_add(refusals.refused);
    }
    html! {
        dl.sums {
            @for (status, sum) in &sums {
                div { dt { (status) " " span.quiet { (meaning(*status)) } } dd { (count(*sum)) } }
            }
        }
    }
}

/// What a status says, in a word.
fn meaning(status: u16) -> &'static str {
    match status {
        400 => "malformed",
        401 => "no credential",
        403 => "forbidden",
        404 => "not found",
        405 => "method",
        410 => "gone",
        413 => "too large",
        422 => "not valid",
        429 => "too many",
        500.. => "not available",
        _ => "refused",
    }
}

fn line(refusals: &Refusals, now: Timestamp) -> Markup {
    html! {
        tr {
            th.who scope="row" { (who(&refusals.api, &refusals.who, refusals.identified, true)) }
            td { code { (refusals.reason) } }
            td.n { (refusals.status) }
            td { @if refusals.api.is_empty() { span.none { "–" } } @else { (refusals.api) } }
            td.n { (count(refusals.refused)) }
            td { (ago(refusals.last_seen, now)) }
        }
    }
}
