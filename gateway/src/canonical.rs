//! One canonical form of path and host, made once and used for everything after: routed, authorised, limited, forwarded.
//!
//! **Nothing ambiguous passes.** A path that two parsers could read differently is refused and not repaired: dot
//! segments, empty segments, separators that arrive encoded, escapes that would decode a second time. What remains is
//! normalised as RFC 3986 §6.2.2 says: unreserved characters are decoded, escapes are written in upper case. The form is
//! a fixed point: the canonical form of a canonical form is itself.

use std::fmt;

use http::header::HOST;
use http::uri::Authority;
use http::{HeaderMap, Uri, Version};

/// Why a path has no canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathFault {
    /// It does not begin with `/`.
    #[error("the path does not begin with \"/\"")]
    NotAbsolute,
    /// `//` within it, or a segment of parameters only (`/;a/`).
    #[error("the path has an empty segment")]
    EmptySegment,
    /// `.` or `..`, plain or encoded, with or without parameters, or what becomes of it.
    #[error("the path has a dot segment")]
    DotSegment,
    /// `%2F`, `%5C` or `%00`, a backslash, or a character that is taken for one of them.
    #[error("the path has an encoded separator, a backslash or a zero byte")]
    Separator,
    /// A control character, plain or encoded.
    #[error("the path has a control character")]
    Control,
    /// `%` without two hexadecimal digits.
    #[error("the path has an invalid percent escape")]
    Escape,
    /// Decoded it would be decoded again by someone else.
    #[error("the path is encoded twice")]
    DoubleEncoding,
    /// Not UTF-8 once it is decoded; an over-long form is not UTF-8 either.
    #[error("the path is not valid UTF-8")]
    NotUtf8,
    /// A character that has no place in a path.
    #[error("the path has a character that is not allowed")]
    Character,
    /// `#`.
    #[error("the target has a fragment")]
    Fragment,
}

/// A path in its only form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CanonicalPath {
    text: String,
    segments: Vec<String>,
}

impl CanonicalPath {
    /// The path as it is forwarded.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its segments, decoded. The path `/` has none; one that ends in `/` has an empty last segment.
    pub fn segments(&self) -> &[String] {
        &self.segments
    }
}

impl fmt::Display for CanonicalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The canonical form of the path `raw`, which has no query.
///
/// # Errors
/// [`PathFault`]: what makes it ambiguous.
pub fn path(raw: &str) -> Result<CanonicalPath, PathFault> {
    let rest = raw.strip_prefix('/').ok_or(PathFault::NotAbsolute)?;
    let mut path = CanonicalPath {
        text: String::with_capacity(raw.len()),
        segments: Vec::new(),
    };
    if rest.is_empty() {
        path.text.push('/');
        return Ok(path);
    }
    let last = rest.bytes().filter(|byte| *byte == b'/').count();
    path.segments.reserve_exact(last + 1);
    for (index, raw) in rest.split('/').enumerate() {
        if raw.is_empty() && (index < last || index == 0) {
            return Err(PathFault::EmptySegment);
        }
        path.text.push('/');
        let segment = segment(raw, &mut path.text)?;
        path.segments.push(segment);
    }
    Ok(path)
}

/// Whether `path` is in its canonical form.
pub fn is_canonical(path: &str) -> bool {
    // Of unreserved characters only, as most are, it needs no copy to be compared with.
    let plain = |segment: &str| !segment.is_empty() && is_plain(segment);
    let all_plain = path
        .strip_prefix('/')
        .is_some_and(|rest| rest.split('/').all(plain));
    all_plain || self::path(path).is_ok_and(|canonical| canonical.text == path)
}

/// Whether a segment has one form only.
fn is_plain(segment: &str) -> bool {
    segment.bytes().all(is_unreserved) && segment != "." && segment != ".."
}

/// Appends `value` as one segment of a path, reserved characters escaped. For paths that are made here, each of which is
/// then given to [`path`] again: what was authorised is what is sent.
pub fn write_segment(value: &str, text: &mut String) {
    for byte in value.bytes() {
        match is_unreserved(byte) || byte == b':' || byte == b'@' {
            true => text.push(char::from(byte)),
            false => write_escape(byte, text),
        }
    }
}

