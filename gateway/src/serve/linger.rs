//! The end of a connection whose client is still sending.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::{Sleep, sleep};

/// What a client may still send, and for how long it is read, after the last answer: a socket that is closed with unread
/// bytes takes the answer with it.
const LINGER: (usize, Duration) = (256 * 1024, Duration::from_secs(2));

/// What is read at once.
const PIECE: usize = 4096;

/// Reading what is left, after the last answer.
pub(super) struct Linger {
    left: usize,
    until: Pin<Box<Sleep>>,
}

impl Linger {
    pub(super) fn new() -> Self {
        let (left, patience) = LINGER;
        Self {
            left,
            until: Box::pin(sleep(patience)),
        }
    }

    /// Reads and forgets, until the client is done or has had enough of our time.
    pub(super) fn poll<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let mut scratch = [MaybeUninit::uninit(); PIECE];
        while self.left > 0 {
            let mut piece = ReadBuf::uninit(&mut scratch);
            match Pin::new(&mut *stream).poll_read(cx, &mut piece) {
                Poll::Pending => return self.until.as_mut().poll(cx).map(Ok),
                Poll::Ready(Ok(())) if !piece.filled().is_empty() => {
                    self.left = self.left.saturating_sub(piece.filled().len());
                }
                Poll::Ready(_) => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}
