//! The kinds of refusals, and what HTTP is told of each: status, stable code and title. The one table of them.

use http::StatusCode;

/// What HTTP is told of a kind.
pub(super) struct Terms {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) title: &'static str,
}

macro_rules! kinds {
    ($($(#[$doc:meta])+ $name:ident = $status:ident $code:literal $title:literal;)+) => {
        /// Why the gateway said no.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$doc])+ $name,)+
        }

        impl Kind {
            /// Every kind, in the order of the table; for documentation and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            pub(super) fn terms(self) -> Terms {
                match self {
                    $(Self::$name => Terms { status: StatusCode::$status, code: $code, title: $title },)+
                }
            }
        }
    };
}

impl Kind {
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

// An unknown version is 400 wherever it was named by a selector; a path in which it stood matches no route, and that is
// `UnknownApi` or `UnknownOperation`.
kinds! {
    /// The message is not one that HTTP allows, or two parsers could read it differently.
    MalformedRequest = BAD_REQUEST "malformed_request" "The request is malformed";
    /// The path has no canonical form.
    BadPath = BAD_REQUEST "bad_path" "The path is not accepted";
    /// The host has no canonical form, is missing, or is named twice.
    BadHost = BAD_REQUEST "bad_host" "The host is not accepted";
    /// No API is served on this host and path.
    UnknownApi = NOT_FOUND "unknown_api" "No API is served here";
    /// The API has no such operation in this version.
    UnknownOperation = NOT_FOUND "unknown_operation" "There is no such operation";
    /// The path exists, not with this method.
    MethodNotAllowed = METHOD_NOT_ALLOWED "method_not_allowed" "The method is not allowed here";
    /// TRACE or CONNECT.
    MethodNotSupported = METHOD_NOT_ALLOWED "method_not_supported" "The method is not supported";
    /// The request names no version and nothing else does.
    NoVersion = BAD_REQUEST "no_version" "No version is named";
    /// The request names different versions in different places.
    ContradictingVersions = BAD_REQUEST "contradicting_versions" "Different versions are named";
    /// The request names a version that does not exist.
    UnknownVersion = BAD_REQUEST "unknown_version" "There is no such version";
    /// The request's body is not what its media type says, or not valid in the client's version.
    MalformedBody = BAD_REQUEST "malformed_body" "The body is malformed";
    /// The request's body did not arrive whole.
    IncompleteBody = BAD_REQUEST "incomplete_body" "The body did not arrive whole";
    /// The request did not arrive in time.
    RequestTimeout = REQUEST_TIMEOUT "request_timeout" "The request took too long";
    /// The request's body is encoded in a way that is not opened here.
    UnsupportedEncoding = UNSUPPORTED_MEDIA_TYPE "unsupported_encoding" "The content encoding is not supported";
    /// The request's body is of a media type that is not translated.
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE "unsupported_media_type" "The media type is not supported";
    /// The request's body is larger than is held.
    TooLarge = PAYLOAD_TOO_LARGE "too_large" "The body is too large";
    /// The request cannot be expressed in the upstream's version.
    UntranslatableRequest = UNPROCESSABLE_ENTITY "untranslatable_request" "The request cannot be translated";
    /// The answer cannot be expressed in the client's version.
    UntranslatableAnswer = BAD_GATEWAY "untranslatable_answer" "The answer cannot be translated";
    /// The resource has changed since the client read it.
    PreconditionFailed = PRECONDITION_FAILED "changed" "The resource has changed";
    /// Other writers were faster each time that a write on our own condition was tried.
    Contended = CONFLICT "contended" "Others were faster";
    /// The upstream gave no entity tag, so that a write cannot keep what the client does not see.
    NoEntityTag = BAD_GATEWAY "no_entity_tag" "The upstream gave no entity tag";
    /// No connection to the upstream.
    UpstreamUnreachable = BAD_GATEWAY "upstream_unreachable" "The upstream cannot be reached";
    /// Over TLS the upstream could not be trusted, or does not trust the gateway.
    UpstreamUntrusted = BAD_GATEWAY "upstream_untrusted" "The upstream cannot be trusted";
    /// The upstream closed the connection instead of answering.
    UpstreamReset = BAD_GATEWAY "upstream_reset" "The upstream closed the connection";
    /// The upstream answered with something that is not HTTP.
    UpstreamGarbage = BAD_GATEWAY "upstream_garbage" "The upstream's answer is not HTTP";
    /// The upstream's answer did not arrive whole.
    UpstreamIncomplete = BAD_GATEWAY "upstream_incomplete" "The upstream's answer did not arrive whole";
    /// The upstream did not answer in time.
    UpstreamTimeout = GATEWAY_TIMEOUT "upstream_timeout" "The upstream took too long";
    /// Every connection to the upstream is in use.
    UpstreamBusy = SERVICE_UNAVAILABLE "upstream_busy" "The upstream has too much to do";
    /// The answer is larger than is held for translation.
    AnswerTooLarge = BAD_GATEWAY "answer_too_large" "The answer is too large to translate";
    /// More requests than the gateway carries.
    Overloaded = SERVICE_UNAVAILABLE "overloaded" "The gateway has too much to do";
    /// The gateway is on its way out.
    Draining = SERVICE_UNAVAILABLE "draining" "The gateway is shutting down";
    /// The configuration that was to be loaded is at fault.
    FaultyConfiguration = CONFLICT "faulty_configuration" "The configuration is at fault";
    /// The request comes in a transfer coding that is not implemented.
    UnsupportedTransferCoding = NOT_IMPLEMENTED "unsupported_transfer_coding" "The transfer coding is not supported";
    /// The method is none that HTTP knows.
    UnknownMethod = NOT_IMPLEMENTED "unknown_method" "The method is not known";
    /// The head of the request is larger than is read.
    HeadTooLarge = REQUEST_HEADER_FIELDS_TOO_LARGE "head_too_large" "The header is too large";
    /// The target of the request is longer than is read.
    TargetTooLong = URI_TOO_LONG "target_too_long" "The target is too long";
    /// The request expects what cannot be met.
    ExpectationFailed = EXPECTATION_FAILED "expectation_failed" "The expectation cannot be met";
    /// The request is for a host that this connection is not for.
    Misdirected = MISDIRECTED_REQUEST "misdirected" "The host is not served on this connection";
    /// Requests from this address are not taken.
    AddressDenied = FORBIDDEN "address_denied" "The address is not admitted";
    /// No credential, or a wrong one.
    Unauthenticated = UNAUTHORIZED "unauthenticated" "A credential is needed";
    /// The credential cannot be judged now.
    AuthenticationUnavailable = SERVICE_UNAVAILABLE "authentication_unavailable" "Credentials cannot be checked now";
    /// A form of the console that did not come from one of its pages.
    ForgedForm = FORBIDDEN "forged_form" "The form did not come from this page";
    /// Nothing is kept of who used what.
    UsageUnkept = NOT_FOUND "usage_unkept" "Usage is not kept";
    /// What is kept of who used what cannot be read now.
    UsageUnavailable = SERVICE_UNAVAILABLE "usage_unavailable" "Usage figures cannot be read now";
    /// The consumer is switched off.
    ConsumerOff = FORBIDDEN "consumer_off" "The consumer is switched off";
    /// The consumer may not use this version.
    VersionForbidden = FORBIDDEN "version_forbidden" "The version is not open to this consumer";
    /// The credential lacks a scope.
    ScopeMissing = FORBIDDEN "scope_missing" "A scope is missing";
    /// The version is past its sunset.
    VersionSunset = GONE "version_sunset" "The version is gone";
    /// The operation is past its sunset.
    OperationSunset = GONE "operation_sunset" "The operation is gone";
    /// The request sends a member that is past its sunset.
    MemberSunset = UNPROCESSABLE_ENTITY "member_sunset" "A member is gone";
    /// A rehearsal of the sunset: refused for a while, as it will be for good.
    Brownout = GONE "brownout" "The version rests for a rehearsal of its sunset";
    /// The same rehearsal, answered so that clients try again.
    BrownoutRetry = SERVICE_UNAVAILABLE "brownout_retry" "The version rests for a rehearsal of its sunset";
    /// The version is switched off.
    VersionOff = SERVICE_UNAVAILABLE "version_off" "The version is switched off";
    /// More requests than the rate allows.
    RateLimited = TOO_MANY_REQUESTS "rate_limited" "Too many requests";
    /// More requests than the quota of the period allows.
    QuotaExceeded = TOO_MANY_REQUESTS "quota_exceeded" "The quota is used up";
    /// More requests at once than are allowed.
    TooManyConcurrent = TOO_MANY_REQUESTS "too_many_concurrent" "Too many requests at once";
    /// The limit cannot be judged now.
    LimiterUnavailable = SERVICE_UNAVAILABLE "limiter_unavailable" "Limits cannot be checked now";
    /// A parameter is not what the client's version declares.
    InvalidParameter = BAD_REQUEST "invalid_parameter" "A parameter is not valid";
    /// The request's body is not what the client's version declares.
    InvalidBody = UNPROCESSABLE_ENTITY "invalid" "The body is not valid";
    /// The upstream's answer is not what the origin declares.
    InvalidAnswer = BAD_GATEWAY "invalid_answer" "The upstream's answer is not valid";
    /// The operation needs an idempotency key.
    IdempotencyKeyMissing = BAD_REQUEST "idempotency_key_missing" "An idempotency key is needed";
    /// The same idempotency key came with another request.
    IdempotencyMismatch = UNPROCESSABLE_ENTITY "idempotency_mismatch" "The idempotency key was used for another request";
    /// The request with this idempotency key is still carried out.
    IdempotencyInFlight = CONFLICT "idempotency_in_flight" "The same request is still carried out";
    /// The request with this idempotency key was sent, and its answer is lost.
    IdempotencyUnknown = CONFLICT "idempotency_unknown" "The answer to the same request is lost";
    /// Kept answers cannot be looked up now.
    IdempotencyUnavailable = SERVICE_UNAVAILABLE "idempotency_unavailable" "Idempotency keys cannot be checked now";
    /// The gateway's own fault.
    Internal = INTERNAL_SERVER_ERROR "internal" "The gateway failed";
}
