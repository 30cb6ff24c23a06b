//! The body of an upstream's answer.
//!
//! It owns the connection that it comes from: at the body's end the connection goes back to its pool; a body that is
//! dropped early, falls silent or breaks takes the connection with it.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, SizeHint};
use hyper::body::Incoming;

use super::endpoint::Lease;
use crate::body::{Fault, Framed, Patience};

/// An answer's body, as a stream of frames with its trailers.
pub struct Reply {
    incoming: Incoming,
    lease: Option<Lease>,
    patience: Patience,
}

impl Reply {
    pub(super) fn new(incoming: Incoming, lease: Lease, idle: Duration, switched: bool) -> Self {
        let mut reply = Self {
            incoming,
            lease: Some(lease),
            patience: Patience::new(idle),
        };
        if !switched && reply.incoming.is_end_stream() {
            reply.release();
        }
        reply
    }

    fn release(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.release();
        }
    }
}

impl HttpBody for Reply {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Framed {
        let this = self.get_mut();
        let polled = this.patience.frame(Pin::new(&mut this.incoming), cx);
        match &polled {
            Poll::Ready(Some(Err(_))) => this.lease = None,
            Poll::Ready(None) => this.release(),
            // A body of known length needs no further poll to be known as ended.
            Poll::Ready(Some(Ok(_))) if this.incoming.is_end_stream() => this.release(),
            _ => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
