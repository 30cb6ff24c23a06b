//! What answers say of something that goes: made once for each plan, since it only depends on dates.

use std::collections::BTreeMap;

use http::header::{LINK, WARNING};
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use sfv::{Date, ItemSerializer};
use sluice_config::plan::{ApiPlan, ConsumerId, Course, VersionId};
use sluice_transforms::lineage::Chain;

/// `Deprecation` (RFC 9745).
const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
/// `Sunset` (RFC 8594).
const SUNSET: HeaderName = HeaderName::from_static("sunset");

/// Fields of an answer, ready to be set.
pub type Fields = Box<[(HeaderName, HeaderValue)]>;

/// What answers of an API say, by version.
#[derive(Debug, Default)]
pub struct Notices(Vec<Option<Box<Version>>>);

/// What answers of a version say: an operation that goes its own way says it of itself, too.
#[derive(Debug)]
struct Version {
    whole: Notice,
    operations: BTreeMap<String, Notice>,
}

/// What answers say of one thing.
#[derive(Debug, Default)]
pub struct Notice {
    fields: Fields,
    /// The version to move to.
    pub next: Option<Next>,
    /// What consumers are told for whom the sunset is later, as long as that lasts.
    exempt: Box<[(ConsumerId, Timestamp, Fields)]>,
}

/// The version to move to.
#[derive(Debug)]
pub struct Next {
    /// The way there from the client's version.
    pub chain: Chain,
    /// The path prefix under which the client's version is named in the path.
    pub own_prefix: Option<String>,
    /// The same of the version to move to.
    pub prefix: Option<String>,
    /// The link to the guide, where there is none to the resource.
    pub guide: Option<HeaderValue>,
}

impl Notice {
    /// What a consumer is told at a time.
    pub fn fields(&self, consumer: Option<ConsumerId>, now: Timestamp) -> &Fields {
        let own = self
            .exempt
            .iter()
            .find(|(who, until, _)| Some(*who) == consumer && now.as_second() <= until.as_second());
        own.map_or(&self.fields, |(_, _, fields)| fields)
    }
}

impl Notices {
    /// The notices of an API.
    pub fn of(api: &ApiPlan) -> Self {
        let ids = api.versions.iter().filter_map(|v| api.version(&v.name));
        Self(ids.map(|id| version(api, id).map(Box::new)).collect())
    }

    /// What answers of an operation say; none when nothing of the version ever goes.
    pub fn get(&self, version: VersionId, operation: &str) -> Option<&Notice> {
        let version = self.0.get(version.index())?.as_ref()?;
        Some(version.operations.get(operation).unwrap_or(&version.whole))
    }
}

fn version(api: &ApiPlan, id: VersionId) -> Option<Version> {
    let plan = &api.lifecycle;
    let whole = plan.version(id);
    let apart = plan
        .operations
        .iter()
        .filter(|course| course.versions.contains(id));
    let operations: BTreeMap<_, _> = apart
        .flat_map(|apart| apart.operations.iter().map(|name| (name, &*apart.course)))
        .map(|(name, course)| (name.clone(), notice(api, id, whole, Some((name, course)))))
        .collect();
    let concerned = whole.is_some() || !operations.is_empty() || plan.off.contains(id);
    concerned.then(|| Version {
        whole: notice(api, id, whole, None),
        operations,
    })
}

/// The notice of a version, or of an operation of it.
fn notice(api: &ApiPlan, id: VersionId, whole: Option<&Course>, part: Option<(&String, &Course)>) -> Notice {
    let courses: Vec<&Course> = whole.into_iter().chain(part.map(|(_, course)| course)).collect();
    let told = |consumer| fields(api, id, &courses, part.map(|(name, _)| name.as_str()), consumer);
    let mut exempt: Vec<(ConsumerId, Timestamp, Fields)> = Vec::new();
    for one in courses.iter().flat_map(|course| &course.exempt) {
        let until = courses
            .iter()
            .filter_map(|c| c.exempt_until(Some(one.consumer)))
            .max();
        if exempt.iter().all(|(who, ..)| *who != one.consumer) {
            exempt.push((one.consumer, until.unwrap_or(one.until), told(Some(one.consumer))));
        }
    }
    Notice {
        next: next(api, id, &courses),
        fields: told(None),
        exempt: exempt.into(),
    }
}

