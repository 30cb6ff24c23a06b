//! A whole head: what its lines say together about where its message ends, and for which host it is.

use super::line::{self, RequestLine};
use super::{Bounds, Fault};
use crate::canonical;
use crate::framing::field::{self, Line, Place, Read};
use crate::refusal::Kind;

pub(super) const EXPECTATION: Fault = Fault::new(
    Kind::ExpectationFailed,
    "the only expectation that can be met is 100-continue, named once",
);

/// What is to be known of a head that passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// Its length in bytes.
    pub(super) bytes: usize,
    /// How its body is framed.
    pub(super) body: Framing,
    /// Whether what follows the message may be of another protocol.
    pub(super) upgrade: bool,
}

/// How a body is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// By its length; 0 without a body.
    Length(u64),
    /// In chunks.
    Chunked,
}

/// Reads one head, as far as it has come.
#[derive(Debug, Default)]
pub(super) struct HeadReader {
    /// Where the line begins that is not whole yet.
    at: usize,
    /// How far there was no more than that line.
    seen: usize,
    request: Option<RequestLine>,
    lines: usize,
    host: Option<Place>,
    length: Option<u64>,
    coding: Option<Coding>,
    expects: bool,
    upgrade: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Chunked,
    /// Well-formed and registered, but not implemented.
    Other,
}

impl HeadReader {
    /// Reads on. `head` is all that has come of the head, and what follows it.
    pub(super) fn read(&mut self, head: &[u8], bounds: &Bounds) -> Read<Head> {
        // A line that comes byte by byte is not read again for each of them.
        let is_whole = head.len() > bounds.head || head[self.seen..].contains(&b'\n');
        let is_behind = self.seen > self.at && !is_whole;
        let read = match is_behind {
            true => Ok(None),
            false => self.lines(head, bounds),
        }?;
        self.seen = head.len();
        let bytes = read.map_or(head.len(), |read| read.bytes);
        match bytes > bounds.head {
            true => Err(self.too_large()),
            false => Ok(read),
        }
    }

    fn too_large(&self) -> Fault {
        match self.request {
            None => Fault::new(Kind::TargetTooLong, "the request line is longer than is read"),
            Some(_) => Fault::new(Kind::HeadTooLarge, "the header is larger than is read"),
        }
    }

    fn lines(&mut self, head: &[u8], bounds: &Bounds) -> Read<Head> {
        if self.request.is_none() {
            // One empty line before a request is ignored (RFC 9112 §2.2).
            let from = if head.starts_with(b"\r\n") { 2 } else { 0 };
            if head == b"\r" {
                return Ok(None);
            }
            let Some(request) = line::request(head, from, bounds)? else {
                return Ok(None);
            };
            self.at = request.end;
            self.request = Some(request);
        }
        while let Some(line) = field::read(head, self.at)? {
            match line {
                Line::Empty { end } => return self.judged(head, end).map(Some),
                Line::Field { name, value, end } => {
                    self.lines += 1;
                    if self.lines > bounds.lines {
                        return Err(Fault::new(
                            Kind::HeadTooLarge,
                            "the header has more lines than are read",
                        ));
                    }
                    self.field(head, &head[name], value)?;
                    self.at = end;
                }
            }
        }
        Ok(None)
    }

