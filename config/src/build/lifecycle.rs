//! `lifecycle` of an API → its plan: dates that follow each other, windows that can come, members that are there.

mod member;
mod trial;
mod window;

use std::sync::Arc;

use http::Uri;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::judge::Judge;
use super::judged;
use crate::diagnostic::Code;
use crate::plan::{Course, Exemption, LifecyclePlan, OperationCourse, VersionId, VersionSet};
use crate::raw::{RawBrownout, RawExemption, RawLifecycle, RawVersions};

/// Judges the lifecycle.
pub(super) fn build(judge: &mut Judge<'_>) -> Option<LifecyclePlan> {
    let Some(raw) = &judge.raw.lifecycle else {
        return Some(LifecyclePlan::default());
    };
    let usual = Usual::of(judge, raw);
    let versions = versions(judge, raw, usual.as_ref());
    let operations = operations(judge, raw, usual.as_ref());
    let members = member::build(judge, raw, usual.as_ref());
    let off = match &raw.off {
        Some(off) => judge.range("/lifecycle/off", off),
        None => Some(VersionSet::default()),
    };
    Some(LifecyclePlan {
        warning: raw.warning,
        versions: versions?,
        operations: operations?,
        members: members?,
        off: off?,
    })
}

/// What holds where an entry says nothing else.
struct Usual {
    guide: Option<String>,
    successor: Option<VersionId>,
}

impl Usual {
    fn of(judge: &mut Judge<'_>, raw: &RawLifecycle) -> Option<Self> {
        let guide = raw
            .guide
            .as_ref()
            .map(|guide| address(judge, "/lifecycle/guide", guide));
        let successor = raw
            .successor
            .as_ref()
            .map(|name| judge.version("/lifecycle/successor", name));
        Some(Self {
            guide: judged(guide)?,
            successor: judged(successor)?,
        })
    }
}

/// An entry as it is written, whatever it is of.
struct Entry<'a> {
    /// Where it stands.
    pointer: String,
    preview: bool,
    deprecated: Option<&'a str>,
    sunset: Option<&'a str>,
    guide: Option<&'a str>,
    successor: Option<&'a str>,
    exempt: &'a [RawExemption],
    brownouts: &'a [RawBrownout],
    retry: bool,
}

macro_rules! entry {
    ($raw:expr, $pointer:expr, $preview:expr) => {
        Entry {
            pointer: $pointer,
            preview: $preview,
            deprecated: $raw.deprecated.as_deref(),
            sunset: $raw.sunset.as_deref(),
            guide: $raw.guide.as_deref(),
            successor: $raw.successor.as_deref(),
            exempt: &$raw.exempt,
            brownouts: &$raw.brownouts,
            retry: $raw.brownout_status == 503,
        }
    };
}

fn versions(
    judge: &mut Judge<'_>,
    raw: &RawLifecycle,
    usual: Option<&Usual>,
) -> Option<Vec<Option<Arc<Course>>>> {
    let mut all: Vec<Option<Arc<Course>>> = Vec::new();
    let mut sound = true;
    for (i, raw) in raw.versions.iter().enumerate() {
        let pointer = format!("/lifecycle/versions/{i}");
        let set = judge.range(&format!("{pointer}/versions"), &raw.versions);
        let course = course(judge, &entry!(raw, pointer.clone(), raw.preview), usual);
        let (Some(set), Some(course)) = (set, course) else {
            sound = false;
            continue;
        };
        for version in set.iter() {
            all.resize(all.len().max(version.index() + 1), None);
            if all[version.index()].is_some() {
                twice(
                    judge,
                    &pointer,
                    &raw.versions,
                    &format!("version {}", judge.versions[version.index()].name),
                );
            }
            all[version.index()] = Some(Arc::new(course.of_version(version)));
        }
    }
    sound.then_some(all)
}

fn operations(
    judge: &mut Judge<'_>,
    raw: &RawLifecycle,
    usual: Option<&Usual>,
) -> Option<Vec<OperationCourse>> {
    let mut all: Vec<OperationCourse> = Vec::new();
    let mut sound = true;
    for (i, raw) in raw.operations.iter().enumerate() {
        let pointer = format!("/lifecycle/operations/{i}");
        let named = raw.operations.iter().enumerate();
        let ids: Vec<_> = named
            .map(|(k, id)| judge.operation(&format!("{pointer}/operations/{k}"), id))
            .collect();
        let ids = ids.into_iter().collect::<Option<Vec<_>>>();
        let versions = judge.range(&format!("{pointer}/versions"), &raw.versions);
        let course = course(judge, &entry!(raw, pointer.clone(), false), usual);
        let (Some(operations), Some(versions), Some(course)) = (ids, versions, course) else {
            sound = false;
            continue;
        };
        let again = |id: &&String| {
            let same = |other: &OperationCourse| {
                other.operations.contains(id) && other.versions.iter().any(|v| versions.contains(v))
            };
            all.iter().any(same)
        };
        if let Some(id) = operations.iter().find(again) {
            twice(judge, &pointer, &raw.versions, &format!("the operation `{id}`"));
        }
        all.push(OperationCourse {
            operations,
            versions,
            course: Arc::new(course),
        });
    }
    sound.then_some(all)
}

