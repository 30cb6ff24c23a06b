//! Which operations answer the same key with the same answer.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::choice::{OnOutage, Where};

/// Which operations take an `Idempotency-Key`: the same key is answered with the same answer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Idempotency")]
pub(crate) struct RawIdempotency {
    /// The operations, by their id.
    #[schemars(length(min = 1, max = 1000))]
    pub(crate) operations: Vec<String>,
    /// How long an answer is kept, such as `24h`.
    #[serde(default = "keep")]
    pub(crate) keep: String,
    /// Where answers are kept: `memory` of this process, or the `fleet`'s store.
    #[serde(default, rename = "where")]
    pub(crate) place: Where,
    /// Whether these operations are refused without a key.
    #[serde(default)]
    pub(crate) required: bool,
    /// The most answers in memory; beyond it the one that was asked for longest ago is forgotten.
    #[serde(default = "entries")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) entries: usize,
    /// The largest body of an answer that is kept, such as `64KiB`.
    #[serde(default = "answer")]
    pub(crate) answer: String,
    /// What becomes of requests with a key while the store cannot be asked: `closed` refuses them, `open` lets them pass
    /// as if they had none.
    #[serde(default)]
    pub(crate) on_failure: OnOutage,
}

fn keep() -> String {
    "24h".to_owned()
}

fn entries() -> usize {
    10_000
}

fn answer() -> String {
    "64KiB".to_owned()
}
