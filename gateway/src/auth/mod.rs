//! Credentials: what proves who asks, scheme by scheme.

pub mod found;
pub mod token;

use std::sync::Arc;

use sluice_config::Diagnostic;
use sluice_config::plan::Plan;

use crate::shared::Shared;

/// What is made of a plan's settings, in the plan's order of APIs.
#[derive(Debug, Default)]
pub struct Authenticators {}

impl Authenticators {
    /// Makes it; what is as it was keeps its state.
    ///
    /// # Errors
    /// What cannot be put to work.
    pub fn compile(
        _plan: &Plan,
        _before: Option<&Self>,
        _shared: &Arc<Shared>,
    ) -> Result<Self, Vec<Diagnostic>> {
        Ok(Self::default())
    }
}
