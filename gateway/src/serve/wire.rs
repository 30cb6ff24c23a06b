//! A client's connection between its socket (or its TLS) and hyper: lets only unambiguous bytes through.
//!
//! Bytes are read into hyper's own buffer and checked there. Only what cannot pass yet is copied, once: a head that has
//! come in part. A head that is refused is replaced by [`SUBSTITUTE`], and the gate says that it is no request; a body that
//! breaks ends in an error.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::framing::{Bounds, Fault, Reader, Step};
use super::gauge::Gauge;
use super::held::Held;
use super::linger::Linger;
use crate::refusal::Kind;

/// What hyper reads in the place of a head that is refused.
const SUBSTITUTE: &[u8] = b"GET / HTTP/1.1\r\nhost: refused.invalid\r\nconnection: close\r\n\r\n";

/// Room that is worth reading into; hyper begins with less, to see which protocol it is.
const ROOM: usize = 1024;
/// What is read at once where hyper's buffer is not used.
const PIECE: usize = 4096;

const LATE_HEAD: Fault = Fault::new(Kind::RequestTimeout, "the header did not arrive in time");

/// A client's connection.
pub(super) struct Wire<S> {
    stream: S,
    gauge: Arc<Gauge>,
    reader: Reader,
    held: Held,
    /// Why nothing more is read of the body.
    broken: Option<(io::ErrorKind, &'static str)>,
    ended: bool,
    linger: Option<Linger>,
}

/// How reading bytes ended.
enum Rest {
    /// They were read to their end.
    None,
    /// The rest cannot pass yet.
    Held,
    /// The rest is dropped, and something stands in its place.
    Dropped,
}

impl<S> Wire<S> {
    /// A connection of which nothing has been read.
    pub(super) fn new(stream: S, gauge: Arc<Gauge>, bounds: Bounds) -> Self {
        Self {
            stream,
            gauge,
            reader: Reader::new(bounds),
            held: Held::default(),
            broken: None,
            ended: false,
            linger: None,
        }
    }

    /// Reads `bytes`: how many of them may pass.
    fn check(&mut self, bytes: &[u8]) -> (usize, Rest) {
        let mut passed = 0;
        self.reader.at(self.gauge.now());
        let rest = loop {
            if passed == bytes.len() {
                break Rest::None;
            }
            let was_in_body = self.reader.is_in_body();
            match self.reader.read(&bytes[passed..]) {
                Step::Pass(count) => {
                    passed += count;
                    self.note_pass(was_in_body, count);
                }
                Step::More => {
                    self.gauge.head_began();
                    break Rest::Held;
                }
                Step::Wait => break Rest::Held,
                Step::Refuse(fault) => {
                    self.gauge.gate.refuse(self.reader.heads(), fault);
                    break Rest::Dropped;
                }
                Step::Break(fault) => {
                    self.broken = Some((io::ErrorKind::InvalidData, fault.detail));
                    break Rest::Dropped;
                }
                Step::Flood => {
                    self.gauge.flood();
                    self.broken = Some((
                        io::ErrorKind::Other,
                        "the client sends too much that carries nothing",
                    ));
                    break Rest::Dropped;
                }
                Step::End => break Rest::Dropped,
            }
        };
        (passed, rest)
    }

    fn note_pass(&mut self, was_in_body: bool, count: usize) {
        let (gate, flow) = (&self.gauge.gate, &self.gauge.flow);
        if let Some(in_block) = self.reader.is_in_block() {
            return match in_block {
                true => self.gauge.head_began(),
                false => self.gauge.head_ended(),
            };
        }
        let is_in_body = self.reader.is_in_body();
        match (was_in_body, is_in_body) {
            (false, is_in_body) => {
                self.gauge.head_ended();
                if is_in_body {
                    gate.in_body(self.reader.heads());
                }
            }
            (true, true) => flow.came(count),
            (true, false) => {
                gate.in_body(0);
                flow.ended();
            }
        }
    }

    /// Puts what stands for a refused head where hyper will read it.
    fn substitute(&mut self) {
        if self.broken.is_none() && !self.ended {
            self.gauge.head_ended();
            self.held.replace(SUBSTITUTE);
        }
        self.ended = true;
    }

    /// Checks what is held, as far as it is unread.
    fn check_held(&mut self) {
        let held = std::mem::take(&mut self.held);
        let (passed, rest) = self.check(held.unread());
        self.held = held;
        self.held.free += passed;
        if matches!(rest, Rest::Dropped) {
            self.held.bytes.truncate(self.held.free);
            self.substitute();
        }
    }

