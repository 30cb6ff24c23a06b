//! When what of an API goes: pure in the plan and the time.

mod calendar;
mod members;
mod notice;
mod standing;
#[cfg(test)]
mod tests;
mod told;
pub mod trial;

use jiff::Timestamp;
use sluice_config::plan::{ConsumerId, Course, LifecyclePlan, VersionId};

pub use calendar::{end, next, openings};
pub use members::{Carry, Fate, Members, Met, Seen};
pub use notice::{Fields, Next, Notice, Notices};
pub use standing::{Standing, standing};

/// How something stands at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It may still change.
    Preview,
    /// It lives.
    Active,
    /// It lives, and is no longer recommended.
    Deprecated,
    /// It is refused for a while, as it will be for good.
    Brownout {
        /// The first instant after the window.
        until: Timestamp,
    },
    /// It is gone.
    Sunset,
    /// It is switched off.
    Off,
}

impl State {
    /// Its name, as the admin API and the demo show it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Preview => "preview",
            Self::Active => "active",
            Self::Deprecated => "deprecated",
            Self::Brownout { .. } => "brownout",
            Self::Sunset => "sunset",
            Self::Off => "off",
        }
    }

    /// Whether requests are refused.
    pub fn refuses(self) -> bool {
        matches!(self, Self::Brownout { .. } | Self::Sunset | Self::Off)
    }
}

/// What a state is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// The version.
    Version,
    /// The operation alone.
    Operation,
}

/// How an operation of a version stands for a consumer: whichever of version and operation is worse off.
pub fn state(
    plan: &LifecyclePlan,
    version: VersionId,
    operation: &str,
    consumer: Option<ConsumerId>,
    now: Timestamp,
) -> (State, Of) {
    if plan.off.contains(version) {
        return (State::Off, Of::Version);
    }
    let stands = |course: Option<&Course>| course.map_or(State::Active, |c| of_course(c, consumer, now));
    let whole = stands(plan.version(version));
    let part = stands(plan.operation(version, operation));
    if rank(part) > rank(whole) {
        (part, Of::Operation)
    } else {
        (whole, Of::Version)
    }
}

/// How something stands for a consumer by its own course.
pub fn of_course(course: &Course, consumer: Option<ConsumerId>, now: Timestamp) -> State {
    let exempt = !course.exempt.is_empty()
        && course
            .exempt_until(consumer)
            .is_some_and(|until| !is_past(until, now));
    if !exempt {
        if course.sunset.is_some_and(|sunset| is_past(sunset, now)) {
            return State::Sunset;
        }
        if let Some(until) = brownout(course, now) {
            return State::Brownout { until };
        }
    }
    match course.deprecated {
        Some(begin) if begin <= now => State::Deprecated,
        _ if course.preview => State::Preview,
        _ => State::Active,
    }
}

/// Whether an instant has gone by. The second that it names still belongs to it: dates in fields have no finer parts.
fn is_past(instant: Timestamp, now: Timestamp) -> bool {
    now.as_second() > instant.as_second()
}

/// The end of the brownout at a time, if there is one. Whoever was not told of a deprecation is not to be refused yet.
fn brownout(course: &Course, now: Timestamp) -> Option<Timestamp> {
    if course.brownouts.is_empty() || course.deprecated.is_some_and(|begin| now < begin) {
        return None;
    }
    course
        .brownouts
        .iter()
        .filter_map(|window| end(window, now))
        .max()
}

/// How bad a state is.
fn rank(state: State) -> u8 {
    match state {
        State::Active => 0,
        State::Preview => 1,
        State::Deprecated => 2,
        State::Brownout { .. } => 3,
        State::Sunset => 4,
        State::Off => 5,
    }
}
