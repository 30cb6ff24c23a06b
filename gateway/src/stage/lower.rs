//! The answer on its way to the client: status, fields and document of the client's version.

use std::time::Instant;

use bytes::Bytes;
use http::header::{ACCEPT_RANGES, ETAG};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use http_body::Body as _;
use sluice_transforms::fault::Fault;
use sluice_transforms::message::Response as Lowering;
use sluice_transforms::reference::Lowered;
use sluice_transforms::shape::Kind;

use super::documents;
use super::forward::changed_body;
use super::way::Way;
use crate::body::Body;
use crate::fields::media;
use crate::ledger::Gathered;
use crate::refusal::{Kind as Why, Refusal};
use crate::telemetry::Trace;
use crate::validation::drift::Watch;

/// How many elements of lists were left out or replaced.
pub const OMITTED: HeaderName = HeaderName::from_static("sluice-omitted");

/// Lowers an answer of the upstream to a request of this operation.
///
/// # Errors
/// When it cannot be read, or has no counterpart in the client's version: never the wrong version.
pub async fn lower(
    way: &Way,
    operation: &str,
    method: &Method,
    answer: Response<Body>,
    gathered: &mut Gathered,
    trace: &Trace,
) -> Result<Response<Body>, Refusal> {
    let (mut parts, body) = answer.into_parts();
    let bodiless = *method == Method::HEAD
        || parts.status == StatusCode::NO_CONTENT
        || parts.status == StatusCode::NOT_MODIFIED;
    way.version().mark.mark_answer(&mut parts.headers);
    parts.headers.remove(ACCEPT_RANGES);
    if !bodiless && !body.is_end_stream() && !is_document(&parts.headers) {
        return other(way, operation, Response::from_parts(parts, body));
    }
    let since = Instant::now();
    let bytes = match bodiless {
        true => Bytes::new(),
        false => trace
            .stage("receive")
            .judged(whole(way, &parts.headers, body).await)?,
    };
    gathered.upstream += since.elapsed();
    // After a write an empty answer says at least that it was done.
    if !bodiless && bytes.is_empty() && method.is_safe() && must_be_document(way, operation, parts.status) {
        return Err(no_document());
    }
    let headers = texts(&parts.headers);
    let status = parts.status.as_u16();
    let watch = || way.edition.guard.validators.answer(way.api, operation, status);
    let watch = (!bodiless).then(watch).flatten();
    let since = Instant::now();
    let stage = trace.stage("lower");
    let translated = translate(way, operation, status, headers.clone(), bytes, watch).await;
    let translated = stage.judged(translated);
    gathered.translated(since);
    let (lowered, seen) = translated?;
    let lowered = lowered.map_err(|fault| {
        gathered.fault(&fault);
        unlowered(&fault)
    })?;
    // What met its end on the way was delivered to nobody.
    gathered.absorb(seen);
    gathered.lowered = true;
    let Lowered { response, omitted } = lowered;
    changed_body(&mut parts.headers);
    apply(&mut parts.headers, &headers, &response.headers);
    parts.status = StatusCode::from_u16(response.status).unwrap_or(parts.status);
    if omitted > 0 {
        parts.headers.insert(OMITTED, HeaderValue::from(omitted));
    }
    let body = response
        .body
        .filter(|_| *method != Method::HEAD)
        .map_or_else(Body::empty, |b| Body::full(b.to_json()));
    Ok(Response::from_parts(parts, body))
}

async fn whole(way: &Way, headers: &HeaderMap, body: Body) -> Result<Bytes, Refusal> {
    let bounds = &way.edition.plan.bounds;
    let read = documents::read(body, headers, bounds.held, way.idle(), bounds).await;
    read.map_err(|fault| fault.of_answer())
}

/// Whether a body is read as a document: it says so, or it does not say what it is.
fn is_document(headers: &HeaderMap) -> bool {
    let media = media::of(headers);
    media.is_empty() || media::is_json(&media)
}

/// An answer that is no document passes as it came, unless this one should be a document: it would be in the wrong version.
fn other(way: &Way, operation: &str, answer: Response<Body>) -> Result<Response<Body>, Refusal> {
    match must_be_document(way, operation, answer.status()) {
        true => Err(no_document()),
        false => Ok(answer),
    }
}

/// Whether the contract says of which type a successful answer is.
fn must_be_document(way: &Way, operation: &str, status: StatusCode) -> bool {
    let operation = way.version().lower.source.operation(operation);
    let known = operation.and_then(|o| o.answer(status.as_u16()));
    let typed = known
        .and_then(|a| a.shape.as_ref())
        .is_some_and(|shape| shape.kind != Kind::Any);
    status.is_success() && typed
}

fn no_document() -> Refusal {
    Refusal::new(
        Why::UntranslatableAnswer,
        "the upstream's answer is not JSON, which it should be",
    )
}

async fn translate(
    way: &Way,
    operation: &str,
    status: u16,
    headers: Vec<(String, String)>,
    bytes: Bytes,
    watch: Option<Watch>,
) -> Result<(Result<Lowered, Fault>, Gathered), Refusal> {
    let (own, operation) = (way.clone(), operation.to_owned());
    let large = bytes.len() > way.edition.plan.bounds.offload;
    let work = move || {
        let depth = own.edition.plan.bounds.depth;
        let body = (!bytes.is_empty())
            .then(|| documents::document(&bytes, depth))
            .transpose()
            .map_err(|f| f.of_answer())?;
        if let Some(watch) = watch {
            watch.judge(body.as_ref())?;
        }
        let answer = Lowering {
            operation,
            status,
            headers,
            body,
        };
        let mut seen = Gathered::default();
        let lowered = own.lowering().lower(answer, &mut seen);
        Ok((lowered, seen))
    };
    way.edition.offload.run(large, work).await?
}

/// An answer that cannot be lowered, as the client is told.
pub(crate) fn unlowered(fault: &Fault) -> Refusal {
    let detail = format!(
        "the upstream's answer cannot be shown in this version: {}",
        fault.detail
    );
    Refusal::new(Why::UntranslatableAnswer, detail).behind(fault.pointer.to_string())
}

/// The fields that stand once, as text: those that steps may touch.
fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let once = headers
        .keys()
        .filter(|name| headers.get_all(*name).iter().count() == 1);
    once.filter_map(|name| {
        Some((
            name.as_str().to_owned(),
            headers.get(name)?.to_str().ok()?.to_owned(),
        ))
    })
    .collect()
}

/// Brings the fields to what the steps made of them.
fn apply(headers: &mut HeaderMap, before: &[(String, String)], after: &[(String, String)]) {
    for (name, _) in before {
        if !after.iter().any(|(n, _)| n == name) {
            headers.remove(name);
        }
    }
    for pair in after.iter().filter(|pair| !before.contains(pair)) {
        let name = HeaderName::from_bytes(pair.0.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&pair.1)) {
            headers.insert(name, value);
        }
    }
}

/// The tag of an answer.
pub fn tag(headers: &HeaderMap) -> Option<String> {
    Some(headers.get(ETAG)?.to_str().ok()?.trim().to_owned())
}
