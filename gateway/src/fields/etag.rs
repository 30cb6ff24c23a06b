//! Entity tags (RFC 9110 §8.8.3) of translated representations: the upstream's tag with the chain's mark inside its
//! quotes, so that a tag of one version never matches a representation of another.

use http::header::{ETAG, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Between the upstream's tag and the chain's mark.
const JOINT: char = '~';

/// A tag that no upstream gives: stands for tags of other representations in If-Match.
const OTHER: &str = "\"sluice-other-representation\"";

/// The mark of a representation that lacks a member which a trial withheld. It is never taken off: no such representation is
/// the current one, neither for a cache that asks again nor for a write that would write it back.
const LESSER: &str = "lesser";

/// Marks the tag of an answer that lacks a member which is there.
pub fn lessen(headers: &mut HeaderMap) {
    Mark::new(LESSER).mark_answer(headers);
}

/// The mark of a chain: what tells its representations from those of other chains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark(String);

impl Mark {
    /// A mark from a chain's hash.
    pub fn new(hash: &str) -> Self {
        Self(hash.to_owned())
    }

    /// The client's tag for an upstream's.
    pub fn put(&self, tag: &str) -> Option<String> {
        let inner = tag.strip_suffix('"')?;
        inner.contains('"').then(|| format!("{inner}{JOINT}{}\"", self.0))
    }

    /// The upstream's tag for a client's; `None` for a tag of another representation.
    pub fn take(&self, tag: &str) -> Option<String> {
        let inner = tag
            .strip_suffix('"')?
            .strip_suffix(&self.0)?
            .strip_suffix(JOINT)?;
        Some(format!("{inner}\""))
    }

    /// Turns the tag of an answer into the client's.
    pub fn mark_answer(&self, headers: &mut HeaderMap) {
        let marked = headers
            .get(ETAG)
            .and_then(|v| v.to_str().ok())
            .and_then(|tag| self.put(tag.trim()));
        match marked.and_then(|tag| HeaderValue::from_str(&tag).ok()) {
            Some(tag) => drop(headers.insert(ETAG, tag)),
            None => drop(headers.remove(ETAG)),
        }
    }

    /// Turns the client's preconditions into the upstream's.
    pub fn unmark_request(&self, headers: &mut HeaderMap) {
        self.unmark(headers, IF_MATCH, Some(OTHER));
        self.unmark(headers, IF_NONE_MATCH, None);
    }

    fn unmark(&self, headers: &mut HeaderMap, name: HeaderName, instead: Option<&str>) {
        let Some(given) = list(headers, &name) else { return };
        if given.iter().any(|tag| tag == "*") {
            return;
        }
        let mut tags: Vec<String> = given.iter().filter_map(|tag| self.take(tag)).collect();
        if tags.is_empty() {
            tags.extend(instead.map(str::to_owned));
        }
        headers.remove(&name);
        if let (false, Ok(value)) = (tags.is_empty(), HeaderValue::from_str(&tags.join(", "))) {
            headers.insert(name, value);
        }
    }
}

/// The tags of a precondition in all of its lines. `None` when there is none.
pub fn list(headers: &HeaderMap, name: &HeaderName) -> Option<Vec<String>> {
    headers.contains_key(name).then(|| {
        let lines = headers.get_all(name).iter().filter_map(|v| v.to_str().ok());
        lines.flat_map(split).collect()
    })
}

/// The members of a list of tags; a comma inside of quotes is part of the tag.
fn split(line: &str) -> Vec<String> {
    let mut tags = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        quoted ^= c == '"';
        match (c, quoted) {
            (',', false) => tags.push(String::new()),
            _ => tags.last_mut().into_iter().for_each(|tag| tag.push(c)),
        }
    }
    tags.iter()
        .map(|tag| tag.trim().to_owned())
        .filter(|tag| !tag.is_empty())
        .collect()
}

/// What is compared of a tag weakly (RFC 9110 §8.8.3.2).
pub fn weak(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// Whether a tag can be compared strongly (RFC 9110 §8.8.3.2).
pub fn is_strong(tag: &str) -> bool {
    tag.len() >= 2 && tag.starts_with('"') && tag.ends_with('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_goes_out_and_comes_back() {
        let mark = Mark::new("1f2e");
        assert_eq!(mark.put("\"a,b\"").as_deref(), Some("\"a,b~1f2e\""));
        assert_eq!(mark.put("W/\"a\"").as_deref(), Some("W/\"a~1f2e\""));
        assert_eq!(mark.take("W/\"a~1f2e\"").as_deref(), Some("W/\"a\""));
        assert_eq!(mark.take("\"a\""), None);
        assert_eq!(Mark::new("0000").take("\"a~1f2e\""), None);
        assert_eq!(mark.put("a"), None);
    }

    #[test]
    fn a_tag_of_what_lacks_a_member_never_comes_back() {
        let mark = Mark::new("1f2e");
        let mut headers = HeaderMap::new();
        headers.insert(ETAG, HeaderValue::from_static("\"a~1f2e\""));
        lessen(&mut headers);
        assert_eq!(headers[ETAG], "\"a~1f2e~lesser\"");
        assert_eq!(mark.take("\"a~1f2e~lesser\""), None);
    }

    #[test]
    fn preconditions_of_other_representations_never_match() {
        let mark = Mark::new("1f2e");
        let mut headers = HeaderMap::new();
        headers.insert(IF_MATCH, HeaderValue::from_static("\"a\", \"b\""));
        headers.insert(IF_NONE_MATCH, HeaderValue::from_static("\"a\""));
        mark.unmark_request(&mut headers);
        assert_eq!(headers[IF_MATCH], OTHER);
        assert!(!headers.contains_key(IF_NONE_MATCH));
        headers.insert(
            IF_MATCH,
            HeaderValue::from_static("\"x,y~1f2e\", W/\"b~1f2e\", \"c\""),
        );
        mark.unmark_request(&mut headers);
        assert_eq!(headers[IF_MATCH], "\"x,y\", W/\"b\"");
        headers.insert(IF_MATCH, HeaderValue::from_static("*"));
        mark.unmark_request(&mut headers);
        assert_eq!(headers[IF_MATCH], "*");
    }
}
