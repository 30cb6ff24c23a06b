//! The life of one request, readable on one screen. It is infallible: a refusal is an answer.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, Version as Http};
use http_body::Body as _;
use hyper::body::Incoming;
use sluice_config::plan::{UpstreamPlan, VersionId};
use sluice_transforms::message::Request as Lifting;
use sluice_transforms::reference::Interpreter;

use crate::body::Body;
use crate::canonical::{self, CanonicalHost};
use crate::edition::{Edition, Version, interpreter};
use crate::fields::{forwarded, media, target};
use crate::gateway::Carrier;
use crate::ledger::{self, Gathered};
use crate::refusal::{Kind, Refusal};
use crate::serve::Peer;
use crate::stage::documents;
use crate::stage::forward::{self, Client};
use crate::stage::identify::{self, Identified};
use crate::stage::links::Links;
use crate::stage::route::{self, Routed};
use crate::stage::write::{LONGEST_PAUSE, Write};
use crate::stage::{lower, options, refuse, respond};
use crate::upstream::{self, Upstream, hops};

/// How a message is translated: one edition, one API, one version.
#[derive(Clone)]
pub struct Way {
    /// The edition that the exchange sees from beginning to end.
    pub edition: Arc<Edition>,
    /// The API, by its position.
    pub api: usize,
    /// The client's version.
    pub version: VersionId,
}

impl Way {
    /// The client's version.
    pub fn version(&self) -> &Version {
        &self.edition.apis[self.api].versions[self.version.index()]
    }

    /// From the client's version to the origin.
    pub fn lifting(&self) -> Interpreter<'_> {
        interpreter(&self.edition.plan.apis[self.api].lineage, &self.version().lift)
    }

    /// From the origin to the client's version.
    pub fn lowering(&self) -> Interpreter<'_> {
        interpreter(&self.edition.plan.apis[self.api].lineage, &self.version().lower)
    }

    /// The path prefix at the upstream.
    pub fn base(&self) -> &str {
        self.edition.plan.apis[self.api].base.as_str()
    }

    /// The longest silence in a body.
    pub fn idle(&self) -> Duration {
        let api = &self.edition.plan.apis[self.api];
        self.edition
            .plan
            .upstream(api.upstream)
            .map_or(Duration::from_secs(30), |u| u.timeouts.idle)
    }
}

/// The connection to the upstream, as one exchange uses it.
pub struct Line {
    /// The upstream's plan.
    pub plan: Rc<UpstreamPlan>,
    /// Its connections on this core.
    pub upstream: Upstream,
}

impl Line {
    /// Sends a request on.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn send(&self, request: Request<Body>) -> Result<Response<Body>, Refusal> {
        let answer = self.upstream.send(request).await;
        answer.map_err(|fault| {
            tracing::warn!(upstream = %self.plan.name, %fault, "the upstream failed");
            Refusal::from(&fault)
        })
    }

    /// Waits before a write is tried again, longer each time and never for the same time as others.
    pub async fn pause(&self, attempt: u32) {
        let longest = LONGEST_PAUSE.min(Duration::from_millis(1 << attempt.min(10)));
        let nanos = std::time::SystemTime::UNIX_EPOCH
            .elapsed()
            .map_or(0, |d| d.subsec_nanos());
        tokio::time::sleep(longest.mul_f64(f64::from(nanos % 1024) / 1024.0)).await;
    }
}

/// What is known of an exchange so far; a refusal is told in these terms.
#[derive(Default)]
struct Known {
    api: Option<usize>,
    identified: Option<Identified>,
    operation: String,
    gathered: Gathered,
}

/// Carries one request to its upstream and the answer back.
pub async fn carry(carrier: &Carrier, request: Request<Incoming>, peer: Peer) -> Response<Body> {
    let Some(edition) = carrier.edition() else {
        return Refusal::new(Kind::Draining, "the gateway has no configuration yet").answer();
    };
    let mut known = Known::default();
    let done = answer(carrier, &edition, request, peer.remote, &mut known).await;
    let refused = done.is_err();
    let mut answer = done.unwrap_or_else(|refusal| refused_answer(&edition, &known, &refusal));
    mark(&edition, &known, &mut answer, refused);
    forwarded::via(answer.headers_mut(), Http::HTTP_11);
    record(carrier, &edition, known, &answer);
    answer
}

