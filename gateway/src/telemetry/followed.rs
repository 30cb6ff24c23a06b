//! The body of an answer whose end is waited for.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, SizeHint};

use super::access::Ended;
use super::account::Draft;
use crate::body::{Body, Fault, Framed};

/// A body that closes an account at its end, or when whoever reads it has gone.
pub(super) struct Followed {
    body: Body,
    draft: Box<Draft>,
    sent: u64,
}

impl Followed {
    pub(super) fn new(body: Body, draft: Box<Draft>) -> Self {
        Self { body, draft, sent: 0 }
    }
}

impl HttpBody for Followed {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Framed {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => this.sent += frame.data_ref().map_or(0, |data| data.len() as u64),
            Poll::Ready(Some(Err(_))) => this.draft.ends(Ended::Broken, this.sent),
            Poll::Ready(None) => this.draft.ends(Ended::Whole, this.sent),
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

impl Drop for Followed {
    /// A body of known length needs no further poll to be known as ended, and one that the answer has no place for none.
    fn drop(&mut self) {
        let how = match self.body.is_end_stream() {
            true => Ended::Whole,
            false => Ended::Abandoned,
        };
        self.draft.ends(how, self.sent);
    }
}
