//! How every version of an API stands at a time: for the admin API and the demo.

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use sluice_config::plan::{ApiPlan, Course, VersionId};

use super::{State, next, state};

/// How a version stands, whoever asks.
#[derive(Debug)]
pub struct Standing<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its state.
    pub state: State,
    course: Option<&'a Course>,
    successor: Option<&'a str>,
    /// When the next brownout begins; the time itself during one.
    pub rests: Option<Timestamp>,
}

/// How every version stands, in their order.
pub fn standing(api: &ApiPlan, now: Timestamp) -> Vec<Standing<'_>> {
    let ids = api
        .versions
        .iter()
        .filter_map(|version| api.version(&version.name));
    ids.map(|id| of(api, id, now)).collect()
}

fn of(api: &ApiPlan, id: VersionId, now: Timestamp) -> Standing<'_> {
    let course = api.lifecycle.version(id);
    let (state, _) = state(&api.lifecycle, id, "", None, now);
    Standing {
        name: api.version_name(id),
        state,
        course,
        successor: course.and_then(|c| c.successor).map(|id| api.version_name(id)),
        rests: course.and_then(|course| rests(course, now)),
    }
}

/// When a course's next brownout begins: none before the deprecation, and none after the sunset.
fn rests(course: &Course, now: Timestamp) -> Option<Timestamp> {
    let from = course.deprecated.map_or(now, |begin| begin.max(now));
    let first = course
        .brownouts
        .iter()
        .filter_map(|window| next(window, from))
        .min();
    first.filter(|at| course.sunset.is_none_or(|sunset| *at <= sunset))
}

impl Standing<'_> {
    /// As the admin API tells it.
    pub fn to_json(&self) -> Json {
        let text = |at: Option<Timestamp>| at.map(|at| at.to_string().into());
        let ends = match self.state {
            State::Brownout { until } => Some(until),
            _ => None,
        };
        let members: [(&str, Option<Json>); 6] = [
            ("deprecated", text(self.course.and_then(|c| c.deprecated))),
            ("sunset", text(self.course.and_then(|c| c.sunset))),
            ("successor", self.successor.map(Json::from)),
            (
                "guide",
                self.course.and_then(|c| c.guide.as_deref()).map(Json::from),
            ),
            ("next_brownout", text(self.rests.filter(|_| ends.is_none()))),
            ("brownout_ends", text(ends)),
        ];
        let mut told: Map<String, Json> = members
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect();
        told.insert("version".to_owned(), json!(self.name));
        told.insert("state".to_owned(), json!(self.state.name()));
        Json::Object(told)
    }
}
