//! The console: pages on the admin listener that show who still needs what. Rendered here, readable without scripts.
//!
//! ```text
//! door     who may come in, and which forms are ours     visit     one request: who looks at what
//! front    the front page, panel by panel                reading   reports from the store, each with a bound
//! panel/   one panel, one file: a report as HTML         lineage/  the tree of versions as a picture
//! playground/ a document, change by change               layout, links, figures, assets, answers: what pages are made of
//! ```
//!
//! A panel is a pure function of its report. Reports come from the store, which is asked on the runtime beside the cores
//! and waited for within a bound; what does not come leaves its panel with a sentence, and the page is there all the same.

mod answers;
mod assets;
mod chart;
mod consumer;
mod door;
mod figures;
mod front;
mod layout;
mod lineage;
mod links;
mod login;
mod pairs;
mod panel;
mod playground;
mod reading;
mod status;
mod visit;

use std::sync::Arc;

use http::header::ACCEPT;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use maud::html;

use crate::audit::Event;
use crate::body::Body;
use crate::gateway::Gateway;
use crate::refusal::{Kind, Refusal};
use crate::reload::Reloader;
use crate::serve::Peer;
use answers::Writing;
use door::{Arrival, Door, Turned};
use layout::{Frame, Place};
use links::Link;
use pairs::Pairs;
use playground::Playground;
use reading::Marked;
use visit::{Visit, expect_read};

/// The console.
#[derive(Debug, Default)]
pub struct Console {
    door: Door,
    playground: Playground,
    marked: Marked,
    writing: Writing,
}

impl Console {
    /// Whether a path belongs to the console.
    pub fn is_at(path: &str) -> bool {
        path == "/" || path == "/console" || path.starts_with("/console/")
    }

    /// Answers a request.
    pub async fn answer(
        &self,
        gateway: &Arc<Gateway>,
        reloader: &Reloader,
        peer: &Peer,
        request: Request<Incoming>,
    ) -> Response<Body> {
        let wants_page = wants_page(request.uri().path(), request.headers());
        let mut answer = match self.routed(gateway, reloader, peer, request).await {
            Ok(answer) => answer,
            Err(refusal) => {
                let demo = self.marked.is_known(gateway);
                match wants_page {
                    true => answers::refused_page(refused(&refusal, demo), &refusal),
                    false => refusal.with("demo", demo).answer(),
                }
            }
        };
        answers::harden(answer.headers_mut());
        answer
    }

