//! Limits at work: rates, quotas and counts of what is in progress.

use std::sync::Arc;

use sluice_config::Diagnostic;
use sluice_config::plan::Plan;

use crate::store::Store;

/// What is made of a plan's settings, in the plan's order of APIs.
#[derive(Debug, Default)]
pub struct Limiters {}

impl Limiters {
    /// Makes it; what is as it was keeps its state.
    ///
    /// # Errors
    /// What cannot be put to work.
    pub fn compile(
        _plan: &Plan,
        _before: Option<&Self>,
        _store: Option<&Arc<Store>>,
    ) -> Result<Self, Vec<Diagnostic>> {
        Ok(Self::default())
    }
}
