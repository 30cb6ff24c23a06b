//! The head of an answer: what its lines say together about where the answer ends.

use super::Bounds;
use crate::framing::Fault;
use crate::framing::field::{self, Line, Read};
use crate::framing::octets::{VALUE, span};

/// What is to be known of a head.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) length: Option<u64>,
    pub(super) chunked: bool,
    pub(super) bytes: usize,
    minor: u8,
}

impl Head {
    /// Whether it promises a body.
    pub(super) fn is_framed(&self) -> bool {
        self.chunked || self.length.is_some_and(|length| length > 0)
    }
}

/// Reads one head, as far as it has come.
#[derive(Debug, Default)]
pub(super) struct HeadReader {
    /// What came in earlier pieces. A head that comes at once is not copied.
    held: Vec<u8>,
    /// Where the line begins that is not whole yet.
    at: usize,
    lines: usize,
    head: Head,
}

impl HeadReader {
    /// Reads on: how many of these bytes are of the head, and the head when it is whole.
    pub(super) fn read(&mut self, bytes: &[u8], bounds: &Bounds) -> Result<(usize, Option<Head>), Fault> {
        let before = self.held.len();
        let mut held = std::mem::take(&mut self.held);
        let whole = match before {
            0 => bytes,
            _ => {
                held.extend_from_slice(bytes);
                &held
            }
        };
        // A line that comes byte by byte is not read again for each of them.
        let waits = before > self.at && !bytes.contains(&b'\n') && whole.len() <= bounds.head;
        let end = if waits { None } else { self.lines(whole, bounds)? };
        let size = end.unwrap_or(whole.len());
        if size > bounds.head {
            return Err(Fault::malformed("the header is larger than is read"));
        }
        match end {
            Some(bytes) => {
                self.head.bytes = bytes;
                Ok((bytes - before, Some(self.judged()?)))
            }
            None => {
                self.held = if before == 0 { bytes.to_vec() } else { held };
                Ok((bytes.len(), None))
            }
        }
    }

    /// Where the head ends, when its end has come.
    fn lines(&mut self, whole: &[u8], bounds: &Bounds) -> Read<usize> {
        if self.at == 0 {
            let Some((status, minor, end)) = status_line(whole)? else {
                return Ok(None);
            };
            (self.head.status, self.head.minor, self.at) = (status, minor, end);
        }
        while let Some(line) = field::read(whole, self.at)? {
            match line {
                Line::Empty { end } => return Ok(Some(end)),
                Line::Field { name, value, end } => {
                    self.lines += 1;
                    if self.lines > bounds.lines {
                        return Err(Fault::malformed("the header has more lines than are read"));
                    }
                    self.field(&whole[name], &whole[value])?;
                    self.at = end;
                }
            }
        }
        Ok(None)
    }

    /// Takes note of a field that says where the answer ends.
    fn field(&mut self, name: &[u8], value: &[u8]) -> Result<(), Fault> {
        if name.eq_ignore_ascii_case(b"content-length") {
            let length = field::length(value);
            let length = length.ok_or(Fault::malformed("the Content-Length is not one number"))?;
            if self.head.length.replace(length).is_some() {
                return Err(Fault::malformed("there is more than one Content-Length"));
            }
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Fault::malformed("the Transfer-Encoding is not chunked"));
            }
            if std::mem::replace(&mut self.head.chunked, true) {
                return Err(Fault::malformed("there is more than one Transfer-Encoding"));
            }
        }
        Ok(())
    }

    fn judged(&self) -> Result<Head, Fault> {
        match self.head {
            Head {
                chunked: true,
                length: Some(_),
                ..
            } => Err(Fault::malformed(
                "there are both a Content-Length and a Transfer-Encoding",
            )),
            Head {
                chunked: true,
                minor: 0,
                ..
            } => Err(Fault::malformed("HTTP/1.0 has no Transfer-Encoding")),
            head => Ok(head),
        }
    }
}

/// `HTTP/1.x SP status [SP reason] CRLF`: the status, the minor version, and where the next line begins.
fn status_line(whole: &[u8]) -> Read<(u16, u8, usize)> {
    const NONE: Fault = Fault::malformed("the answer does not begin with a status line");
    const SHAPE: &[u8] = b"HTTP/1.";
    let known = SHAPE.len().min(whole.len());
    if whole[..known] != SHAPE[..known] {
        return Err(NONE);
    }
    let [minor, b' ', digits @ .., rest_0] = whole.get(7..13).unwrap_or_default() else {
        // Less than that is bounded by itself.
        return if whole.len() < 13 { Ok(None) } else { Err(NONE) };
    };
    let status = std::str::from_utf8(digits)
        .ok()
        .and_then(|text| text.parse().ok());
    let status: u16 = status
        .filter(|_| digits.iter().all(u8::is_ascii_digit))
        .filter(|status| *status >= 100)
        .ok_or(NONE)?;
    if !matches!(minor, b'0' | b'1') || !matches!(rest_0, b' ' | b'\r') {
        return Err(NONE);
    }
    let end = 12 + span(&whole[12..], &VALUE);
    match &whole[end..] {
        [] | [b'\r'] => Ok(None),
        [b'\r', b'\n', ..] => Ok(Some((status, minor - b'0', end + 2))),
        _ => Err(Fault::malformed("the status line does not end with CR and LF")),
    }
}
