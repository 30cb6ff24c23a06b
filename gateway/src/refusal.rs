//! Every refusal becomes one problem (RFC 9457), in one place.
//!
//! A [`Refusal`] says what is wrong, in words for the client; its [`Kind`] decides everything HTTP about it. No status
//! code of a refusal is written anywhere else.

mod kind;

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::body::{self, Body, CollectFault, DecodeFault};
use crate::canonical::{HostFault, PathFault};
use crate::upstream;

use kind::Terms;

pub use kind::Kind;

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// A no, with its reason. Small, since every stage may give one.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    kind: Kind,
    detail: Box<str>,
    more: Box<More>,
}

/// What only some refusals have.
#[derive(Debug, Clone, Default, PartialEq)]
struct More {
    pointer: Option<String>,
    members: Vec<(String, Value)>,
    allow: Vec<Method>,
    fields: Vec<(HeaderName, HeaderValue)>,
    place: Option<String>,
}

impl Refusal {
    /// A refusal with a sentence for this occurrence, in the client's terms. It must not repeat secrets.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into().into(),
            more: Box::default(),
        }
    }

    /// Where in the request's body the fault is, as a JSON Pointer (RFC 6901) in the client's own field names.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.more.pointer = Some(pointer.into());
        self
    }

    /// A further member of the problem, for example the versions there are.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.members.push((name.to_owned(), value.into()));
        self
    }

    /// The entity tag of the resource as the client sees it: what a failed precondition is to be compared with.
    #[must_use]
    pub fn tagged(self, tag: Option<String>) -> Self {
        let tag = tag.and_then(|tag| HeaderValue::try_from(tag).ok());
        match tag {
            Some(tag) => self.field(ETAG, tag),
            None => self,
        }
    }

    /// Adds a field of the answer, such as `Retry-After` or `WWW-Authenticate`.
    #[must_use]
    pub fn field(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.more.fields.push((name, value));
        self
    }

    /// 405 with the methods that are allowed (RFC 9110 §15.5.6).
    pub fn method_not_allowed(method: &Method, allow: impl IntoIterator<Item = Method>) -> Self {
        let mut refusal = Self::new(Kind::MethodNotAllowed, format!("{method} is not allowed here"));
        refusal.more.allow = allow.into_iter().collect();
        refusal
    }

    /// Where in the upstream's document the fault is, in the upstream's names: for the log, not for the client.
    #[must_use]
    pub fn behind(mut self, place: String) -> Self {
        self.more.place = Some(place);
        self
    }

    /// Where in the upstream's document the fault is.
    pub fn place(&self) -> Option<&str> {
        self.more.place.as_deref()
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its sentence.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Where in the body the fault is.
    pub fn pointer(&self) -> Option<&str> {
        self.more.pointer.as_deref()
    }

    /// The methods that are allowed instead.
    pub fn allow(&self) -> &[Method] {
        &self.more.allow
    }

    /// Status and problem.
    pub fn to_problem(&self) -> (StatusCode, Value) {
        let Terms { status, code, title } = self.kind.terms();
        let mut problem = json!({
            "type": format!("urn:sluice:problem:{code}"),
            "title": title,
            "status": status.as_u16(),
            "detail": self.detail,
            "code": code,
        });
        let pointer = self
            .more
            .pointer
            .iter()
            .map(|pointer| ("pointer", Value::from(pointer.as_str())));
        let members = self
            .more
            .members
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone()));
        for (name, value) in pointer.chain(members) {
            problem[name] = value;
        }
        (status, problem)
    }

    /// The answer of a client that declares no shape of its own for errors.
    pub fn answer(&self) -> Response<Body> {
        let (status, problem) = self.to_problem();
        let mut answer = Response::new(Body::full(problem.to_string()));
        *answer.status_mut() = status;
        answer
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        self.mark(&mut answer);
        answer
    }

    /// Sets the fields that a refusal has in whatever shape its body is: `Allow` of a 405, `ETag` of a 412, and that it
    /// is not to be cached.
    pub fn mark(&self, answer: &mut Response<Body>) {
        answer
            .headers_mut()
            .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for (name, value) in &self.more.fields {
            answer.headers_mut().append(name, value.clone());
        }
        if self.kind.status() == StatusCode::METHOD_NOT_ALLOWED {
            let allow: Vec<_> = self.more.allow.iter().map(Method::as_str).collect();
            if let Ok(allow) = HeaderValue::from_str(&allow.join(", ")) {
                answer.headers_mut().insert(ALLOW, allow);
            }
        }
    }

    /// A client's body that could not be held.
    pub fn of_request_body(fault: &CollectFault) -> Self {
        let kind = match fault {
            CollectFault::TooLarge { .. } => Kind::TooLarge,
            CollectFault::TooSlow(_) => Kind::RequestTimeout,
            CollectFault::Body(fault) => of_client(fault),
        };
        Self::new(kind, fault.to_string())
    }

    /// An upstream's body that could not be held.
    pub fn of_answer_body(fault: &CollectFault) -> Self {
        let kind = match fault {
            CollectFault::TooLarge { .. } => Kind::AnswerTooLarge,
            CollectFault::TooSlow(_) | CollectFault::Body(body::Fault::Silent) => Kind::UpstreamTimeout,
            CollectFault::Body(_) => Kind::UpstreamIncomplete,
        };
        Self::new(kind, fault.to_string())
    }

    /// A client's body that could not be opened.
    pub fn of_request_coding(fault: &DecodeFault) -> Self {
        let kind = match fault {
            DecodeFault::Unsupported(_) | DecodeFault::Several => Kind::UnsupportedEncoding,
            DecodeFault::TooLarge(_) | DecodeFault::Ratio(_) => Kind::TooLarge,
            DecodeFault::Malformed(_) | DecodeFault::Trailing(_) => Kind::MalformedBody,
        };
        Self::new(kind, fault.to_string())
    }

    /// An upstream's body that could not be opened.
    pub fn of_answer_coding(fault: &DecodeFault) -> Self {
        let kind = match fault {
            DecodeFault::TooLarge(_) | DecodeFault::Ratio(_) => Kind::AnswerTooLarge,
            _ => Kind::UntranslatableAnswer,
        };
        Self::new(kind, fault.to_string())
    }
}

