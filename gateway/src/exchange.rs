//! The life of one request, readable on one screen. It is infallible: a refusal is an answer.

mod arrived;
mod facts;
mod open;
mod passage;

use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use http::header::{LINK, USER_AGENT, WARNING};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Version as Http};
use hyper::body::Incoming;
use sluice_config::plan::{ApiPlan, Plan, VersionId};

use crate::body::Body;
use crate::edition::Edition;
use crate::fields::target::Pair;
use crate::fields::{forwarded, media};
use crate::gateway::Carrier;
use crate::identity::Identity;
use crate::ledger::Gathered;
use crate::pools::Spent;
use crate::refusal::{Kind, Refusal};
use crate::serve::{Peer, Refused};
use crate::stage::authenticate::{self, Asked};
use crate::stage::forward::{self, Client};
use crate::stage::identify::{self, Identified};
use crate::stage::limit::{self, Permit};
use crate::stage::receive::Received;
use crate::stage::{edge, options, refuse, respond};
use crate::telemetry::Account;
use crate::upstream::hops;

use arrived::Arrived;
use facts::facts;
use open::Open;
use passage::{Outgoing, Passage, Routed};

/// What is known of an exchange so far; a refusal is told in these terms.
#[derive(Default)]
struct Known<'e> {
    api: Option<usize>,
    identified: Option<Identified>,
    /// The version and the selector that named it, from before it is known whether the client may come in.
    chosen: Option<(VersionId, &'static str)>,
    who: Identity,
    operation: &'e str,
    /// The operation's place in the version's contract.
    number: Option<usize>,
    gathered: Gathered,
    /// Whose time it took at the upstream.
    spent: Option<Rc<Spent>>,
    /// What tells clients without a credential apart.
    address: Option<IpAddr>,
    agent: Option<HeaderValue>,
    /// Fields that every answer has, refusals too.
    fields: HeaderMap,
    permit: Permit,
    /// What the finish of the answer depends on.
    asked: edge::Asked,
    /// What is told of this exchange alone.
    account: Account,
}

/// Carries one request to its upstream and the answer back.
pub async fn carry(carrier: &Carrier, request: Request<Incoming>, peer: &Peer) -> Response<Body> {
    let Some(held) = carrier.edition() else {
        return Refusal::new(Kind::Draining, "the gateway has no configuration yet").answer();
    };
    let edition = &held.0;
    let mut open = Open::new(carrier, edition);
    let known = &mut open.known;
    let (mut parts, incoming) = request.into_parts();
    known.account = Account::open(edition, carrier.shared(), peer, &mut parts);
    known.agent = parts.headers.get(USER_AGENT).cloned();
    known.asked = edge::Asked::of(edition, &parts);
    let done = answer(carrier, edition, parts, incoming, peer, known).await;
    let why = done.as_ref().err().map(Refusal::kind);
    let stage = known.account.trace.stage("respond");
    let mut answer = done.unwrap_or_else(|refusal| {
        let refusal = known.account.named(refusal);
        log(edition, known, &refusal);
        refused_answer(edition, known, &refusal)
    });
    mark(edition, known, &mut answer, why.is_some());
    forwarded::via(answer.headers_mut(), Http::HTTP_11);
    let answer = match known.api {
        Some(api) => edge::finish(edition, api, std::mem::take(&mut known.asked), answer).await,
        None => answer,
    };
    let answer = std::mem::take(&mut known.permit).until_ended(answer);
    drop(stage);
    let mut account = std::mem::take(&mut known.account);
    let identified = known.identified.as_ref();
    let (api, routed_to) = ((known.api, identified), (known.operation, known.number));
    account.knows(|| facts(edition, api, &known.who, routed_to));
    let times = open.end(answer.status(), why);
    account.follow(answer, why, times.unwrap_or_default())
}

