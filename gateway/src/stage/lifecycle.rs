//! Whether a version, an operation or a member still lives: what an answer says of it, and when it is refused.

use http::HeaderMap;
use jiff::Timestamp;
use sluice_config::plan::{ApiPlan, VersionId};

use crate::identity::Identity;
use crate::refusal::Refusal;

/// What a request uses.
#[derive(Clone, Copy, Debug)]
pub struct Use<'a> {
    /// The API.
    pub api: &'a ApiPlan,
    /// The client's version.
    pub version: VersionId,
    /// The operation's id; empty when the request belongs to none.
    pub operation: &'a str,
    /// Who asks.
    pub who: &'a Identity,
}

/// Judges a use at a time: adds the fields that every answer to it has, the refusal too.
///
/// # Errors
/// It is gone, rehearsed to be, or switched off.
pub fn admit(_used: &Use<'_>, _now: Timestamp, _fields: &mut HeaderMap) -> Result<(), Refusal> {
    Ok(())
}