    async fn routed(
        &self,
        gateway: &Arc<Gateway>,
        reloader: &Reloader,
        peer: &Peer,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Refusal> {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        if path.starts_with(assets::BELOW) {
            expect_read(&method)?;
            return assets::find(&path).ok_or_else(no_such_page);
        }
        let edition = gateway.editions.current();
        let edition = edition.ok_or_else(|| Refusal::new(Kind::Draining, "there is no edition yet"))?;
        let now = gateway.shared.clock.now();
        let arrival = Arrival::of(&edition, peer, &request, now)?;
        if path == "/" {
            expect_read(&method)?;
            return Ok(answers::see_other("/console"));
        }
        if path == login::PATH {
            return login::answer(&self.door, gateway, arrival, request).await;
        }
        let caller = match self.door.admit(&arrival) {
            Ok(caller) => caller,
            Err(Turned::Misdirected(refusal)) => return Err(refusal),
            Err(Turned::Unknown(stranger)) => return login::stranger(gateway, &arrival, &request, &stranger),
        };
        let query = Pairs::of_query(request.uri().query())?;
        let visit = Visit {
            gateway,
            reloader,
            token: self.door.token(&caller)?,
            arrival,
            caller,
            query,
            demo: self.marked.is_demo(gateway).await,
            writing: &self.writing,
        };
        if method == Method::POST {
            return self.posted(&visit, &path, request).await;
        }
        self.shown(&visit, &method, &path).await
    }

    async fn shown(&self, visit: &Visit<'_>, method: &Method, path: &str) -> Result<Response<Body>, Refusal> {
        match path {
            "/console/logout" | "/console/api/playground.json" => {
                return Err(Refusal::method_not_allowed(method, [Method::POST]));
            }
            "/console/playground" if *method != Method::GET && *method != Method::HEAD => {
                let allowed = [Method::GET, Method::HEAD, Method::POST];
                return Err(Refusal::method_not_allowed(method, allowed));
            }
            _ => {}
        }
        let report = path
            .strip_prefix("/console/api/")
            .and_then(|rest| rest.strip_suffix(".json"));
        match (path, report) {
            ("/console", _) => read(method, front::page(visit)).await,
            ("/console/version", _) => read(method, front::version(visit)).await,
            ("/console/consumer", _) => read(method, consumer::page(visit)).await,
            ("/console/lineage", _) => read(method, async { lineage::page(visit) }).await,
            ("/console/playground", _) => read(method, self.playground.open(visit)).await,
            (_, Some("consumer")) => read(method, consumer::json(visit)).await,
            (_, Some("lineage")) => read(method, async { lineage::json(visit) }).await,
            (_, Some(report)) if front::REPORTS.contains(&report) => {
                read(method, front::json(visit, report)).await
            }
            _ => Err(no_such_page()),
        }
    }

    async fn posted(
        &self,
        visit: &Visit<'_>,
        path: &str,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Refusal> {
        let known = [
            "/console/playground",
            "/console/api/playground.json",
            "/console/logout",
        ];
        if !known.contains(&path) {
            // What there is at that path says which methods it has.
            return self.shown(visit, &Method::POST, path).await;
        }
        let form = Pairs::of_form(request).await?;
        self.door.judge(&visit.arrival, &visit.caller, &form)?;
        match path {
            "/console/playground" => self.playground.played(visit, &form).await,
            "/console/logout" => Ok(login::log_out(&self.door, visit)),
            _ => self.playground.json(visit, &form).await,
        }
    }
}

/// What is there to be read.
async fn read(
    method: &Method,
    page: impl Future<Output = Result<Response<Body>, Refusal>>,
) -> Result<Response<Body>, Refusal> {
    expect_read(method)?;
    page.await
}

fn no_such_page() -> Refusal {
    Refusal::new(
        Kind::UnknownOperation,
        "the console has no such page; it begins at /console",
    )
}

/// Whether a person is to read the answer.
fn wants_page(path: &str, headers: &HeaderMap) -> bool {
    let accepts = headers.get_all(ACCEPT).iter();
    let html = accepts
        .into_iter()
        .any(|line| line.to_str().is_ok_and(|line| line.contains("text/html")));
    html && !path.starts_with("/console/api/")
}

/// A page that tells of a refusal.
fn refused(refusal: &Refusal, demo: bool) -> maud::Markup {
    let (status, _) = refusal.to_problem();
    let frame = Frame {
        title: refusal.kind().title(),
        place: Place::Elsewhere,
        apis: Vec::new(),
        api: "",
        caller: None,
        token: "",
        demo,
        rehearsal: None,
    };
    let content = html! {
        h1 { (refusal.kind().title()) }
        p.lead { (refusal.detail()) "." }
        p.quiet { "Status " (status.as_u16()) ", " code { (refusal.kind().code()) } "." }
        @if status != StatusCode::FORBIDDEN || refusal.kind() == Kind::ForgedForm {
            p { a href=(Link::new("/console")) { "To the front page" } }
        }
    };
    layout::page(&frame, content)
}

/// Tells the audit log of what happened at the door.
fn tell(gateway: &Gateway, peer: &Peer, what: &'static str, who: &str, why: Option<&'static str>) {
    gateway.shared.audit.record(&Event {
        what,
        who: who.to_owned(),
        from: peer.remote.ip().to_canonical().to_string(),
        details: why.map(|why| vec![("reason", why.into())]).unwrap_or_default(),
    });
}
