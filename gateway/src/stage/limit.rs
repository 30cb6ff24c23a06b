//! How much: the limits that a request counts against.

use http::{HeaderMap, Response};

use crate::body::Body;
use crate::edition::Edition;
use crate::gateway::Carrier;
use crate::refusal::Refusal;
use crate::stage::forward::Client;
use crate::stage::lifecycle::Use;

/// What an exchange holds until its answer has ended: its places under limits of concurrency.
#[derive(Debug, Default)]
pub struct Permit {}

impl Permit {
    /// Lets an answer hold its places until its body has ended.
    pub fn until_ended(self, answer: Response<Body>) -> Response<Body> {
        answer
    }
}

/// Counts a request before anything is known of who asks: limits by address alone.
///
/// # Errors
/// The limit is reached.
pub async fn arrive(
    _carrier: &Carrier,
    _edition: &Edition,
    _api: usize,
    _client: &Client<'_>,
    _fields: &mut HeaderMap,
) -> Result<(), Refusal> {
    Ok(())
}

/// Counts a request against every other limit; the narrowest comes first. Adds what answers say of limits.
///
/// # Errors
/// A limit is reached.
pub async fn admit(
    _carrier: &Carrier,
    _edition: &Edition,
    _used: &Use<'_>,
    _client: &Client<'_>,
    _fields: &mut HeaderMap,
) -> Result<Permit, Refusal> {
    Ok(Permit::default())
}
