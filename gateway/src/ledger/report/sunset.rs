//! How far each version is from being gone, and who stands in the way.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

/// How far each version of an API is from being gone.
#[derive(Clone, Debug, Serialize)]
pub struct SunsetReport {
    /// The API.
    pub api: String,
    /// When this was asked.
    pub at: Timestamp,
    /// Whether the figures were made up by `sluice demo`.
    pub demo: bool,
    /// Its versions, in the order of `api.yaml`.
    pub versions: Vec<VersionReport>,
}

/// How far a version is from being gone.
#[derive(Clone, Debug, Serialize)]
pub struct VersionReport {
    /// The version.
    pub version: String,
    /// What becomes of it now: `active`, `preview`, `deprecated`, `brownout`, `sunset` or `off`.
    pub state: String,
    /// From when on it is deprecated.
    pub deprecated: Option<Timestamp>,
    /// The last instant at which it answers.
    pub sunset: Option<Timestamp>,
    /// Its share of all requests of the API within 7 days, 0 to 1; none where there were none.
    pub share: Option<f64>,
    /// How much that share changes in a week, by the last 28 days: `-0.02` is two points less a week.
    pub trend: Option<f64>,
    /// When its share falls to 1 %, if the trend goes on.
    pub forecast: Forecast,
    /// Requests within 7 days.
    pub last_7_days: u64,
    /// Requests within 90 days.
    pub last_90_days: u64,
    /// Who asked within 90 days and would be refused, the most requests within 7 days first.
    pub blockers: Vec<Blocker>,
    /// How many more there are than are listed.
    pub more_blockers: u64,
    /// Who asked within 90 days and may go on after the sunset, until its exemption ends.
    pub exempt: Vec<Blocker>,
}

/// When a version's share falls to 1 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "is", content = "date")]
pub enum Forecast {
    /// It is there already.
    Reached,
    /// On this day.
    On(Date),
    /// Not within ten years, or its share grows.
    NotInSight,
    /// There are fewer than 14 days with requests to judge by.
    TooFewDays,
}

/// Who would be refused.
#[derive(Clone, Debug, Serialize)]
pub struct Blocker {
    /// As in [`super::who_uses::ConsumerUse`].
    pub who: String,
    /// Whether that is a consumer's name.
    pub identified: bool,
    /// Whether consumers.yaml still has that consumer.
    pub configured: bool,
    /// Whom to tell.
    pub contact: Option<String>,
    /// Requests within 24 hours.
    pub last_24_hours: u64,
    /// Within 7 days.
    pub last_7_days: u64,
    /// Within 90 days.
    pub last_90_days: u64,
    /// When it was seen last.
    pub last_seen: Timestamp,
    /// The last instant of its exemption.
    pub exempt_until: Option<Timestamp>,
}