async fn answer(
    carrier: &Carrier,
    edition: &Arc<Edition>,
    request: Request<Incoming>,
    remote: SocketAddr,
    known: &mut Known,
) -> Result<Response<Body>, Refusal> {
    let (mut parts, incoming) = request.into_parts();
    if parts.method == Method::TRACE || parts.method == Method::CONNECT {
        return Err(Refusal::new(
            Kind::MethodNotSupported,
            format!("{} is not supported", parts.method),
        ));
    }
    let host = canonical::host(&parts.uri, &parts.headers, parts.version).map_err(|f| Refusal::from(&f))?;
    let path = canonical::path(parts.uri.path()).map_err(|f| Refusal::from(&f))?;
    let mut query = target::pairs(parts.uri.query().unwrap_or_default())
        .ok_or_else(|| Refusal::new(Kind::BadPath, "the query is not UTF-8"))?;

    let seen = identify::Request {
        host: host.as_ref(),
        path: &path,
        query: &query,
        headers: &parts.headers,
    };
    if let Some(options) = options::answer(edition, &parts.method, &seen) {
        (known.api, known.identified) = (Some(options.api), options.identified);
        return Ok(options.answer);
    }
    let identified = identify::identify(&edition.plan, &seen, None).map_err(|unidentified| {
        known.api = unidentified.api;
        unidentified.refusal
    })?;
    known.api = Some(identified.api);
    known.identified = Some(identified.clone());
    let api = &edition.plan.apis[identified.api];
    identify::strip_selectors(api, &mut parts.headers, &mut query);

    let way = Way {
        edition: Arc::clone(edition),
        api: identified.api,
        version: identified.version,
    };
    let line = carrier
        .line(edition, api.upstream)
        .ok_or_else(|| Refusal::new(Kind::Internal, "the upstream is unknown"))?;
    let routed = route::route(
        way.version(),
        api.documented,
        &parts.method,
        &identified.segments,
        &query,
        &parts.headers,
    )?;
    if let Routed::Operation(request) = &routed {
        known.operation.clone_from(&request.operation);
    }
    let upgrade = hops::upgrade(&parts.headers);
    let authority = host.as_ref().map(CanonicalHost::to_string);
    let client = Client {
        remote,
        host: authority.as_deref(),
        version: parts.version,
    };
    forward::fields(&mut parts.headers, &client);

    let links = Links {
        api,
        version: way.version(),
        prefix: &identified.prefix,
        hosts: line.hosts(),
        host: authority.as_deref(),
    };
    let mut answer = match routed {
        Routed::Operation(request) if !way.version().is_origin() => {
            translated(&way, &line, parts, incoming, request, known).await?
        }
        _ => {
            passed(
                carrier,
                &way,
                &line,
                parts,
                incoming,
                &identified.rest,
                &query,
                upgrade,
            )
            .await?
        }
    };
    links.rewrite(answer.headers_mut());
    Ok(answer)
}

/// A request that needs no translation: both bodies stream untouched.
#[allow(clippy::too_many_arguments)]
async fn passed(
    carrier: &Carrier,
    way: &Way,
    line: &Line,
    parts: Parts,
    incoming: Incoming,
    rest: &str,
    query: &[target::Pair],
    upgrade: Option<http::HeaderValue>,
) -> Result<Response<Body>, Refusal> {
    let target = target::passed(way.base(), rest, query)
        .ok_or_else(|| Refusal::new(Kind::BadPath, "the path cannot be forwarded"))?;
    let mut headers = parts.headers;
    if let Some(protocol) = upgrade.clone() {
        hops::set_upgrade(&mut headers, protocol);
    }
    let method = parts.method;
    let switching = upgrade.map(|_| carrier.upgrades(parts.extensions));
    let body = Body::incoming(incoming, way.idle());
    let mut answer = line
        .send(forward::request(method, &target, headers, body)?)
        .await?;
    let switched =
        hops::upgrade(answer.headers()).filter(|_| answer.status() == http::StatusCode::SWITCHING_PROTOCOLS);
    match (switching, switched) {
        (Some(client), Some(protocol)) => {
            carrier.tunnel(client, &mut answer, way.idle());
            hops::strip(answer.headers_mut());
            hops::set_upgrade(answer.headers_mut(), protocol);
        }
        (_, Some(_)) => {
            return Err(Refusal::new(
                Kind::UpstreamGarbage,
                "the upstream switched protocols unasked",
            ));
        }
        _ => hops::strip(answer.headers_mut()),
    }
    Ok(answer)
}

