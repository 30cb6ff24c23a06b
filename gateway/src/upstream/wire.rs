//! An upstream's connection between its socket (or its TLS) and hyper: lets only what was asked for through, and that only
//! while it is unambiguous.
//!
//! Bytes are checked in hyper's own buffer. What is wrong ends the connection: an answer that has not begun becomes a 502,
//! one that has begun is aborted. What comes while nothing is asked ends it too, and it is looked for once more before a
//! request is written: an answer that came early would be taken for the next one's.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::framing::{Asked, Bounds, Reader, Step, UNASKED};
use crate::framing::Fault;

/// Why an answer is not read on. It travels through hyper's errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Ambiguous(pub(super) &'static str);

/// What a link and its wire tell each other. A wire may go to a task of its own after an upgrade, so it has to be `Send`.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// What is asked next: [`ASKED`] and what else is known of it; 0 for nothing.
    next: AtomicU8,
    spoiled: AtomicBool,
}

const ASKED: u8 = 1;
const HEAD: u8 = 2;
const UPGRADE: u8 = 4;

impl Watch {
    /// The next bytes that are written are of this request.
    pub(super) fn ask(&self, asked: Asked) {
        let flag = |is: bool, flag: u8| if is { flag } else { 0 };
        let all = ASKED | flag(asked.head, HEAD) | flag(asked.upgrade, UPGRADE);
        self.next.store(all, Ordering::Relaxed);
    }

    /// Whether the connection carried what it should not have: nothing more is sent on it.
    pub(super) fn is_spoiled(&self) -> bool {
        self.spoiled.load(Ordering::Relaxed)
    }

    fn spoil(&self) {
        self.spoiled.store(true, Ordering::Relaxed);
    }

    fn taken(&self) -> Option<Asked> {
        let next = self.next.load(Ordering::Relaxed);
        if next == 0 {
            return None;
        }
        self.next.store(0, Ordering::Relaxed);
        Some(Asked {
            head: next & HEAD != 0,
            upgrade: next & UPGRADE != 0,
        })
    }
}

/// The way to an upstream.
pub(super) enum Socket {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Hands a call on to the stream that there is.
macro_rules! on {
    ($socket:expr, $call:ident, $($argument:expr),*) => {
        match &mut $socket {
            Socket::Plain(stream) => Pin::new(stream).$call($($argument),*),
            Socket::Tls(stream) => Pin::new(&mut **stream).$call($($argument),*),
        }
    };
}

impl Socket {
    /// Whether it stands and nothing has come. Of a plain one the system is asked: what it has told so far may be old.
    fn is_quiet(&mut self, cx: &mut Context<'_>) -> bool {
        match self {
            Self::Plain(stream) => {
                let looked = SockRef::from(&*stream).peek(&mut [MaybeUninit::uninit()]);
                looked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
            }
            Self::Tls(stream) => {
                let mut byte = [0];
                Pin::new(&mut **stream)
                    .poll_read(cx, &mut ReadBuf::new(&mut byte))
                    .is_pending()
            }
        }
    }
}

/// A connection to an upstream.
pub(super) struct Wire {
    socket: Socket,
    watch: Arc<Watch>,
    reader: Reader,
    ended: Option<Fault>,
}

impl Wire {
    pub(super) fn new(socket: Socket, watch: Arc<Watch>, bounds: Bounds) -> Self {
        Self {
            socket,
            watch,
            reader: Reader::new(bounds),
            ended: None,
        }
    }

    fn end(&mut self, fault: Fault) -> io::Error {
        self.watch.spoil();
        self.ended = Some(fault);
        io::Error::new(io::ErrorKind::InvalidData, Ambiguous(fault.detail))
    }

    /// How many of these bytes pass.
    fn check(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let was_before_head = self.reader.is_before_head();
        match self.reader.read(bytes) {
            Step::Pass => Ok(bytes.len()),
            Step::Refuse(fault) => Err(self.end(fault)),
            // Nothing was answered yet: whose the rest is may well be meant differently.
            Step::Surplus(_) if was_before_head => Err(self.end(UNASKED)),
            Step::Surplus(0) => Err(self.end(UNASKED)),
            Step::Surplus(count) => {
                self.end(UNASKED);
                Ok(count)
            }
        }
    }

    /// Before the first bytes of a request: the connection has to be quiet.
    fn begin(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let Some(asked) = self.watch.taken() else {
            return Ok(());
        };
        if self.ended.is_some() || !self.socket.is_quiet(cx) {
            self.watch.spoil();
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        self.reader.ask(asked);
        Ok(())
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(fault) = this.ended {
            return Poll::Ready(Err(this.end(fault)));
        }
        let before = buffer.filled().len();
        ready!(on!(this.socket, poll_read, cx, buffer))?;
        match this.check(&buffer.filled()[before..]) {
            Ok(count) => {
                buffer.set_filled(before + count);
                Poll::Ready(Ok(()))
            }
            Err(error) => {
                buffer.set_filled(before);
                Poll::Ready(Err(error))
            }
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.begin(cx)?;
        on!(this.socket, poll_write, cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on!(self.get_mut().socket, poll_flush, cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on!(self.get_mut().socket, poll_shutdown, cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.begin(cx)?;
        on!(this.socket, poll_write_vectored, cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.socket {
            Socket::Plain(stream) => stream.is_write_vectored(),
            Socket::Tls(stream) => stream.is_write_vectored(),
        }
    }
}
