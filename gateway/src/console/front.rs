//! The front page: every panel in its order, and each panel's report as JSON.

use http::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Serialize;
use sluice_config::plan::{ApiPlan, VersionId};

use super::layout::{self, Place};
use super::links::{Link, word};
use super::panel::{self, Panel};
use super::reading::{Reading, Readings};
use super::visit::Visit;
use super::{answers, status};
use crate::body::Body;
use crate::ledger::report::who_uses::Page;
use crate::lifecycle::{State, standing};
use crate::refusal::{Kind, Refusal};

/// The reports that there are as JSON.
pub(super) const REPORTS: [&str; 8] = [
    "status",
    "timeline",
    "sunset",
    "fields",
    "health",
    "protection",
    "reloads",
    "who-uses",
];

/// How many blockers of a version the front page is given.
const BLOCKERS: u32 = 8;
/// How many refusals it is given.
const REFUSALS: u32 = 15;
/// How many of anything JSON is given.
const MOST: u32 = 1_000;
/// How many clients with everything that they use: `skip` asks for the next ones.
const DETAILED: u32 = 100;
/// How many clients a page of a version lists.
const CLIENTS: u32 = 50;

/// The page.
pub(super) async fn page(visit: &Visit<'_>) -> Result<Response<Body>, Refusal> {
    let now = visit.arrival.now;
    let api = visit.api()?;
    let status = panel::status::panel(&status::now(visit), &admin(visit), now);
    let asked = Readings::new(visit);
    let content = match api {
        Some(api) => {
            let version = chosen(api, visit.query.get("version"), now)?;
            panels(visit, asked, api, &version).await
        }
        None => panel::no_api(),
    };
    let content = html! {
        h1.unseen { "Overview" @if let Some(api) = api { " of " (api.name) } }
        (status) (content)
    };
    Ok(answers::page(layout::page(
        &visit.frame("Overview", Place::Overview),
        content,
    )))
}

async fn panels(visit: &Visit<'_>, asked: Readings<'_>, api: &ApiPlan, version: &str) -> Markup {
    let now = visit.arrival.now;
    let plan = &visit.edition().plan;
    let (timeline, sunset, fields, health, protection, reloads) = tokio::join!(
        asked.timeline(api),
        asked.sunset(api, BLOCKERS),
        asked.fields(api, version),
        asked.health(api),
        asked.protection(REFUSALS),
        reloads(visit, &asked),
    );
    html! {
        (panel::timeline::panel(&timeline, &sunset, plan, api, now))
        (panel::blockers::panel(&sunset, &api.name, now))
        (panel::fields::panel(&fields, api, version, now))
        (panel::health::panel(&health, &api.name))
        (panel::protection::panel(&protection, now))
        (panel::reloads::panel(&reloads.all, reloads.fleet, reloads.fault.as_deref(), &admin(visit), now))
    }
}

/// A report as JSON.
pub(super) async fn json(visit: &Visit<'_>, report: &str) -> Result<Response<Body>, Refusal> {
    let asked = Readings::new(visit);
    match report {
        "status" => return told(visit, Reading::Known(status::now(visit))).await,
        "reloads" => return told(visit, Reading::Known(reloads(visit, &asked).await)).await,
        "protection" => return told(visit, asked.protection(MOST).await).await,
        _ => {}
    }
    let api = visit.api()?;
    let api = api.ok_or_else(|| Refusal::new(Kind::UnknownApi, "there is no API"))?;
    let version = chosen(api, visit.query.get("version"), visit.arrival.now)?;
    match report {
        "timeline" => told(visit, asked.timeline(api).await).await,
        "sunset" => told(visit, asked.sunset(api, MOST).await).await,
        "health" => told(visit, asked.health(api).await).await,
        "fields" => told(visit, asked.fields(api, &version).await).await,
        _ => told(visit, asked.users(api, &version, clients(visit, DETAILED)).await).await,
    }
}

