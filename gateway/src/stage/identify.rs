//! Which API a request is for, and which of its versions the client speaks.
//!
//! The version may stand in the path, in a header, in a media type or in the query; where the request names none, the
//! consumer may be pinned to one. Selectors that disagree are refused: nobody can say what the client meant.

use http::{HeaderMap, HeaderName};
use sluice_config::plan::{ApiPlan, Plan, Selection, Selector, VersionId};

use crate::canonical::{CanonicalHost, CanonicalPath};
use crate::fields::{media, target};
use crate::refusal::{Kind, Refusal};

/// What a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identified {
    /// The API, by its position in the plan.
    pub api: usize,
    /// The client's version.
    pub version: VersionId,
    /// The selector that named it.
    pub chosen_by: &'static str,
    /// The path below the version's prefix, decoded.
    pub segments: Vec<String>,
    /// The path below the version's prefix in its canonical form.
    pub rest: String,
    /// The prefix under which the client came.
    pub prefix: String,
    /// The media type to answer in, where the client named its version in one.
    pub media_type: Option<String>,
}

impl Identified {
    /// The version, and the selector that named it.
    pub fn chosen(&self) -> (VersionId, &'static str) {
        (self.version, self.chosen_by)
    }
}

/// What a request is looked at for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Its host, in canonical form.
    pub host: Option<&'a CanonicalHost>,
    /// Its path, in canonical form.
    pub path: &'a CanonicalPath,
    /// Its query.
    pub query: &'a [target::Pair],
    /// Its fields.
    pub headers: &'a HeaderMap,
}

/// A refusal before or after the API is known.
#[derive(Clone, Debug)]
pub struct Unidentified {
    /// Why.
    pub refusal: Refusal,
    /// The API, if that much is known.
    pub api: Option<usize>,
}

/// Finds API and version. `pin` is the version that the consumer is pinned to.
///
/// # Errors
/// No API here; no version, an unknown one, or several.
pub fn identify(plan: &Plan, request: &Request<'_>, pin: Option<&str>) -> Result<Identified, Unidentified> {
    let Some(found) = find(plan, request) else {
        let refusal = Refusal::new(Kind::UnknownApi, "no API is served on this host and path");
        return Err(Unidentified { refusal, api: None });
    };
    let api = &plan.apis[found.api];
    let version = choose(api, request, found.version, found.unknown.as_deref(), pin);
    let (version, chosen_by) = version.map_err(|refusal| Unidentified {
        refusal,
        api: Some(found.api),
    })?;
    let segments = below(request.path, found.prefix);
    let rest = request.path.as_str()[found.prefix.len()..].to_owned();
    let media_type = media_type(api, request.headers, version, chosen_by);
    Ok(Identified {
        api: found.api,
        version,
        chosen_by,
        segments,
        rest,
        prefix: found.prefix.to_owned(),
        media_type,
    })
}

impl Unidentified {
    /// Whether all that is missing is a version.
    pub fn is_unversioned(&self) -> bool {
        self.refusal.kind() == Kind::NoVersion
    }
}

/// The decoded segments below a prefix.
pub fn below(path: &CanonicalPath, prefix: &str) -> Vec<String> {
    let above = prefix.split('/').filter(|s| !s.is_empty()).count();
    path.segments().iter().skip(above).cloned().collect()
}

struct Found<'p> {
    api: usize,
    prefix: &'p str,
    version: Option<VersionId>,
    /// A version that stands in the path where versions stand, and is none.
    unknown: Option<String>,
}

