//! The request line, as bytes.
//!
//! It ends early: a byte that cannot stand where it stands is a fault before the line is whole, so that what is not HTTP
//! at all is told at once.

use super::Bounds;
use crate::framing::Fault;
use crate::framing::field::{Place, Read};
use crate::framing::octets::{TARGET, TOKEN, span};
use crate::refusal::Kind;

/// Bytes of a method.
const METHOD: usize = 32;

const TOO_LONG: Fault = Fault::new(Kind::UnknownMethod, "the method is none that is known");

/// What is wrong with a method: a backend may take `delete` for DELETE, whose scopes and limits are its own.
pub(super) fn method_fault(method: &[u8]) -> Option<Fault> {
    let small = Fault::new(
        Kind::UnknownMethod,
        "the method is none that is known: methods are written in upper case",
    );
    match method.len() > METHOD {
        true => Some(TOO_LONG),
        false => method.iter().any(u8::is_ascii_lowercase).then_some(small),
    }
}

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
        return Err(TOO_LONG);
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
    if let Some(fault) = method_fault(&head[method.clone()]) {
        return Err(fault);
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
