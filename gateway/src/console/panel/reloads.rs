//! The change log: what reloads changed, in words.

use jiff::Timestamp;
use maud::{Markup, html};

use super::{Panel, empty};
use crate::console::figures::{ago, minute};
use crate::console::links::Link;
use crate::ledger::store::ReloadRecord;

/// How many lines of a reload are shown at once; the others on demand.
const FIRST: usize = 6;
/// How many reloads are shown at once.
const SHOWN: usize = 10;

/// The panel. `fleet` says whether it is about every gateway that shares the store; `fault` why it is not, though it should.
pub(in crate::console) fn panel(
    reloads: &[ReloadRecord],
    fleet: bool,
    fault: Option<&str>,
    admin: &str,
    now: Timestamp,
) -> Markup {
    let panel = Panel {
        id: "reloads",
        title: "Change log",
        lead: if fleet {
            "Reloads of every gateway that shares the store."
        } else {
            "Reloads of this process."
        },
        cli: format!("curl -X POST {admin}/reload"),
        json: Some(Link::new("/console/api/reloads.json")),
    };
    panel.around(html! {
        @if let Some(fault) = fault { p.fault role="status" { "Other gateways' reloads are not to be had now: " (fault) "." } }
        @if reloads.is_empty() {
            (empty(html! { p { "No reload yet. Change a file, and it is read by itself; or send SIGHUP." } }))
        } @else {
            (list(&reloads[..reloads.len().min(SHOWN)], fleet, now))
            @if reloads.len() > SHOWN {
                details { summary { (reloads.len() - SHOWN) " earlier reloads" } (list(&reloads[SHOWN..], fleet, now)) }
            }
        }
    })
}

fn list(reloads: &[ReloadRecord], fleet: bool, now: Timestamp) -> Markup {
    html! { ol.log { @for reload in reloads { li { (entry(reload, fleet, now)) } } } }
}

fn entry(reload: &ReloadRecord, fleet: bool, now: Timestamp) -> Markup {
    let (first, others) = reload.changes.split_at(reload.changes.len().min(FIRST));
    html! {
        p.when {
            (ago(reload.at, now)) " "
            span class=(format!("badge o-{}", outcome(&reload.outcome))) { (reload.outcome) } " "
            span { "generation " (reload.generation) ", by " (reload.why) }
            @if fleet && !reload.gateway.is_empty() { span.quiet { ", gateway " (reload.gateway.chars().take(8).collect::<String>()) } }
            span.quiet { ", " (minute(reload.at)) }
        }
        @if !first.is_empty() { (changes(first)) }
        @if !others.is_empty() { details { summary { (others.len()) " more" } (changes(others)) } }
    }
}

/// A class for what became of a reload: nothing that was read from a store is written into one.
fn outcome(outcome: &str) -> &'static str {
    match outcome {
        "published" => "published",
        "refused" => "refused",
        _ => "other",
    }
}

fn changes(changes: &[String]) -> Markup {
    html! { ul.changes { @for change in changes { (change_line(change)) } } }
}

/// What was added or removed is marked so.
fn change_line(change: &str) -> Markup {
    html! {
        @if change.ends_with(" added") { li.came { (change) } }
        @else if change.ends_with(" removed") { li.went { (change) } }
        @else { li { (change) } }
    }
}
