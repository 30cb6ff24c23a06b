//! The admin API, on a listener of its own: is the process alive, is it ready, which plan runs, reload; and the way to the
//! console.

use std::net::SocketAddr;
use std::sync::Arc;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, Request, Response};
use hyper::body::Incoming;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use sluice_config::Diagnostic;
use sluice_config::plan::ApiPlan;

use crate::audit::Event;
use crate::auth::admin::Stranger;
use crate::body::Body;
use crate::console::Console;
use crate::gateway::Gateway;
use crate::here::{self, Sender};
use crate::lifecycle::{Standing, standing};
use crate::refusal::{Kind, Refusal};
use crate::reload::{Refused, Reloaded, Reloader};
use crate::scrape::scrape;
use crate::serve::{Drain, Peer};

/// What anyone may ask: whether the process lives, and whether it is ready.
const OPEN: [&str; 2] = ["/livez", "/readyz"];

/// The admin API.
#[derive(Debug)]
pub struct Admin {
    reloader: Arc<Reloader>,
    console: Console,
}

impl Admin {
    /// An admin API that reloads with this.
    pub fn new(reloader: Arc<Reloader>) -> Self {
        Self {
            reloader,
            console: Console::default(),
        }
    }

    /// Answers a request, and keeps on record who asked for what.
    pub async fn answer(
        &self,
        gateway: &Arc<Gateway>,
        drain: &Drain,
        peer: &Peer,
        request: Request<Incoming>,
    ) -> Response<Body> {
        // The console has a door of its own: people log in there.
        if Console::is_at(request.uri().path()) {
            return self.console.answer(gateway, &self.reloader, peer, request).await;
        }
        let asked = (request.method().clone(), request.uri().path().to_owned());
        let who = match admit(gateway, peer, &request) {
            Ok(who) => who,
            Err(refusal) => return refusal.answer(),
        };
        let answer = self.routed(gateway, drain, who.as_deref(), request).await;
        let (method, path) = (asked.0.as_str(), asked.1.as_str());
        // Probes and scrapes come every few seconds and change nothing.
        let is_probe = OPEN.contains(&path) || path == "/metrics";
        if !is_probe || answer.status().is_client_error() {
            let result = vec![("status", answer.status().as_u16().into())];
            tell(gateway, peer, who.as_deref(), method, path, result);
        }
        answer
    }

    async fn routed(
        &self,
        gateway: &Arc<Gateway>,
        drain: &Drain,
        who: Option<&str>,
        request: Request<Incoming>,
    ) -> Response<Body> {
        let known = ["/livez", "/readyz", "/plan", "/metrics", "/reload"];
        match (request.method(), request.uri().path()) {
            (&Method::GET | &Method::HEAD, "/livez") => answer(&json!({"alive": true})),
            (&Method::GET | &Method::HEAD, "/readyz") => ready(gateway, drain),
            (&Method::GET | &Method::HEAD, "/plan") => self.plan(gateway),
            (&Method::GET | &Method::HEAD, "/metrics") => self.metrics(gateway).await,
            (&Method::POST, "/reload") => self.reload(gateway, who).await,
            (method, path) if known.contains(&path) => {
                let allow = if path == "/reload" {
                    Method::POST
                } else {
                    Method::GET
                };
                Refusal::method_not_allowed(method, [allow]).answer()
            }
            _ => Refusal::new(Kind::UnknownOperation, format!("there are {}", known.join(", "))).answer(),
        }
    }

    async fn reload(&self, gateway: &Arc<Gateway>, who: Option<&str>) -> Response<Body> {
        let (reloader, gateway) = (Arc::clone(&self.reloader), Arc::clone(gateway));
        let why = match who {
            Some(name) => format!("admin call of {name}"),
            None => "admin call".to_owned(),
        };
        let done = tokio::task::spawn_blocking(move || reloader.reload(&gateway, &why)).await;
        match done {
            Ok(Reloaded::Published {
                generation,
                hash,
                pending,
                ..
            }) => {
                answer(&json!({"changed": true, "generation": generation, "hash": hash, "pending": pending}))
            }
            Ok(Reloaded::Unchanged { generation }) => {
                answer(&json!({"changed": false, "generation": generation}))
            }
            Ok(Reloaded::Refused { diagnostics, .. }) => {
                let faults = told(&diagnostics);
                let refusal = Refusal::new(
                    Kind::FaultyConfiguration,
                    "nothing was changed; the running edition serves on",
                );
                refusal.with("diagnostics", faults).answer()
            }
            Err(_) => Refusal::new(Kind::Internal, "the reload failed").answer(),
        }
    }

    /// Putting the counts of all cores together may take a while: it is done beside them.
    async fn metrics(&self, gateway: &Arc<Gateway>) -> Response<Body> {
        let (reloader, gateway) = (Arc::clone(&self.reloader), Arc::clone(gateway));
        let Ok(text) = tokio::task::spawn_blocking(move || scrape(&gateway, &reloader)).await else {
            return Refusal::new(Kind::Internal, "the metrics cannot be put together").answer();
        };
        let mut answer = Response::new(Body::full(text));
        let form = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        answer
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(form));
        answer
    }

    fn plan(&self, gateway: &Gateway) -> Response<Body> {
        let Some(edition) = gateway.editions.current() else {
            return Refusal::new(Kind::Draining, "there is no edition yet").answer();
        };
        let now = gateway.shared.clock.now();
        let apis: Vec<Json> = edition.plan.apis.iter().map(|plan| api(plan, now)).collect();
        let mut plan = json!({
            "generation": edition.generation,
            "hash": edition.plan.hash.to_string(),
            "pending": self.reloader.pending(&edition.plan),
            "now": now.to_string(),
            "apis": apis,
        });
        // The files say something else than what runs: whoever asks later should see why.
        if let Some(Refused { at, why, diagnostics }) = self.reloader.last_refused() {
            plan["last_reload"] = json!({"at": at.to_string(), "why": why, "refused": told(&diagnostics)});
        }
        answer(&plan)
    }
}

