//! Answers that pass as they are, held against the origin's contract: copied while they stream, and judged when they have
//! ended. The client never waits, unless answers are enforced: then they are held whole.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Response};
use http_body::{Body as HttpBody, SizeHint};
use sluice_config::plan::Bounds;

use super::documents;
use crate::body::{self, Body, Framed};
use crate::edition::Edition;
use crate::fields::media;
use crate::refusal::Refusal;
use crate::validation::drift::Watch;

/// Holds an answer to a request of this operation against the contract.
///
/// # Errors
/// It is not valid, and answers are enforced.
pub async fn passed(
    edition: &Arc<Edition>,
    api: usize,
    operation: &str,
    head: bool,
    answer: Response<Body>,
) -> Result<Response<Body>, Refusal> {
    let validators = &edition.guard.validators;
    let status = answer.status().as_u16();
    let bodiless = head || matches!(status, 101 | 204 | 304);
    let watch = (!bodiless)
        .then(|| validators.answer(api, operation, status))
        .flatten();
    match watch {
        None => Ok(answer),
        // Boxed: it is rare.
        Some(watch) if watch.enforces() => Box::pin(enforced(edition, api, watch, answer)).await,
        Some(watch) => Ok(copied(edition, watch, answer)),
    }
}

async fn enforced(
    edition: &Arc<Edition>,
    api: usize,
    watch: Watch,
    answer: Response<Body>,
) -> Result<Response<Body>, Refusal> {
    if !is_document(answer.headers()) {
        watch.unreadable()?;
        return Ok(answer);
    }
    let (parts, body) = answer.into_parts();
    let bounds = &edition.plan.bounds;
    let held = documents::whole(body, bounds.held, edition.idle(api)).await;
    let held = held.map_err(|fault| fault.of_answer())?;
    let opened = documents::open(held.clone(), &parts.headers, bounds).await;
    let opened = opened.map_err(|fault| fault.of_answer())?;
    let (large, depth) = (opened.len() > bounds.offload, bounds.depth);
    let work = move || judge(&watch, &opened, depth);
    edition.offload.run(large, work).await??;
    Ok(Response::from_parts(parts, Body::full(held)))
}

fn copied(edition: &Arc<Edition>, watch: Watch, answer: Response<Body>) -> Response<Body> {
    if !is_document(answer.headers()) {
        let _counted = watch.unreadable();
        return answer;
    }
    let bounds = edition.plan.bounds.clone();
    let (parts, body) = answer.into_parts();
    if body.is_end_stream() {
        let _counted = watch.judge(None);
        return Response::from_parts(parts, body);
    }
    let copy = Copy {
        bytes: BytesMut::new(),
        headers: parts.headers.clone(),
        bounds,
        watch,
    };
    let copied = Copied {
        body,
        copy: Some(copy),
    };
    Response::from_parts(parts, Body::stream(copied))
}

fn judge(watch: &Watch, opened: &Bytes, depth: usize) -> Result<(), Refusal> {
    if opened.is_empty() {
        return watch.judge(None);
    }
    match documents::document(opened, depth) {
        Ok(document) => watch.judge(Some(&document)),
        Err(_) => watch.unreadable(),
    }
}

fn is_document(headers: &HeaderMap) -> bool {
    let media = media::of(headers);
    media.is_empty() || media::is_json(&media)
}

/// A body that is copied while it passes.
struct Copied {
    body: Body,
    copy: Option<Copy>,
}

struct Copy {
    bytes: BytesMut,
    headers: HeaderMap,
    bounds: Bounds,
    watch: Watch,
}

impl HttpBody for Copied {
    type Data = Bytes;
    type Error = body::Fault;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Framed {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let (Some(data), Some(copy)) = (frame.data_ref(), &mut this.copy) {
                    copy.bytes.extend_from_slice(data);
                }
                let larger = |copy: &Copy| copy.bytes.len() > copy.bounds.held;
                if this.copy.as_ref().is_some_and(larger) {
                    this.copy = None;
                }
                // A body of known length may not be polled again.
                if this.body.is_end_stream() {
                    this.copy.take().into_iter().for_each(Copy::judge_aside);
                }
            }
            Poll::Ready(None) => this.copy.take().into_iter().for_each(Copy::judge_aside),
            Poll::Ready(Some(Err(_))) => this.copy = None,
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Copy {
    /// Judges it beside the cores; where too much is judged already, not at all.
    fn judge_aside(self) {
        let Some(place) = self.watch.place() else { return };
        let background = Arc::clone(self.watch.shared());
        let work = async move {
            let Self {
                bytes,
                headers,
                bounds,
                watch,
            } = self;
            let opened = documents::open(bytes.freeze(), &headers, &bounds).await;
            let judged = tokio::task::spawn_blocking(move || match opened {
                Ok(opened) => judge(&watch, &opened, bounds.depth),
                Err(_) => watch.unreadable(),
            });
            let _counted = judged.await;
            drop(place);
        };
        drop(background.background.spawn(work));
    }
}
