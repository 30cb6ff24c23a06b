//! What is held against the schemas.

use schemars::JsonSchema;
use serde::Deserialize;

/// What is held against the schemas of the API's document.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Validation")]
pub(crate) struct RawValidation {
    /// Whether requests are judged by the client's version before they are lifted. Without it: yes.
    pub(crate) requests: bool,
    /// The most violations that a refusal lists.
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) violations: usize,
    /// How answers of the upstream are judged by the origin's version. Without it: not at all.
    #[schemars(with = "RawAnswers")]
    pub(crate) answers: Option<RawAnswers>,
}

/// How answers of the upstream are judged: what differs from the document is counted and logged.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "ValidatedAnswers")]
pub(crate) struct RawAnswers {
    /// Which part of the answers is judged: 0.01 is one in a hundred, 1 is all. Without it: one in a hundred; with
    /// `enforce` all.
    #[schemars(with = "f64", range(min = 0, max = 1))]
    pub(crate) sample: Option<f64>,
    /// Whether an answer that is not valid is refused with 502. Without it: no client notices.
    pub(crate) enforce: bool,
}

impl Default for RawValidation {
    fn default() -> Self {
        Self {
            requests: true,
            violations: 20,
            answers: None,
        }
    }
}