/// A request of another version than the origin's.
async fn translated(
    way: &Way,
    line: &Line,
    parts: Parts,
    incoming: Incoming,
    mut request: Lifting,
    known: &mut Known,
) -> Result<Response<Body>, Refusal> {
    let Parts {
        method, mut headers, ..
    } = parts;
    way.version().mark.unmark_request(&mut headers);
    let payload = way
        .version()
        .lift
        .source
        .operation(&request.operation)
        .and_then(|o| o.request.as_ref());
    let mut large = false;
    if payload.is_some() {
        let bounds = &way.edition.plan.bounds;
        expect_json(&headers, incoming.is_end_stream())?;
        let bytes = documents::read(incoming, &headers, bounds.request, way.idle(), bounds)
            .await
            .map_err(|f| f.of_request())?;
        large = bytes.len() > bounds.offload;
        request.body = (!bytes.is_empty())
            .then(|| documents::document(&bytes, bounds.depth))
            .transpose()
            .map_err(|f| f.of_request())?;
    }
    let operation = request.operation.clone();
    let write = Write {
        way,
        line,
        headers,
        method: &method,
        request,
        large,
    };
    let mut answer = write.send(&mut known.gathered).await?;
    hops::strip(answer.headers_mut());
    lower::lower(way, &operation, &method, answer, &mut known.gathered).await
}

/// Only JSON is translated; a body without a media type is taken for it.
pub(crate) fn expect_json(headers: &HeaderMap, empty: bool) -> Result<(), Refusal> {
    let given = media::of(headers);
    let document = given.is_empty() || media::is_json(&given) && given != "application/json-patch+json";
    if empty || document {
        return Ok(());
    }
    Err(Refusal::new(
        Kind::UnsupportedMediaType,
        "only JSON documents are translated between versions",
    ))
}

fn refused_answer(edition: &Edition, known: &Known, refusal: &Refusal) -> Response<Body> {
    match &known.identified {
        Some(id) => refuse::answer(edition, id.api, id.version, &known.operation, refusal),
        None => refusal.answer(),
    }
}

fn mark(edition: &Edition, known: &Known, answer: &mut Response<Body>, refused: bool) {
    let Some(api) = known.api.map(|index| &edition.plan.apis[index]) else {
        return;
    };
    let success = !refused && answer.status().is_success();
    match &known.identified {
        Some(identified) => respond::versioned(answer.headers_mut(), api, identified, success),
        None => respond::varies(answer.headers_mut(), api),
    }
}

fn record(carrier: &Carrier, edition: &Edition, known: Known, answer: &Response<Body>) {
    let Some(identified) = known.identified else {
        return;
    };
    let api = &edition.plan.apis[identified.api];
    carrier.ledger().record(&ledger::Exchange {
        api: api.name.clone(),
        version: api.version_name(identified.version).to_owned(),
        chosen_by: identified.chosen_by,
        operation: known.operation,
        status: answer.status().as_u16(),
        sent: known.gathered.sent,
        delivered: known.gathered.delivered,
    });
}

impl Line {
    /// The hosts that the upstream is asked as: its links may name them.
    pub fn hosts(&self) -> &[String] {
        &self.upstream.settings().endpoints
    }
}

/// Upstreams of one core, by name. A plan that leaves an upstream as it was leaves its connections too.
#[derive(Default)]
pub struct Pools {
    generation: u64,
    pools: Vec<(Rc<UpstreamPlan>, Upstream)>,
}

impl Pools {
    /// The pool of an upstream in this edition.
    pub fn line(
        pools: &Rc<RefCell<Self>>,
        edition: &Edition,
        id: sluice_config::plan::UpstreamId,
    ) -> Option<Line> {
        let mut own = pools.borrow_mut();
        if own.generation != edition.generation {
            own.renew(edition);
        }
        let (plan, upstream) = own.pools.get(id.index())?;
        Some(Line {
            plan: Rc::clone(plan),
            upstream: upstream.clone(),
        })
    }

    fn renew(&mut self, edition: &Edition) {
        let old = std::mem::take(&mut self.pools);
        let pool = |plan: &UpstreamPlan| {
            let same = old.iter().find(|(known, _)| **known == *plan).cloned();
            same.unwrap_or_else(|| (Rc::new(plan.clone()), Upstream::new(settings(plan))))
        };
        self.pools = edition.plan.upstreams.iter().map(pool).collect();
        self.generation = edition.generation;
    }
}

fn settings(plan: &UpstreamPlan) -> upstream::Settings {
    let endpoints = plan.endpoints.iter().map(ToString::to_string);
    upstream::Settings {
        connect: plan.timeouts.connect,
        first_byte: plan.timeouts.first_byte,
        idle: plan.timeouts.idle,
        connections: plan.connections,
        ..upstream::Settings::new(endpoints)
    }
}
