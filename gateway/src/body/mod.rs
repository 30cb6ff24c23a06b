//! Bodies: the one type that answers and forwarded requests carry, and what opens a body.
//!
//! - [`Body`]: nothing, whole bytes, a client's body, an upstream's answer, or any other stream;
//! - [`collect`]: a body as one piece, within [`Bounds`];
//! - [`decode`]: gzip, deflate and br opened, within [`Caps`].
//!
//! A body that streams is never copied: frames are handed on as they came, trailers too. Whoever waits for a frame
//! waits with [`Patience`], so that a silent peer ends in [`Fault::Silent`] and not in a forgotten connection.

mod collect;
mod decode;
mod fault;
mod patience;
mod rejoined;

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;

use crate::upstream::Reply;

pub use collect::{Bounds, CollectFault, collect};
pub use decode::{Caps, DecodeFault, decode};
pub use fault::Fault;
pub use patience::Patience;
pub use rejoined::Rejoined;

/// What a poll for one frame gives.
pub(crate) type Framed = Poll<Option<Result<Frame<Bytes>, Fault>>>;

/// A body on its way, to a client or to an upstream.
pub struct Body(Source);

enum Source {
    Empty,
    Full(Bytes),
    Client { incoming: Incoming, patience: Patience },
    Reply(Reply),
    Stream(Pin<Box<dyn HttpBody<Data = Bytes, Error = Fault>>>),
}

impl Body {
    /// No body.
    pub fn empty() -> Self {
        Self(Source::Empty)
    }

    /// Bytes that are all here.
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        Self(Source::Full(bytes.into()))
    }

    /// A client's body, streamed on untouched; it fails when the client says nothing for `idle`.
    pub fn incoming(incoming: Incoming, idle: Duration) -> Self {
        match incoming.is_end_stream() {
            true => Self::empty(),
            false => Self(Source::Client {
                incoming,
                patience: Patience::new(idle),
            }),
        }
    }

    /// Any other stream of frames, for example an answer lowered while it passes.
    pub fn stream(stream: impl HttpBody<Data = Bytes, Error = Fault> + 'static) -> Self {
        Self(Source::Stream(Box::pin(stream)))
    }

    /// An upstream's answer.
    pub(crate) fn reply(reply: Reply) -> Self {
        Self(Source::Reply(reply))
    }

    /// The bytes, when all of them are here: such a body may be sent a second time.
    pub fn bytes(&self) -> Option<Bytes> {
        match &self.0 {
            Source::Empty => Some(Bytes::new()),
            Source::Full(bytes) => Some(bytes.clone()),
            _ => None,
        }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Framed {
        match &mut self.get_mut().0 {
            Source::Empty => Poll::Ready(None),
            Source::Full(bytes) => Poll::Ready(whole(bytes)),
            Source::Client { incoming, patience } => patience.frame(Pin::new(incoming), cx),
            Source::Reply(reply) => Pin::new(reply).poll_frame(cx),
            Source::Stream(stream) => stream.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Source::Empty => true,
            Source::Full(bytes) => bytes.is_empty(),
            Source::Client { incoming, .. } => incoming.is_end_stream(),
            Source::Reply(reply) => reply.is_end_stream(),
            Source::Stream(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Source::Empty => SizeHint::with_exact(0),
            Source::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Source::Client { incoming, .. } => incoming.size_hint(),
            Source::Reply(reply) => reply.size_hint(),
            Source::Stream(stream) => stream.size_hint(),
        }
    }
}

fn whole(bytes: &mut Bytes) -> Option<Result<Frame<Bytes>, Fault>> {
    match bytes.is_empty() {
        true => None,
        false => Some(Ok(Frame::data(std::mem::take(bytes)))),
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::full(bytes)
    }
}
