//! The admin API, on a listener of its own: is the process alive, is it ready, which plan runs, reload.

use std::sync::Arc;

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response};
use hyper::body::Incoming;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use sluice_config::Diagnostic;
use sluice_config::plan::ApiPlan;

use crate::audit::Event;
use crate::body::Body;
use crate::gateway::Gateway;
use crate::lifecycle::{Standing, standing};
use crate::refusal::{Kind, Refusal};
use crate::reload::{Refused, Reloaded, Reloader};
use crate::serve::{Drain, Peer};

/// The admin API.
#[derive(Debug)]
pub struct Admin {
    reloader: Arc<Reloader>,
}

impl Admin {
    /// An admin API that reloads with this.
    pub fn new(reloader: Arc<Reloader>) -> Self {
        Self { reloader }
    }

    /// Answers a request, and keeps on record who asked for what.
    pub async fn answer(
        &self,
        gateway: &Arc<Gateway>,
        drain: &Drain,
        peer: &Peer,
        request: Request<Incoming>,
    ) -> Response<Body> {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let answer = self.routed(gateway, drain, request).await;
        // Probes and scrapes come every few seconds and change nothing.
        let is_probe = ["/livez", "/readyz", "/metrics"].contains(&path.as_str());
        if !is_probe || answer.status().is_client_error() {
            gateway.shared.audit.record(&Event {
                what: "admin_call",
                who: String::new(),
                from: peer.remote.ip().to_string(),
                details: vec![
                    ("method", method.as_str().into()),
                    ("path", path.into()),
                    ("status", answer.status().as_u16().into()),
                ],
            });
        }
        answer
    }

    async fn routed(
        &self,
        gateway: &Arc<Gateway>,
        drain: &Drain,
        request: Request<Incoming>,
    ) -> Response<Body> {
        let known = ["/livez", "/readyz", "/plan", "/metrics", "/reload"];
        match (request.method(), request.uri().path()) {
            (&Method::GET | &Method::HEAD, "/livez") => answer(&json!({"alive": true})),
            (&Method::GET | &Method::HEAD, "/readyz") => ready(gateway, drain),
            (&Method::GET | &Method::HEAD, "/plan") => self.plan(gateway),
            (&Method::GET | &Method::HEAD, "/metrics") => metrics(gateway),
            (&Method::POST, "/reload") => self.reload(gateway).await,
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

    async fn reload(&self, gateway: &Arc<Gateway>) -> Response<Body> {
        let (reloader, gateway) = (Arc::clone(&self.reloader), Arc::clone(gateway));
        let done = tokio::task::spawn_blocking(move || reloader.reload(&gateway, "admin call")).await;
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

fn metrics(gateway: &Gateway) -> Response<Body> {
    let mut answer = Response::new(Body::full(gateway.shared.meters.render()));
    let form = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(form));
    answer
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
