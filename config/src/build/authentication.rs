//! How an API's consumers are told apart: schemes, scopes, fields.

use super::judge::Judge;
use crate::plan::AuthenticationPlan;

/// Judges it.
pub(super) fn build(judge: &mut Judge<'_>) -> Option<AuthenticationPlan> {
    let _ = &judge.raw.authentication;
    Some(AuthenticationPlan::default())
}
