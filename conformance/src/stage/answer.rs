//! An answer as a client sees it.

use http::HeaderMap;
use serde_json::Value;
use sluice_gateway::demo::backend::exact;

/// An answer that came whole.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The fields.
    pub headers: HeaderMap,
    /// The body, unchunked and otherwise as it came.
    pub body: Vec<u8>,
    /// The trailers of a chunked body.
    pub trailers: HeaderMap,
}

impl Answer {
    /// The body as a document whose numbers keep their text.
    ///
    /// # Panics
    /// The body is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        exact(&self.body).unwrap_or_else(|fault| panic!("{fault:?}: {self:?}"))
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A field that stands once, as text. Empty when it is missing.
    ///
    /// # Panics
    /// The field stands several times, or is no text.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let mut lines = self.headers.get_all(name).iter();
        let first = lines.next().map_or("", |value| value.to_str().expect("a text"));
        assert!(
            lines.next().is_none(),
            "{name} stands several times: {:?}",
            self.headers
        );
        first
    }

    /// All lines of a field, joined.
    #[must_use]
    pub fn list(&self, name: &str) -> String {
        let lines = self.headers.get_all(name).iter();
        let lines: Vec<_> = lines
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        lines.join(", ")
    }

    /// Whether the field is there.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.headers.contains_key(name)
    }

    /// This answer, if its status is the expected one.
    ///
    /// # Panics
    /// The status is another one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}\n{}", self.text());
        self
    }
}
