//! What surrounds an exchange: which addresses may ask, what browsers are told, how answers are compressed.

use http::request::Parts;
use http::{HeaderValue, Response};
use sluice_config::plan::AddressRules;

use crate::body::Body;
use crate::edition::Edition;
use crate::refusal::{Kind, Refusal};
use crate::stage::forward::Client;

/// Whether this address may ask.
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
}

impl Asked {
    /// Remembers what is needed later.
    pub fn of(_edition: &Edition, _parts: &Parts) -> Self {
        Self::default()
    }
}

/// Finishes an answer, refusals too: CORS, security fields, compression.
pub fn finish(_edition: &Edition, _api: usize, _asked: Asked, answer: Response<Body>) -> Response<Body> {
    answer
}