    /// Takes note of a field that says where the message ends or for whom it is.
    fn field(&mut self, head: &[u8], name: &[u8], place: Place) -> Result<(), Fault> {
        let value = &head[place.clone()];
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => self.host(place),
            6 if name.eq_ignore_ascii_case(b"expect") => self.expect(value),
            7 if name.eq_ignore_ascii_case(b"upgrade") => {
                self.upgrade = true;
                Ok(())
            }
            14 if is_named(name, b"content-length") => {
                exact(name, head, &place)?;
                self.content_length(value)
            }
            17 if is_named(name, b"transfer-encoding") => {
                exact(name, head, &place)?;
                self.transfer_encoding(value)
            }
            _ => Ok(()),
        }
    }

    fn host(&mut self, place: Place) -> Result<(), Fault> {
        match self.host.replace(place) {
            None => Ok(()),
            Some(_) => Err(Fault::new(
                Kind::BadHost,
                "the request names its host more than once",
            )),
        }
    }

    fn expect(&mut self, value: &[u8]) -> Result<(), Fault> {
        let known = value.eq_ignore_ascii_case(b"100-continue") && !self.expects;
        self.expects = true;
        match known {
            true => Ok(()),
            false => Err(EXPECTATION),
        }
    }

    fn content_length(&mut self, value: &[u8]) -> Result<(), Fault> {
        if self.length.is_some() {
            return Err(Fault::malformed("there is more than one Content-Length"));
        }
        self.length = Some(field::length(value).ok_or_else(|| {
            Fault::malformed(
                "the Content-Length is not one number of digits without leading zeros, below 2^63",
            )
        })?);
        Ok(())
    }

    fn transfer_encoding(&mut self, value: &[u8]) -> Result<(), Fault> {
        if self.coding.is_some() {
            return Err(Fault::malformed("there is more than one Transfer-Encoding"));
        }
        let coding = coding(value);
        self.coding = Some(coding.ok_or_else(|| Fault::malformed("the Transfer-Encoding is not chunked"))?);
        Ok(())
    }

    fn judged(&self, head: &[u8], bytes: usize) -> Result<Head, Fault> {
        let Some(request) = &self.request else {
            return Err(Fault::malformed("there is no request line"));
        };
        if &head[request.method.clone()] == b"CONNECT" {
            return Err(Fault::new(Kind::MethodNotSupported, "CONNECT is not supported"));
        }
        self.judge_target(head, request)?;
        Ok(Head {
            bytes,
            body: self.framing(request.minor)?,
            upgrade: self.upgrade && request.minor == 1,
        })
    }

    fn judge_target(&self, head: &[u8], request: &RequestLine) -> Result<(), Fault> {
        let field = self.host.clone().map(|place| host(&head[place])).transpose()?;
        if field.is_none() && request.minor == 1 {
            return Err(Fault::new(Kind::BadHost, "the request names no host"));
        }
        let target = text(&head[request.target.clone()])?;
        if target.starts_with('/') || (target == "*" && &head[request.method.clone()] == b"OPTIONS") {
            return Ok(());
        }
        let rest = target
            .strip_prefix("http://")
            .or_else(|| target.strip_prefix("https://"))
            .ok_or_else(|| Fault::malformed("the target is neither a path nor an http address"))?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if path.is_empty() && authority.contains('?') {
            return Err(Fault::malformed("the target's address has no path"));
        }
        match (host(authority.as_bytes())?, field) {
            (target, Some(field)) if !canonical::same_authority(target, field) => Err(Fault::new(
                Kind::BadHost,
                "the target and the Host field name different hosts",
            )),
            _ => Ok(()),
        }
    }

    fn framing(&self, minor: u8) -> Result<Framing, Fault> {
        match (self.coding, self.length) {
            (None, length) => Ok(Framing::Length(length.unwrap_or(0))),
            (Some(_), Some(_)) => Err(Fault::malformed(
                "there are both a Content-Length and a Transfer-Encoding",
            )),
            (Some(_), None) if minor == 0 => Err(Fault::malformed("HTTP/1.0 has no Transfer-Encoding")),
            (Some(Coding::Chunked), None) => Ok(Framing::Chunked),
            (Some(Coding::Other), None) => Err(Fault::new(
                Kind::UnsupportedTransferCoding,
                "the only transfer coding that is supported is chunked",
            )),
        }
    }
}

/// Whether this is the name, or what a backend may take for it: some read `_` as `-`.
fn is_named(name: &[u8], known: &[u8]) -> bool {
    let same =
        |(byte, known): (&u8, &u8)| byte.eq_ignore_ascii_case(known) || (*byte == b'_' && *known == b'-');
    name.iter().zip(known).all(same)
}

/// A field that frames the message is written in one way: no `_`, and nothing but spaces around its value.
fn exact(name: &[u8], head: &[u8], value: &Place) -> Result<(), Fault> {
    if name.contains(&b'_') {
        return Err(Fault::malformed(
            "a field's name looks like one that frames the message",
        ));
    }
    let before = head[..value.start].last();
    let after = head.get(value.end);
    match before == Some(&b'\t') || after == Some(&b'\t') {
        true => Err(Fault::malformed(
            "there is a tab around the value of a field that frames the message",
        )),
        false => Ok(()),
    }
}

/// What frames the body, if the value is nothing but registered codings that end in `chunked`, as one would write them.
fn coding(value: &[u8]) -> Option<Coding> {
    if value.eq_ignore_ascii_case(b"chunked") {
        return Some(Coding::Chunked);
    }
    let mut codings = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    let known = [
        &b"gzip"[..],
        b"x-gzip",
        b"deflate",
        b"compress",
        b"x-compress",
        b"br",
        b"zstd",
    ];
    let is_known = |coding: &[u8]| known.iter().any(|known| coding.eq_ignore_ascii_case(known));
    let first = codings.next().is_some_and(is_known);
    let last = codings
        .next_back()
        .is_none_or(|last| last.eq_ignore_ascii_case(b"chunked"));
    (first && last && codings.all(is_known)).then_some(Coding::Other)
}

/// A host in a form that has a canonical one.
fn host(value: &[u8]) -> Result<&str, Fault> {
    let host = std::str::from_utf8(value).ok();
    host.filter(|host| canonical::is_authority(host))
        .ok_or_else(|| Fault::new(Kind::BadHost, "the host is malformed"))
}

fn text(target: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(target).map_err(|_| Fault::malformed("the target is not UTF-8"))
}
