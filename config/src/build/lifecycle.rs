//! Dates, brownouts and exemptions of versions, operations and members.

use super::judge::Judge;
use crate::plan::LifecyclePlan;

/// Judges it.
pub(super) fn build(judge: &mut Judge<'_>) -> Option<LifecyclePlan> {
    let _ = &judge.raw.lifecycle;
    Some(LifecyclePlan::default())
}