/// The API with the longest prefix; one that names its hosts before one that takes every host.
fn find<'p>(plan: &'p Plan, request: &Request<'_>) -> Option<Found<'p>> {
    let path = request.path.as_str();
    let mut best: Option<((bool, usize), Found<'p>)> = None;
    for (index, api) in plan.apis.iter().enumerate() {
        let named = !api.hosts.is_empty();
        let here = request
            .host
            .is_some_and(|host| api.hosts.iter().any(|h| h == host.name()));
        if named && !here {
            continue;
        }
        for found in prefixes(api, index, path) {
            let rank = (named, found.prefix.len());
            if best.as_ref().is_none_or(|(known, _)| rank > *known) {
                best = Some((rank, found));
            }
        }
    }
    best.map(|(_, found)| found)
}

fn prefixes<'p>(api: &'p ApiPlan, index: usize, path: &str) -> Vec<Found<'p>> {
    let mut all = Vec::new();
    for (position, version) in api.versions.iter().enumerate() {
        let prefix = version
            .path
            .as_ref()
            .filter(|prefix| prefix.strip(path).is_some());
        let found = |prefix: &'p sluice_config::plan::PathPrefix| Found {
            api: index,
            prefix: prefix.as_str(),
            version: api.version(&api.versions[position].name),
            unknown: None,
        };
        all.extend(prefix.map(found));
    }
    let elsewhere = api.select.iter().any(|s| s.selector != Selector::Path);
    if api.unversioned.strip(path).is_some() && (elsewhere || all.is_empty()) {
        let unknown = unknown_version(api, path);
        if elsewhere || unknown.is_some() {
            all.push(Found {
                api: index,
                prefix: api.unversioned.as_str(),
                version: None,
                unknown,
            });
        }
    }
    all
}

/// What stands where a path names a version, if it is none of the API's.
fn unknown_version(api: &ApiPlan, path: &str) -> Option<String> {
    let template = api.path_template.as_deref()?;
    let (before, after) = template.split_once("{version}")?;
    let rest = path.strip_prefix(before)?;
    let end = if after.is_empty() {
        rest.find('/').unwrap_or(rest.len())
    } else {
        rest.find(after)?
    };
    let name = &rest[..end];
    let plausible = name.starts_with(|c: char| c.is_ascii_digit()) && !name.contains('/');
    (plausible && api.version(name).is_none()).then(|| name.to_owned())
}

