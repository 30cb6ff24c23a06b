//! One message after another.

use super::frames::Frames;
use super::head::{Framing, Head, HeadReader};
use super::{Bounds, Fault};
use crate::framing::chunks::Chunks;

/// How an HTTP/2 connection begins (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What is to be done with bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::serve) enum Step {
    /// So many pass; the rest is to be read again.
    Pass(usize),
    /// None passes before more have come; then all of them are to be read again.
    More,
    /// None passes before it is known whether the exchange switched protocols.
    Wait,
    /// They begin with a head that is refused: none passes, and nothing is read after it.
    Refuse(Fault),
    /// They do not belong to the body that they follow: none passes, and nothing is read after it.
    Break(Fault),
    /// They are an attack: none passes, and the connection is to be closed.
    Flood,
    /// Nothing is read any more.
    End,
}

/// What a connection is in the middle of.
#[derive(Debug)]
enum State {
    /// It has just begun, and may be HTTP/2.
    Opening,
    Head(HeadReader),
    Length(u64),
    Chunks(Chunks),
    /// A message that asked for another protocol is over.
    Asked,
    Http2(Frames),
    /// Another protocol.
    Free,
    Ended,
}

/// Follows the messages of one connection.
#[derive(Debug)]
pub(in crate::serve) struct Reader {
    bounds: Bounds,
    state: State,
    upgrade: bool,
    heads: u64,
}

impl Reader {
    /// The first bytes decide whether it is HTTP/2, whatever TLS agreed on: a client that agrees on HTTP/2 and speaks
    /// HTTP/1 is held to the same rules.
    pub(in crate::serve) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            state: State::Opening,
            upgrade: false,
            heads: 0,
        }
    }

    /// Heads so far, the refused one among them.
    pub(in crate::serve) fn heads(&self) -> u64 {
        self.heads
    }

    /// Whether it is in the middle of a body.
    pub(in crate::serve) fn is_in_body(&self) -> bool {
        matches!(self.state, State::Length(_) | State::Chunks(_))
    }

    /// Whether what passes is another protocol than HTTP/1.
    pub(in crate::serve) fn is_free(&self) -> bool {
        matches!(self.state, State::Free | State::Http2(_))
    }

    /// Whether the header of an HTTP/2 request is coming; nothing if this is not HTTP/2.
    pub(in crate::serve) fn is_in_block(&self) -> Option<bool> {
        match &self.state {
            State::Http2(frames) => Some(frames.is_in_block()),
            _ => None,
        }
    }

    /// Says what time it is, in seconds since some moment.
    pub(in crate::serve) fn at(&mut self, second: u32) {
        if let State::Http2(frames) = &mut self.state {
            frames.at(second);
        }
    }

    /// Whether it waits for [`Reader::decide`].
    pub(in crate::serve) fn is_asked(&self) -> bool {
        matches!(self.state, State::Asked)
    }

    /// Says whether the exchange that asked for another protocol switched.
    pub(in crate::serve) fn decide(&mut self, switched: bool) {
        if self.is_asked() {
            self.state = match switched {
                true => State::Free,
                false => State::Head(HeadReader::default()),
            };
        }
    }

    /// Refuses the head that is coming, for a reason that is not in its bytes.
    pub(in crate::serve) fn give_up(&mut self) {
        self.heads += 1;
        self.state = State::Ended;
    }

    /// Reads on.
    pub(in crate::serve) fn read(&mut self, bytes: &[u8]) -> Step {
        let step = match &mut self.state {
            State::Opening => return self.open(bytes),
            State::Head(head) => match head.read(bytes, &self.bounds) {
                Ok(None) => Step::More,
                Ok(Some(head)) => self.begin(head),
                Err(fault) => Step::Refuse(fault),
            },
            State::Length(left) => {
                let count = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= count as u64;
                let ended = *left == 0;
                self.passed(count, ended)
            }
            State::Chunks(chunks) => match chunks.read(bytes) {
                (0, Some(fault)) => Step::Break(fault),
                (count, _) => {
                    let ended = chunks.is_ended();
                    self.passed(count, ended)
                }
            },
            State::Asked => Step::Wait,
            State::Http2(frames) => match frames.read(bytes) {
                Ok(()) => Step::Pass(bytes.len()),
                Err(_) => Step::Flood,
            },
            State::Free => Step::Pass(bytes.len()),
            State::Ended => Step::End,
        };
        match step {
            Step::Refuse(_) => self.give_up(),
            Step::Break(_) | Step::Flood => self.state = State::Ended,
            _ => {}
        }
        step
    }

    fn open(&mut self, bytes: &[u8]) -> Step {
        if bytes.starts_with(PREFACE) {
            self.state = State::Http2(Frames::new());
            return Step::Pass(PREFACE.len());
        } else if PREFACE.starts_with(bytes) {
            return Step::More;
        } else {
            self.state = State::Head(HeadReader::default());
        }
        self.read(bytes)
    }

    fn begin(&mut self, head: Head) -> Step {
        self.heads += 1;
        self.upgrade = head.upgrade;
        self.state = match head.body {
            Framing::Length(0) => self.after(),
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Chunks(Chunks::new()),
        };
        Step::Pass(head.bytes)
    }

    fn passed(&mut self, count: usize, ended: bool) -> Step {
        if ended {
            self.state = self.after();
        }
        Step::Pass(count)
    }

    /// What follows a message.
    fn after(&self) -> State {
        match self.upgrade {
            true => State::Asked,
            false => State::Head(HeadReader::default()),
        }
    }
}
