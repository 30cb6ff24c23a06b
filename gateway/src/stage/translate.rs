//! A request of another version than the upstream's: read, lifted, sent, and its answer lowered.

use std::time::Instant;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Response};
use http_body::Body as _;
use sluice_transforms::message::Request as Lifting;
use sluice_transforms::value::Value;

use super::receive::Received;
use super::way::Way;
use super::write::Write;
use super::{documents, lower};
use crate::body::Body;
use crate::fields::media;
use crate::ledger::Gathered;
use crate::pools::Line;
use crate::refusal::{Kind, Refusal};
use crate::upstream::hops;

/// Carries a request of another version.
///
/// # Errors
/// When it cannot be read or translated, and nothing has reached the upstream then; when no answer came, or one that
/// the client's version cannot show.
pub async fn translate(
    way: &Way,
    line: &Line,
    parts: Parts,
    received: Received,
    mut request: Lifting,
    gathered: &mut Gathered,
) -> Result<Response<Body>, Refusal> {
    let Parts {
        method, mut headers, ..
    } = parts;
    way.version().mark.unmark_request(&mut headers);
    let length;
    (request.body, length) = match received {
        Received::Understood(understood) => (Some(understood.document), understood.length),
        received => {
            let since = Instant::now();
            let read = document(way, &headers, &request, received).await;
            gathered.client += since.elapsed();
            read?
        }
    };
    let operation = request.operation.clone();
    let large = length > way.edition.plan.bounds.offload;
    let write = Write {
        way,
        line,
        headers,
        method: &method,
        request,
        large,
    };
    let mut answer = write.send(gathered).await?;
    hops::strip(answer.headers_mut());
    lower::lower(way, &operation, &method, answer, gathered, &line.trace).await
}

/// The document, and how long its text is.
async fn document(
    way: &Way,
    headers: &HeaderMap,
    request: &Lifting,
    received: Received,
) -> Result<(Option<Value>, usize), Refusal> {
    let bytes = match carries_document(way, request) {
        true => read(way, headers, received).await?,
        false => nothing(way, headers, received).await?,
    };
    let depth = way.edition.plan.bounds.depth;
    let document = (!bytes.is_empty()).then(|| documents::document(&bytes, depth));
    let document = document.transpose().map_err(|f| f.of_request())?;
    Ok((document, bytes.len()))
}

fn carries_document(way: &Way, request: &Lifting) -> bool {
    let operation = way.version().lift.source.operation(&request.operation);
    operation.is_some_and(|o| o.request.is_some())
}

async fn read(way: &Way, headers: &HeaderMap, received: Received) -> Result<Bytes, Refusal> {
    expect_json(headers, received.is_end_stream())?;
    let bounds = &way.edition.plan.bounds;
    let read = documents::read(received, headers, bounds.request, way.idle(), bounds).await;
    read.map_err(|f| f.of_request())
}

/// A body of which the API's document says nothing: neither can it be translated, nor may it be lost.
async fn nothing(way: &Way, headers: &HeaderMap, received: Received) -> Result<Bytes, Refusal> {
    if received.is_end_stream() {
        return Ok(Bytes::new());
    }
    let bounds = &way.edition.plan.bounds;
    let read = documents::read(received, headers, bounds.request, way.idle(), bounds).await;
    match read.map_err(|f| f.of_request())? {
        empty if empty.is_empty() => Ok(empty),
        _ => Err(Refusal::new(
            Kind::UntranslatableRequest,
            "the API's document does not say what this operation carries, so that its body cannot be translated",
        )),
    }
}

/// Only JSON is translated; a body without a media type is taken for it.
pub(crate) fn expect_json(headers: &HeaderMap, empty: bool) -> Result<(), Refusal> {
    if empty || media::is_document(headers) {
        return Ok(());
    }
    Err(Refusal::new(
        Kind::UnsupportedMediaType,
        "only JSON documents are translated between versions",
    ))
}
