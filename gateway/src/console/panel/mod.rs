//! Panels: one question each, as a section with its figures, its JSON and its command.

pub(super) mod blockers;
pub(super) mod clients;
pub(super) mod fields;
pub(super) mod health;
pub(super) mod protection;
pub(super) mod reloads;
pub(super) mod status;
pub(super) mod timeline;
pub(super) mod users;

use maud::{Markup, html};
use sluice_config::plan::ApiPlan;
use sluice_config::plan::Plan;

use super::links::Link;
use super::reading::Reading;

/// The panel that says what to do where nothing is kept.
const FIRST: &str = "timeline";

/// A panel.
pub(super) struct Panel<'a> {
    /// Its place on the page.
    pub(super) id: &'a str,
    /// What it answers.
    pub(super) title: &'a str,
    /// What is to be known to read it.
    pub(super) lead: &'a str,
    /// The command that tells the same; empty where there is none.
    pub(super) cli: String,
    /// Where the same is told as JSON.
    pub(super) json: Option<Link>,
}

impl Panel<'_> {
    /// The panel around its content.
    pub(super) fn around(&self, content: Markup) -> Markup {
        html! {
            section.card.panel id=(self.id) aria-labelledby=(format!("{}-title", self.id)) {
                div.head {
                    h2 id=(format!("{}-title", self.id)) { (self.title) }
                    @if !self.lead.is_empty() { p.quiet { (self.lead) } }
                }
                (content)
                (foot(&self.cli, self.json.as_ref()))
            }
        }
    }

    /// The panel with what became of its question.
    pub(super) fn of<T>(&self, reading: &Reading<T>, content: impl FnOnce(&T) -> Markup) -> Markup {
        self.around(match reading {
            Reading::Known(report) => content(report),
            Reading::Unkept if self.id == FIRST => unkept(),
            Reading::Unkept => unkept_either(),
            Reading::Unknown(why) => unknown(why),
        })
    }
}

/// The command and the JSON of a panel.
pub(super) fn foot(cli: &str, json: Option<&Link>) -> Markup {
    html! {
        div.panel-foot {
            @if !cli.is_empty() { p.cli { code { (cli) } } }
            @if let Some(json) = json { p.json { a href=(json) { "JSON" } } }
        }
    }
}

/// A state of a version.
pub(super) fn badge(state: &str) -> Markup {
    html! { span class=(format!("badge s-{state}")) { (state) } }
}

/// A region that scrolls by itself where its table is wider than the page.
pub(super) fn scroll(panel: &str, content: Markup) -> Markup {
    html! { div.scroll tabindex="0" role="region" aria-labelledby=(format!("{panel}-title")) { (content) } }
}

/// Something is not there yet: what to do.
pub(super) fn empty(told: Markup) -> Markup {
    html! { div.empty { (told) } }
}

/// There is no API.
pub(super) fn no_api() -> Markup {
    empty(html! {
        p { "This configuration serves no API yet. Add one as " code { "apis/NAME/api.yaml" } "; " code { "sluice config-schema" } " says what stands there." }
    })
}

fn unkept() -> Markup {
    empty(html! {
        p { "Nothing is kept of who uses what. Add to " code { "sluice.yaml" } ", and it is from the next reload on:" }
        pre { code { "usage:\n  store: {sqlite: usage.sqlite}" } }
    })
}

fn unkept_either() -> Markup {
    empty(
        html! { p { "Nothing is kept of who uses what: " code { "usage:" } " in " code { "sluice.yaml" } " says where it is to be kept." } },
    )
}

fn unknown(why: &str) -> Markup {
    html! { p.fault role="status" { "These figures are not to be had now: " (why) ". The gateway goes on, and counts." } }
}

/// Nothing was counted yet: how to send a first request.
pub(super) fn no_traffic(plan: &Plan, api: &ApiPlan) -> Markup {
    empty(html! {
        p { "No request has been counted yet. Figures arrive here within a minute of the first:" }
        pre { code { (curl(plan, api)) } }
    })
}

/// A command that sends a request in an API's origin.
fn curl(plan: &Plan, api: &ApiPlan) -> String {
    let listen = plan
        .listen
        .first()
        .map_or_else(|| "localhost".to_owned(), ToString::to_string);
    let scheme = if plan.listen.is_empty() { "https" } else { "http" };
    let version = api.versions.get(api.origin.index());
    let prefix = version
        .and_then(|version| version.path.as_ref())
        .unwrap_or(&api.unversioned);
    let contract = api.lineage.contract(api.lineage.origin());
    let operations = contract
        .map(|contract| contract.operations.as_slice())
        .unwrap_or_default();
    let read = operations.iter().filter(|operation| operation.method == "GET");
    let simple = read.min_by_key(|operation| operation.path.slots().count());
    let path = simple.map_or_else(|| "/".to_owned(), |operation| operation.path.to_string());
    format!("curl -i '{scheme}://{listen}{}{path}'", prefix.as_str())
}

#[cfg(test)]
mod tests;