/// The stages, each needing what the one before it proved.
async fn answer<'e>(
    carrier: &Carrier,
    edition: &'e Arc<Edition>,
    mut parts: Parts,
    incoming: Incoming,
    peer: &Peer,
    known: &mut Known<'e>,
) -> Result<Response<Body>, Refusal> {
    refuse_malformed(carrier, &mut parts)?;
    refuse_unsupported(&parts.method)?;
    let trace = known.account.trace.clone();
    let stage = trace.stage("canonicalise");
    let mut arrived = stage.judged(Arrived::of(edition, peer, &parts))?;
    let (authority, told) = (arrived.authority.take(), arrived.told.take());
    let client = Client::of(peer, authority.as_deref(), told.as_ref(), parts.version);
    known.asked.secure = client.secure;
    known.address = Some(client.address);
    known.account.asks(&arrived.asking(&client));
    trace.stage("admit").judged(edge::enter(edition, &client))?;
    forwarded::refuse_override(&parts.method, &parts.headers)?;
    media::refuse_ambiguous(&parts.headers)?;

    let asked = Asked {
        edition,
        peer,
        client: &client,
        seen: &arrived.seen(&parts),
    };
    if let Some(answer) = options(&asked, &parts.method, known)? {
        return Ok(answer);
    }
    identify(carrier, &asked, known).await?;
    if let Some(options) = options::answer(edition, &parts.method, asked.seen) {
        return Ok(options.answer);
    }
    let Some(identified) = &known.identified else {
        return Err(Refusal::new(Kind::Internal, "the version is unknown"));
    };
    let upgrade = hops::upgrade(&parts.headers).filter(|_| parts.version == Http::HTTP_11);
    let api = &edition.plan.apis[identified.api];
    hand_on(
        &edition.plan,
        api,
        &known.who,
        &client,
        &mut parts.headers,
        &mut arrived.query,
    );

    let method = parts.method.clone();
    known.account.asks(&arrived.asking(&client));
    let passage = Passage::of(
        carrier,
        edition,
        identified,
        &client,
        (&method, &arrived.query),
        &trace,
    )?;
    let routed = trace.stage("route").judged(passage.route());
    (known.operation, known.number) = (named(&routed), passage.number(&routed));
    known.spent = Some(passage.spent());
    let routed_to = (known.operation, known.number);
    let account = &mut known.account;
    account.knows(|| facts(edition, (known.api, Some(identified)), &known.who, routed_to));
    let used = passage.used(known.operation, &known.who);
    let (operation, permit) = passage
        .admit(&used, routed, &parts.headers, &mut known.fields)
        .await?;
    known.permit = permit;
    known.permit.follow(&mut parts.extensions);

    let mut received = Received::Streaming(incoming);
    let stage = trace.stage("validate");
    stage.judged(passage.judge(operation, &parts.headers, &mut received).await)?;
    let members = passage.members(operation, &known.who);
    if let Some(members) = &members {
        // Boxed, as its answer is below: it is rare.
        let (fields, gathered) = (&mut known.fields, &mut known.gathered);
        Box::pin(members.request(&mut parts.headers, &mut received, fields, gathered)).await?;
    }
    let outgoing = Outgoing {
        operation,
        parts,
        received,
        upgrade,
    };
    let answer = passage.send(&used, outgoing, &mut known.gathered).await?;
    let Some(members) = members else {
        return Ok(answer);
    };
    let since = Instant::now();
    let (fields, gathered) = (&mut known.fields, &mut known.gathered);
    let looked = Box::pin(members.answer(&method, answer, fields, gathered)).await;
    known.gathered.upstream += since.elapsed();
    looked
}

/// The answer to an `OPTIONS` that needs no credential: a browser's preflight, or one to an API that asks for none.
fn options(
    asked: &Asked<'_>,
    method: &Method,
    known: &mut Known<'_>,
) -> Result<Option<Response<Body>>, Refusal> {
    let options = options::answer(asked.edition, method, asked.seen);
    let Some(options) = options.filter(|options| options.is_open) else {
        return Ok(None);
    };
    known.chosen = options.identified.as_ref().map(Identified::chosen);
    (known.api, known.identified) = (Some(options.api), options.identified);
    known.asked.preflight = options.preflight;
    edge::admit(asked.edition, options.api, asked.client)?;
    Ok(Some(options.answer))
}

