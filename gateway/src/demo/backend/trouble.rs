//! Every error of the backend, and the one place where it becomes an answer.

use super::answer::Answer;
use super::rules::Breach;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value};

/// Why a request was not done.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The request cannot be read: 400.
    Malformed(String),
    /// No such customer, or no such path: 404.
    NotFound,
    /// The method is not allowed here; the ones that are: 405.
    Method(&'static str),
    /// A customer with this id is there already: 409.
    Exists(String),
    /// A precondition failed: 412.
    Changed,
    /// The body exceeds the bound: 413.
    TooLarge(usize),
    /// The body's media type is not the one asked for: 415.
    MediaType(&'static str),
    /// The content breaks a rule: 422.
    Invalid(Breach),
    /// A fault on demand: 500.
    Internal,
}

impl From<Breach> for Trouble {
    fn from(breach: Breach) -> Self {
        Self::Invalid(breach)
    }
}

impl Trouble {
    /// The answer that says so.
    pub(super) fn answer(&self) -> Answer {
        let (status, code, message, field) = self.parts();
        let mut error = Map::new();
        error.insert("code".into(), code.into());
        error.insert("message".into(), message.into());
        // The pointer to the whole document says nothing that the message does not.
        if let Some(field) = field.filter(|field| !field.is_empty()) {
            error.insert("field".into(), field.into());
        }
        let body = Value::Object(Map::from_iter([("error".to_owned(), Value::Object(error))]));
        let mut answer = Answer::json(status, &body);
        match self {
            Self::Method(allow) => answer.header(header::ALLOW, HeaderValue::from_static(allow)),
            Self::MediaType(accepted) => {
                answer.header(
                    header::HeaderName::from_static("accept-patch"),
                    HeaderValue::from_static(accepted),
                );
            }
            _ => {}
        }
        answer
    }

    fn parts(&self) -> (StatusCode, &'static str, String, Option<&str>) {
        match self {
            Self::Malformed(why) => (StatusCode::BAD_REQUEST, "malformed", why.clone(), None),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "not_found",
                "There is no such customer.".into(),
                None,
            ),
            Self::Method(allow) => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                format!("Allowed here: {allow}."),
                None,
            ),
            Self::Exists(id) => (
                StatusCode::CONFLICT,
                "exists",
                format!("A customer {id} is there already."),
                Some("/id"),
            ),
            Self::Changed => {
                let message = "The customer is not, or no longer, as the request requires.".into();
                (StatusCode::PRECONDITION_FAILED, "changed", message, None)
            }
            Self::TooLarge(bound) => {
                let message = format!("The body exceeds {bound} bytes.");
                (StatusCode::PAYLOAD_TOO_LARGE, "too_large", message, None)
            }
            Self::MediaType(accepted) => {
                let message = format!("The body must be {accepted}.");
                (
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "unsupported_media_type",
                    message,
                    None,
                )
            }
            Self::Invalid(breach) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid",
                breach.message.clone(),
                Some(&breach.field),
            ),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "The backend failed, on demand.".into(),
                None,
            ),
        }
    }
}
