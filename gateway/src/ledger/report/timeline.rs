//! The share of each version over time.

use jiff::civil::Date;
use serde::Serialize;

/// Requests by day and version, over 90 days.
#[derive(Clone, Debug, Serialize)]
pub struct Timeline {
    /// The API.
    pub api: String,
    /// Whether the figures were made up by `sluice demo`.
    pub demo: bool,
    /// The days, the first first, without a gap.
    pub days: Vec<Date>,
    /// Its versions in the order of `api.yaml`; those that nobody used too.
    pub versions: Vec<Series>,
}

/// Requests of a version.
#[derive(Clone, Debug, Serialize)]
pub struct Series {
    /// The version.
    pub version: String,
    /// Requests, a day each.
    pub requests: Vec<u64>,
}
