//! Which operations take idempotency keys.

use std::time::Duration;

use super::judge::Judge;
use crate::diagnostic::Code;
use crate::plan::{IdempotencyPlan, KeepingPlan, Where};

/// The least time that an answer is kept: a client that sends again waits longer than this.
const SHORTEST: Duration = Duration::from_secs(1);

/// Judges it.
pub(super) fn build(judge: &mut Judge<'_>) -> Option<IdempotencyPlan> {
    let Some(raw) = &judge.raw.idempotency else {
        return Some(IdempotencyPlan::default());
    };
    let operations: Vec<_> = raw
        .operations
        .iter()
        .enumerate()
        .map(|(i, id)| judge.operation(&format!("/idempotency/operations/{i}"), id))
        .collect();
    let stored = match raw.place {
        Where::Fleet => judge.needs_store("/idempotency/where", "an answer for the whole fleet"),
        Where::Memory => Some(()),
    };
    let keep = judge.duration("/idempotency/keep", &raw.keep);
    let answer = judge.size("/idempotency/answer", &raw.answer);
    if keep.is_some_and(|keep| keep < SHORTEST) {
        let message = "an answer that is kept for less than a second is gone before it is asked for";
        let hint = "write how long clients may try again, such as `24h`";
        judge.fault(
            Code::OutOfRange,
            "/idempotency/keep",
            message,
            Some(hint.to_owned()),
        );
        return None;
    }
    stored?;
    Some(IdempotencyPlan {
        operations: operations.into_iter().collect::<Option<_>>()?,
        keeping: Some(KeepingPlan {
            keep: keep?,
            store: raw.place,
            required: raw.required,
            entries: raw.entries,
            answer: answer?,
            on_failure: raw.on_failure,
            place: judge.place("/idempotency"),
        }),
    })
}
