//! Around each request: admission, a guard against panics, and the word to go elsewhere while draining.
//!
//! These are plain functions where one would expect tower layers: tower's limit gives its permit back with the head of
//! an answer, but a request is in progress until its body has ended, and tower-http's panic guard wants bodies that are
//! `Send`.

use std::cell::Cell;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Context;

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::CONNECTION;
use http::{HeaderValue, Request, Response, StatusCode, Version};
use http_body::{Body as HttpBody, SizeHint};
use hyper::body::Incoming;

use super::admission::Place;
use super::core::Core;
use super::framing::{Fault, judge};
use super::warden::Pulse;
use super::{Handler, Peer, Refused, Role};
use crate::body::{self, Body};
use crate::refusal::{Kind, Refusal};

/// What the requests of one connection share.
pub(super) struct Line<H> {
    pub(super) core: Core,
    pub(super) handler: Rc<H>,
    pub(super) peer: Peer,
    pub(super) pulse: Rc<Pulse>,
    /// Requests begun, one after another.
    pub(super) begun: Cell<u64>,
}

/// Answers one request, whatever happens.
pub(super) async fn answer<H: Handler>(
    line: Rc<Line<H>>,
    mut request: Request<Incoming>,
) -> Result<Response<Carried>, Infallible> {
    let mut flight = Flight::begin(&line);
    let version = request.version();
    let number = line.begun.get() + 1;
    line.begun.set(number);
    let gate = &line.pulse.gauge.gate;
    if let Some(fault) = line.fault_of(number, &request) {
        tracing::debug!(client = %line.peer.remote, why = fault.detail, "a head was refused");
        request
            .extensions_mut()
            .insert(Refused(Refusal::new(fault.kind, fault.detail)));
    }
    let mut answer = match line.admit() {
        Admitted::Shed => {
            line.handler.shed();
            Refusal::new(Kind::Overloaded, "the gateway has all the requests it can carry").answer()
        }
        Admitted::Yes(place) => {
            flight.place = place;
            guarded(&*line.handler, request, line.peer.clone()).await
        }
    };
    if version < Version::HTTP_2 {
        // What is left of a body that nobody wants is not worth reading.
        let unread = answer.status().as_u16() >= 400 && gate.is_in_body(number);
        if unread || line.core.drain().is_draining() {
            say_close(&mut answer);
        }
        gate.answer(number, answer.status() == StatusCode::SWITCHING_PROTOCOLS);
    }
    Ok(answer.map(|body| Carried::new(body, flight)))
}

enum Admitted {
    Yes(Option<Place>),
    Shed,
}

impl<H> Line<H> {
    /// What is wrong with the head of a request: the wire has seen it, or it came in HTTP/2.
    fn fault_of(&self, number: u64, request: &Request<Incoming>) -> Option<Fault> {
        match request.version() {
            Version::HTTP_2 => judge(request, &self.core.settings().bounds()),
            _ => self.pulse.gauge.gate.fault_of(number),
        }
    }

    fn admit(&self) -> Admitted {
        match self.peer.role {
            Role::Admin => Admitted::Yes(None),
            Role::Data => match self.core.shared().requests.admit() {
                Some(place) => Admitted::Yes(Some(place)),
                None => Admitted::Shed,
            },
        }
    }
}

/// A panic is our fault and one request's trouble: the core goes on. What it says stays in the log.
async fn guarded<H: Handler>(handler: &H, request: Request<Incoming>, peer: Peer) -> Response<Body> {
    match AssertUnwindSafe(handler.call(request, peer)).catch_unwind().await {
        Ok(answer) => answer,
        Err(_panic) => {
            tracing::error!("a request made the gateway panic; it was answered 500");
            Refusal::new(
                Kind::Internal,
                "the gateway failed; this is not the request's fault",
            )
            .answer()
        }
    }
}

fn say_close(answer: &mut Response<Body>) {
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        answer
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
}

/// A request in progress: from its head to the end of its answer's body.
struct Flight {
    core: Core,
    pulse: Rc<Pulse>,
    place: Option<Place>,
}

impl Flight {
    fn begin<H>(line: &Line<H>) -> Self {
        line.pulse.begin();
        Self {
            core: line.core.clone(),
            pulse: Rc::clone(&line.pulse),
            place: None,
        }
    }

    fn now(&self) -> u32 {
        self.core.clock().now()
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.pulse.end(self.now());
    }
}

/// An answer's body with the flight that ends with it.
pub(super) struct Carried {
    body: Body,
    waits: bool,
    flight: Flight,
}

impl Carried {
    fn new(body: Body, flight: Flight) -> Self {
        flight.pulse.bodies().open(flight.now());
        Self {
            body,
            waits: false,
            flight,
        }
    }
}

impl Drop for Carried {
    fn drop(&mut self) {
        self.flight.pulse.bodies().close(self.waits);
    }
}

impl HttpBody for Carried {
    type Data = Bytes;
    type Error = body::Fault;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> body::Framed {
        let this = self.get_mut();
        let frame = Pin::new(&mut this.body).poll_frame(cx);
        let waited = std::mem::replace(&mut this.waits, frame.is_pending());
        this.flight
            .pulse
            .bodies()
            .asked(waited, this.waits, this.flight.now());
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