fn write_escape(byte: u8, text: &mut String) {
    let digit = |nibble: u8| char::from(b"0123456789ABCDEF"[usize::from(nibble)]);
    text.extend(['%', digit(byte >> 4), digit(byte & 15)]);
}

/// Decodes one segment and appends its canonical form to `text`.
fn segment(raw: &str, text: &mut String) -> Result<String, PathFault> {
    if is_plain(raw) {
        // Most segments are like this.
        text.push_str(raw);
        return Ok(raw.to_owned());
    }
    let decoded = decode(raw.as_bytes(), text)?;
    let decoded = String::from_utf8(decoded).map_err(|_| PathFault::NotUtf8)?;
    if decoded.starts_with(';') {
        return Err(PathFault::EmptySegment);
    }
    if is_dots(&decoded) {
        return Err(PathFault::DotSegment);
    }
    if decoded.contains(SLASH_ALIKES) {
        return Err(PathFault::Separator);
    }
    if decoded.chars().any(char::is_control) {
        return Err(PathFault::Control);
    }
    match decodes_again(decoded.as_bytes()) {
        true => Err(PathFault::DoubleEncoding),
        false => Ok(decoded),
    }
}

/// Characters that are taken for a slash or backslash once a text is normalised (NFKC) or fitted to another encoding.
const SLASH_ALIKES: [char; 6] = [
    '\u{2044}', '\u{2215}', '\u{2216}', '\u{fe68}', '\u{ff0f}', '\u{ff3c}',
];

/// Whether a segment is a dot segment to anyone: Java's servers first cut off what follows a `;`, and a text that is
/// normalised (NFKC) has plain dots for full-width ones.
fn is_dots(segment: &str) -> bool {
    let name = segment.split(';').next().unwrap_or_default();
    let dots = |c: char| match c {
        '.' | '\u{2024}' | '\u{fe52}' | '\u{ff0e}' => Some(1),
        '\u{2025}' => Some(2),
        _ => None,
    };
    let counted = name.chars().try_fold(0, |sum, c| Some(sum + dots(c)?));
    matches!(counted, Some(1 | 2))
}

/// Reserved characters stay as they came, since `;` and `%3B` are not the same to every backend (RFC 3986 §2.2).
fn decode(raw: &[u8], text: &mut String) -> Result<Vec<u8>, PathFault> {
    let mut decoded = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((&first, after)) = rest.split_first() {
        let (byte, stands, after) = match first {
            b'%' => {
                let byte = escaped(after)?;
                (byte, is_unreserved(byte), &after[2..])
            }
            plain => (allowed(plain)?, plain.is_ascii(), after),
        };
        match stands {
            true => text.push(char::from(byte)),
            false => write_escape(byte, text),
        }
        decoded.push(byte);
        rest = after;
    }
    Ok(decoded)
}

/// The byte behind a `%`, unless it would separate what is one segment.
fn escaped(after: &[u8]) -> Result<u8, PathFault> {
    match after.get(..2).and_then(hex) {
        None => Err(PathFault::Escape),
        Some(b'/' | b'\\' | 0) => Err(PathFault::Separator),
        Some(control) if control.is_ascii_control() => Err(PathFault::Control),
        Some(byte) => Ok(byte),
    }
}

/// A character that stands for itself. Non-ASCII ones are taken and then written escaped.
fn allowed(byte: u8) -> Result<u8, PathFault> {
    match byte {
        b'\\' | 0 => Err(PathFault::Separator),
        b'#' => Err(PathFault::Fragment),
        byte if byte.is_ascii_control() => Err(PathFault::Control),
        b' ' | b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}' | b'?' | b'[' | b']' => {
            Err(PathFault::Character)
        }
        byte => Ok(byte),
    }
}

fn hex(digits: &[u8]) -> Option<u8> {
    let value = |digit: u8| char::from(digit).to_digit(16);
    let [high, low] = digits else { return None };
    u8::try_from(value(*high)? * 16 + value(*low)?).ok()
}

/// Whether a second decoder would find something of ASCII in what is decoded already: a separator, or a letter of another
/// path.
fn decodes_again(decoded: &[u8]) -> bool {
    let escapes = decoded.windows(3).filter(|window| window[0] == b'%');
    let mut bytes = escapes.filter_map(|window| hex(&window[1..]));
    bytes.any(|byte| byte.is_ascii())
}

