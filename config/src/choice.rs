//! Choices that the files and the plan both have, declared once: each is one of a few words.

use schemars::JsonSchema;
use serde::Deserialize;

/// How what an older version cannot show is kept on writes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// The edit goes on as a merge patch: one request, no race.
    Patch,
    /// Read, put, and write on condition with `If-Match`.
    #[default]
    Read,
    /// Read, put, and write without a condition, since the backend has no `ETag`.
    UnsafeRead,
}

/// What becomes of members that no version mentions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Additions {
    /// They pass through as they came.
    Pass,
    /// They are taken out.
    Strip,
    /// A document that holds one is refused.
    Refuse,
}

/// What becomes of a list with an element that cannot be lowered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The element is left out, and a header counts how many were.
    Omit,
    /// The whole answer fails.
    #[default]
    Fail,
}
