//! Transformation health: what becomes of documents at each change.

use maud::{Markup, html};

use super::{Panel, empty, scroll};
use crate::console::figures::{count, percent};
use crate::console::links::Link;
use crate::console::reading::Reading;
use crate::ledger::report::health::{ChangeHealth, Health};

/// The panel.
pub(in crate::console) fn panel(report: &Reading<Health>, api: &str) -> Markup {
    let panel = Panel {
        id: "health",
        title: "Transformation health",
        lead: "What became of messages at each change, within 7 days. A failure is a message that the change could not carry; a loss is an element of a list that was left out or replaced.",
        cli: "sluice check DIR".to_owned(),
        json: Some(Link::new("/console/api/health.json").api(api)),
    };
    panel.of(report, content)
}

fn content(report: &Health) -> Markup {
    if report.changes.is_empty() {
        return empty(
            html! { p { "The API has one version, and so no change. A file in " code { "changes/" } " makes the first." } },
        );
    }
    scroll(
        "health",
        html! {
            table {
                caption.unseen { "Calls, failures and losses of each change of " (report.api) }
                thead { tr {
                    th scope="col" { "Change" }
                    th.n scope="col" { "Lifted" }
                    th.n scope="col" { "Lowered" }
                    th.n scope="col" { "Failures" }
                    th.n scope="col" { "Rate" }
                    th.n scope="col" { "Losses" }
                    th scope="col" { "Where it fails" }
                } }
                tbody { @for change in &report.changes { (line(change)) } }
            }
        },
    )
}

fn line(change: &ChangeHealth) -> Markup {
    let calls = change.lifted.saturating_add(change.lowered);
    let rate = (calls > 0).then(|| change.failures as f64 / calls as f64);
    html! {
        tr class=[(change.failures > 0).then_some("fails")] {
            th.change scope="row" { (change.change.replace("..", " → ")) span.summary { (change.summary) } }
            td.n { (count(change.lifted)) }
            td.n { (count(change.lowered)) }
            td.n { (count(change.failures)) }
            td.n { @match rate { Some(rate) => (percent(rate)), None => span.none { "–" } } }
            td.n { (count(change.losses)) }
            td {
                @if change.pointers.is_empty() { span.none { "–" } } @else { (pointers(change)) }
            }
        }
    }
}

/// The first three places, and the others on demand.
fn pointers(change: &ChangeHealth) -> Markup {
    const FIRST: usize = 3;
    let (first, others) = change.pointers.split_at(change.pointers.len().min(FIRST));
    let list = |pointers: &[crate::ledger::report::health::FaultyPointer]| {
        html! {
            ul.pointers {
                @for place in pointers {
                    li { code { @if place.pointer.is_empty() { "the whole document" } @else { (place.pointer) } } " " span.quiet { "in " (place.version) ", " (count(place.failures)) "×" } }
                }
            }
        }
    };
    html! {
        (list(first))
        @if !others.is_empty() { details { summary { (others.len()) " more places" } (list(others)) } }
    }
}
