//! Answers of the console, with the fields that all of them carry.

use std::sync::Arc;
use std::time::Duration;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use maud::Markup;
use serde::Serialize;
use serde_json::Value as Json;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::body::Body;
use crate::refusal::{Kind, Refusal};

const CONTENT_SECURITY_POLICY: HeaderName = http::header::CONTENT_SECURITY_POLICY;
/// Nothing is loaded but our own style sheet, script and pictures; nothing is sent but to us; nobody frames us.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// How many reports are written at once.
const AT_ONCE: usize = 2;
/// How long one waits for the others.
const PATIENCE: Duration = Duration::from_secs(3);

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
    written(value).map_or_else(|refusal| refusal.answer(), of_json)
}

fn written(value: &impl Serialize) -> Result<Vec<u8>, Refusal> {
    let text = serde_json::to_vec_pretty(value);
    let mut text = text.map_err(|_| Refusal::new(Kind::Internal, "the report cannot be written"))?;
    text.push(b'\n');
    Ok(text)
}

fn of_json(text: Vec<u8>) -> Response<Body> {
    let mut answer = Response::new(Body::full(text));
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(CONTENT_TYPE, json);
    answer
}

/// A value as JSON that says whether its figures are made up.
pub(super) fn marked(value: &impl Serialize, demo: bool) -> Json {
    let mut json = serde_json::to_value(value).unwrap_or_default();
    if let Json::Object(members) = &mut json {
        members.insert("demo".to_owned(), demo.into());
    }
    json
}

/// Where reports are written as JSON: beside the cores, a few at a time. They can be large.
#[derive(Debug)]
pub(super) struct Writing(Arc<Semaphore>);

impl Default for Writing {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Writing {
    /// A report as JSON.
    ///
    /// # Errors
    /// Others are written for too long.
    pub(super) async fn json(
        &self,
        report: impl Serialize + Send + 'static,
        demo: bool,
    ) -> Result<Response<Body>, Refusal> {
        let place = timeout(PATIENCE, Arc::clone(&self.0).acquire_owned()).await;
        let Ok(Ok(place)) = place else {
            return Err(Refusal::new(
                Kind::Overloaded,
                "too many reports are being written",
            ));
        };
        let written = spawn_blocking(move || {
            let text = written(&marked(&report, demo));
            drop(place);
            text
        });
        let failed = |_| Refusal::new(Kind::Internal, "the report cannot be written");
        written.await.map_err(failed)?.map(of_json)
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
