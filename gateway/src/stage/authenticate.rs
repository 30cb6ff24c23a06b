//! Who asks: the schemes of the request's version, and what the consumer may use.

use http::HeaderMap;
use sluice_config::plan::{ApiPlan, VersionId};

use super::identify;
use crate::edition::Edition;
use crate::fields::target::Pair;
use crate::gateway::Carrier;
use crate::identity::Identity;
use crate::refusal::Refusal;
use crate::serve::Peer;
use crate::stage::forward::Client;

/// What a request is looked at for.
pub struct Asked<'a> {
    /// The edition.
    pub edition: &'a Edition,
    /// The connection.
    pub peer: &'a Peer,
    /// Who asks, as far as the connection tells.
    pub client: &'a Client<'a>,
    /// The request.
    pub seen: &'a identify::Request<'a>,
}

/// The name of the version that the consumer is pinned to, for a request that names none: its credential is looked up
/// among all schemes of the API.
///
/// # Errors
/// A credential that is wrong, or cannot be judged now.
pub async fn pin(_carrier: &Carrier, _asked: &Asked<'_>, _api: usize) -> Result<Option<String>, Refusal> {
    Ok(None)
}

/// Who asks, by the schemes of a version.
///
/// # Errors
/// No credential, a wrong one, or one that cannot be judged now; a consumer that may not use this version.
pub async fn consumer(
    _carrier: &Carrier,
    _asked: &Asked<'_>,
    _api: usize,
    _version: VersionId,
) -> Result<Identity, Refusal> {
    Ok(Identity::anonymous())
}

/// Whether a consumer may use an operation: its scopes.
///
/// # Errors
/// A scope is missing.
pub fn authorise(
    _api: &ApiPlan,
    _version: VersionId,
    _operation: &str,
    _who: &Identity,
) -> Result<(), Refusal> {
    Ok(())
}

/// Takes the credentials out, and says who asks: the upstream sees the consumer, never what proved it.
pub fn hand_on(_api: &ApiPlan, _who: &Identity, _headers: &mut HeaderMap, _query: &mut Vec<Pair>) {}
