//! The same key, the same answer: a request that is sent again is not carried out again.

use http::{HeaderMap, Method, Response};

use super::receive::Received;
use crate::body::Body;
use crate::edition::Edition;
use crate::gateway::Carrier;
use crate::refusal::Refusal;
use crate::stage::lifecycle::Use;

/// What becomes of a request with a key.
pub enum Begun {
    /// It has no key, or its operation keeps none.
    Unkept,
    /// It was answered before: so.
    Answered(Response<Body>),
    /// It is carried out now; whoever sends the same key meanwhile is refused.
    First(Keeping),
}

/// A key that is in flight. Dropped without an answer, the key is free again.
#[derive(Debug)]
pub struct Keeping {}

/// Looks a request's key up.
///
/// # Errors
/// The same key with another body, a key in flight, a key that is missing where one is needed.
pub async fn begin(
    _carrier: &Carrier,
    _edition: &Edition,
    _used: &Use<'_>,
    _method: &Method,
    _headers: &HeaderMap,
    _received: &mut Received,
) -> Result<Begun, Refusal> {
    Ok(Begun::Unkept)
}

impl Keeping {
    /// Keeps the answer, as the client gets it.
    pub async fn keep(self, answer: Response<Body>) -> Response<Body> {
        answer
    }
}
