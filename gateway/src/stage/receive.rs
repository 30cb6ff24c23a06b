//! A request's body: streamed on untouched, or held whole because somebody has to see it first.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;

use crate::body::{self, Body, Framed};
use crate::refusal::Refusal;

/// How long a whole body may take, whatever its pieces do.
const TOTAL: Duration = Duration::from_secs(120);

/// A request's body.
#[derive(Debug)]
pub enum Received {
    /// It still comes.
    Streaming(Incoming),
    /// It is here, as it was sent: not decoded.
    Whole(Bytes),
}

impl Received {
    /// Waits for the whole body, and keeps it for whoever comes next.
    ///
    /// # Errors
    /// When it does not arrive, or is larger than `cap`.
    pub async fn hold(&mut self, cap: usize, idle: Duration) -> Result<Bytes, Refusal> {
        let bytes = match self {
            Self::Whole(bytes) => bytes.clone(),
            Self::Streaming(incoming) => {
                let bounds = body::Bounds {
                    bytes: cap,
                    idle,
                    total: TOTAL,
                };
                let read = body::collect(incoming, &bounds).await;
                read.map_err(|fault| Refusal::of_request_body(&fault))?
            }
        };
        *self = Self::Whole(bytes.clone());
        Ok(bytes)
    }

    /// The body to forward; it fails when the client says nothing for `idle`.
    pub fn into_body(self, idle: Duration) -> Body {
        match self {
            Self::Streaming(incoming) => Body::incoming(incoming, idle),
            Self::Whole(bytes) => Body::full(bytes),
        }
    }
}

impl HttpBody for Received {
    type Data = Bytes;
    type Error = body::Fault;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Framed {
        match self.get_mut() {
            Self::Streaming(incoming) => Pin::new(incoming).poll_frame(cx).map_err(Into::into),
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Streaming(incoming) => incoming.is_end_stream(),
            Self::Whole(bytes) => bytes.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Streaming(incoming) => incoming.size_hint(),
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
        }
    }
}
