//! Every refusal becomes one problem (RFC 9457), in one place.
//!
//! A [`Refusal`] says what is wrong, in words for the client; its [`Kind`] decides everything HTTP about it. No status
//! code of a refusal is written anywhere else.

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Response, StatusCode};
use serde_json::{Map, Value, json};

use crate::body::{self, Body, CollectFault, DecodeFault};
use crate::canonical::{HostFault, PathFault};
use crate::upstream;

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// Why the gateway said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The message is not one that HTTP allows, or two parsers could read it differently.
    MalformedRequest,
    /// The path has no canonical form.
    BadPath,
    /// The host has no canonical form, is missing, or is named twice.
    BadHost,
    /// No API is served on this host and path.
    UnknownApi,
    /// The API has no such operation in this version.
    UnknownOperation,
    /// The path exists, not with this method.
    MethodNotAllowed,
    /// TRACE or CONNECT.
    MethodNotSupported,
    /// The request names no version and nothing else does.
    NoVersion,
    /// The request names different versions in different places.
    ContradictingVersions,
    /// The request names a version that does not exist.
    UnknownVersion,
    /// The request's body is not what its media type says, or not valid in the client's version.
    MalformedBody,
    /// The request's body did not arrive whole.
    IncompleteBody,
    /// The request did not arrive in time.
    RequestTimeout,
    /// The request's body is encoded in a way that is not opened here.
    UnsupportedEncoding,
    /// The request's body is of a media type that is not translated.
    UnsupportedMediaType,
    /// The request's body is larger than is held.
    TooLarge,
    /// The request cannot be expressed in the upstream's version.
    UntranslatableRequest,
    /// The answer cannot be expressed in the client's version.
    UntranslatableAnswer,
    /// No connection to the upstream.
    UpstreamUnreachable,
    /// The upstream closed the connection instead of answering.
    UpstreamReset,
    /// The upstream answered with something that is not HTTP.
    UpstreamGarbage,
    /// The upstream's answer did not arrive whole.
    UpstreamIncomplete,
    /// The upstream did not answer in time.
    UpstreamTimeout,
    /// Every connection to the upstream is in use.
    UpstreamBusy,
    /// The answer is larger than is held for translation.
    AnswerTooLarge,
    /// More requests than the gateway carries.
    Overloaded,
    /// The gateway is on its way out.
    Draining,
    /// The gateway's own fault.
    Internal,
}

/// What HTTP is told of a kind.
struct Terms {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
}

const fn terms(status: StatusCode, code: &'static str, title: &'static str) -> Terms {
    Terms { status, code, title }
}

impl Kind {
    /// Every kind, in the order of the declaration; for documentation and tests.
    pub const ALL: [Self; 28] = [
        Self::MalformedRequest,
        Self::BadPath,
        Self::BadHost,
        Self::UnknownApi,
        Self::UnknownOperation,
        Self::MethodNotAllowed,
        Self::MethodNotSupported,
        Self::NoVersion,
        Self::ContradictingVersions,
        Self::UnknownVersion,
        Self::MalformedBody,
        Self::IncompleteBody,
        Self::RequestTimeout,
        Self::UnsupportedEncoding,
        Self::UnsupportedMediaType,
        Self::TooLarge,
        Self::UntranslatableRequest,
        Self::UntranslatableAnswer,
        Self::UpstreamUnreachable,
        Self::UpstreamReset,
        Self::UpstreamGarbage,
        Self::UpstreamIncomplete,
        Self::UpstreamTimeout,
        Self::UpstreamBusy,
        Self::AnswerTooLarge,
        Self::Overloaded,
        Self::Draining,
        Self::Internal,
    ];

