//! One field line of a request, of an answer or after a body, as bytes.
//!
//! It ends early: a byte that cannot stand where it stands is a fault before the line is whole.

use super::Fault;
use super::octets::{TOKEN, span, value_span};
use crate::refusal::Kind;

/// Bytes of a field name.
const NAME: usize = 256;

/// The most that a body may promise, far below what would overflow anywhere.
const LONGEST: u64 = i64::MAX as u64;

/// What a line is so far: nothing yet when its end has not come.
pub(crate) type Read<T> = Result<Option<T>, Fault>;

/// Where a piece of the head stands, in bytes from its beginning.
pub(crate) type Place = std::ops::Range<usize>;

/// `name ":" value CRLF`, or the empty line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line {
    /// A field. The value stands without the white space around it.
    Field { name: Place, value: Place, end: usize },
    /// The end of the head.
    Empty { end: usize },
}

/// Reads the field line that begins at `at`.
pub(crate) fn read(head: &[u8], at: usize) -> Read<Line> {
    let name = at..at + span(&head[at..], &TOKEN);
    match head.get(name.end) {
        None if name.len() <= NAME => return Ok(None),
        Some(b':') if (1..=NAME).contains(&name.len()) => {}
        Some(b'\r') if name.is_empty() => return empty(head, at),
        other => return Err(name_fault(name.len(), other)),
    }
    let from = name.end + 1;
    let end = from + value_span(&head[from..]);
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

/// The number of a Content-Length: digits alone, without leading zeros.
pub(crate) fn length(value: &[u8]) -> Option<u64> {
    let digits = (1..=19).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
    if !digits || (value.len() > 1 && value[0] == b'0') {
        return None;
    }
    let number = value.iter().fold(0_u64, |number, digit| {
        number.saturating_mul(10).saturating_add(u64::from(digit - b'0'))
    });
    (number <= LONGEST).then_some(number)
}
