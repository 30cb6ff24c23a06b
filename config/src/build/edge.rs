//! Addresses, browsers, compression, fields of answers.

use super::judge::Judge;
use crate::plan::EdgePlan;

/// Judges it.
pub(super) fn build(judge: &mut Judge<'_>) -> Option<EdgePlan> {
    let _ = &judge.raw.edge;
    Some(EdgePlan::default())
}
