//! `OPTIONS` (RFC 9110 §9.3.7): which methods a path has. A preflight of a browser carries no version of its own: it is
//! answered from the union of versions.

use http::header::ALLOW;
use http::{HeaderValue, Method, Response, StatusCode};

use super::identify::{self, Identified, Request};
use super::route;
use crate::body::Body;
use crate::edge::is_preflight;
use crate::edition::Edition;

/// What a path may have of which nothing is known.
const USUAL: [Method; 6] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
];

/// An answer to `OPTIONS`.
pub struct Options {
    /// The answer.
    pub answer: Response<Body>,
    /// The API that was asked.
    pub api: usize,
    /// The version that was asked, if the request named one.
    pub identified: Option<Identified>,
    /// The methods to tell a browser, if it asked for a page of another site and the API answers such.
    pub preflight: Option<Vec<Method>>,
    /// Whether it is for everyone: a browser's preflight, which cannot carry a credential, or an API that asks for none.
    pub is_open: bool,
}

/// Answers `OPTIONS` for the paths of an API whose operations are all known, and the preflights of an API that answers
/// them; `None` for any other request.
pub fn answer(edition: &Edition, method: &Method, request: &Request<'_>) -> Option<Options> {
    if *method != Method::OPTIONS {
        return None;
    }
    let (api, segments, identified) = match identify::identify(&edition.plan, request, None) {
        Ok(one) => (one.api, one.segments.clone(), Some(one)),
        Err(none) if none.is_unversioned() => {
            let api = none.api?;
            (
                api,
                identify::below(request.path, edition.plan.apis[api].unversioned.as_str()),
                None,
            )
        }
        Err(_) => return None,
    };
    let versions = &edition.apis[api].versions;
    let asked = identified.as_ref().map_or(0..versions.len(), |one| {
        one.version.index()..one.version.index() + 1
    });
    let methods = route::allowed(&versions[asked], &segments);
    let plan = &edition.plan.apis[api];
    let complete = identified
        .as_ref()
        .map_or(plan.documented, |one| plan.is_complete(one.version));
    let asked_before = is_preflight(request.headers);
    let preflight = plan.edge.cors.is_some() && asked_before;
    let methods = match methods.is_empty() && preflight && !complete {
        true => USUAL.to_vec(),
        false => methods,
    };
    let known = (complete || preflight) && !methods.is_empty();
    known.then(|| Options {
        answer: allowing(&methods),
        api,
        identified,
        preflight: preflight.then_some(methods),
        is_open: preflight || plan.authentication.entries.is_empty(),
    })
}

fn allowing(methods: &[Method]) -> Response<Body> {
    let names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    if let Ok(allow) = HeaderValue::from_str(&names.join(", ")) {
        answer.headers_mut().insert(ALLOW, allow);
    }
    answer
}
