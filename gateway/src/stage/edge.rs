//! What surrounds an exchange: which addresses may ask, what browsers are told, how answers are compressed.

use http::header::{ACCEPT_ENCODING, ORIGIN};
use http::request::Parts;
use http::{HeaderValue, Method, Response};
use sluice_config::plan::{AddressRules, FieldsPlan};

use crate::body::Body;
use crate::edition::Edition;
use crate::fields::remove_all;
use crate::refusal::{Kind, Refusal};
use crate::stage::forward::Client;

/// Whether this address may ask an API.
///
/// # Errors
/// It may not.
pub fn admit(edition: &Edition, api: usize, client: &Client<'_>) -> Result<(), Refusal> {
    within(&edition.plan.apis[api].edge.addresses, client)
}

/// Whether this address may ask for anything at all.
///
/// # Errors
/// It may not.
pub fn enter(edition: &Edition, client: &Client<'_>) -> Result<(), Refusal> {
    within(&edition.plan.addresses, client)
}

fn within(rules: &AddressRules, client: &Client<'_>) -> Result<(), Refusal> {
    match rules.admits(client.address) {
        true => Ok(()),
        false => Err(Refusal::new(
            Kind::AddressDenied,
            format!("requests from {} are not taken", client.address),
        )),
    }
}

/// What an answer's finish depends on, of the request as the client sent it.
#[derive(Debug, Default)]
pub struct Asked {
    /// `Origin`: the page that asks, when a browser does.
    pub origin: Option<HeaderValue>,
    /// `Accept-Encoding`: what the client can decode.
    pub codings: Option<HeaderValue>,
    /// Whether it asks for the head only.
    pub head: bool,
    /// Whether the client came over TLS.
    pub secure: bool,
    /// The methods of the path, when the request is a browser's own, before a page's.
    pub preflight: Option<Vec<Method>>,
}

impl Asked {
    /// Remembers what is needed later: nothing, unless some API does anything to its answers.
    pub fn of(edition: &Edition, parts: &Parts) -> Self {
        if !edition.edged {
            return Self::default();
        }
        Self {
            origin: parts.headers.get(ORIGIN).cloned(),
            codings: parts.headers.get(ACCEPT_ENCODING).cloned(),
            head: parts.method == Method::HEAD,
            ..Self::default()
        }
    }
}

/// Finishes an answer, refusals too: CORS, security fields, compression.
pub async fn finish(edition: &Edition, api: usize, asked: Asked, answer: Response<Body>) -> Response<Body> {
    match edition.plan.apis[api].edge.leaves_answers() {
        true => answer,
        // Boxed: most APIs have none of it, and an exchange need not be larger for it.
        false => Box::pin(finished(edition, api, asked, answer)).await,
    }
}

async fn finished(edition: &Edition, api: usize, asked: Asked, mut answer: Response<Body>) -> Response<Body> {
    let (plan, live) = (&edition.plan.apis[api].edge, &edition.apis[api].edge);
    if let Some(plan) = &plan.fields {
        fields(plan, asked.secure, &mut answer);
    }
    if let Some(cors) = &live.cors {
        answer = match (asked.origin, asked.preflight) {
            (Some(origin), Some(methods)) => cors.preflight(origin, &methods, answer).await,
            (origin, _) => cors.mark(origin, answer).await,
        };
    }
    match &live.compression {
        Some(compression) => compression.compress(asked.codings, asked.head, answer).await,
        None => answer,
    }
}

fn fields(plan: &FieldsPlan, secure: bool, answer: &mut Response<Body>) {
    let headers = answer.headers_mut();
    remove_all(headers, &plan.remove);
    for (name, value) in &plan.add {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    let over_tls = plan.over_tls.iter().filter(|_| secure);
    for (name, value) in plan.set.iter().chain(over_tls) {
        headers.insert(name, value.clone());
    }
}