type Chosen = (VersionId, &'static str);

fn choose(
    api: &ApiPlan,
    request: &Request<'_>,
    in_path: Option<VersionId>,
    unknown: Option<&str>,
    pin: Option<&str>,
) -> Result<Chosen, Refusal> {
    if let Some(name) = unknown {
        return Err(unknown_refusal(api, name));
    }
    let mut chosen: Option<Chosen> = None;
    for selection in &api.select {
        if let (Selector::Path, Some(version)) = (&selection.selector, in_path) {
            settle(api, selection, version, "path", &mut chosen)?;
        }
        let named: Vec<(String, &'static str)> = match &selection.selector {
            Selector::Header(name) => header(request.headers, name)
                .into_iter()
                .map(|v| (v, "header"))
                .collect(),
            Selector::MediaType {
                media_type,
                parameter,
            } => media::parameters(request.headers, media_type, parameter)
                .into_iter()
                .map(|v| (v, "media type"))
                .collect(),
            Selector::Query(name) => {
                let pairs = request.query.iter().filter(|p| p.name == *name);
                pairs.map(|p| (p.value.clone(), "query")).collect()
            }
            Selector::Path | Selector::Pin => Vec::new(),
        };
        for (name, by) in named {
            let version = api.version(&name).ok_or_else(|| unknown_refusal(api, &name))?;
            settle(api, selection, version, by, &mut chosen)?;
        }
    }
    chosen.or_else(|| pinned(api, pin)).ok_or_else(|| {
        with_versions(
            api,
            Refusal::new(
                Kind::NoVersion,
                format!("the request names no version; {}", ways(api)),
            ),
        )
    })
}

/// Adds what one selector named to what others did.
fn settle(
    api: &ApiPlan,
    selection: &Selection,
    version: VersionId,
    by: &'static str,
    chosen: &mut Option<Chosen>,
) -> Result<(), Refusal> {
    if !selection.covers(version) {
        let name = api.version_name(version);
        let detail = format!("version {name} cannot be named in the {by}; {}", ways(api));
        return Err(with_versions(api, Refusal::new(Kind::UnknownVersion, detail)));
    }
    match *chosen {
        Some((other, _)) if other != version => return Err(contradiction(api, other, version)),
        Some(_) => {}
        None => *chosen = Some((version, by)),
    }
    Ok(())
}

fn header(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    headers
        .get_all(name)
        .iter()
        .map(|v| String::from_utf8_lossy(v.as_bytes()).trim().to_owned())
        .collect()
}

fn pinned(api: &ApiPlan, pin: Option<&str>) -> Option<Chosen> {
    let selection = api.select.iter().find(|s| s.selector == Selector::Pin)?;
    let version = api.version(pin?)?;
    selection.covers(version).then_some((version, "pin"))
}

/// How a version of this API is named, for people.
fn ways(api: &ApiPlan) -> String {
    let from = |selection: &Selection| match api.versions.first() {
        Some(first) if api.version_name(selection.from) != first.name => {
            format!(" from {} on", api.version_name(selection.from))
        }
        _ => String::new(),
    };
    let way = |selection: &Selection| match &selection.selector {
        Selector::Path => {
            let paths: Vec<&str> = api
                .versions
                .iter()
                .filter_map(|v| v.path.as_ref())
                .map(|p| p.as_str())
                .collect();
            Some(format!("the path ({})", paths.join(", ")))
        }
        Selector::Header(name) => Some(format!("the header {name}{}", from(selection))),
        Selector::MediaType {
            media_type,
            parameter,
        } => Some(format!(
            "the media type {media_type};{parameter}=…{}",
            from(selection)
        )),
        Selector::Query(name) => Some(format!("the query parameter {name}{}", from(selection))),
        Selector::Pin => None,
    };
    let ways: Vec<String> = api.select.iter().filter_map(way).collect();
    format!("it is named in {}", ways.join(", or "))
}

fn contradiction(api: &ApiPlan, a: VersionId, b: VersionId) -> Refusal {
    let detail = format!(
        "the request names both {} and {}",
        api.version_name(a),
        api.version_name(b)
    );
    with_versions(api, Refusal::new(Kind::ContradictingVersions, detail))
}

fn unknown_refusal(api: &ApiPlan, name: &str) -> Refusal {
    let shown: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
    let detail = format!("there is no version {shown}; known are {}", names(api).join(", "));
    with_versions(api, Refusal::new(Kind::UnknownVersion, detail))
}

fn names(api: &ApiPlan) -> Vec<&str> {
    api.versions.iter().map(|v| v.name.as_str()).collect()
}

fn with_versions(api: &ApiPlan, refusal: Refusal) -> Refusal {
    refusal.with("versions", names(api))
}

/// The request fields that decide which version is meant.
pub fn varies_by(api: &ApiPlan) -> Vec<HeaderName> {
    let names = api.select.iter().filter_map(|s| match &s.selector {
        Selector::Header(name) => Some(name.clone()),
        Selector::MediaType { .. } => Some(http::header::ACCEPT),
        _ => None,
    });
    names.collect()
}

/// Takes the selectors out: the upstream knows nothing of versions.
pub fn strip_selectors(api: &ApiPlan, headers: &mut HeaderMap, query: &mut Vec<target::Pair>) {
    let merge_patch = media::of(headers).ends_with("merge-patch+json");
    for selection in &api.select {
        match &selection.selector {
            Selector::Header(name) => drop(headers.remove(name)),
            Selector::MediaType { media_type, .. } => {
                media::strip(
                    headers,
                    media_type,
                    if merge_patch {
                        "application/merge-patch+json"
                    } else {
                        "application/json"
                    },
                );
            }
            Selector::Query(name) => query.retain(|p| p.name != *name),
            Selector::Path | Selector::Pin => {}
        }
    }
}

/// The media type to answer in: the one in which the client named its version, if it accepts it.
fn media_type(api: &ApiPlan, headers: &HeaderMap, version: VersionId, chosen_by: &str) -> Option<String> {
    api.select.iter().find_map(|s| match &s.selector {
        Selector::MediaType {
            media_type,
            parameter,
        } => {
            let wanted = chosen_by == "media type" || media::accepts(headers, media_type, parameter);
            wanted.then(|| format!("{media_type};{parameter}={}", api.version_name(version)))
        }
        _ => None,
    })
}
