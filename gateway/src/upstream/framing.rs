//! The framing of an upstream's answers, pure over bytes: no I/O, no clock.
//!
//! [`Reader`] follows the answers of one connection: interim heads, the head, the body by length, in chunks or until the
//! end. It knows what was asked, since that decides whether there is a body. Nothing ambiguous passes, and nothing that
//! was not asked for: a second answer behind the first would be taken for the next client's.

mod head;
#[cfg(test)]
mod tests;

use crate::framing::Fault;
use crate::framing::chunks::Chunks;
use head::{Head, HeadReader};

/// Interim answers (1xx) before an answer.
const INTERIMS: usize = 16;

/// What is wrong with bytes that belong to no answer.
pub(super) const UNASKED: Fault = Fault::malformed("it sent what was not asked for");

/// What was asked, as far as it decides where the answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Asked {
    /// `HEAD`: the answer has no body, whatever its head says.
    pub(super) head: bool,
    /// Another protocol was asked for.
    pub(super) upgrade: bool,
}

/// How large heads may be: one answer's, and all interim ones before it together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) head: usize,
    pub(super) lines: usize,
}

/// What is to be done with bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// All of them pass.
    Pass,
    /// So many end the answer; what follows belongs to none.
    Surplus(usize),
    /// They are not HTTP, or could be read in two ways: none passes.
    Refuse(Fault),
}

#[derive(Debug)]
enum State {
    /// Nothing is asked, or the answer is whole.
    Quiet,
    Head(HeadReader),
    Length(u64),
    Chunks(Box<Chunks>),
    /// Until the connection ends.
    Open,
    /// Another protocol.
    Free,
}

/// Follows the answers of one connection.
#[derive(Debug)]
pub(super) struct Reader {
    bounds: Bounds,
    asked: Asked,
    state: State,
    interims: usize,
    interim_bytes: usize,
}

impl Reader {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            asked: Asked::default(),
            state: State::Quiet,
            interims: 0,
            interim_bytes: 0,
        }
    }

    /// A request is on its way.
    pub(super) fn ask(&mut self, asked: Asked) {
        self.asked = asked;
        self.state = State::Head(HeadReader::default());
        (self.interims, self.interim_bytes) = (0, 0);
    }

    /// Whether nothing of the answer's own head has passed in whole.
    pub(super) fn is_before_head(&self) -> bool {
        matches!(self.state, State::Head(_))
    }

    /// Reads on.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Step {
        let mut read = 0;
        while read < bytes.len() {
            match self.step(&bytes[read..]) {
                Ok(0) => return Step::Surplus(read),
                Ok(count) => read += count,
                Err(fault) => return Step::Refuse(fault),
            }
        }
        Step::Pass
    }

    /// Takes some bytes; none of those that follow an answer.
    fn step(&mut self, bytes: &[u8]) -> Result<usize, Fault> {
        match &mut self.state {
            State::Quiet => Ok(0),
            State::Open | State::Free => Ok(bytes.len()),
            State::Head(reader) => {
                let (count, head) = reader.read(bytes, &self.bounds)?;
                match head {
                    Some(head) => self.begin(&head).map(|()| count),
                    None => Ok(count),
                }
            }
            State::Length(left) => {
                let count = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= count as u64;
                if *left == 0 {
                    self.state = State::Quiet;
                }
                Ok(count)
            }
            State::Chunks(chunks) => {
                let (count, fault) = chunks.read(bytes);
                if chunks.is_ended() {
                    self.state = State::Quiet;
                }
                fault.map_or(Ok(count), Err)
            }
        }
    }

    /// What follows a head.
    fn begin(&mut self, head: &Head) -> Result<(), Fault> {
        self.state = match head.status {
            101 if self.asked.upgrade => State::Free,
            101 => return Err(Fault::malformed("it switched protocols, which was not asked for")),
            100..200 => return self.interim(head),
            204 if head.is_framed() => return Err(Fault::malformed("a 204 has a body")),
            204 | 304 => State::Quiet,
            _ if self.asked.head => State::Quiet,
            _ if head.chunked => State::Chunks(Box::new(Chunks::new())),
            _ => match head.length {
                Some(0) => State::Quiet,
                Some(length) => State::Length(length),
                None => State::Open,
            },
        };
        Ok(())
    }

    fn interim(&mut self, head: &Head) -> Result<(), Fault> {
        self.interims += 1;
        self.interim_bytes += head.bytes;
        if self.interims > INTERIMS || self.interim_bytes > self.bounds.head {
            return Err(Fault::malformed("it sent more interim answers than are read"));
        }
        if head.is_framed() {
            return Err(Fault::malformed("an interim answer has a body"));
        }
        self.state = State::Head(HeadReader::default());
        Ok(())
    }
}
