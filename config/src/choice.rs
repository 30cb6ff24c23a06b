//! A choice that the files and the plan both have, declared once.

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
