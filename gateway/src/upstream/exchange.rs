//! One request and the head of its answer.
//!
//! The first-byte clock measures the upstream only. While a large request is being sent the clock begins anew with every
//! frame, and it stands still while the client is the one that is waited for.

use std::cell::Cell;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, Version};
use http_body::{Body as HttpBody, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use tokio::time::{Instant, timeout_at};

use super::endpoint::Lease;
use super::{Fault, Reply, Settings, name_host};
use crate::body::{self, Body};

/// An exchange without an answer, and the request if it never left.
pub(super) struct Lost {
    pub(super) fault: Fault,
    pub(super) unsent: Option<Request<Body>>,
}

/// A second copy of `request`, if sending it twice does no harm.
pub(super) fn replayable(request: &Request<Body>) -> Option<Request<Body>> {
    if !request.method().is_idempotent() {
        return None;
    }
    let mut copy = Request::new(Body::full(request.body().bytes()?));
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}

impl Lease {
    /// Sends `request` and waits for the head of the answer.
    pub(super) async fn exchange(
        mut self,
        mut request: Request<Body>,
        settings: &Settings,
    ) -> Result<Response<Body>, Box<Lost>> {
        name_host(&mut request, self.host());
        let progress = Progress::of(request.body());
        let request = request.map(|body| Outgoing {
            body,
            progress: progress.clone(),
        });
        let sent = self.link.send(request);
        match first_byte(sent, progress.as_deref(), settings.first_byte).await {
            Some(Ok(answer)) => Ok(self.answer(answer, settings)),
            Some(Err(error)) => Err(self.lost(error)),
            None => Err(Box::new(Lost {
                fault: self.late(settings),
                unsent: None,
            })),
        }
    }

    fn answer(self, answer: Response<Incoming>, settings: &Settings) -> Response<Body> {
        // A switched connection is not one for another request: its lease lives with the body, until the tunnel ends.
        let switched = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
        let mut answer =
            answer.map(|incoming| Body::reply(Reply::new(incoming, self, settings.idle, switched)));
        *answer.version_mut() = Version::HTTP_11;
        answer
    }

    fn lost(&self, mut error: TrySendError<Request<Outgoing>>) -> Box<Lost> {
        let unsent = error
            .take_message()
            .map(|request| request.map(|outgoing| outgoing.body));
        Box::new(Lost {
            fault: Fault::of(&error.into_error(), self.name()),
            unsent,
        })
    }

    fn late(&self, settings: &Settings) -> Fault {
        Fault::FirstByteTimeout {
            endpoint: self.name().to_owned(),
            millis: settings.first_byte.as_millis(),
        }
    }
}

/// Waits for `sent`; nothing if the upstream took longer than `limit`.
async fn first_byte<T>(
    sent: impl Future<Output = T>,
    progress: Option<&Progress>,
    limit: Duration,
) -> Option<T> {
    let mut sent = pin!(sent);
    let mut deadline = Instant::now() + limit;
    loop {
        match timeout_at(deadline, sent.as_mut()).await {
            Ok(outcome) => return Some(outcome),
            Err(_elapsed) => deadline = progress?.extended(limit)?,
        }
    }
}

/// What became of a request's body so far.
pub(super) struct Progress {
    last: Cell<Instant>,
    awaits_client: Cell<bool>,
}

impl Progress {
    /// Only a body that streams is watched.
    fn of(body: &Body) -> Option<Rc<Self>> {
        match body.bytes() {
            Some(_whole) => None,
            None => Some(Rc::new(Self {
                last: Cell::new(Instant::now()),
                awaits_client: Cell::new(false),
            })),
        }
    }

    fn note(&self, awaits_client: bool) {
        self.awaits_client.set(awaits_client);
        if !awaits_client {
            self.last.set(Instant::now());
        }
    }

    /// Until when the upstream may take now, if that is in the future.
    fn extended(&self, limit: Duration) -> Option<Instant> {
        let now = Instant::now();
        let since = if self.awaits_client.get() {
            now
        } else {
            self.last.get()
        };
        Some(since + limit).filter(|deadline| *deadline > now)
    }
}

/// The body of a request as it is sent.
pub(super) struct Outgoing {
    body: Body,
    progress: Option<Rc<Progress>>,
}

impl HttpBody for Outgoing {
    type Data = Bytes;
    type Error = body::Fault;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> body::Framed {
        let this = self.get_mut();
        let frame = Pin::new(&mut this.body).poll_frame(cx);
        if let Some(progress) = &this.progress {
            progress.note(matches!(frame, Poll::Pending));
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
