//! The request as it was given: one line, a file, or standard input.

use std::path::Path;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version};

use super::super::{Failure, document};

/// A request that nobody sent.
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) version: Version,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Asked {
    /// Reads a request; `fields` and `body` stand before what it has itself.
    pub(super) fn read(given: &str, fields: &[String], body: Option<&Path>) -> Result<Self, Failure> {
        let path = Path::new(given);
        let raw = if given == "-" || path.is_file() {
            document::bytes(path)?
        } else {
            given.as_bytes().to_vec()
        };
        let (head, own) = split(&raw);
        let head = std::str::from_utf8(head).map_err(|_| Failure::new("the request's head is not UTF-8"))?;
        let mut lines = head.lines();
        let (method, uri) = first_line(lines.next().unwrap_or_default())?;
        let mut headers = HeaderMap::new();
        for line in lines {
            let (name, value) = field(line)?;
            headers.append(name, value);
        }
        for line in fields {
            let (name, value) = field(line)?;
            headers.insert(name, value);
        }
        let body = body
            .map(document::bytes)
            .transpose()?
            .unwrap_or_else(|| own.to_vec())
            .into();
        // Only HTTP/1.0 may leave the host out, and whoever explains a request mostly does.
        let version = if headers.contains_key(HOST) {
            Version::HTTP_11
        } else {
            Version::HTTP_10
        };
        Ok(Self {
            method,
            uri,
            version,
            headers,
            body,
        })
    }
}

/// Head and body: an empty line stands between them.
fn split(raw: &[u8]) -> (&[u8], &[u8]) {
    let empty = |border: &[u8]| {
        raw.windows(border.len())
            .position(|w| w == border)
            .map(|at| (at, border.len()))
    };
    let border = [empty(b"\r\n\r\n"), empty(b"\n\n")].into_iter().flatten().min();
    border.map_or((raw, &[]), |(at, width)| (&raw[..at], &raw[at + width..]))
}

fn first_line(line: &str) -> Result<(Method, Uri), Failure> {
    let usage = || {
        Failure::new(format!(
            "`{line}` is neither a file nor a request such as \"GET /v2.0/customers/cus_000017\""
        ))
    };
    let mut words = line.split_ascii_whitespace();
    let (method, target) = words.next().zip(words.next()).ok_or_else(usage)?;
    let method: Method = method.parse().map_err(|_| usage())?;
    if !target.starts_with('/') && !target.contains("://") && target != "*" {
        return Err(Failure::new(format!(
            "the target `{target}` does not begin with `/`: write \"{method} /{target}\""
        )));
    }
    let uri = target
        .parse()
        .map_err(|error| Failure::new(format!("the target `{target}` is not accepted: {error}")))?;
    Ok((method, uri))
}

fn field(line: &str) -> Result<(HeaderName, HeaderValue), Failure> {
    let fault = || Failure::new(format!("`{line}` is not a field such as \"API-Version: 3.1\""));
    let (name, value) = line.split_once(':').ok_or_else(fault)?;
    let name = name.parse().map_err(|_| fault())?;
    let value = HeaderValue::from_str(value.trim()).map_err(|_| fault())?;
    Ok((name, value))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_request_has_a_head_and_a_body() {
        for raw in [
            "PUT /a?b=1 HTTP/1.1\r\nHost: x\r\nA: b:c\r\n\r\n{}\r\n\r\n",
            "PUT /a?b=1\nHost: x\nA: b:c\n\n{}\r\n\r\n",
        ] {
            let asked = Asked::read(raw, &["a: d".to_owned()], None).unwrap();
            assert_eq!(
                (asked.method, asked.uri.to_string()),
                (Method::PUT, "/a?b=1".to_owned())
            );
            assert_eq!(
                (asked.headers["a"].to_str().unwrap(), &asked.body[..]),
                ("d", &b"{}\r\n\r\n"[..])
            );
        }
        assert!(Asked::read("nothing", &[], None).is_err());
        let bare = Asked::read("GET v1/parts", &[], None).err().unwrap();
        assert!(bare.0.contains("write \"GET /v1/parts\""), "{}", bare.0);
    }
}