/// Two entries for one thing: nobody could tell which one counts.
fn twice(judge: &mut Judge<'_>, pointer: &str, versions: &RawVersions, what: &str) {
    let message = format!("{what} stands in an entry before this one, too");
    let named = versions.only.is_some() || versions.from.is_some() || versions.to.is_some();
    let at = if named {
        format!("{pointer}/versions")
    } else {
        pointer.to_owned()
    };
    judge.fault(
        Code::SameCourse,
        &at,
        message,
        Some("let `versions` of one of them leave it out".to_owned()),
    );
}

fn course(judge: &mut Judge<'_>, entry: &Entry<'_>, usual: Option<&Usual>) -> Option<Course> {
    let at = |key: &str| format!("{}/{key}", entry.pointer);
    let deprecated = entry
        .deprecated
        .map(|text| instant(judge, &at("deprecated"), text));
    let sunset = entry.sunset.map(|text| instant(judge, &at("sunset"), text));
    let guide = entry.guide.map(|text| address(judge, &at("guide"), text));
    let successor = entry.successor.map(|name| judge.version(&at("successor"), name));
    let exempt = exemptions(judge, &entry.pointer, entry.exempt);
    let (deprecated, sunset) = (judged(deprecated)?, judged(sunset)?);
    in_order(judge, entry, deprecated, sunset)?;
    let brownouts = window::build(judge, &entry.pointer, entry.brownouts, deprecated, sunset);
    let usual = usual?;
    Some(Course {
        preview: entry.preview,
        deprecated,
        sunset,
        guide: judged(guide)?.or_else(|| usual.guide.clone()),
        successor: judged(successor)?.or(usual.successor),
        exempt: exempt?,
        brownouts: brownouts?,
        retry: entry.retry,
    })
}

/// Whether the parts of an entry go together.
fn in_order(
    judge: &mut Judge<'_>,
    entry: &Entry<'_>,
    deprecated: Option<Timestamp>,
    sunset: Option<Timestamp>,
) -> Option<()> {
    let at = |key: &str| format!("{}/{key}", entry.pointer);
    let mut wrong = |code, key: &str, message: &str, hint: &str| {
        judge.fault(code, &at(key), message, Some(hint.to_owned()));
        None
    };
    if deprecated.zip(sunset).is_some_and(|(first, last)| last < first) {
        return wrong(
            Code::SunsetTooEarly,
            "sunset",
            "the sunset is before the deprecation",
            "what goes is deprecated first (RFC 8594): correct one of the dates",
        );
    }
    if entry.preview && deprecated.is_some() {
        let message = "a preview is not deprecated: it was never promised";
        return wrong(
            Code::BadSettings,
            "preview",
            message,
            "delete `preview`, or give a `sunset` alone",
        );
    }
    if sunset.is_none() && !entry.brownouts.is_empty() {
        let message = "brownouts rehearse a sunset, and there is none";
        return wrong(Code::BadSettings, "brownouts", message, "add `sunset`");
    }
    if sunset.is_none() && !entry.exempt.is_empty() {
        let message = "there is no sunset that somebody could be exempt from";
        return wrong(Code::BadSettings, "exempt", message, "add `sunset`");
    }
    if deprecated.is_none() && sunset.is_none() && !entry.preview {
        judge.fault(
            Code::BadSettings,
            &entry.pointer,
            "the entry says nothing of when anything goes",
            Some("add `deprecated` or `sunset`".to_owned()),
        );
        return None;
    }
    Some(())
}

fn exemptions(judge: &mut Judge<'_>, pointer: &str, raw: &[RawExemption]) -> Option<Vec<Exemption>> {
    let built: Vec<_> = raw
        .iter()
        .enumerate()
        .map(|(i, raw)| {
            let consumer = judge.consumer(&format!("{pointer}/exempt/{i}/consumer"), &raw.consumer);
            let until = instant(judge, &format!("{pointer}/exempt/{i}/until"), &raw.until);
            Some(Exemption {
                consumer: consumer?,
                until: until?,
            })
        })
        .collect();
    built.into_iter().collect()
}

/// An instant, or a day that stands for its first.
fn instant(judge: &mut Judge<'_>, pointer: &str, text: &str) -> Option<Timestamp> {
    let day = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok();
    // A day alone would be read from an instant without an offset, too.
    let is_day = text.len() == 10;
    let found = match is_day {
        true => day().map(|day| day.timestamp()),
        false => text.parse::<Timestamp>().ok(),
    };
    // Whole seconds: fields of HTTP have no finer ones.
    let found = found.and_then(|at| Timestamp::from_second(at.as_second()).ok());
    if found.is_none() {
        let message = format!("`{}` is not a date", judge.tree.shown(pointer));
        let hint = "write an instant like `2027-06-30T23:59:59Z`, or a day like `2027-06-30`";
        judge.fault(Code::BadDate, pointer, message, Some(hint.to_owned()));
    }
    found
}

/// The address of a page.
fn address(judge: &mut Judge<'_>, pointer: &str, text: &str) -> Option<String> {
    let uri = text.parse::<Uri>().ok();
    let web = uri.is_some_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")));
    // A `Link` holds it between angle brackets.
    if web && !text.contains(['<', '>', '"', '\\']) {
        return Some(text.to_owned());
    }
    let message = format!("`{}` is not the address of a page", judge.tree.shown(pointer));
    let hint = "write it whole, such as `https://docs.example/migrate`";
    judge.fault(Code::BadSettings, pointer, message, Some(hint.to_owned()));
    None
}

impl Course {
    /// The same for one version: nothing is its own successor.
    fn of_version(&self, version: VersionId) -> Self {
        let mut own = self.clone();
        own.successor = own.successor.filter(|successor| *successor != version);
        own
    }
}
