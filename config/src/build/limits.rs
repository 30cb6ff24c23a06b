//! Limits: keys, rates, quotas, weights.

use super::judge::Judge;
use crate::plan::LimitsPlan;

/// Judges it.
pub(super) fn build(judge: &mut Judge<'_>) -> Option<LimitsPlan> {
    let _ = &judge.raw.limits;
    Some(LimitsPlan::default())
}
