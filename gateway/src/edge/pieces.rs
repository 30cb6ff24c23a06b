//! Bodies on their way through a compressor: no other exchange on the core waits for long.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tower_http::compression::CompressionBody;

use crate::body::{Body, Fault, Framed};

/// Bytes handed to the compressor at once: some hundreds of microseconds of its work. Then other work gets its turn.
const PIECE: usize = 64 * 1024;

/// A body in pieces, with a pause after each.
#[derive(Default)]
pub(super) struct Pieces {
    body: Body,
    rest: Bytes,
    paused: bool,
}

impl Pieces {
    pub(super) fn of(body: Body) -> Self {
        Self {
            body,
            ..Self::default()
        }
    }

    fn piece(&mut self) -> Frame<Bytes> {
        let length = self.rest.len().min(PIECE);
        self.paused = length == PIECE;
        Frame::data(self.rest.split_to(length))
    }
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Framed {
        let pieces = self.get_mut();
        if std::mem::take(&mut pieces.paused) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if !pieces.rest.is_empty() {
            return Poll::Ready(Some(Ok(pieces.piece())));
        }
        let frame = ready!(Pin::new(&mut pieces.body).poll_frame(cx));
        Poll::Ready(frame.map(|frame| match frame?.into_data() {
            Ok(data) => {
                pieces.rest = data;
                Ok(pieces.piece())
            }
            Err(trailers) => Ok(trailers),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match self.rest.is_empty() {
            true => self.body.size_hint(),
            false => SizeHint::default(),
        }
    }
}

/// A compressed body with the faults of bodies.
pub(super) struct Plain(Pin<Box<CompressionBody<Pieces>>>);

impl Plain {
    pub(super) fn of(body: CompressionBody<Pieces>) -> Self {
        Self(Box::pin(body))
    }
}

impl HttpBody for Plain {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Framed {
        let frame = ready!(self.get_mut().0.as_mut().poll_frame(cx));
        Poll::Ready(frame.map(|frame| {
            frame.map_err(|error| match error.downcast::<Fault>() {
                Ok(fault) => *fault,
                Err(error) => Fault::Aborted(error.to_string()),
            })
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
