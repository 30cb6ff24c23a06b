//! The request line and one field line, as bytes.
//!
//! Both end early: a byte that cannot stand where it stands is a fault before the line is whole, so that what is not HTTP
//! at all is told at once.

use super::octets::{TARGET, TOKEN, VALUE, span};
use super::{Bounds, Fault};
use crate::refusal::Kind;

/// Bytes of a method, and of a field name.
const METHOD: usize = 32;
const NAME: usize = 256;

/// What a line is so far: nothing yet when its end has not come.
pub(super) type Read<T> = Result<Option<T>, Fault>;

/// Where a piece of the head stands, in bytes from its beginning.
pub(super) type Place = std::ops::Range<usize>;

/// `method SP target SP HTTP/1.x CRLF`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestLine {
    pub(super) method: Place,
    pub(super) target: Place,
    pub(super) minor: u8,
    /// Where the next line begins.
    pub(super) end: usize,
}

/// Reads the request line that begins at `at`.
pub(super) fn request(head: &[u8], at: usize, bounds: &Bounds) -> Read<RequestLine> {
    let method = at..at + span(&head[at..], &TOKEN);
    if method.len() > METHOD {
        return Err(Fault::new(
            Kind::UnknownMethod,
            "the method is none that is known",
        ));
    }
    match head.get(method.end) {
        None => return Ok(None),
        Some(b' ') if !method.is_empty() => {}
        Some(_) => {
            return Err(Fault::malformed(
                "the request line does not begin with a method and one space",
            ));
        }
    }
    if head[method.clone()].iter().any(u8::is_ascii_lowercase) {
        return Err(Fault::new(
            Kind::UnknownMethod,
            "the method is none that is known: methods are written in upper case",
        ));
    }
    let from = method.end + 1;
    let target = from..from + span(&head[from..], &TARGET);
    if target.len() > bounds.target {
        return Err(Fault::new(
            Kind::TargetTooLong,
            "the target is longer than is read",
        ));
    }
    match head.get(target.end) {
        None => return Ok(None),
        Some(b' ') if !target.is_empty() => {}
        Some(b'#') => return Err(Fault::malformed("the target has a fragment")),
        Some(_) => {
            return Err(Fault::malformed(
                "the target has a character that is not allowed there",
            ));
        }
    }
    let version = &head[target.end + 1..];
    let (minor, end) = match version {
        [
            b'H',
            b'T',
            b'T',
            b'P',
            b'/',
            b'1',
            b'.',
            minor @ (b'0' | b'1'),
            b'\r',
            b'\n',
            ..,
        ] => (minor - b'0', 10),
        _ => return unfinished(version),
    };
    Ok(Some(RequestLine {
        end: target.end + 1 + end,
        method,
        target,
        minor,
    }))
}

/// A version that is not one, or whose end has not come.
fn unfinished(version: &[u8]) -> Read<RequestLine> {
    let begins = |whole: &[u8]| whole.starts_with(version);
    match begins(b"HTTP/1.1\r\n") || begins(b"HTTP/1.0\r\n") {
        true => Ok(None),
        false => Err(Fault::malformed(
            "the request line does not end with one space, HTTP/1.1 or HTTP/1.0, CR and LF",
        )),
    }
}

/// `name ":" value CRLF`, or the empty line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// A field. The value stands without the white space around it.
    Field { name: Place, value: Place, end: usize },
    /// The end of the head.
    Empty { end: usize },
}

/// Reads the field line that begins at `at`.
pub(super) fn field(head: &[u8], at: usize) -> Read<Line> {
    let name = at..at + span(&head[at..], &TOKEN);
    match head.get(name.end) {
        None if name.len() <= NAME => return Ok(None),
        Some(b':') if (1..=NAME).contains(&name.len()) => {}
        Some(b'\r') if name.is_empty() => return empty(head, at),
        other => return Err(name_fault(name.len(), other)),
    }
    let from = name.end + 1;
    let end = from + span(&head[from..], &VALUE);
    match &head[end..] {
        [] | [b'\r'] => Ok(None),
        [b'\r', b'\n', ..] => Ok(Some(Line::Field {
            name,
            value: trimmed(head, from..end),
            end: end + 2,
        })),
        [b'\r', ..] => Err(Fault::malformed("a header line has a CR without an LF")),
        [b'\n', ..] => Err(Fault::malformed("a header line ends with an LF without a CR")),
        _ => Err(Fault::malformed("a field's value has a control character")),
    }
}

fn empty(head: &[u8], at: usize) -> Read<Line> {
    match head.get(at + 1) {
        None => Ok(None),
        Some(b'\n') => Ok(Some(Line::Empty { end: at + 2 })),
        Some(_) => Err(Fault::malformed("a header line has a CR without an LF")),
    }
}

fn name_fault(length: usize, at: Option<&u8>) -> Fault {
    match at {
        _ if length > NAME => Fault::new(Kind::HeadTooLarge, "a field's name is longer than is read"),
        Some(b' ' | b'\t') if length == 0 => Fault::malformed("a header line begins with white space"),
        Some(b' ' | b'\t') => Fault::malformed("there is white space between a field's name and its colon"),
        Some(b'\n') => Fault::malformed("a header line ends with an LF without a CR"),
        Some(b':') => Fault::malformed("a header line has no field name"),
        _ => Fault::malformed("a field's name has a character that is not allowed there"),
    }
}

fn trimmed(head: &[u8], value: Place) -> Place {
    let is_space = |at: usize| matches!(head[at], b' ' | b'\t');
    let Place { mut start, mut end } = value;
    while start < end && is_space(start) {
        start += 1;
    }
    while end > start && is_space(end - 1) {
        end -= 1;
    }
    start..end
}
