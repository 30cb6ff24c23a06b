//! What browsers are told of an API's answers (CORS): by tower-http's layer, in the place of what the upstream says.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
};
use http::request::Parts as RequestParts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use sluice_config::plan::{CorsPlan, Origin};
use tower_http::cors::{AllowOrigin, CorsLayer, Vary};

use super::through;
use crate::body::Body;
use crate::fields::{remove_all, vary};

/// What the gateway says, and nobody else.
const SAID: [HeaderName; 7] = [
    ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_ALLOW_CREDENTIALS,
    ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_HEADERS,
    ACCESS_CONTROL_EXPOSE_HEADERS,
    ACCESS_CONTROL_MAX_AGE,
    HeaderName::from_static("access-control-allow-private-network"),
];

/// What decides the answer to a preflight.
const ASKED: [HeaderName; 3] = [
    ORIGIN,
    ACCESS_CONTROL_REQUEST_METHOD,
    ACCESS_CONTROL_REQUEST_HEADERS,
];

/// What browsers are told.
#[derive(Debug)]
pub struct Cors {
    layer: CorsLayer,
    methods: Option<Vec<Method>>,
    /// Whether every site is told the same.
    any: bool,
}

impl Cors {
    pub(super) fn new(plan: &CorsPlan) -> Self {
        let layer = CorsLayer::new()
            .allow_origin(origins(plan.origins.as_deref()))
            .allow_headers(plan.headers.clone())
            .expose_headers(plan.expose.clone())
            .allow_credentials(plan.credentials)
            .max_age(plan.max_age)
            .vary(Vary::list([]));
        Self {
            layer,
            methods: plan.methods.clone(),
            any: plan.origins.is_none(),
        }
    }

    /// Marks an answer to a page of this origin; `Vary` on an answer to any other request.
    pub async fn mark(&self, origin: Option<HeaderValue>, mut answer: Response<Body>) -> Response<Body> {
        remove_all(answer.headers_mut(), &SAID);
        if !self.any {
            vary::add(answer.headers_mut(), [&ORIGIN]);
        }
        match origin {
            Some(origin) => through(&self.layer, asking(Method::GET, origin), answer).await,
            None => answer,
        }
    }

    /// Marks an answer to a preflight on a path with these methods.
    pub async fn preflight(
        &self,
        origin: HeaderValue,
        methods: &[Method],
        mut answer: Response<Body>,
    ) -> Response<Body> {
        let methods = self.methods.as_deref().unwrap_or(methods).to_vec();
        let layer = self.layer.clone().allow_methods(methods);
        // The layer's answer is of its own; what it says is put on ours.
        let told: Response<Body> =
            through(&layer, asking(Method::OPTIONS, origin), Response::default()).await;
        answer.headers_mut().extend(told.into_parts().0.headers);
        vary::add(answer.headers_mut(), &ASKED);
        answer
    }
}

/// Whether a request is a preflight: a browser asks for itself whether a page may send another one.
pub(crate) fn is_preflight(headers: &HeaderMap) -> bool {
    headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

fn asking(method: Method, origin: HeaderValue) -> Request<()> {
    let mut request = Request::new(());
    *request.method_mut() = method;
    request.headers_mut().insert(ORIGIN, origin);
    request
}

fn origins(plan: Option<&[Origin]>) -> AllowOrigin {
    let Some(origins) = plan else {
        return AllowOrigin::any();
    };
    let origins = origins.to_vec();
    AllowOrigin::predicate(move |origin: &HeaderValue, _: &RequestParts| {
        let known = |text| origins.iter().any(|known| known.is(text));
        origin.to_str().is_ok_and(known)
    })
}
