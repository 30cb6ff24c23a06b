//! The life of one request, readable on one screen. It is infallible: a refusal is an answer.

use std::net::SocketAddr;
use std::sync::Arc;

use http::{Method, Request, Response, Version as Http};
use hyper::body::Incoming;

use crate::body::Body;
use crate::canonical::{self, CanonicalHost};
use crate::edition::Edition;
use crate::fields::{forwarded, target};
use crate::gateway::Carrier;
use crate::ledger::{self, Gathered};
use crate::refusal::{Kind, Refusal};
use crate::serve::Peer;
use crate::stage::forward::{self, Client};
use crate::stage::identify::{self, Identified};
use crate::stage::links::Links;
use crate::stage::pass::{Passing, pass};
use crate::stage::route;
use crate::stage::translate::translate;
use crate::stage::way::Way;
use crate::stage::{options, refuse, respond};
use crate::upstream::hops;

/// What is known of an exchange so far; a refusal is told in these terms.
#[derive(Default)]
struct Known<'e> {
    api: Option<usize>,
    identified: Option<Identified>,
    operation: &'e str,
    gathered: Gathered,
}

/// Carries one request to its upstream and the answer back.
pub async fn carry(carrier: &Carrier, request: Request<Incoming>, peer: Peer) -> Response<Body> {
    let Some(held) = carrier.edition() else {
        return Refusal::new(Kind::Draining, "the gateway has no configuration yet").answer();
    };
    let edition = &held.0;
    let mut known = Known::default();
    let done = answer(carrier, edition, request, peer.remote, &mut known).await;
    let refused = done.is_err();
    let mut answer = done.unwrap_or_else(|refusal| {
        log(edition, &known, &refusal);
        refused_answer(edition, &known, &refusal)
    });
    mark(edition, &known, &mut answer, refused);
    forwarded::via(answer.headers_mut(), Http::HTTP_11);
    record(carrier, edition, known, &answer);
    answer
}

/// The stages, each needing what the one before it proved.
async fn answer<'e>(
    carrier: &Carrier,
    edition: &'e Arc<Edition>,
    request: Request<Incoming>,
    remote: SocketAddr,
    known: &mut Known<'e>,
) -> Result<Response<Body>, Refusal> {
    let (mut parts, incoming) = request.into_parts();
    refuse_unsupported(&parts.method)?;
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
    let identified = identify::identify(&edition.plan, &seen, None).map_err(|none| {
        known.api = none.api;
        none.refusal
    })?;
    known.api = Some(identified.api);
    let identified: &Identified = known.identified.insert(identified);
    let api = &edition.plan.apis[identified.api];
    identify::strip_selectors(api, &mut parts.headers, &mut query);

    let line = carrier.line(edition, api.upstream).ok_or_else(unknown_upstream)?;
    let (method, segments, rest) = (&parts.method, &identified.segments, identified.rest.as_str());
    let version = &edition.apis[identified.api].versions[identified.version.index()];
    let operation = route::operation(version, api.is_complete(identified.version), method, segments)?;
    known.operation = operation.map_or("", |operation| &operation.id);
    let translated = operation
        .filter(|_| !version.is_origin())
        .map(|operation| route::request(operation, segments, &query, &parts.headers));

    let authority = host.as_ref().map(CanonicalHost::to_string);
    let client = Client {
        remote,
        host: authority.as_deref(),
        version: parts.version,
    };
    let upgrade = hops::upgrade(&parts.headers);
    forward::fields(&mut parts.headers, &client);
    let mut answer = match translated {
        Some(request) => {
            let way = Way {
                edition: Arc::clone(edition),
                api: identified.api,
                version: identified.version,
            };
            // Boxed: it is larger than all of the rest, and what passes need not carry it.
            Box::pin(translate(
                &way,
                &line,
                parts,
                incoming,
                request,
                &mut known.gathered,
            ))
            .await?
        }
        None => {
            let passing = Passing {
                base: api.base.as_str(),
                parts,
                incoming,
                rest,
                query: &query,
                upgrade,
            };
            pass(carrier, &line, passing).await?
        }
    };
    let (prefix, hosts) = (identified.prefix.as_str(), line.hosts());
    let links = Links {
        api,
        version,
        prefix,
        hosts,
        host: authority.as_deref(),
    };
    links.rewrite(answer.headers_mut());
    Ok(answer)
}

fn refuse_unsupported(method: &Method) -> Result<(), Refusal> {
    match *method {
        Method::TRACE | Method::CONNECT => Err(Refusal::new(
            Kind::MethodNotSupported,
            format!("{method} is not supported"),
        )),
        _ => Ok(()),
    }
}

fn unknown_upstream() -> Refusal {
    Refusal::new(Kind::Internal, "the upstream is unknown")
}

/// What went wrong on our side or behind us is told to the operator too.
fn log(edition: &Edition, known: &Known<'_>, refusal: &Refusal) {
    if !refusal.kind().status().is_server_error() {
        return;
    }
    let api = known.api.map(|index| &edition.plan.apis[index]);
    let version = api
        .zip(known.identified.as_ref())
        .map(|(api, id)| api.version_name(id.version));
    tracing::warn!(
        api = api.map_or("", |api| &api.name),
        version = version.unwrap_or_default(),
        operation = known.operation,
        code = refusal.kind().code(),
        place = refusal.place().unwrap_or_default(),
        detail = refusal.detail(),
        "an exchange failed"
    );
}

fn refused_answer(edition: &Edition, known: &Known<'_>, refusal: &Refusal) -> Response<Body> {
    match &known.identified {
        Some(id) => refuse::answer(edition, id.api, id.version, known.operation, refusal),
        None => refusal.answer(),
    }
}

fn mark(edition: &Edition, known: &Known<'_>, answer: &mut Response<Body>, refused: bool) {
    let Some(api) = known.api.map(|index| &edition.apis[index]) else {
        return;
    };
    let success = !refused && answer.status().is_success();
    match &known.identified {
        Some(identified) => respond::versioned(answer.headers_mut(), api, identified, success),
        None => respond::varies(answer.headers_mut(), api),
    }
}

fn record(carrier: &Carrier, edition: &Edition, known: Known<'_>, answer: &Response<Body>) {
    let ledger = carrier.ledger();
    let Some(identified) = known.identified.filter(|_| ledger.keeps()) else {
        return;
    };
    let api = &edition.plan.apis[identified.api];
    ledger.record(&ledger::Exchange {
        api: api.name.clone(),
        version: api.version_name(identified.version).to_owned(),
        chosen_by: identified.chosen_by,
        operation: known.operation.to_owned(),
        status: answer.status().as_u16(),
        sent: known.gathered.sent,
        delivered: known.gathered.delivered,
    });
}
