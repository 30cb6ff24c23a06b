//! Bearer tokens (RFC 6750): JSON Web Tokens and introspection.

use std::sync::Arc;

use jiff::Timestamp;
use sluice_config::Diagnostic;
use sluice_config::plan::{IntrospectionPlan, JwtPlan};

use super::found::Found;
use crate::shared::Shared;

/// Judges JSON Web Tokens. One for each distinct plan; it refreshes its key set in the background.
#[derive(Debug)]
pub struct Jwt {}

/// Asks an authorization server about tokens (RFC 7662).
#[derive(Debug)]
pub struct Introspection {}

impl Jwt {
    /// Makes it. `before` is the one of the last edition with the same plan.
    ///
    /// # Errors
    /// A key set file that cannot be read.
    pub fn compile(
        _plan: &JwtPlan,
        before: Option<&Arc<Self>>,
        _shared: &Arc<Shared>,
    ) -> Result<Arc<Self>, Vec<Diagnostic>> {
        Ok(before.cloned().unwrap_or_else(|| Arc::new(Self {})))
    }

    /// Judges a token.
    pub async fn judge(&self, _token: &str, _now: Timestamp) -> Found {
        Found::Unavailable("tokens are not judged yet".to_owned())
    }
}

impl Introspection {
    /// Makes it. `before` is the one of the last edition with the same plan.
    ///
    /// # Errors
    /// A secret file that cannot be read.
    pub fn compile(
        _plan: &IntrospectionPlan,
        before: Option<&Arc<Self>>,
        _shared: &Arc<Shared>,
    ) -> Result<Arc<Self>, Vec<Diagnostic>> {
        Ok(before.cloned().unwrap_or_else(|| Arc::new(Self {})))
    }

    /// Judges a token.
    pub async fn judge(&self, _token: &str, _now: Timestamp) -> Found {
        Found::Unavailable("tokens are not judged yet".to_owned())
    }
}
