//! A client's connection as bytes, and what is seen of it on the way.
//!
//! Time is read off a coarse clock that the core's warden moves on once a second: a read or a write costs two plain stores.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Seconds since the core began, from 1. Only its own core moves it on; it is atomic because an upgraded connection has
/// to be `Send`.
#[derive(Clone)]
pub(super) struct Clock {
    began: Instant,
    seconds: Arc<AtomicU32>,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            seconds: Arc::new(AtomicU32::new(1)),
        }
    }

    pub(super) fn now(&self) -> u32 {
        self.seconds.load(Ordering::Relaxed)
    }

    /// Looks at the real clock.
    pub(super) fn refresh(&self) {
        let seconds = u32::try_from(self.began.elapsed().as_secs()).unwrap_or(u32::MAX - 1);
        self.seconds.store(seconds + 1, Ordering::Relaxed);
    }
}

/// Since when something goes on, in seconds of the clock; 0 if it does not.
#[derive(Default)]
struct Since(AtomicU32);

impl Since {
    fn begin(&self, clock: &Clock) {
        if self.0.load(Ordering::Relaxed) == 0 {
            self.0.store(clock.now(), Ordering::Relaxed);
        }
    }

    fn end(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    fn seconds(&self, clock: &Clock) -> Option<u32> {
        let since = self.0.load(Ordering::Relaxed);
        (since != 0).then(|| clock.now().wrapping_sub(since))
    }
}

/// What the wire tells of its connection.
pub(super) struct Gauge {
    clock: Clock,
    /// Bytes came that are not yet a request.
    head: Since,
    /// The client does not take what is written.
    blocked: Since,
}

impl Gauge {
    pub(super) fn new(clock: Clock) -> Arc<Self> {
        Arc::new(Self {
            clock,
            head: Since::default(),
            blocked: Since::default(),
        })
    }

    /// The head that was coming is here.
    pub(super) fn head_ended(&self) {
        self.head.end();
    }

    /// For how long a head has been coming.
    pub(super) fn head_seconds(&self) -> Option<u32> {
        self.head.seconds(&self.clock)
    }

    /// For how long the client has taken nothing.
    pub(super) fn blocked_seconds(&self) -> Option<u32> {
        self.blocked.seconds(&self.clock)
    }

    fn wrote<T>(&self, polled: Poll<T>) -> Poll<T> {
        match polled.is_pending() {
            true => self.blocked.begin(&self.clock),
            false => self.blocked.end(),
        }
        polled
    }
}

/// A client's connection.
pub(super) struct Wire {
    stream: TcpStream,
    gauge: Arc<Gauge>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, gauge: Arc<Gauge>) -> Self {
        Self { stream, gauge }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            this.gauge.head.begin(&this.gauge.clock);
        }
        polled
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.gauge.wrote(polled)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write_vectored(cx, pieces);
        this.gauge.wrote(polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