/// RFC 3986 §2.3: the same with and without an escape.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Why a host has no canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostFault {
    /// HTTP/1.1 and HTTP/2 name one.
    #[error("the request names no host")]
    Missing,
    /// More than one `Host`.
    #[error("the request names its host more than once")]
    Several,
    /// The target and `Host` name different hosts.
    #[error("the target and the Host field name different hosts")]
    Contradiction,
    /// Not a host name or address.
    #[error("the host is malformed")]
    Malformed,
    /// Not a port.
    #[error("the host's port is malformed")]
    Port,
}

/// A host in its only form: lower case, without a trailing dot, and with a port only if it is not 80.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CanonicalHost {
    name: String,
    port: Option<u16>,
}

impl CanonicalHost {
    /// The name or address.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The port, if it is not the scheme's own.
    pub fn port(&self) -> Option<u16> {
        self.port
    }
}

impl fmt::Display for CanonicalHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// The host that a request names, in its target or in `Host` (RFC 9112 §3.2). Nothing only for HTTP/1.0 without one.
///
/// # Errors
/// [`HostFault`]: none, several, contradicting ones, or one that is not a host.
pub fn host(uri: &Uri, headers: &HeaderMap, version: Version) -> Result<Option<CanonicalHost>, HostFault> {
    let mut fields = headers.get_all(HOST).iter();
    let field = fields
        .next()
        .map(|value| value.to_str().map_err(|_| HostFault::Malformed))
        .transpose()?;
    if fields.next().is_some() {
        return Err(HostFault::Several);
    }
    let target = uri
        .authority()
        .map(Authority::as_str)
        .map(authority)
        .transpose()?;
    let field = field.map(authority).transpose()?;
    match (target, field) {
        (Some(target), Some(field)) if target != field => Err(HostFault::Contradiction),
        (Some(host), _) | (None, Some(host)) => Ok(Some(host)),
        (None, None) if version < Version::HTTP_11 => Ok(None),
        (None, None) => Err(HostFault::Missing),
    }
}

/// The canonical form of `host[:port]`.
///
/// # Errors
/// [`HostFault::Malformed`] or [`HostFault::Port`].
pub fn authority(raw: &str) -> Result<CanonicalHost, HostFault> {
    let (name, port) = split_port(raw)?;
    let name = name.strip_suffix('.').unwrap_or(name);
    if !is_name(name) && !is_address(name) {
        return Err(HostFault::Malformed);
    }
    Ok(CanonicalHost {
        name: name.to_ascii_lowercase(),
        port: port.filter(|port| *port != 80),
    })
}

/// Whether `host[:port]` has a canonical form.
pub fn is_authority(raw: &str) -> bool {
    let name = split_port(raw).map(|(name, _)| name.strip_suffix('.').unwrap_or(name));
    name.is_ok_and(|name| is_name(name) || is_address(name))
}

/// Whether both are forms of the same `host[:port]`.
pub fn same_authority(one: &str, other: &str) -> bool {
    let (one, other) = (authority(one), authority(other));
    one.is_ok() && one == other
}

fn split_port(raw: &str) -> Result<(&str, Option<u16>), HostFault> {
    // The colons of an IPv6 address stand within brackets.
    let bytes = raw.as_bytes();
    let from = bytes
        .iter()
        .rposition(|byte| *byte == b']')
        .map_or(0, |bracket| bracket + 1);
    let Some(colon) = bytes[from..]
        .iter()
        .position(|byte| *byte == b':')
        .map(|colon| from + colon)
    else {
        return Ok((raw, None));
    };
    let (name, digits) = (&raw[..colon], &raw[colon + 1..]);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(HostFault::Port);
    }
    let port: u16 = digits.parse().map_err(|_| HostFault::Port)?;
    if port == 0 {
        Err(HostFault::Port)
    } else {
        Ok((name, Some(port)))
    }
}

/// Letters, digits, hyphens and underscores between single dots.
fn is_name(name: &str) -> bool {
    let is_label = |label: &[u8]| {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=63).contains(&label.len()) && label.iter().copied().all(known)
    };
    name.len() <= 253 && name.as_bytes().split(|byte| *byte == b'.').all(is_label)
}

fn is_address(name: &str) -> bool {
    let inner = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    inner.is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
