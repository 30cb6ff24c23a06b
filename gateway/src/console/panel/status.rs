//! The status strip: is it well, at a glance.

use jiff::Timestamp;
use maud::{Markup, html};

use crate::console::figures::{ago, count, rate, span};
use crate::console::links::Link;
use crate::console::status::{Failures, Live, Status};

/// The strip.
pub(in crate::console) fn panel(status: &Status, admin: &str, now: Timestamp) -> Markup {
    let live = status.live.as_ref();
    html! {
        section.card.strip #status aria-labelledby="status-title" {
            h2.unseen #status-title { "Status" }
            dl {
                (figure("Requests", live.map(|live| html! { (rate(live.rate())) span.unit { "/s" } }), window(live)))
                (failures(live))
                (figure("Added, p50", live.and_then(|live| live.added_p50).map(time), "by the gateway, the faster half".to_owned()))
                (figure("Added, p99", live.and_then(|live| live.added_p99).map(time), "all but 1 in 100".to_owned()))
                (figure("Generation", Some(html! { (status.generation) }), short(&status.hash)))
                (reload(status, now))
            }
            (warnings(status))
            div.panel-foot { p.cli { code { "curl -s " (admin) "/metrics" } } p.json { a href=(Link::new("/console/api/status.json")) { "JSON" } } }
        }
    }
}

fn figure(name: &str, value: Option<Markup>, more: String) -> Markup {
    html! {
        div.figure {
            dt { (name) }
            dd { @match value { Some(value) => span.value { (value) }, None => span.value.none { "–" } } span.more { (more) } }
        }
    }
}

fn window(live: Option<&Live>) -> String {
    match live {
        Some(live) if live.seconds >= 90.0 => {
            format!("{} in {:.0} min", count(live.requests), live.seconds / 60.0)
        }
        Some(live) => format!("{} in {:.0} s", count(live.requests), live.seconds),
        None => "nothing counted yet".to_owned(),
    }
}

fn failures(live: Option<&Live>) -> Markup {
    let Failures {
        gateway,
        transformation,
        upstream,
    } = live.map(|live| live.failures).unwrap_or_default();
    let all = gateway.saturating_add(transformation).saturating_add(upstream);
    html! {
        div.figure.failures class=[(all > 0).then_some("bad")] {
            dt { "Answers with 5xx" }
            dd {
                @if live.is_some() { span.value { (count(all)) } } @else { span.value.none { "–" } }
                ul.split aria-label="by whose fault" {
                    li { "gateway " b { (count(gateway)) } }
                    li { "transformation " b { (count(transformation)) } }
                    li { "upstream " b { (count(upstream)) } }
                }
            }
        }
    }
}

fn time(seconds: f64) -> Markup {
    html! { (span(seconds)) }
}

/// Enough of a hash to tell two apart.
fn short(hash: &str) -> String {
    format!("plan {}", hash.chars().take(12).collect::<String>())
}

fn reload(status: &Status, now: Timestamp) -> Markup {
    let last = status.last_reload.as_ref();
    let refused = last.is_some_and(|last| last.outcome == "refused");
    html! {
        div.figure class=[refused.then_some("bad")] {
            dt { "Last reload" }
            dd {
                @match last {
                    Some(last) => { span.value { (ago(last.at, now)) } span.more { (last.outcome) ", " (last.why) } },
                    None => { span.value.none { "–" } span.more { "none yet" } },
                }
            }
        }
    }
}

/// What an operator should know at once.
fn warnings(status: &Status) -> Markup {
    let keeping = &status.ledger;
    html! {
        @if !status.pending.is_empty() {
            p.fault role="status" { "These settings wait for a restart or a hand-over: " (status.pending.join(", ")) "." }
        }
        @if let Some(fault) = &keeping.fault {
            p.fault role="status" { "Usage figures cannot be kept now: " (fault) ". " (count(keeping.waiting)) " rows wait." }
        }
        @if keeping.lost > 0 {
            p.fault role="status" { (count(keeping.lost)) " exchanges are missing in the figures: the store was away for longer than they can wait." }
        }
    }
}