fn of_client(fault: &body::Fault) -> Kind {
    match fault {
        body::Fault::Silent | body::Fault::Slow => Kind::RequestTimeout,
        body::Fault::Truncated => Kind::IncompleteBody,
        body::Fault::Broken(_) => Kind::MalformedRequest,
        body::Fault::Aborted(_) => Kind::Internal,
    }
}

impl From<&upstream::Fault> for Refusal {
    /// The endpoint's address is for the log, not for the client.
    fn from(fault: &upstream::Fault) -> Self {
        use upstream::Fault as F;
        let (kind, detail) = match fault {
            F::NoEndpoint | F::Unreachable { .. } => (
                Kind::UpstreamUnreachable,
                "no connection to the upstream could be made",
            ),
            F::Untrusted { .. } => (
                Kind::UpstreamUntrusted,
                "no secure connection to the upstream could be made",
            ),
            F::ConnectTimeout { .. } => (
                Kind::UpstreamTimeout,
                "the upstream did not accept a connection in time",
            ),
            F::FirstByteTimeout { .. } => (
                Kind::UpstreamTimeout,
                "the upstream did not begin to answer in time",
            ),
            F::PoolExhausted { .. } => (Kind::UpstreamBusy, "all connections to the upstream are in use"),
            F::Reset { .. } => (
                Kind::UpstreamReset,
                "the upstream closed the connection before it answered",
            ),
            F::Garbage { .. } => (
                Kind::UpstreamGarbage,
                "the upstream answered with something that is not HTTP",
            ),
            F::RequestBody(fault) => return Self::new(of_client(fault), fault.to_string()),
        };
        Self::new(kind, detail)
    }
}

impl From<&PathFault> for Refusal {
    fn from(fault: &PathFault) -> Self {
        Self::new(Kind::BadPath, fault.to_string())
    }
}

impl From<&HostFault> for Refusal {
    fn from(fault: &HostFault) -> Self {
        Self::new(Kind::BadHost, fault.to_string())
    }
}

#[cfg(test)]
mod tests;