    /// An unknown version is 400 wherever it was named by a selector; a path in which it stood matches no route, and that
    /// is [`Kind::UnknownApi`] or [`Kind::UnknownOperation`].
    fn terms(self) -> Terms {
        use StatusCode as S;
        match self {
            Self::MalformedRequest => terms(S::BAD_REQUEST, "malformed_request", "The request is malformed"),
            Self::BadPath => terms(S::BAD_REQUEST, "bad_path", "The path is not accepted"),
            Self::BadHost => terms(S::BAD_REQUEST, "bad_host", "The host is not accepted"),
            Self::UnknownApi => terms(S::NOT_FOUND, "unknown_api", "No API is served here"),
            Self::UnknownOperation => terms(S::NOT_FOUND, "unknown_operation", "There is no such operation"),
            Self::MethodNotAllowed => terms(
                S::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "The method is not allowed here",
            ),
            Self::MethodNotSupported => terms(
                S::METHOD_NOT_ALLOWED,
                "method_not_supported",
                "The method is not supported",
            ),
            Self::NoVersion => terms(S::BAD_REQUEST, "no_version", "No version is named"),
            Self::ContradictingVersions => terms(
                S::BAD_REQUEST,
                "contradicting_versions",
                "Different versions are named",
            ),
            Self::UnknownVersion => terms(S::BAD_REQUEST, "unknown_version", "There is no such version"),
            Self::MalformedBody => terms(S::BAD_REQUEST, "malformed_body", "The body is malformed"),
            Self::IncompleteBody => terms(S::BAD_REQUEST, "incomplete_body", "The body did not arrive whole"),
            Self::RequestTimeout => terms(S::REQUEST_TIMEOUT, "request_timeout", "The request took too long"),
            Self::UnsupportedEncoding => terms(
                S::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_encoding",
                "The content encoding is not supported",
            ),
            Self::UnsupportedMediaType => terms(
                S::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "The media type is not supported",
            ),
            Self::TooLarge => terms(S::PAYLOAD_TOO_LARGE, "too_large", "The body is too large"),
            Self::UntranslatableRequest => terms(
                S::UNPROCESSABLE_ENTITY,
                "untranslatable_request",
                "The request cannot be translated",
            ),
            Self::UntranslatableAnswer => terms(
                S::BAD_GATEWAY,
                "untranslatable_answer",
                "The answer cannot be translated",
            ),
            Self::UpstreamUnreachable => terms(
                S::BAD_GATEWAY,
                "upstream_unreachable",
                "The upstream cannot be reached",
            ),
            Self::UpstreamReset => terms(
                S::BAD_GATEWAY,
                "upstream_reset",
                "The upstream closed the connection",
            ),
            Self::UpstreamGarbage => terms(
                S::BAD_GATEWAY,
                "upstream_garbage",
                "The upstream's answer is not HTTP",
            ),
            Self::UpstreamIncomplete => terms(
                S::BAD_GATEWAY,
                "upstream_incomplete",
                "The upstream's answer did not arrive whole",
            ),
            Self::UpstreamTimeout => terms(
                S::GATEWAY_TIMEOUT,
                "upstream_timeout",
                "The upstream took too long",
            ),
            Self::UpstreamBusy => terms(
                S::SERVICE_UNAVAILABLE,
                "upstream_busy",
                "The upstream has too much to do",
            ),
            Self::AnswerTooLarge => terms(
                S::BAD_GATEWAY,
                "answer_too_large",
                "The answer is too large to translate",
            ),
            Self::Overloaded => terms(
                S::SERVICE_UNAVAILABLE,
                "overloaded",
                "The gateway has too much to do",
            ),
            Self::Draining => terms(S::SERVICE_UNAVAILABLE, "draining", "The gateway is shutting down"),
            Self::Internal => terms(S::INTERNAL_SERVER_ERROR, "internal", "The gateway failed"),
        }
    }

    /// The status it is answered with.
    pub fn status(self) -> StatusCode {
        self.terms().status
    }

    /// Its stable name: the last part of the problem's `type`, and its `code`.
    pub fn code(self) -> &'static str {
        self.terms().code
    }

    /// What it is, the same for each occurrence.
    pub fn title(self) -> &'static str {
        self.terms().title
    }
}

/// A no, with its reason.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    kind: Kind,
    detail: String,
    pointer: Option<String>,
    extra: Map<String, Value>,
    allow: Vec<Method>,
}

impl Refusal {
    /// A refusal with a sentence for this occurrence, in the client's terms. It must not repeat secrets.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            pointer: None,
            extra: Map::new(),
            allow: Vec::new(),
        }
    }

    /// Where in the request's body the fault is, as a JSON Pointer (RFC 6901) in the client's own field names.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// A further member of the problem, for example the versions there are.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(name.to_owned(), value.into());
        self
    }

    /// 405 with the methods that are allowed (RFC 9110 §15.5.6).
    pub fn method_not_allowed(method: &Method, allow: impl IntoIterator<Item = Method>) -> Self {
        let mut refusal = Self::new(Kind::MethodNotAllowed, format!("{method} is not allowed here"));
        refusal.allow = allow.into_iter().collect();
        refusal
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
        self.pointer.as_deref()
    }

    /// The methods that are allowed instead.
    pub fn allow(&self) -> &[Method] {
        &self.allow
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
        let members = self
            .pointer
            .iter()
            .map(|pointer| ("pointer", Value::from(pointer.as_str())));
        for (name, value) in members.chain(
            self.extra
                .iter()
                .map(|(name, value)| (name.as_str(), value.clone())),
        ) {
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

    /// Sets the fields that a refusal has in whatever shape its body is: `Allow` of a 405, and that it is not to be cached.
    pub fn mark(&self, answer: &mut Response<Body>) {
        answer
            .headers_mut()
            .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.kind.status() == StatusCode::METHOD_NOT_ALLOWED {
            let allow: Vec<_> = self.allow.iter().map(Method::as_str).collect();
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
        body::Fault::Silent => Kind::RequestTimeout,
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
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_statuses_are_errors() {
        let codes: HashSet<_> = Kind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(codes.len(), Kind::ALL.len());
        assert!(
            Kind::ALL
                .iter()
                .all(|kind| kind.status().is_client_error() || kind.status().is_server_error())
        );
    }

    #[test]
    fn a_problem_has_the_members_of_rfc_9457() {
        let refusal = Refusal::new(Kind::UnknownVersion, "there is no version 9.0")
            .at("/version")
            .with("versions", json!(["1.0", "2.0"]));
        let (status, problem) = refusal.to_problem();
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(
            problem,
            json!({
                "type": "urn:sluice:problem:unknown_version",
                "title": "There is no such version",
                "status": 400,
                "detail": "there is no version 9.0",
                "code": "unknown_version",
                "pointer": "/version",
                "versions": ["1.0", "2.0"],
            })
        );
    }

    #[test]
    fn a_405_names_what_is_allowed() {
        let answer = Refusal::method_not_allowed(&Method::PUT, [Method::GET, Method::POST]).answer();
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.headers()[ALLOW], "GET, POST");
        assert_eq!(answer.headers()[CONTENT_TYPE], MEDIA_TYPE);
    }

    #[test]
    fn an_endpoint_is_not_told_to_clients() {
        let fault = upstream::Fault::Reset {
            endpoint: "10.0.0.7:9100".into(),
        };
        assert!(!Refusal::from(&fault).detail().contains("10.0.0.7"));
    }
}
