//! What a query or a form says: names and values.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use hyper::body::Incoming;

use crate::body::{Body, Bounds, collect};
use crate::fields::target;
use crate::refusal::{Kind, Refusal};

/// The most bytes of a form: a document of [`super::playground::LONGEST`] with every byte escaped, and what stands
/// beside it.
const LONGEST: usize = 3 * super::playground::LONGEST + 16 * 1024;
/// The longest silence within a form.
const IDLE: Duration = Duration::from_secs(10);
/// The longest that a form may take.
const TOTAL: Duration = Duration::from_secs(30);
/// The most pairs that are read.
const MOST: usize = 64;

/// Names and values, in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Pairs(Vec<(String, String)>);

impl Pairs {
    /// Of the query of a target.
    ///
    /// # Errors
    /// It is not UTF-8, or there is too much of it.
    pub(super) fn of_query(query: Option<&str>) -> Result<Self, Refusal> {
        Self::read(query.unwrap_or_default(), Kind::BadPath)
    }

    /// Of a form (`application/x-www-form-urlencoded`).
    ///
    /// # Errors
    /// It is no form, does not arrive, or is too large.
    pub(super) async fn of_form(request: http::Request<Incoming>) -> Result<Self, Refusal> {
        let media = request
            .headers()
            .get(CONTENT_TYPE)
            .map(http::HeaderValue::as_bytes);
        let essence = media.and_then(|value| value.split(|byte| *byte == b';').next());
        let form = b"application/x-www-form-urlencoded";
        if !essence.is_some_and(|essence| essence.trim_ascii().eq_ignore_ascii_case(form)) {
            let detail = "send a form: Content-Type: application/x-www-form-urlencoded";
            return Err(Refusal::new(Kind::UnsupportedMediaType, detail));
        }
        let bounds = Bounds {
            bytes: LONGEST,
            idle: IDLE,
            total: TOTAL,
        };
        let body = Body::incoming(request.into_body(), IDLE);
        let bytes = collect(body, &bounds).await;
        let bytes = bytes.map_err(|fault| Refusal::of_request_body(&fault))?;
        let text = std::str::from_utf8(&bytes);
        let text = text.map_err(|_| Refusal::new(Kind::MalformedBody, "the form is not UTF-8"))?;
        Self::read(text, Kind::MalformedBody)
    }

    fn read(text: &str, kind: Kind) -> Result<Self, Refusal> {
        if text.split('&').count() > MOST {
            return Err(Refusal::new(kind, format!("there are more than {MOST} fields")));
        }
        let pairs = target::pairs(text).ok_or_else(|| Refusal::new(kind, "a field is not UTF-8"))?;
        Ok(Self(
            pairs.into_iter().map(|pair| (pair.name, pair.value)).collect(),
        ))
    }

    /// The first value of that name; empty when there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// The same, unless it is empty.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        Some(self.get(name)).filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_once() {
        let pairs = Pairs::of_query(Some("a=1+2&b=%26%2525&a=3&c")).unwrap();
        assert_eq!(
            (pairs.get("a"), pairs.get("b"), pairs.get("c")),
            ("1 2", "&%25", "")
        );
        assert_eq!((pairs.given("c"), pairs.given("d")), (None, None));
    }

    #[test]
    fn what_is_no_text_or_too_much_is_refused() {
        assert!(Pairs::of_query(Some("a=%ff")).is_err());
        assert!(Pairs::of_query(Some(&"a&".repeat(100))).is_err());
    }
}
