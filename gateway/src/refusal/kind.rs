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
    /// Over TLS the upstream could not be trusted, or does not trust the gateway.
    UpstreamUntrusted,
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
    /// The request comes in a transfer coding that is not implemented.
    UnsupportedTransferCoding,
    /// The method is none that HTTP knows.
    UnknownMethod,
    /// The head of the request is larger than is read.
    HeadTooLarge,
    /// The target of the request is longer than is read.
    TargetTooLong,
    /// The request expects what cannot be met.
    ExpectationFailed,
    /// The request is for a host that this connection is not for.
    Misdirected,
    /// Requests from this address are not taken.
    AddressDenied,
    /// No credential, or a wrong one.
    Unauthenticated,
    /// The credential cannot be judged now.
    AuthenticationUnavailable,
    /// The consumer is switched off.
    ConsumerOff,
    /// The consumer may not use this version.
    VersionForbidden,
    /// The credential lacks a scope.
    ScopeMissing,
    /// The version is past its sunset.
    VersionSunset,
    /// The operation is past its sunset.
    OperationSunset,
    /// The request sends a member that is past its sunset.
    MemberSunset,
    /// A rehearsal of the sunset: refused for a while, as it will be for good.
    Brownout,
    /// The same rehearsal, answered so that clients try again.
    BrownoutRetry,
    /// The version is switched off.
    VersionOff,
    /// More requests than the rate allows.
    RateLimited,
    /// More requests than the quota of the period allows.
    QuotaExceeded,
    /// More requests at once than are allowed.
    TooManyConcurrent,
    /// The limit cannot be judged now.
    LimiterUnavailable,
    /// A parameter is not what the client's version declares.
    InvalidParameter,
    /// The request's body is not what the client's version declares.
    InvalidBody,
    /// The upstream's answer is not what the origin declares.
    InvalidAnswer,
    /// The operation needs an idempotency key.
    IdempotencyKeyMissing,
    /// The same idempotency key came with another request.
    IdempotencyMismatch,
    /// The request with this idempotency key is still carried out.
    IdempotencyInFlight,
    /// The request with this idempotency key was sent, and its answer is lost.
    IdempotencyUnknown,
    /// Kept answers cannot be looked up now.
    IdempotencyUnavailable,
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
    pub const ALL: [Self; 63] = [
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
        Self::UpstreamUntrusted,
        Self::UpstreamReset,
        Self::UpstreamGarbage,
        Self::UpstreamIncomplete,
        Self::UpstreamTimeout,
        Self::UpstreamBusy,
        Self::AnswerTooLarge,
        Self::Overloaded,
        Self::Draining,
        Self::FaultyConfiguration,
        Self::UnsupportedTransferCoding,
        Self::UnknownMethod,
        Self::HeadTooLarge,
        Self::TargetTooLong,
        Self::ExpectationFailed,
        Self::Misdirected,
        Self::AddressDenied,
        Self::Unauthenticated,
        Self::AuthenticationUnavailable,
        Self::ConsumerOff,
        Self::VersionForbidden,
        Self::ScopeMissing,
        Self::VersionSunset,
        Self::OperationSunset,
        Self::MemberSunset,
        Self::Brownout,
        Self::BrownoutRetry,
        Self::VersionOff,
        Self::RateLimited,
        Self::QuotaExceeded,
        Self::TooManyConcurrent,
        Self::LimiterUnavailable,
        Self::InvalidParameter,
        Self::InvalidBody,
        Self::InvalidAnswer,
        Self::IdempotencyKeyMissing,
        Self::IdempotencyMismatch,
        Self::IdempotencyInFlight,
        Self::IdempotencyUnknown,
        Self::IdempotencyUnavailable,
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
            Self::UpstreamUntrusted => terms(
                S::BAD_GATEWAY,
                "upstream_untrusted",
                "The upstream cannot be trusted",
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
            Self::UnsupportedTransferCoding => terms(
                S::NOT_IMPLEMENTED,
                "unsupported_transfer_coding",
                "The transfer coding is not supported",
            ),
            Self::UnknownMethod => terms(S::NOT_IMPLEMENTED, "unknown_method", "The method is not known"),
            Self::HeadTooLarge => terms(
                S::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "head_too_large",
                "The header is too large",
            ),
            Self::TargetTooLong => terms(S::URI_TOO_LONG, "target_too_long", "The target is too long"),
            Self::ExpectationFailed => terms(
                S::EXPECTATION_FAILED,
                "expectation_failed",
                "The expectation cannot be met",
            ),
            Self::Misdirected => terms(
                S::MISDIRECTED_REQUEST,
                "misdirected",
                "The host is not served on this connection",
            ),
            Self::AddressDenied => terms(S::FORBIDDEN, "address_denied", "The address is not admitted"),
            Self::Unauthenticated => terms(S::UNAUTHORIZED, "unauthenticated", "A credential is needed"),
            Self::AuthenticationUnavailable => terms(
                S::SERVICE_UNAVAILABLE,
                "authentication_unavailable",
                "Credentials cannot be checked now",
            ),
            Self::ConsumerOff => terms(S::FORBIDDEN, "consumer_off", "The consumer is switched off"),
            Self::VersionForbidden => terms(
                S::FORBIDDEN,
                "version_forbidden",
                "The version is not open to this consumer",
            ),
            Self::ScopeMissing => terms(S::FORBIDDEN, "scope_missing", "A scope is missing"),
            Self::VersionSunset => terms(S::GONE, "version_sunset", "The version is gone"),
            Self::OperationSunset => terms(S::GONE, "operation_sunset", "The operation is gone"),
            Self::MemberSunset => terms(S::UNPROCESSABLE_ENTITY, "member_sunset", "A member is gone"),
            Self::Brownout => terms(
                S::GONE,
                "brownout",
                "The version rests for a rehearsal of its sunset",
            ),
            Self::BrownoutRetry => terms(
                S::SERVICE_UNAVAILABLE,
                "brownout_retry",
                "The version rests for a rehearsal of its sunset",
            ),
            Self::VersionOff => terms(
                S::SERVICE_UNAVAILABLE,
                "version_off",
                "The version is switched off",
            ),
            Self::RateLimited => terms(S::TOO_MANY_REQUESTS, "rate_limited", "Too many requests"),
            Self::QuotaExceeded => terms(S::TOO_MANY_REQUESTS, "quota_exceeded", "The quota is used up"),
            Self::TooManyConcurrent => terms(
                S::TOO_MANY_REQUESTS,
                "too_many_concurrent",
                "Too many requests at once",
            ),
            Self::LimiterUnavailable => terms(
                S::SERVICE_UNAVAILABLE,
                "limiter_unavailable",
                "Limits cannot be checked now",
            ),
            Self::InvalidParameter => terms(S::BAD_REQUEST, "invalid_parameter", "A parameter is not valid"),
            Self::InvalidBody => terms(S::UNPROCESSABLE_ENTITY, "invalid", "The body is not valid"),
            Self::InvalidAnswer => terms(
                S::BAD_GATEWAY,
                "invalid_answer",
                "The upstream's answer is not valid",
            ),
            Self::IdempotencyKeyMissing => terms(
                S::BAD_REQUEST,
                "idempotency_key_missing",
                "An idempotency key is needed",
            ),
            Self::IdempotencyMismatch => terms(
                S::UNPROCESSABLE_ENTITY,
                "idempotency_mismatch",
                "The idempotency key was used for another request",
            ),
            Self::IdempotencyInFlight => terms(
                S::CONFLICT,
                "idempotency_in_flight",
                "The same request is still carried out",
            ),
            Self::IdempotencyUnknown => terms(
                S::CONFLICT,
                "idempotency_unknown",
                "The answer to the same request is lost",
            ),
            Self::IdempotencyUnavailable => terms(
                S::SERVICE_UNAVAILABLE,
                "idempotency_unavailable",
                "Idempotency keys cannot be checked now",
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
