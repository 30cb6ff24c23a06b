//! Answers compressed for clients that accept it, by tower-http's layer. Off unless it is configured: an answer that
//! mixes a secret with what an attacker chose gives the secret away by its size (BREACH).

use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, ETAG, IF_MATCH, VARY};
use http::{Extensions, HeaderMap, HeaderValue, Request, Response, StatusCode, Version};
use http_body::Body as _;
use sluice_config::plan::{CompressionPlan, MediaRange};
use tower_http::CompressionLevel;
use tower_http::compression::{CompressionBody, CompressionLayer};

use super::pieces::{Pieces, Plain};
use super::through;
use crate::body::Body;
use crate::fields::{media, vary};
use crate::stage::forward;

/// Between size and time: higher levels cost several times as much and save a few per cent.
const LEVEL: CompressionLevel = CompressionLevel::Precise(4);

/// Compresses whatever it is given: what is worth it was judged before.
type Always = fn(StatusCode, Version, &HeaderMap, &Extensions) -> bool;

/// Which answers are compressed.
#[derive(Debug)]
pub struct Compression {
    layer: CompressionLayer<Always>,
    minimum: u64,
    media_types: Vec<MediaRange>,
}

impl Compression {
    pub(super) fn new(plan: &CompressionPlan) -> Self {
        let always: Always = |_, _, _, _| true;
        Self {
            layer: CompressionLayer::new().quality(LEVEL).compress_when(always),
            minimum: plan.minimum as u64,
            media_types: plan.media_types.clone(),
        }
    }

    /// Compresses an answer if it is worth it and the client accepts it.
    pub async fn compress(
        &self,
        codings: Option<HeaderValue>,
        head: bool,
        mut answer: Response<Body>,
    ) -> Response<Body> {
        if !self.is_eligible(&answer, head) {
            return answer;
        }
        vary::add(answer.headers_mut(), [&ACCEPT_ENCODING]);
        if head {
            return answer;
        }
        let mut request = Request::new(());
        let codings = codings.into_iter().map(|codings| (ACCEPT_ENCODING, codings));
        request.headers_mut().extend(codings);
        let status = answer.status();
        let answer = answer.map(Pieces::of);
        let mut answer: Response<CompressionBody<Pieces>> = through(&self.layer, request, answer).await;
        // Who accepts nothing that there is gets it as it is: the exchange is over, 406 would only hide its result.
        *answer.status_mut() = status;
        if answer.headers().contains_key(CONTENT_ENCODING) {
            weaken(answer.headers_mut());
            forward::drop_digests(answer.headers_mut());
        }
        answer.map(|body| Body::stream(Plain::of(body)))
    }

    /// Whether clients that accept it would get it compressed.
    fn is_eligible(&self, answer: &Response<Body>, head: bool) -> bool {
        let headers = answer.headers();
        let hint = answer.body().size_hint();
        let large = head || hint.upper().is_none_or(|upper| upper >= self.minimum);
        let status = answer.status();
        let whole = !status.is_informational()
            && !matches!(
                status,
                StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED | StatusCode::PARTIAL_CONTENT
            );
        let kind = media::of(headers);
        whole
            && large
            && (head || !answer.body().is_end_stream())
            && !headers.contains_key(CONTENT_ENCODING)
            && !forbids_transform(headers)
            && self.media_types.iter().any(|range| range.holds(&kind))
    }
}

/// RFC 9111 §5.2.2.6.
fn forbids_transform(headers: &HeaderMap) -> bool {
    let mut lines = headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|v| v.to_str().ok());
    lines.any(|line| {
        line.split(',')
            .any(|d| d.trim().eq_ignore_ascii_case("no-transform"))
    })
}

/// Compressed bytes are others than those that the tag stands for (RFC 9110 §8.8.1).
fn weaken(headers: &mut HeaderMap) {
    let strong = headers.get(ETAG).and_then(|tag| tag.to_str().ok());
    let weak = strong
        .filter(|tag| tag.starts_with('"'))
        .and_then(|tag| HeaderValue::try_from(format!("W/{tag}")).ok());
    weak.into_iter().for_each(|weak| drop(headers.insert(ETAG, weak)));
    debug_assert!(headers.contains_key(VARY));
}

/// The same list of tags without the marks of weak ones. A mark stands before a tag's quote; inside of quotes the same
/// letters are a part of the tag.
fn strong_tags(list: &str) -> String {
    let mut strong = String::with_capacity(list.len());
    let mut quoted = false;
    let mut rest = list;
    while let Some(next) = rest.chars().next() {
        if !quoted && rest.starts_with("W/\"") {
            rest = &rest[2..];
            continue;
        }
        quoted ^= next == '"';
        strong.push(next);
        rest = &rest[next.len_utf8()..];
    }
    strong
}

/// Takes back in `If-Match` what [`weaken`] did: a weak tag matches nothing there (RFC 9110 §13.1.1), and every write of
/// a client that read a compressed answer would fail. A tag that the upstream made weak itself still matches nothing.
pub fn strengthen(headers: &mut HeaderMap) {
    let lines: Vec<HeaderValue> = headers.get_all(IF_MATCH).iter().cloned().collect();
    if lines.is_empty() {
        return;
    }
    headers.remove(IF_MATCH);
    for line in lines {
        let strong = line.to_str().ok().map(strong_tags);
        let strong = strong.and_then(|text| HeaderValue::try_from(text).ok());
        headers.append(IF_MATCH, strong.unwrap_or(line));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn tags_become_weak_and_strong_again() {
        let mut headers = HeaderMap::new();
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        headers.insert(ETAG, HeaderValue::from_static("\"a\""));
        weaken(&mut headers);
        assert_eq!(headers[ETAG], "W/\"a\"");
        weaken(&mut headers);
        assert_eq!(headers[ETAG], "W/\"a\"");
        headers.insert(IF_MATCH, HeaderValue::from_static("W/\"a\", \"b\""));
        strengthen(&mut headers);
        assert_eq!(headers[IF_MATCH], "\"a\", \"b\"");
    }
}