    /// Gives hyper what may pass.
    fn give(&mut self, buffer: &mut ReadBuf<'_>) -> bool {
        let ready = self.held.may_pass();
        let count = ready.len().min(buffer.remaining());
        buffer.put_slice(&ready[..count]);
        self.held.take(count);
        count > 0
    }

    /// Whether the exchange has said what is to be known before anything is read.
    fn is_decided(&mut self, cx: &Context<'_>) -> bool {
        if !self.reader.is_asked() {
            return true;
        }
        let Some(switched) = self.gauge.gate.switched(self.reader.heads(), cx.waker()) else {
            return false;
        };
        self.reader.decide(switched);
        self.check_held();
        true
    }

    /// Ends what came too slowly: a head is refused, a body breaks.
    fn end_late(&mut self) -> bool {
        if !self.gauge.is_late() || self.reader.is_free() || self.ended {
            return false;
        }
        if self.reader.is_in_body() {
            self.broken = Some((io::ErrorKind::TimedOut, "the body came too slowly"));
        } else {
            self.reader.give_up();
            self.gauge.gate.refuse(self.reader.heads(), LATE_HEAD);
            self.held.bytes.truncate(self.held.free);
        }
        self.substitute();
        true
    }

    fn note_wait(&self) {
        if self.reader.is_in_body() {
            self.gauge.flow.waits();
        }
    }
}

impl<S: AsyncRead + Unpin> Wire<S> {
    /// Reads into hyper's buffer and checks there. Gives how many bytes came; 0 at the end.
    fn read_in_place(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<usize>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let came = buffer.filled().len() - before;
        let (passed, rest) = self.check(&buffer.filled()[before..]);
        match rest {
            Rest::None => {}
            Rest::Held => self
                .held
                .bytes
                .extend_from_slice(&buffer.filled()[before + passed..]),
            Rest::Dropped => self.substitute(),
        }
        buffer.set_filled(before + passed);
        Poll::Ready(Ok(came))
    }

    /// Reads more of what cannot pass yet. Gives how many bytes came; 0 at the end.
    fn read_on(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.held.compact();
        let before = self.held.bytes.len();
        self.held.bytes.reserve_exact(PIECE);
        self.held.bytes.resize(before + PIECE, 0);
        let mut piece = ReadBuf::new(&mut self.held.bytes[before..]);
        let polled = Pin::new(&mut self.stream).poll_read(cx, &mut piece);
        let came = piece.filled().len();
        self.held.bytes.truncate(before + came);
        if before + came == 0 {
            self.held = Held::default();
        }
        ready!(polled)?;
        if came > 0 {
            self.check_held();
        }
        Poll::Ready(Ok(came))
    }

    /// Whether the client may be sending what nobody will read.
    fn has_more(&self) -> bool {
        self.ended || self.reader.is_in_body() || !self.held.bytes.is_empty()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        loop {
            if this.give(buffer) || buffer.filled().len() > before {
                return Poll::Ready(Ok(()));
            }
            if this.gauge.is_flooded() {
                // The connection says good-bye, and ends.
                return Poll::Pending;
            }
            if let Some((kind, why)) = this.broken {
                return Poll::Ready(Err(io::Error::new(kind, why)));
            }
            if this.ended {
                return Poll::Ready(Ok(()));
            }
            if !this.is_decided(cx) {
                return Poll::Pending;
            }
            if this.end_late() || !this.held.may_pass().is_empty() {
                continue;
            }
            let in_place = this.held.bytes.is_empty() && buffer.remaining() >= ROOM;
            let read = match in_place || this.reader.is_free() {
                true => this.read_in_place(cx, buffer),
                false => this.read_on(cx),
            };
            match read {
                Poll::Ready(Ok(0)) => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    this.note_wait();
                    return Poll::Pending;
                }
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.gauge.wrote(polled)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_flush(cx);
        // Behind TLS only the flush waits for a client that does not read.
        this.gauge.wrote(polled)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.linger.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
            if !this.has_more() {
                return Poll::Ready(Ok(()));
            }
        }
        let linger = this.linger.get_or_insert_with(Linger::new);
        linger.poll(&mut this.stream, cx)
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

#[cfg(test)]
mod tests;
