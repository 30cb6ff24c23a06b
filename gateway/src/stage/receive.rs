//! A request's body: streamed on untouched, or held whole because somebody has to see it first.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use sluice_transforms::value::Value;

use crate::body::{self, Body, Framed};
use crate::refusal::Refusal;
use crate::stage::documents;

/// A request's body.
#[derive(Debug)]
pub enum Received {
    /// It still comes.
    Streaming(Incoming),
    /// It is here.
    Whole(Sent),
    /// It is here, and was read already.
    Understood(Box<Understood>),
}

/// A body as it was sent: not decoded.
#[derive(Debug, Default)]
pub struct Sent {
    bytes: Bytes,
    /// How long it was waited for.
    waited: Duration,
}

/// A body that was read.
#[derive(Debug)]
pub struct Understood {
    sent: Sent,
    /// What it says.
    pub document: Value,
    /// How long its text is, decoded.
    pub length: usize,
}

impl Received {
    /// Waits for the whole body, and keeps it for whoever comes next.
    ///
    /// # Errors
    /// When it does not arrive, or is larger than `cap`.
    pub async fn hold(&mut self, cap: usize, idle: Duration) -> Result<Bytes, Refusal> {
        let sent = match self {
            Self::Whole(sent) => return Ok(sent.bytes.clone()),
            Self::Understood(understood) => return Ok(understood.sent.bytes.clone()),
            Self::Streaming(incoming) => {
                let since = Instant::now();
                let read = documents::whole(incoming, cap, idle).await;
                let bytes = read.map_err(|fault| fault.of_request())?;
                let waited = since.elapsed();
                Sent { bytes, waited }
            }
        };
        let held = sent.bytes.clone();
        *self = Self::Whole(sent);
        Ok(held)
    }

    /// How long a body that is held was waited for.
    pub fn waited(&self) -> Duration {
        match self {
            Self::Streaming(_) => Duration::ZERO,
            Self::Whole(sent) => sent.waited,
            Self::Understood(understood) => understood.sent.waited,
        }
    }

    /// Keeps what a body that is held says, so that nobody reads it a second time.
    pub fn understood(&mut self, document: Value, length: usize) {
        if let Self::Whole(sent) = self {
            *self = Self::Understood(Box::new(Understood {
                sent: std::mem::take(sent),
                document,
                length,
            }));
        }
    }

    /// The body to forward; it fails when the client says nothing for `idle`.
    pub fn into_body(self, idle: Duration) -> Body {
        match self {
            Self::Streaming(incoming) => Body::incoming(incoming, idle),
            Self::Whole(sent) => Body::full(sent.bytes),
            Self::Understood(understood) => Body::full(understood.sent.bytes),
        }
    }

    fn held(&self) -> Option<&Bytes> {
        match self {
            Self::Streaming(_) => None,
            Self::Whole(sent) => Some(&sent.bytes),
            Self::Understood(understood) => Some(&understood.sent.bytes),
        }
    }
}

impl HttpBody for Received {
    type Data = Bytes;
    type Error = body::Fault;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Framed {
        let bytes = match self.get_mut() {
            Self::Streaming(incoming) => return Pin::new(incoming).poll_frame(cx).map_err(Into::into),
            Self::Whole(sent) => &mut sent.bytes,
            Self::Understood(understood) => &mut understood.sent.bytes,
        };
        match bytes.is_empty() {
            true => Poll::Ready(None),
            false => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Streaming(incoming) => incoming.is_end_stream(),
            held => held.held().is_none_or(Bytes::is_empty),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Streaming(incoming) => incoming.size_hint(),
            held => SizeHint::with_exact(held.held().map_or(0, Bytes::len) as u64),
        }
    }
}