fn next(api: &ApiPlan, id: VersionId, courses: &[&Course]) -> Option<Next> {
    // What does not go has nothing that comes after it.
    if courses
        .iter()
        .all(|course| course.deprecated.is_none() && course.sunset.is_none())
    {
        return None;
    }
    let successor = successor(id, courses)?;
    let prefix = |id: VersionId| {
        api.versions
            .get(id.index())?
            .path
            .as_ref()
            .map(ToString::to_string)
    };
    let guide = courses.iter().rev().find_map(|course| course.guide.as_deref());
    let guide =
        guide.and_then(|guide| HeaderValue::from_str(&format!("<{guide}>; rel=\"successor-version\"")).ok());
    Some(Next {
        chain: api
            .lineage
            .chain(api.version_name(id), api.version_name(successor))?,
        own_prefix: prefix(id),
        prefix: prefix(successor),
        guide,
    })
}

/// What is told of something that has several courses: the earliest dates of them.
fn fields(
    api: &ApiPlan,
    id: VersionId,
    courses: &[&Course],
    operation: Option<&str>,
    consumer: Option<ConsumerId>,
) -> Fields {
    let deprecated = courses.iter().filter_map(|course| course.deprecated).min();
    let sunset = courses
        .iter()
        .filter_map(|course| sunset_for(course, consumer))
        .min();
    let mut fields = Vec::new();
    let mut put = |name, value: String| {
        fields.extend(HeaderValue::from_str(&value).ok().map(|value| (name, value)));
    };
    if let Some(at) = deprecated {
        put(DEPRECATION, ItemSerializer::new().bare_item(date(at)).finish());
    }
    if let Some(at) = sunset {
        put(SUNSET, imf_fixdate(at));
    }
    for link in links(courses) {
        put(LINK, link);
    }
    let warning = api
        .lifecycle
        .warning
        .then(|| warning(api, id, courses, operation, (deprecated, sunset)));
    if let Some(text) = warning.flatten() {
        put(WARNING, format!("299 - \"{text}\""));
    }
    fields.into()
}

/// The sunset as it is for a consumer.
fn sunset_for(course: &Course, consumer: Option<ConsumerId>) -> Option<Timestamp> {
    let until = consumer.and_then(|_| course.exempt_until(consumer));
    course
        .sunset
        .map(|sunset| until.map_or(sunset, |until| until.max(sunset)))
}

/// Where clients read on, each page once for each relation.
fn links(courses: &[&Course]) -> Vec<String> {
    let mut links = Vec::new();
    for course in courses {
        let Some(guide) = &course.guide else { continue };
        let mut add = |rel: &str| {
            let link = format!("<{guide}>; rel=\"{rel}\"; type=\"text/html\"");
            if !links.contains(&link) {
                links.push(link);
            }
        };
        if course.deprecated.is_some() {
            add("deprecation");
        }
        if course.sunset.is_some() {
            add("sunset");
        }
    }
    links
}

/// The same as a sentence.
fn warning(
    api: &ApiPlan,
    id: VersionId,
    courses: &[&Course],
    operation: Option<&str>,
    (deprecated, sunset): (Option<Timestamp>, Option<Timestamp>),
) -> Option<String> {
    let version = api.version_name(id);
    let what = match operation {
        // It stands between quotes, and its name is the document's.
        Some(operation) => format!("{} of version {version}", operation.replace(['"', '\\'], "_")),
        None => format!("Version {version}"),
    };
    let mut text = match (deprecated, sunset, courses.iter().any(|c| c.preview)) {
        (None, None, true) => return Some(format!("{what} is a preview and may change")),
        (None, None, false) => return None,
        (Some(from), None, _) => format!("{what} is deprecated from {from} on"),
        (Some(from), Some(to), _) => format!("{what} is deprecated from {from} on and gone after {to}"),
        (None, Some(to), _) => format!("{what} is gone after {to}"),
    };
    if let Some(successor) = successor(id, courses) {
        text.push_str(&format!("; move to version {}", api.version_name(successor)));
    }
    Some(text)
}

/// The version to move to: the most particular course names it. An operation may go where its version stays: then there is
/// none.
fn successor(id: VersionId, courses: &[&Course]) -> Option<VersionId> {
    let named = courses.iter().rev().find_map(|course| course.successor);
    named.filter(|successor| *successor != id)
}

/// A date as a structured field has it (RFC 9651 §3.3.7): `@1704067200`.
pub(super) fn date(at: Timestamp) -> Date {
    Date::from_unix_seconds(at.as_second().try_into().unwrap_or(sfv::Integer::MAX))
}

/// A date as HTTP has it (RFC 9110 §5.6.7): `Wed, 30 Jun 2027 23:59:59 GMT`.
pub(crate) fn imf_fixdate(at: Timestamp) -> String {
    // It fails for years that have not four digits alone.
    DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&at)
        .unwrap_or_default()
}
