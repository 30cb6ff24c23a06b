//! How long a frame is waited for.
//!
//! A timer is armed only when there is nothing to read, and it is kept for the next wait: a body whose frames are
//! there already costs no timer at all.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::Body as HttpBody;
use tokio::time::{Instant, Sleep, sleep_until};

use super::{Fault, Framed};

/// A limit on silence, measured anew after every frame.
pub struct Patience {
    limit: Duration,
    armed: bool,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    /// Patience for `limit` between two frames.
    pub fn new(limit: Duration) -> Self {
        Self {
            limit,
            armed: false,
            sleep: None,
        }
    }

    /// The next frame of `body`, or [`Fault::Silent`] when it does not come in time.
    pub fn frame<B>(&mut self, body: Pin<&mut B>, cx: &mut Context<'_>) -> Framed
    where
        B: HttpBody<Data = Bytes>,
        B::Error: Into<Fault>,
    {
        if let Poll::Ready(frame) = body.poll_frame(cx) {
            self.armed = false;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        ready!(self.poll_spent(cx));
        Poll::Ready(Some(Err(Fault::Silent)))
    }

    /// Ready once the silence, which begins with the first call after a frame, has lasted too long.
    fn poll_spent(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + self.limit)));
        if !self.armed {
            sleep.as_mut().reset(Instant::now() + self.limit);
            self.armed = true;
        }
        sleep.as_mut().poll(cx)
    }
}
