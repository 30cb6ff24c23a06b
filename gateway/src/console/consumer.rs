//! The page of one consumer: what it uses of each version, and whom to tell.

use http::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Serialize;
use sluice_config::plan::{ApiPlan, Plan};

use super::figures::{ago, harmless};
use super::layout::{self, Place};
use super::links::{Link, word};
use super::panel::clients::{self, contact};
use super::panel::{self, Panel, badge, empty, scroll};
use super::reading::Readings;
use super::visit::Visit;
use super::{answers, panel::users};
use crate::body::Body;
use crate::ledger::fact::{Kind, Who};
use crate::ledger::question::{Known, Question, Seen};
use crate::ledger::report::client::Client;
use crate::ledger::report::who_uses::{self, ConsumerUse, Used};
use crate::ledger::report::window::Window;
use crate::ledger::store::{Store, StoreFault};
use crate::lifecycle::standing;
use crate::refusal::{Kind as Refused, Refusal};

/// What one consumer uses of an API within 90 days.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ConsumerReport {
    /// The API.
    api: String,
    /// Its name.
    who: String,
    /// When this was asked.
    at: Timestamp,
    /// Whether the figures were made up by `sluice demo`.
    demo: bool,
    /// Whether consumers.yaml has it.
    configured: bool,
    /// Whom to tell.
    contact: Option<String>,
    /// The version that it is pinned to.
    pinned: Option<String>,
    /// What it uses, in the order of `api.yaml`.
    versions: Vec<VersionUse>,
}

/// What it uses of a version.
#[derive(Clone, Debug, Serialize)]
struct VersionUse {
    version: String,
    /// What becomes of the version now.
    state: &'static str,
    #[serde(flatten)]
    used: ConsumerUse,
}

/// What a consumer uses of each version.
///
/// # Errors
/// The store does not answer.
pub(super) async fn of(
    store: &Store,
    plan: &Plan,
    api: &ApiPlan,
    name: &str,
    now: Timestamp,
) -> Result<ConsumerReport, StoreFault> {
    let who = Who::Consumer(name.into());
    let client = Client::of(&who, &plan.consumers);
    let mut windows = Vec::with_capacity(3);
    for window in [
        Window::of_24_hours(now),
        Window::of_7_days(now),
        Window::of_90_days(now),
    ] {
        let question = Question {
            api: Some(&api.name),
            who: Some(&who),
            ..window.ask(&[Kind::ByConsumer])
        };
        windows.push(store.ask(&question).await?);
    }
    let mut versions = Vec::new();
    for standing in standing(api, now) {
        let Some(seen) = seen(&who, standing.name, &windows) else {
            continue;
        };
        let mut used = Used::default().of(&seen, &plan.consumers);
        who_uses::detail(store, &api.name, standing.name, &mut used, now).await?;
        versions.push(VersionUse {
            version: standing.name.to_owned(),
            state: standing.state.name(),
            used,
        });
    }
    let consumer = client.consumer.and_then(|id| plan.consumers.get(id));
    let pin = consumer.and_then(|consumer| consumer.pins.get(&api.name));
    Ok(ConsumerReport {
        api: api.name.clone(),
        who: name.to_owned(),
        at: now,
        demo: store.is_demo().await?,
        configured: client.consumer.is_some(),
        contact: client.contact,
        pinned: pin.map(|id| api.version_name(*id).to_owned()),
        versions,
    })
}

/// How often it asked in a version, in 24 hours, 7 and 90 days; nothing where it did not.
fn seen(who: &Who, version: &str, windows: &[Vec<Known>]) -> Option<Seen> {
    let rows = |window: usize| {
        let rows = windows.get(window).into_iter().flatten();
        rows.filter(|row| &*row.fact.version == version)
    };
    let sum = |window: usize| rows(window).map(|row| row.counts.all()).sum();
    Some(Seen {
        who: who.clone(),
        day: sum(0),
        week: sum(1),
        quarter: sum(2),
        first_seen: rows(2).map(|row| row.first_seen).min()?,
        last_seen: rows(2).map(|row| row.last_seen).max()?,
    })
}

/// The page.
pub(super) async fn page(visit: &Visit<'_>) -> Result<Response<Body>, Refusal> {
    let (api, name) = asked(visit)?;
    let report = Readings::new(visit).consumer(api, name).await;
    let panel = Panel {
        id: "uses",
        title: "What it uses",
        lead: "Requests in each version within 90 days. What it sends is used; of what it is given nobody can say whether it is read.",
        cli: format!("sluice who-uses DIR VERSION --api {}", word(&api.name)),
        json: Some(
            Link::new("/console/api/consumer.json")
                .api(&api.name)
                .with("name", name),
        ),
    };
    let content = html! {
        h1 { (harmless(name)) }
        @if let Some(report) = report.get() { (facts(report)) }
        (panel.of(&report, |report| versions(report, visit.arrival.now)))
    };
    let title = harmless(name);
    let frame = visit.frame_of(&title, Place::Overview, &api.name);
    Ok(answers::page(layout::page(&frame, content)))
}

/// The same as JSON.
pub(super) async fn json(visit: &Visit<'_>) -> Result<Response<Body>, Refusal> {
    let (api, name) = asked(visit)?;
    let report = Readings::new(visit).consumer(api, name).await.known()?;
    visit.told(report).await
}

fn asked<'v>(visit: &'v Visit<'_>) -> Result<(&'v ApiPlan, &'v str), Refusal> {
    let api = visit.api()?;
    let api = api.ok_or_else(|| Refusal::new(Refused::UnknownApi, "there is no API"))?;
    let name = visit.query.given("name");
    let name =
        name.ok_or_else(|| Refusal::new(Refused::InvalidParameter, "say which consumer: ?name=NAME"))?;
    Ok((api, name))
}

fn facts(report: &ConsumerReport) -> Markup {
    html! {
        dl.sums {
            div { dt.quiet { "Contact" } dd { (contact(report.contact.as_deref())) } }
            @if let Some(pinned) = &report.pinned { div { dt.quiet { "Pinned to" } dd { (pinned) } } }
            @if !report.configured {
                div { dt.quiet { "Configured" } dd { "consumers.yaml has no such consumer" } }
            }
        }
    }
}

fn versions(report: &ConsumerReport, now: Timestamp) -> Markup {
    if report.versions.is_empty() {
        return empty(html! { p { "It asked for nothing of " (report.api) " within 90 days." } });
    }
    html! {
        (scroll("uses", html! {
            table {
                caption.unseen { "Requests in each version" }
                thead { tr {
                    th scope="col" { "Version" }
                    th scope="col" { "State" }
                    (clients::count_heads())
                    th scope="col" { "First seen" }
                    th scope="col" { "Last seen" }
                } }
                tbody { @for version in &report.versions { (line(report, version, now)) } }
            }
        }))
        @for (index, version) in report.versions.iter().enumerate() {
            section.use aria-labelledby=(format!("use-{index}")) {
                h3 id=(format!("use-{index}")) { "In " (version.version) " " (badge(version.state)) }
                (users::uses(&version.used))
            }
        }
    }
}

fn line(report: &ConsumerReport, version: &VersionUse, now: Timestamp) -> Markup {
    let page = Link::new("/console/version")
        .api(&report.api)
        .with("version", &version.version);
    let asker = &version.used.asker;
    html! {
        tr {
            th scope="row" { a href=(page) { (version.version) } }
            td { (panel::badge(version.state)) }
            (clients::counts(asker))
            td { (ago(asker.first_seen, now)) }
            td { (ago(asker.last_seen, now)) }
        }
    }
}
