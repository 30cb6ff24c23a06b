//! The share of each version over time.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use sluice_config::plan::ApiPlan;

use super::window::Window;
use crate::ledger::fact::Kind;
use crate::ledger::question::{Known, Question};
use crate::ledger::store::{Store, StoreFault};

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

/// The requests of an API by day and version, over the 90 days that end with the day at hand.
///
/// # Errors
/// The store does not answer.
pub async fn of(store: &Store, api: &ApiPlan, now: Timestamp) -> Result<Timeline, StoreFault> {
    let window = Window::of_90_days(now);
    let known = store
        .ask(&Question {
            api: Some(&api.name),
            by_time: true,
            ..window.ask(&[Kind::ByVersion])
        })
        .await?;
    let versions: Vec<&str> = api.versions.iter().map(|version| version.name.as_str()).collect();
    let mut timeline = put(&versions, &window, &known);
    (timeline.api, timeline.demo) = (api.name.clone(), store.is_demo().await?);
    Ok(timeline)
}

/// Puts every count in its place. What is of no version in the list is of one that was deleted, and left out.
pub fn put(versions: &[&str], window: &Window, known: &[Known]) -> Timeline {
    let days: Vec<Date> = window.days().collect();
    let empty = |version: &&str| Series {
        version: (*version).to_owned(),
        requests: vec![0; days.len()],
    };
    let mut series: Vec<Series> = versions.iter().map(empty).collect();
    for row in known {
        let version = series.iter_mut().find(|one| *one.version == *row.fact.version);
        let place = window.place(row.at);
        if let Some(count) = version
            .zip(place)
            .and_then(|(one, place)| one.requests.get_mut(place))
        {
            *count += row.counts.all();
        }
    }
    Timeline {
        api: String::new(),
        demo: false,
        days,
        versions: series,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::given;
    use super::*;

    #[test]
    fn every_day_is_there_and_every_version() {
        let now = "2027-03-10T12:00:00Z".parse().unwrap();
        let window = Window::of_90_days(now);
        let midnight = window.since.as_second() + 86_400;
        let rows = [
            given::by_version("2.0", 5).at(midnight),
            given::by_version("2.0", 6).at(midnight),
            given::by_version("gone", 9).at(midnight),
            given::by_version("2.0", 7).at(window.until.as_second()),
            given::by_version("3.0", 8).at(window.until.as_second() - 86_400),
        ];
        let rows: Vec<Known> = rows.into_iter().map(Into::into).collect();
        let timeline = put(&["1.0", "2.0", "3.0"], &window, &rows);
        assert_eq!(timeline.days.len(), 90);
        let sums: Vec<u64> = timeline
            .versions
            .iter()
            .map(|v| v.requests.iter().sum())
            .collect();
        assert_eq!(sums, [0, 11, 8]);
        assert_eq!(
            (
                timeline.versions[1].requests[1],
                timeline.versions[2].requests[89]
            ),
            (11, 8)
        );
    }
}
