//! A chunked body with its trailers (RFC 9112 §7.1). Its bytes pass as they are; what is wrong ends it.

use super::Fault;
use super::octets::{TOKEN, span, value_span};

/// Bytes of all chunk extensions of one body; hyper has 16 KiB.
const EXTENSIONS: usize = 8 * 1024;
/// Bytes of all trailers of one body, and their lines; hyper has 16 KiB and the lines of a head.
const TRAILERS: usize = 8 * 1024;
const LINES: usize = 64;
/// Digits of a chunk's size.
const DIGITS: u8 = 15;
/// As much of a trailer's name as is needed to know it.
const KNOWN: usize = 17;

/// Fields that say where a message ends, for whom it is or who sends it: none may come after the body.
pub(crate) const FORBIDDEN: [&[u8]; 13] = [
    b"content-length",
    b"transfer-encoding",
    b"host",
    b"connection",
    b"upgrade",
    b"te",
    b"trailer",
    b"expect",
    b"authorization",
    b"cookie",
    b"content-encoding",
    b"content-type",
    b"keep-alive",
];

/// Where the reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Size { digits: u8 },
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    Line,
    Name,
    Value,
    ValueLf,
    LastLf,
    End,
}

/// A chunked body as far as it has come.
#[derive(Debug)]
pub(crate) struct Chunks {
    at: At,
    /// Of the chunk at hand: its size, then what is to come of it.
    size: u64,
    extensions: usize,
    trailers: usize,
    lines: usize,
    name: [u8; KNOWN],
    named: usize,
    fault: Option<Fault>,
}

impl Chunks {
    pub(crate) fn new() -> Self {
        Self {
            at: At::Size { digits: 0 },
            size: 0,
            extensions: 0,
            trailers: 0,
            lines: 0,
            name: [0; KNOWN],
            named: 0,
            fault: None,
        }
    }

    /// Whether the body is whole.
    pub(crate) fn is_ended(&self) -> bool {
        self.at == At::End
    }

    /// Reads on: how many bytes are of the body, and what is wrong behind them. A fault stays.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> (usize, Option<Fault>) {
        let mut read = 0;
        while read < bytes.len() && !self.is_ended() && self.fault.is_none() {
            match self.step(&bytes[read..]) {
                Ok(count) => read += count,
                Err(fault) => self.fault = Some(fault),
            }
        }
        (read, self.fault)
    }

    /// Takes one byte, or several of the same sort.
    fn step(&mut self, bytes: &[u8]) -> Result<usize, Fault> {
        match self.at {
            At::Size { digits } => self.digit(bytes[0], digits),
            At::Extension => self.extension(bytes),
            At::SizeLf => {
                let next = if self.size == 0 { At::Line } else { At::Data };
                self.expect(
                    bytes[0],
                    b'\n',
                    next,
                    "a chunk's size does not end with CR and LF",
                )
            }
            At::Data => Ok(self.data(bytes.len())),
            At::DataCr => self.expect(bytes[0], b'\r', At::DataLf, "a chunk is longer than its size"),
            At::DataLf => {
                self.size = 0;
                self.expect(
                    bytes[0],
                    b'\n',
                    At::Size { digits: 0 },
                    "a chunk does not end with CR and LF",
                )
            }
            At::Line if bytes[0] == b'\r' => Ok(self.go(At::LastLf)),
            At::Line => self.begin_line(),
            At::Name => self.name(bytes),
            At::Value => self.value(bytes),
            At::ValueLf => self.expect(bytes[0], b'\n', At::Line, "a trailer has a CR without an LF"),
            At::LastLf => self.expect(bytes[0], b'\n', At::End, "the body does not end with CR and LF"),
            At::End => Ok(0),
        }
    }

    fn go(&mut self, to: At) -> usize {
        self.at = to;
        1
    }

    fn expect(&mut self, byte: u8, expected: u8, next: At, fault: &'static str) -> Result<usize, Fault> {
        match byte == expected {
            true => Ok(self.go(next)),
            false => Err(Fault::malformed(fault)),
        }
    }

    fn digit(&mut self, byte: u8, digits: u8) -> Result<usize, Fault> {
        if let Some(digit) = char::from(byte).to_digit(16) {
            if digits == DIGITS {
                return Err(Fault::malformed("a chunk's size has too many digits"));
            }
            self.size = self.size * 16 + u64::from(digit);
            return Ok(self.go(At::Size { digits: digits + 1 }));
        }
        match byte {
            b'\r' if digits > 0 => Ok(self.go(At::SizeLf)),
            b';' if digits > 0 => Ok(self.go(At::Extension)),
            _ => Err(Fault::malformed("a chunk's size is not of hexadecimal digits")),
        }
    }

    fn extension(&mut self, bytes: &[u8]) -> Result<usize, Fault> {
        if bytes[0] == b'\r' {
            return Ok(self.go(At::SizeLf));
        }
        let count = value_span(bytes);
        self.extensions += count;
        match count {
            0 => Err(Fault::malformed("a chunk's extension has a control character")),
            _ if self.extensions > EXTENSIONS => {
                Err(Fault::malformed("the chunk extensions are larger than is read"))
            }
            _ => Ok(count),
        }
    }

    fn data(&mut self, here: usize) -> usize {
        let count = usize::try_from(self.size).unwrap_or(usize::MAX).min(here);
        self.size -= count as u64;
        if self.size == 0 {
            self.at = At::DataCr;
        }
        count
    }

    fn begin_line(&mut self) -> Result<usize, Fault> {
        self.lines += 1;
        self.named = 0;
        self.at = At::Name;
        match self.lines > LINES {
            true => Err(Fault::malformed("there are more trailers than are read")),
            false => Ok(0),
        }
    }

    fn name(&mut self, bytes: &[u8]) -> Result<usize, Fault> {
        let count = span(bytes, &TOKEN);
        self.note(&bytes[..count])?;
        match bytes.get(count) {
            None => Ok(count),
            Some(b':') if self.named > 0 && !self.is_forbidden() => {
                self.at = At::Value;
                Ok(count + 1)
            }
            Some(b':') if self.named > 0 => {
                Err(Fault::malformed("a trailer is of a field that cannot be one"))
            }
            Some(_) => Err(Fault::malformed(
                "a trailer's name has a character that is not allowed there",
            )),
        }
    }

    /// Remembers the beginning of a name.
    fn note(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let room = self.name.len().saturating_sub(self.named).min(bytes.len());
        for (kept, byte) in self.name.iter_mut().skip(self.named).zip(bytes) {
            *kept = if *byte == b'_' {
                b'-'
            } else {
                byte.to_ascii_lowercase()
            };
        }
        // One more than is kept tells a longer name from a known one.
        self.named += room + usize::from(bytes.len() > room && self.named + room == KNOWN);
        self.count(bytes.len())
    }

    fn is_forbidden(&self) -> bool {
        let name = self.name.get(..self.named);
        name.is_some_and(|name| FORBIDDEN.contains(&name))
    }

    fn value(&mut self, bytes: &[u8]) -> Result<usize, Fault> {
        if bytes[0] == b'\r' {
            return Ok(self.go(At::ValueLf));
        }
        let count = value_span(bytes);
        self.count(count)?;
        match count {
            0 => Err(Fault::malformed(
                "a trailer has a control character, or an LF without a CR",
            )),
            _ => Ok(count),
        }
    }

    fn count(&mut self, bytes: usize) -> Result<(), Fault> {
        self.trailers += bytes;
        match self.trailers > TRAILERS {
            true => Err(Fault::malformed("the trailers are larger than is read")),
            false => Ok(()),
        }
    }
}
