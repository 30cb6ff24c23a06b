//! The tree of an API's versions: as a picture, as a table, and as JSON.
//!
//! - `tree`: which version stands in which row and column
//! - `picture`: the tree as SVG

mod picture;
mod tree;

use http::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use serde_json::json;
use sluice_config::plan::ApiPlan;
use sluice_transforms::change::Change;

use super::figures::dated;
use super::layout::{self, Place};
use super::links::Link;
use super::panel::{self, badge};
use super::visit::Visit;
use super::{answers, playground};
use crate::body::Body;
use crate::lifecycle::{Standing, standing};
use crate::refusal::{Kind, Refusal};

/// The page.
pub(super) fn page(visit: &Visit<'_>) -> Result<Response<Body>, Refusal> {
    let content = match visit.api()? {
        Some(api) => content(api, visit.arrival.now),
        None => html! { h1 { "Lineage" } (panel::no_api()) },
    };
    let frame = visit.frame("Lineage", Place::Lineage);
    Ok(answers::page(layout::page(&frame, content)))
}

/// The same as JSON.
pub(super) fn json(visit: &Visit<'_>) -> Result<Response<Body>, Refusal> {
    let api = visit.api()?;
    let api = api.ok_or_else(|| Refusal::new(Kind::UnknownApi, "there is no API"))?;
    let lineage = json!({
        "api": api.name,
        "origin": api.lineage.origin(),
        "versions": standing(api, visit.arrival.now).iter().map(Standing::to_json).collect::<Vec<_>>(),
        "changes": api.lineage.changes().iter().map(change).collect::<Vec<_>>(),
    });
    Ok(answers::json(&visit.marked(&lineage)))
}

fn change(change: &Change) -> serde_json::Value {
    let steps = change
        .steps
        .iter()
        .map(|step| json!({"operator": step.action.name(), "subject": step.action.subject()}));
    json!({
        "change": format!("{}..{}", change.old, change.new),
        "old": change.old,
        "new": change.new,
        "summary": change.summary,
        "steps": steps.collect::<Vec<_>>(),
    })
}

fn content(api: &ApiPlan, now: Timestamp) -> Markup {
    let standings = standing(api, now);
    let rows = tree::grow(api);
    html! {
        h1 { "Lineage of " (api.name) }
        p.lead { "Each change between two neighbours is written once. Requests are lifted to the origin, the version that the upstream speaks, and answers lowered from it." }
        section.card.panel aria-labelledby="tree" {
            h2 #tree { "The tree" }
            div.scroll tabindex="0" role="region" aria-labelledby="tree" { (picture::draw(api, &rows, &standings, now)) }
        }
        section.card.panel aria-labelledby="changes" {
            h2 #changes { "Versions and changes" }
            (table(api, &rows, &standings, now))
            (panel::foot("sluice check DIR", Some(&Link::new("/console/api/lineage.json").api(&api.name))))
        }
    }
}

fn table(api: &ApiPlan, rows: &[tree::Row], standings: &[Standing<'_>], now: Timestamp) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-labelledby="changes" {
            table {
                caption.unseen { "Versions of " (api.name) ", the newest first, each with the change that leads to it" }
                thead { tr {
                    th scope="col" { "Version" }
                    th scope="col" { "State" }
                    th scope="col" { "Deprecated" }
                    th scope="col" { "Sunset" }
                    th scope="col" { "Change" }
                } }
                tbody { @for row in rows.iter().rev() { (line(api, row, standings, now)) } }
            }
        }
    }
}

fn line(api: &ApiPlan, row: &tree::Row, standings: &[Standing<'_>], now: Timestamp) -> Markup {
    let name = api.versions.get(row.version).map_or("", |version| &version.name);
    let course = api.version(name).and_then(|id| api.lifecycle.version(id));
    let change = row
        .edge
        .as_ref()
        .and_then(|edge| api.lineage.changes().get(edge.change));
    html! {
        tr {
            th scope="row" { (name) @if name == api.lineage.origin() { " " span.badge.origin { "origin" } } }
            td { @if let Some(standing) = standings.get(row.version) { (badge(standing.state.name())) } }
            td { @match course.and_then(|c| c.deprecated) { Some(at) => (dated(at, now)), None => span.none { "–" } } }
            td { @match course.and_then(|c| c.sunset) { Some(at) => (dated(at, now)), None => span.none { "–" } } }
            td.wide {
                @match change {
                    Some(change) => {
                        details {
                            summary { span.quiet { (change.old) " → " (change.new) } " " (change.summary) }
                            ul.steps aria-label="Steps" {
                                @for step in &change.steps { li { code { (step.action.name()) } " " span.quiet { (step.action.subject()) } } }
                            }
                            p { a href=(playground::link(&api.name, &change.old, &change.new)) { "Try it in the playground" } }
                        }
                    }
                    None => span.quiet { "The first version." },
                }
            }
        }
    }
}
