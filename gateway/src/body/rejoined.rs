//! A body of which the beginning was read already.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::{Body, Fault, Framed};

/// What was read, then how the reading ended or what is left.
pub struct Rejoined {
    first: Bytes,
    fault: Option<Fault>,
    rest: Body,
}

impl Rejoined {
    /// `first`, and then `fault` if there is one, else `rest`.
    pub fn new(first: Bytes, fault: Option<Fault>, rest: Body) -> Self {
        Self { first, fault, rest }
    }
}

impl HttpBody for Rejoined {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Framed {
        let this = self.get_mut();
        if !this.first.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut this.first)))));
        }
        match this.fault.take() {
            Some(fault) => Poll::Ready(Some(Err(fault))),
            None => Pin::new(&mut this.rest).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_empty() && self.fault.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let first = self.first.len() as u64;
        let rest = self.rest.size_hint();
        let mut all = SizeHint::new();
        all.set_lower(rest.lower() + first);
        if let Some(upper) = rest.upper() {
            all.set_upper(upper + first);
        }
        all
    }
}
