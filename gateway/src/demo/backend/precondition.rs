//! `If-Match` and `If-None-Match` (RFC 9110, 13.1.1 and 13.1.2) against a resource that exists.

use super::trouble::Trouble;
use http::{HeaderMap, HeaderName, header};

/// What the preconditions allow.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Go on.
    Proceed,
    /// The reader has this state already: 304.
    NotModified,
}

/// Judges both in the order of RFC 9110, 13.2.2. `safe`: GET or HEAD.
pub(super) fn judge(headers: &HeaderMap, etag: &str, safe: bool) -> Result<Verdict, Trouble> {
    if let Some(wanted) = condition(headers, header::IF_MATCH)?
        && !wanted.holds(etag, Comparison::Strong)
    {
        return Err(Trouble::Changed);
    }
    match condition(headers, header::IF_NONE_MATCH)? {
        Some(unwanted) if unwanted.holds(etag, Comparison::Weak) => {
            if safe {
                Ok(Verdict::NotModified)
            } else {
                Err(Trouble::Changed)
            }
        }
        _ => Ok(Verdict::Proceed),
    }
}

#[derive(Clone, Copy)]
enum Comparison {
    Strong,
    Weak,
}

enum Condition {
    Any,
    Tags(Vec<(bool, String)>),
}

impl Condition {
    /// Our own tags are strong, so a weak one never matches in a strong comparison (RFC 9110, 8.8.3.2).
    fn holds(&self, etag: &str, comparison: Comparison) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags
                .iter()
                .any(|(weak, tag)| tag == etag && (!weak || matches!(comparison, Comparison::Weak))),
        }
    }
}

/// Reads all lines of one header as one list.
fn condition(headers: &HeaderMap, name: HeaderName) -> Result<Option<Condition>, Trouble> {
    if !headers.contains_key(&name) {
        return Ok(None);
    }
    let malformed = || Trouble::Malformed(format!("{name} is no list of entity tags."));
    let mut tags = Vec::new();
    for line in headers.get_all(&name) {
        let line = line.to_str().map_err(|_| malformed())?.trim();
        if line == "*" && headers.get_all(&name).iter().count() == 1 {
            return Ok(Some(Condition::Any));
        }
        tags.extend(entity_tags(line).ok_or_else(malformed)?);
    }
    Ok(Some(Condition::Tags(tags)))
}

/// Tags may hold commas, so the line cannot simply be split at them.
fn entity_tags(line: &str) -> Option<Vec<(bool, String)>> {
    let mut tags = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return Some(tags);
        }
        let weak = rest.starts_with("W/");
        let opaque = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"')?;
        let end = opaque.find('"')?;
        tags.push((weak, format!("\"{}\"", &opaque[..end])));
        rest = opaque[end + 1..].trim_start_matches([' ', '\t']);
        if !rest.is_empty() && !rest.starts_with(',') {
            return None;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test that unwraps says where it failed
mod tests {
    use super::{Verdict, judge};
    use crate::demo::backend::trouble::Trouble;
    use http::{HeaderMap, HeaderName, HeaderValue};

    fn outcome(name: &'static str, lines: &[&str], safe: bool) -> u16 {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_str(line).unwrap(),
            );
        }
        match judge(&headers, "\"a\"", safe) {
            Ok(Verdict::Proceed) => 200,
            Ok(Verdict::NotModified) => 304,
            Err(Trouble::Changed) => 412,
            Err(_) => 400,
        }
    }

    #[test]
    fn if_match_is_strong() {
        let cases: [(&[&str], u16); 8] = [
            (&["\"a\""], 200),
            (&["*"], 200),
            (&["W/\"a\""], 412),
            (&["\"b\", \"x,y\" ,\"a\""], 200),
            (&["\"b\"", "\"a\""], 200),
            (&["\"b\""], 412),
            (&["a"], 400),
            (&["\"a"], 400),
        ];
        for (lines, status) in cases {
            assert_eq!(outcome("if-match", lines, false), status, "{lines:?}");
        }
    }

    #[test]
    fn if_none_match_is_weak() {
        let cases: [(&[&str], bool, u16); 6] = [
            (&["\"a\""], true, 304),
            (&["W/\"a\""], true, 304),
            (&["*"], true, 304),
            (&["\"b\""], true, 200),
            (&["*"], false, 412),
            (&["\"b\", W/\"a\""], false, 412),
        ];
        for (lines, safe, status) in cases {
            assert_eq!(outcome("if-none-match", lines, safe), status, "{lines:?}");
        }
    }
}
