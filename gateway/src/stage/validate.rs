//! Whether a request is what the client's version declares, before it is lifted; and whether the upstream's answers are
//! what the origin declares.

use http::HeaderMap;
use sluice_config::plan::VersionId;
use sluice_transforms::contract::Operation;

use super::receive::Received;
use crate::edition::Edition;
use crate::fields::target::Pair;
use crate::refusal::Refusal;

/// A request that is to be judged.
pub struct Judged<'a> {
    /// The edition.
    pub edition: &'a Edition,
    /// The API.
    pub api: usize,
    /// The client's version.
    pub version: VersionId,
    /// The operation.
    pub operation: &'a Operation,
    /// The decoded segments of its path.
    pub segments: &'a [String],
    /// Its query, without selectors and credentials.
    pub query: &'a [Pair],
    /// Its fields.
    pub headers: &'a HeaderMap,
}

/// Judges parameters and body. A body that is judged is held whole.
///
/// # Errors
/// Every violation, up to a bound.
pub async fn request(_judged: &Judged<'_>, _received: &mut Received) -> Result<(), Refusal> {
    Ok(())
}
