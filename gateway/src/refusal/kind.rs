//! The kinds of refusals, and what HTTP is told of each: status, stable code and title, in one match.

use http::StatusCode;

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
    /// The resource has changed since the client read it.
    PreconditionFailed,
    /// Other writers were faster each time that a write on our own condition was tried.
    Contended,
    /// The upstream gave no entity tag, so that a write cannot keep what the client does not see.
    NoEntityTag,
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
    /// The configuration that was to be loaded is at fault.
    FaultyConfiguration,
    /// The gateway's own fault.
    Internal,
}

/// What HTTP is told of a kind.
pub(super) struct Terms {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) title: &'static str,
}

const fn terms(status: StatusCode, code: &'static str, title: &'static str) -> Terms {
    Terms { status, code, title }
}

impl Kind {
    /// Every kind, in the order of the declaration; for documentation and tests.
    pub const ALL: [Self; 32] = [
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
        Self::PreconditionFailed,
        Self::Contended,
        Self::NoEntityTag,
        Self::UpstreamUnreachable,
        Self::UpstreamReset,
        Self::UpstreamGarbage,
        Self::UpstreamIncomplete,
        Self::UpstreamTimeout,
        Self::UpstreamBusy,
        Self::AnswerTooLarge,
        Self::Overloaded,
        Self::Draining,
        Self::FaultyConfiguration,
        Self::Internal,
    ];

    /// An unknown version is 400 wherever it was named by a selector; a path in which it stood matches no route, and that
    /// is [`Kind::UnknownApi`] or [`Kind::UnknownOperation`].
    pub(super) fn terms(self) -> Terms {
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
            Self::PreconditionFailed => terms(S::PRECONDITION_FAILED, "changed", "The resource has changed"),
            Self::Contended => terms(S::CONFLICT, "contended", "Others were faster"),
            Self::NoEntityTag => terms(S::BAD_GATEWAY, "no_entity_tag", "The upstream gave no entity tag"),
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
            Self::FaultyConfiguration => terms(
                S::CONFLICT,
                "faulty_configuration",
                "The configuration is at fault",
            ),
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