/// Who asks; nobody is known where anyone may: without `admin_access` on a loopback address, and of what is [`OPEN`].
///
/// # Errors
/// Nobody who may, or a request that a page of another site had a browser send.
fn admit(gateway: &Gateway, peer: &Peer, request: &Request<Incoming>) -> Result<Option<Arc<str>>, Refusal> {
    let path = request.uri().path();
    if OPEN.contains(&path) {
        return Ok(None);
    }
    let edition = gateway.editions.current();
    let administrators = edition
        .as_ref()
        .and_then(|edition| edition.guard.auth.admin.as_ref());
    let recognised = match administrators {
        Some(all) => all.recognise(request.headers(), gateway.shared.clock.now()),
        // The socket may have been opened for a configuration that had administrators.
        None if !peer.local.ip().to_canonical().is_loopback() => Err(Stranger {
            reason: "no_administrators",
            name: None,
        }),
        None => {
            let listens = edition.as_ref().and_then(|edition| edition.plan.admin);
            return meant(peer, listens, request)
                .map(|()| None)
                .inspect_err(|refusal| turned_away(gateway, peer, request, refusal));
        }
    };
    recognised.map(Some).map_err(|stranger| {
        count_refused(gateway, stranger.reason);
        let why = vec![("status", 401.into()), ("reason", stranger.reason.into())];
        tell(
            gateway,
            peer,
            stranger.name.as_deref(),
            request.method().as_str(),
            path,
            why,
        );
        let detail = "the admin API needs an administrator's key in Authorization: Bearer or X-API-Key";
        let challenge = HeaderValue::from_static("Bearer realm=\"sluice admin\"");
        Refusal::new(Kind::Unauthenticated, detail).field(WWW_AUTHENTICATE, challenge)
    })
}

/// Whether a request is meant for the admin API where anyone may ask who reaches it: it is for a host that is here, and no
/// page of another site had a browser reload. Nobody who has to send a key is fooled into either.
fn meant<B>(peer: &Peer, listens: Option<SocketAddr>, request: &Request<B>) -> Result<(), Refusal> {
    let host = here::host(request)?;
    if !here::is_here(&host, peer, listens) {
        return Err(here::misdirected("the admin API"));
    }
    // Reading is safe: a page sees no answer of another site.
    let safe = [Method::GET, Method::HEAD].contains(request.method());
    match here::sender(request.headers(), &host) {
        Sender::Hidden | Sender::Elsewhere if !safe => {
            let detail = "nothing was done: a page of another site had the browser send this";
            Err(Refusal::new(Kind::ForgedForm, detail))
        }
        _ => Ok(()),
    }
}

/// Counts a request that was not meant for the admin API, and keeps it on record.
fn turned_away<B>(gateway: &Gateway, peer: &Peer, request: &Request<B>, refusal: &Refusal) {
    let reason = refusal.kind().code();
    count_refused(gateway, reason);
    let status = refusal.kind().status().as_u16();
    let why = vec![("status", status.into()), ("reason", reason.into())];
    let (method, path) = (request.method().as_str(), request.uri().path());
    tell(gateway, peer, None, method, path, why);
}

fn count_refused(gateway: &Gateway, reason: &'static str) {
    let help = "Calls of the admin API that no credential let in";
    let labels = [("reason", reason)];
    gateway.shared.meters.count("sluice_admin_refused", help, &labels);
}

/// Tells the audit log of a call.
fn tell(
    gateway: &Gateway,
    peer: &Peer,
    who: Option<&str>,
    method: &str,
    path: &str,
    more: Vec<(&'static str, Json)>,
) {
    let shown: String = path.chars().take(200).collect();
    let mut details = vec![("method", method.into()), ("path", shown.into())];
    details.extend(more);
    gateway.shared.audit.record(&Event {
        what: "admin_call",
        who: who.unwrap_or_default().to_owned(),
        from: peer.remote.ip().to_canonical().to_string(),
        details,
    });
}

fn told(diagnostics: &[Diagnostic]) -> Vec<Json> {
    diagnostics.iter().map(Diagnostic::to_json).collect()
}

fn ready(gateway: &Gateway, drain: &Drain) -> Response<Body> {
    if drain.is_draining() {
        return Refusal::new(Kind::Draining, "the process is on its way out").answer();
    }
    match gateway.editions.current() {
        Some(edition) => answer(&json!({"ready": true, "generation": edition.generation})),
        None => Refusal::new(Kind::Draining, "there is no edition yet").answer(),
    }
}

fn api(api: &ApiPlan, now: Timestamp) -> Json {
    let versions: Vec<&str> = api.versions.iter().map(|v| v.name.as_str()).collect();
    let states: Vec<Json> = standing(api, now).iter().map(Standing::to_json).collect();
    json!({"name": api.name, "origin": api.version_name(api.origin), "versions": versions, "lifecycle": states})
}

fn answer(body: &Json) -> Response<Body> {
    let mut answer = Response::new(Body::full(body.to_string()));
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
