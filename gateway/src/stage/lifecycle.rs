//! Whether a version or an operation still lives: what an answer says of it, and when it is refused.

use http::header::{LINK, RETRY_AFTER};
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use sluice_config::plan::{ApiPlan, Course, VersionId};

use crate::edition::Edition;
use crate::identity::Identity;
use crate::lifecycle::{Of, State, state};
use crate::meters::Meters;
use crate::refusal::{Kind, Refusal};
use crate::shared::Shared;
use crate::stage::successor::Resource;

/// What a request uses.
#[derive(Clone, Copy, Debug)]
pub struct Use<'a> {
    /// The API.
    pub api: &'a ApiPlan,
    /// The client's version.
    pub version: VersionId,
    /// The operation's id; empty when the request belongs to none.
    pub operation: &'a str,
    /// Who asks.
    pub who: &'a Identity,
}

/// Judges a use at this time: adds the fields that every answer to it has, the refusal too.
///
/// # Errors
/// It is gone, rehearsed to be, or switched off.
pub fn admit(
    edition: &Edition,
    api: usize,
    used: &Use<'_>,
    resource: &Resource<'_>,
    shared: &Shared,
    fields: &mut HeaderMap,
) -> Result<(), Refusal> {
    // A version of which nothing ever goes costs this look, and no clock is read.
    let Some(notice) = edition.apis[api].notices.get(used.version, used.operation) else {
        return Ok(());
    };
    let (now, consumer) = (shared.clock.now(), used.who.consumer);
    for (name, value) in notice.fields(consumer, now) {
        fields.append(name.clone(), value.clone());
    }
    if let Some(link) = notice
        .next
        .as_ref()
        .and_then(|next| resource.link(used.api, next))
    {
        fields.append(LINK, link);
    }
    let (state, of) = state(&used.api.lifecycle, used.version, used.operation, consumer, now);
    match state {
        State::Brownout { until } => Err(brownout(used, of, until, now, &shared.meters)),
        State::Sunset => Err(sunset(used, of)),
        State::Off => Err(off(used)),
        State::Preview | State::Active | State::Deprecated => Ok(()),
    }
}

fn off(used: &Use<'_>) -> Refusal {
    let detail = format!("version {} is switched off", name(used));
    Refusal::new(Kind::VersionOff, detail)
}

fn sunset(used: &Use<'_>, of: Of) -> Refusal {
    let kind = match of {
        Of::Version => Kind::VersionSunset,
        Of::Operation => Kind::OperationSunset,
    };
    let course = course(used, of);
    let when = course.and_then(|course| course.sunset);
    let since = when.map_or_else(String::new, |when| format!(" since {when}"));
    told(used, of, kind, format!("{} is gone{since}", what(used, of)))
}

/// A rehearsal is no error: it is counted apart.
fn brownout(used: &Use<'_>, of: Of, until: Timestamp, now: Timestamp, meters: &Meters) -> Refusal {
    let help = "Requests refused to rehearse a sunset";
    let labels = [("api", used.api.name.as_str()), ("version", name(used))];
    meters.count("sluice_brownouts", help, &labels);
    let kind = match course(used, of) {
        Some(course) if course.retry => Kind::BrownoutRetry,
        _ => Kind::Brownout,
    };
    let seconds = until.as_second().saturating_sub(now.as_second()).max(1);
    let detail = format!("{} rests until {until}, to rehearse its sunset", what(used, of));
    told(used, of, kind, detail)
        .with("until", until.to_string())
        .field(RETRY_AFTER, HeaderValue::from(seconds))
}

/// A refusal that says where to go: as members of the problem, and in its sentence for versions whose errors have no
/// place for those.
fn told(used: &Use<'_>, of: Of, kind: Kind, mut detail: String) -> Refusal {
    let Some(course) = course(used, of) else {
        return Refusal::new(kind, detail);
    };
    let successor = course.successor.filter(|id| *id != used.version);
    let successor = successor.map(|id| used.api.version_name(id));
    if let Some(successor) = successor {
        detail.push_str(&format!("; move to version {successor}"));
    }
    if let Some(guide) = &course.guide {
        detail.push_str(&format!("; see {guide}"));
    }
    let members = [
        ("version", Some(name(used).to_owned())),
        ("successor", successor.map(str::to_owned)),
        ("guide", course.guide.clone()),
        ("sunset", course.sunset.map(|at| at.to_string())),
    ];
    let given = members
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    given.fold(Refusal::new(kind, detail), |refusal, (name, value)| {
        refusal.with(name, value)
    })
}

fn course<'a>(used: &Use<'a>, of: Of) -> Option<&'a Course> {
    match of {
        Of::Version => used.api.lifecycle.version(used.version),
        Of::Operation => used.api.lifecycle.operation(used.version, used.operation),
    }
}

fn what(used: &Use<'_>, of: Of) -> String {
    match of {
        Of::Version => format!("version {}", name(used)),
        Of::Operation => format!("{} of version {}", used.operation, name(used)),
    }
}

fn name<'a>(used: &Use<'a>) -> &'a str {
    used.api.version_name(used.version)
}