async fn told<T>(visit: &Visit<'_>, reading: Reading<T>) -> Result<Response<Body>, Refusal>
where
    T: Serialize + Send + 'static,
{
    visit.told(reading.known()?).await
}

/// Reloads, of every gateway where there is a store.
#[derive(Debug, Serialize)]
struct Reloads {
    /// The newest first.
    #[serde(rename = "reloads")]
    all: Vec<crate::ledger::store::ReloadRecord>,
    /// Whether they are of every gateway that shares the store.
    fleet: bool,
    /// Why they are not, though there is a store.
    fault: Option<String>,
}

async fn reloads(visit: &Visit<'_>, asked: &Readings<'_>) -> Reloads {
    let (fault, kept) = match asked.reloads().await {
        // What was reloaded right now is not there yet.
        Reading::Known(all) if !all.is_empty() => (None, Some(all)),
        Reading::Known(_) | Reading::Unkept => (None, None),
        Reading::Unknown(why) => (Some(why), None),
    };
    let fleet = kept.is_some();
    let all = kept.unwrap_or_else(|| visit.reloader.history().newest_first());
    Reloads { all, fleet, fault }
}

/// The version that is looked at: the one that was asked for, else the oldest one that goes, else the first.
///
/// # Errors
/// There is no such version.
pub(super) fn chosen(api: &ApiPlan, wanted: &str, now: Timestamp) -> Result<String, Refusal> {
    if wanted.is_empty() {
        let standings = standing(api, now);
        let goes = standings
            .iter()
            .find(|standing| matches!(standing.state, State::Deprecated | State::Brownout { .. }));
        let first = goes.or(standings.first());
        return Ok(first.map_or_else(String::new, |standing| standing.name.to_owned()));
    }
    match api.version(wanted) {
        Some(id) => Ok(name(api, id)),
        None => {
            let names: Vec<&str> = api.versions.iter().map(|version| version.name.as_str()).collect();
            Err(Refusal::new(
                Kind::UnknownVersion,
                format!("there is no such version; there are: {}", names.join(", ")),
            ))
        }
    }
}

fn name(api: &ApiPlan, id: VersionId) -> String {
    api.version_name(id).to_owned()
}

/// The page of one version: everyone who uses it.
pub(super) async fn version(visit: &Visit<'_>) -> Result<Response<Body>, Refusal> {
    let now = visit.arrival.now;
    let Some(api) = visit.api()? else {
        return page(visit).await;
    };
    let version = chosen(api, visit.query.get("version"), now)?;
    let asked = Readings::new(visit);
    let page = clients(visit, CLIENTS);
    let (users, fields) = tokio::join!(asked.users(api, &version, page), asked.fields(api, &version));
    let panel = Panel {
        id: "users",
        title: "Who uses it",
        lead: "Everyone who asked within 90 days, the most requests within 7 days first.",
        cli: format!("sluice who-uses DIR --api {} {}", word(&api.name), word(&version)),
        json: Some(
            Link::new("/console/api/who-uses.json")
                .api(&api.name)
                .with("version", &version),
        ),
    };
    let content = html! {
        h1 { (api.name) " " (version) }
        (panel.of(&users, |report| html! { (panel::users::table("users", report, now)) (panel::users::turn(report, page)) }))
        (panel::fields::panel(&fields, api, &version, now))
    };
    let title = format!("{} {version}", api.name);
    Ok(answers::page(layout::page(
        &visit.frame_of(&title, Place::Overview, &api.name),
        content,
    )))
}

/// Which clients are listed.
fn clients(visit: &Visit<'_>, most: u32) -> Page {
    Page {
        most,
        skip: visit.query.get("skip").parse().unwrap_or_default(),
        detailed: true,
    }
}

/// Where this is served, as whoever looks asked for it.
fn admin(visit: &Visit<'_>) -> String {
    let scheme = if visit.arrival.is_secured() {
        "https"
    } else {
        "http"
    };
    format!("{scheme}://{}", visit.arrival.host)
}
