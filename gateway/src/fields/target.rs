//! The target of a request: its query as pairs, and a path that is made of decoded segments.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::canonical;

/// Everything but the unreserved characters of RFC 3986 §2.3.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// One pair of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The name, decoded.
    pub name: String,
    /// The value, decoded.
    pub value: String,
    /// The pair as it came.
    pub raw: String,
}

/// The pairs of a query, in order. `None` when a name or value does not decode to UTF-8.
pub fn pairs(query: &str) -> Option<Vec<Pair>> {
    query.split('&').filter(|raw| !raw.is_empty()).map(pair).collect()
}

fn pair(raw: &str) -> Option<Pair> {
    let (name, value) = raw.split_once('=').unwrap_or((raw, ""));
    Some(Pair {
        name: decode(name)?,
        value: decode(value)?,
        raw: raw.to_owned(),
    })
}

fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced)
        .decode_utf8()
        .ok()
        .map(|t| t.into_owned())
}

/// Writes a pair that the gateway made.
pub fn write_pair(name: &str, value: &str) -> String {
    format!(
        "{}={}",
        utf8_percent_encode(name, QUERY),
        utf8_percent_encode(value, QUERY)
    )
}

/// A path of a prefix and decoded segments, in canonical form. `None` when it has none: what was authorised is what
/// is sent, so such a path is refused.
pub fn path(prefix: &str, segments: &[String]) -> Option<String> {
    let mut text = prefix.to_owned();
    for segment in segments {
        text.push('/');
        canonical::write_segment(segment, &mut text);
    }
    if text.is_empty() {
        text.push('/');
    }
    let canonical = canonical::path(&text).ok()?;
    Some(canonical.as_str().to_owned())
}

/// The target of a request that passes: a prefix, the canonical path below it, and the query as it came. `None` when
/// they make no canonical path.
pub fn passed(prefix: &str, rest: &str, query: &[Pair]) -> Option<String> {
    let length: usize = query.iter().map(|pair| pair.raw.len() + 1).sum();
    let mut target = String::with_capacity(prefix.len() + rest.len() + length + 1);
    target.extend([prefix, rest]);
    if target.is_empty() {
        target.push('/');
    }
    if !canonical::is_canonical(&target) {
        return None;
    }
    for (index, pair) in query.iter().enumerate() {
        target.push(if index == 0 { '?' } else { '&' });
        target.push_str(&pair.raw);
    }
    Some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_and_written() {
        let read = pairs("a=1&b=%C3%A9+x&c").unwrap();
        assert_eq!((read[1].value.as_str(), read[2].value.as_str()), ("é x", ""));
        assert_eq!(write_pair("b", "é x"), "b=%C3%A9%20x");
        assert_eq!(pairs("a=%ff"), None);
    }

    #[test]
    fn paths_are_checked_again() {
        assert_eq!(path("/v1", &["a b".to_owned()]).as_deref(), Some("/v1/a%20b"));
        assert_eq!(path("", &["..".to_owned()]), None);
        assert_eq!(
            passed("/base", "/a,b%2C", &pairs("x=1&y=%20").unwrap()).as_deref(),
            Some("/base/a,b%2C?x=1&y=%20")
        );
        assert_eq!(passed("/base", "/..", &[]), None);
        assert_eq!(path("", &["a/b".to_owned()]), None);
    }
}
