//! Which operations take idempotency keys.

use super::judge::Judge;
use crate::plan::IdempotencyPlan;

/// Judges it.
pub(super) fn build(judge: &mut Judge<'_>) -> Option<IdempotencyPlan> {
    let _ = &judge.raw.idempotency;
    Some(IdempotencyPlan::default())
}