/// Makes the fields to forward: what the client says of versions, credentials and itself goes before the gateway's own are
/// set, so that `Connection: X-Consumer` removes nothing of ours.
fn hand_on(
    plan: &Plan,
    api: &ApiPlan,
    who: &Identity,
    client: &Client<'_>,
    headers: &mut HeaderMap,
    query: &mut Vec<Pair>,
) {
    identify::strip_selectors(api, headers, query);
    forward::fields(headers, client);
    authenticate::strip(api, headers, query);
    authenticate::hand_on(plan, api, who, headers);
    if api.edge.compression.is_some() {
        crate::edge::strengthen(headers);
    }
}

/// The id of the operation that a request was routed to; empty without one.
fn named<'e>(routed: &Routed<'e>) -> &'e str {
    let found = routed.as_ref().ok().and_then(|found| *found);
    found.map_or("", |operation| &operation.id)
}

/// Which API and version, and who asks. A request that names no version may have it from its consumer's pin; the pinned
/// version's own schemes judge the credential then.
async fn identify(carrier: &Carrier, asked: &Asked<'_>, known: &mut Known<'_>) -> Result<(), Refusal> {
    let plan = &asked.edition.plan;
    let trace = known.account.trace.clone();
    let stage = trace.stage("identify");
    let found = stage.gave(identify::identify(plan, asked.seen, None));
    known.api = found
        .as_ref()
        .map_or_else(|none| none.api, |found| Some(found.api));
    known.chosen = found.as_ref().ok().map(Identified::chosen);
    if let Some(api) = known.api {
        let stage = trace.stage("admit");
        edge::admit(asked.edition, api, asked.client)?;
        let arriving = limit::arrive(carrier, asked.edition, api, asked.client, &mut known.fields);
        stage.judged(arriving.await)?;
    }
    let found = match (found, known.api) {
        (Ok(found), _) => found,
        (Err(none), Some(api)) if none.is_unversioned() => {
            let pin = authenticate::pin(carrier, asked, api, &mut known.who).await?;
            identify::identify(plan, asked.seen, pin.as_deref()).map_err(|none| none.refusal)?
        }
        (Err(none), _) => return Err(none.refusal),
    };
    known.chosen = Some(found.chosen());
    let found = known.identified.insert(found);
    let stage = trace.stage("authenticate");
    let who = &mut known.who;
    stage.judged(authenticate::consumer(carrier, asked, found.api, found.version, who).await)
}

/// A request whose head was refused at the socket, where this one stands in its place.
fn refuse_malformed(carrier: &Carrier, parts: &mut Parts) -> Result<(), Refusal> {
    let Some(Refused(refusal)) = parts.extensions.remove::<Refused>() else {
        return Ok(());
    };
    let help = "Requests whose header was refused";
    let labels = [("code", refusal.kind().code())];
    carrier
        .shared()
        .meters
        .count("sluice_requests_malformed", help, &labels);
    Err(refusal)
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

/// What went wrong on our side or behind us is told to the operator too.
fn log(edition: &Edition, known: &Known<'_>, refusal: &Refusal) {
    let meant = matches!(refusal.kind(), Kind::BrownoutRetry | Kind::VersionOff);
    if meant || !refusal.kind().status().is_server_error() {
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
        request_id = known.account.request_id(),
        trace_id = known.account.trace_id().map(tracing::field::display),
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
    // What the gateway says stands alone; lists of links and warnings go on.
    for name in known
        .fields
        .keys()
        .filter(|name| !matches!(**name, LINK | WARNING))
    {
        answer.headers_mut().remove(name);
    }
    for (name, value) in &known.fields {
        answer.headers_mut().append(name, value.clone());
    }
    let success = !refused && answer.status().is_success();
    match &known.identified {
        Some(identified) => respond::versioned(answer.headers_mut(), api, identified, success),
        None => respond::varies(answer.headers_mut(), api),
    }
    if let Some(api) = known.api {
        authenticate::varies(edition, api, known.identified.as_ref(), answer.headers_mut());
    }
}
