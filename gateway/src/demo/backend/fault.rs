//! Faults on demand: how a test makes the backend misbehave.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;
use std::time::Duration;

/// One way to misbehave.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Waits before it does and answers anything.
    Delay(Duration),
    /// Resets the connection without having done or answered anything.
    Reset,
    /// Does what is asked, then resets the connection without an answer.
    LoseAnswer,
    /// Answers, but closes the connection after so many bytes of the body.
    CutAfter(usize),
    /// Answers, but pauses after so many bytes of the body.
    Pause {
        /// Bytes before the pause.
        after: usize,
        /// How long.
        wait: Duration,
    },
    /// Answers in chunks of this size, without `Content-Length`.
    Chunked(usize),
    /// Writes these bytes in the place of an answer and closes the connection.
    Garbage(Vec<u8>),
    /// Answers without `ETag`.
    DropEtag,
    /// Answers 500 without having done anything.
    Fail,
    /// Answers this without having done anything.
    Answer(Canned),
    /// Another writer is faster: merges `patch` into customer `id`, then does what is asked.
    Race {
        /// The customer that is changed.
        id: String,
        /// The merge patch.
        patch: Value,
    },
}

/// A prepared answer.
#[derive(Debug, Clone)]
pub struct Canned {
    /// The status.
    pub status: StatusCode,
    /// The headers; `Content-Length` is added.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Canned {
    /// An answer with this body and media type.
    #[must_use]
    pub fn new(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Self {
        let value = http::HeaderValue::from_static(media_type);
        let headers = HeaderMap::from_iter([(http::header::CONTENT_TYPE, value)]);
        Self {
            status,
            headers,
            body: body.into(),
        }
    }
}

/// When a fault is due. Each request carries out the first rule that fits, and no other.
#[derive(Debug, Clone)]
pub struct Rule {
    fault: Fault,
    method: Option<Method>,
    path: Option<String>,
    left: Option<u32>,
}

impl From<Fault> for Rule {
    /// The next request, whatever it is.
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            method: None,
            path: None,
            left: Some(1),
        }
    }
}

impl Rule {
    /// Only for this method and path (without query).
    #[must_use]
    pub fn on(mut self, method: Method, path: &str) -> Self {
        (self.method, self.path) = (Some(method), Some(path.to_owned()));
        self
    }

    /// Only for this method.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = Some(method);
        self
    }

    /// So many times instead of once.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.left = Some(times);
        self
    }

    /// Until the faults are cleared.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.left = None;
        self
    }

    fn fits(&self, method: &Method, path: &str) -> bool {
        self.method.as_ref().is_none_or(|wanted| wanted == method)
            && self.path.as_ref().is_none_or(|wanted| wanted == path)
    }
}

/// The rules in force.
#[derive(Debug, Default)]
pub(super) struct Faults {
    rules: Vec<Rule>,
}

impl Faults {
    pub(super) fn add(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    pub(super) fn clear(&mut self) {
        self.rules.clear();
    }

    /// The fault due for this request, counted off.
    pub(super) fn due(&mut self, method: &Method, path: &str) -> Option<Fault> {
        let at = self
            .rules
            .iter()
            .position(|rule| rule.left != Some(0) && rule.fits(method, path))?;
        let rule = &mut self.rules[at];
        let fault = rule.fault.clone();
        rule.left = rule.left.map(|left| left - 1);
        self.rules.retain(|rule| rule.left != Some(0));
        Some(fault)
    }
}
