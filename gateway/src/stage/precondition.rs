//! Preconditions of a client on a write that reads first (RFC 9110 §13.1): judged on what was read.

use http::HeaderMap;
use http::header::{IF_MATCH, IF_NONE_MATCH};

use crate::fields::etag;

/// Whether a failed precondition of the write is our own: the client named none, or only that the resource is there.
pub fn is_own(headers: &HeaderMap) -> bool {
    etag::list(headers, &IF_MATCH).is_none_or(|tags| tags == ["*"])
}

/// Whether what is stored is as the client requires: `If-Match` compares strongly (§13.1.1), `If-None-Match` weakly
/// (§13.1.2).
pub fn holds(headers: &HeaderMap, tag: Option<&str>) -> bool {
    let matches = is_own(headers) || {
        let tags = etag::list(headers, &IF_MATCH).unwrap_or_default();
        tag.is_some_and(|tag| etag::is_strong(tag) && tags.iter().any(|t| t == tag))
    };
    let barred = etag::list(headers, &IF_NONE_MATCH).is_some_and(|tags| {
        tags.iter()
            .any(|t| t == "*" || tag.is_some_and(|tag| etag::weak(t) == etag::weak(tag)))
    });
    matches && !barred
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn held(name: HeaderName, value: &'static str, tag: Option<&str>) -> bool {
        holds(
            &HeaderMap::from_iter([(name, HeaderValue::from_static(value))]),
            tag,
        )
    }

    #[test]
    fn conditions_are_compared_as_the_rfc_says() {
        assert!(held(IF_MATCH, "\"a\", \"b\"", Some("\"b\"")));
        assert!(
            !held(IF_MATCH, "W/\"b\"", Some("W/\"b\"")),
            "weak tags never match strongly"
        );
        assert!(!held(IF_MATCH, "\"a\"", None));
        assert!(held(IF_MATCH, "*", None), "what is there was read");
        assert!(!held(IF_NONE_MATCH, "*", Some("\"a\"")));
        assert!(!held(IF_NONE_MATCH, "W/\"a\"", Some("\"a\"")));
        assert!(held(IF_NONE_MATCH, "\"b\"", Some("\"a\"")));
    }
}
