//! Which operation of the client's version a request is, and its parameters.

use http::{HeaderMap, Method};
use sluice_transforms::contract::{Operation, Place};
use sluice_transforms::message::{Argument, Request};

use crate::edition::Version;
use crate::fields::target::Pair;
use crate::refusal::{Kind, Refusal};

/// Where a request goes in its version.
#[derive(Clone, Debug, PartialEq)]
pub enum Routed {
    /// An operation of the contract; the request has no document yet.
    Operation(Request),
    /// The API has no document, and no change mentions this path: it passes as it came.
    Unmentioned,
}

/// Finds the operation, and reads its parameters.
///
/// # Errors
/// No such operation, or not with this method.
pub fn route(
    version: &Version,
    complete: bool,
    method: &Method,
    segments: &[String],
    query: &[Pair],
    headers: &HeaderMap,
) -> Result<Routed, Refusal> {
    let operation = operation(version, complete, method, segments)?;
    Ok(operation.map_or(Routed::Unmentioned, |operation| {
        Routed::Operation(request(operation, segments, query, headers))
    }))
}

/// A request of an operation, without a document yet.
pub fn request(operation: &Operation, segments: &[String], query: &[Pair], headers: &HeaderMap) -> Request {
    let slots = operation.path.matches(segments).unwrap_or_default();
    Request {
        operation: operation.id.clone(),
        arguments: arguments(operation, slots, query, headers),
        body: None,
    }
}

/// Finds the operation; none when the request passes as it came. `complete` says whether the contract lists every operation there is.
///
/// # Errors
/// No such operation, or not with this method.
pub fn operation<'v>(
    version: &'v Version,
    complete: bool,
    method: &Method,
    segments: &[String],
) -> Result<Option<&'v Operation>, Refusal> {
    let found = version.operation(method.as_str(), segments);
    if segments.iter().any(|segment| segment.contains(';')) {
        without_parameters(version, method, segments, found)?;
    }
    if found.is_some() {
        return Ok(found);
    }
    if !complete {
        return unmentioned(version, method, segments);
    }
    let methods = allowed([version], segments);
    if methods.is_empty() {
        return Err(Refusal::new(
            Kind::UnknownOperation,
            format!("version {} has no such path", version.lift.from),
        ));
    }
    Err(Refusal::method_not_allowed(method, methods))
}

/// What no change mentions passes; not what a backend takes for an operation that is mentioned, and whose scopes and
/// limits are its own: many take a path with a slash at its end, or in capitals, for the one without.
fn unmentioned<'v>(
    version: &'v Version,
    method: &Method,
    segments: &[String],
) -> Result<Option<&'v Operation>, Refusal> {
    let bare = match segments.split_last() {
        Some((last, rest)) if last.is_empty() => rest,
        _ => segments,
    };
    // An operation of the upstream's own version too: it has its scopes there, and no way around them.
    let contracts = [&version.lift.source, &version.lift.target];
    let mut operations = contracts.iter().flat_map(|contract| &contract.operations);
    let method = if *method == Method::HEAD {
        "GET"
    } else {
        method.as_str()
    };
    match operations.any(|o| o.method.eq_ignore_ascii_case(method) && o.path.fits_any_case(bare)) {
        false => Ok(None),
        true => Err(Refusal::new(
            Kind::BadPath,
            "the path is almost an operation's: write it without a slash at its end, in the operation's letters",
        )),
    }
}

/// Java's servers cut off what follows a `;` before they look at a path: both readings must be one operation.
fn without_parameters(
    version: &Version,
    method: &Method,
    segments: &[String],
    found: Option<&Operation>,
) -> Result<(), Refusal> {
    let cut = segments.iter().map(|s| s.split(';').next().unwrap_or_default());
    let cut: Vec<String> = cut.map(str::to_owned).collect();
    let id = |operation: &Operation| operation.id.clone();
    match version.operation(method.as_str(), &cut).map(id) == found.map(id) {
        true => Ok(()),
        false => Err(Refusal::new(
            Kind::BadPath,
            "the path is another operation's without what follows the `;`",
        )),
    }
}

/// The methods that a path has in any of these versions; none when there is no such path.
pub fn allowed<'v>(versions: impl IntoIterator<Item = &'v Version>, segments: &[String]) -> Vec<Method> {
    let mut all: Vec<Method> = Vec::new();
    for method in versions
        .into_iter()
        .flat_map(|v| v.methods(segments))
        .filter_map(|m| m.parse().ok())
    {
        if !all.contains(&method) {
            all.push(method);
        }
    }
    if all.contains(&Method::GET) && !all.contains(&Method::HEAD) {
        all.push(Method::HEAD);
    }
    if !all.is_empty() {
        all.push(Method::OPTIONS);
    }
    all
}

fn arguments(
    operation: &Operation,
    slots: Vec<(String, String)>,
    query: &[Pair],
    headers: &HeaderMap,
) -> Vec<Argument> {
    let mut all: Vec<Argument> = slots
        .into_iter()
        .map(|(name, value)| Argument::new(Place::Path, &name, value))
        .collect();
    all.extend(query.iter().map(|pair| Argument {
        place: Place::Query,
        name: pair.name.clone(),
        value: pair.value.clone(),
        raw: Some(pair.raw.clone()),
    }));
    // Preconditions are HTTP's own; their tags are mapped apart.
    let named = operation
        .parameters
        .iter()
        .filter(|p| p.place == Place::Header && !p.name.to_ascii_lowercase().starts_with("if-"));
    all.extend(named.filter_map(|p| {
        let value = headers.get(&p.name)?.to_str().ok()?;
        Some(Argument::new(Place::Header, &p.name, value))
    }));
    all
}
