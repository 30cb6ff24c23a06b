//! What is held against the schemas.

use super::judge::Judge;
use crate::plan::ValidationPlan;

/// Judges it.
pub(super) fn build(judge: &mut Judge<'_>) -> Option<ValidationPlan> {
    let _ = &judge.raw.validation;
    Some(ValidationPlan::default())
}
