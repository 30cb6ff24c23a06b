//! Answers of the console, with the fields that all of them carry.

use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use maud::Markup;
use serde::Serialize;

use crate::body::Body;
use crate::refusal::{Kind, Refusal};

const CONTENT_SECURITY_POLICY: HeaderName = http::header::CONTENT_SECURITY_POLICY;
/// Nothing is loaded but our own style sheet, script and pictures; nothing is sent but to us; nobody frames us.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// A page.
pub(super) fn page(page: Markup) -> Response<Body> {
    let mut answer = Response::new(Body::full(page.into_string()));
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, html);
    answer
}

/// A page that tells of a refusal, with its status and fields.
pub(super) fn refused_page(page_of_it: Markup, refusal: &Refusal) -> Response<Body> {
    let mut answer = page(page_of_it);
    *answer.status_mut() = refusal.to_problem().0;
    refusal.mark(&mut answer);
    answer
}

/// A value as JSON.
pub(super) fn json(value: &impl Serialize) -> Response<Body> {
    match serde_json::to_vec_pretty(value) {
        Ok(mut text) => {
            text.push(b'\n');
            let mut answer = Response::new(Body::full(text));
            let json = HeaderValue::from_static("application/json");
            answer.headers_mut().insert(CONTENT_TYPE, json);
            answer
        }
        Err(_) => Refusal::new(Kind::Internal, "the report cannot be written").answer(),
    }
}

/// Sends a browser on, with GET.
pub(super) fn see_other(target: &str) -> Response<Body> {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(target) = HeaderValue::from_str(target) {
        answer.headers_mut().insert(LOCATION, target);
    }
    answer
}

/// What every answer carries.
pub(super) fn harden(fields: &mut HeaderMap) {
    fields.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    fields.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    fields.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let opener = HeaderName::from_static("cross-origin-opener-policy");
    fields.insert(opener, HeaderValue::from_static("same-origin"));
    let resource = HeaderName::from_static("cross-origin-resource-policy");
    fields.insert(resource, HeaderValue::from_static("same-origin"));
    let kept = fields.entry(CACHE_CONTROL);
    kept.or_insert(HeaderValue::from_static("no-store"));
}
