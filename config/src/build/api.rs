//! One API's files → its plan.

use std::collections::BTreeSet;
use std::sync::Arc;

use sluice_transforms::lineage::Lineage;

use super::judge::Judge;
use super::steps::Steps;
use super::{
    authentication, bad_name, change, contract, edge, errors, idempotency, is_name, lifecycle, limits,
    lineage, prefix, select, unsaid, validation, versions,
};
use crate::diagnostic::{Code, Diagnostic};
use crate::directory::{self, ApiFiles, File};
use crate::plan::is_host_name;
use crate::plan::{ApiPlan, UpstreamId, VersionId, VersionPlan};
use crate::raw::{RawApi, RawUnmentioned};
use crate::source::Sources;
use crate::suggest;
use crate::yaml::Tree;

/// What an API is judged against.
pub(crate) struct Surroundings<'a> {
    pub(crate) sources: &'a Sources,
    /// The upstreams' names; `None` when `sluice.yaml` could not be read.
    pub(crate) upstreams: Option<&'a [String]>,
    /// The consumers' names, none without a file; `None` when `consumers.yaml` could not be read.
    pub(crate) consumers: Option<&'a [String]>,
    /// Whether there is a store; `None` when `sluice.yaml` could not be read.
    pub(crate) stored: Option<bool>,
    /// The groups that they belong to; `None` likewise.
    pub(crate) groups: Option<&'a [String]>,
}

/// An API, and the other files that it was made from.
pub(crate) struct Built {
    pub(crate) plan: ApiPlan,
    pub(crate) document: Option<Tree>,
    pub(crate) used: BTreeSet<String>,
}

/// Judges an API.
pub(crate) fn build(
    files: &ApiFiles,
    around: &Surroundings<'_>,
    faults: &mut Vec<Diagnostic>,
) -> Option<Built> {
    let file = files.api.as_ref()?;
    let (tree, raw) = (&file.tree, &file.raw);
    check_name(tree, &files.name, raw, faults);
    let hosts = hosts(tree, raw, faults);
    let upstream = upstream(tree, raw, around, faults);
    let base = prefix(tree, "/base", &raw.base, faults);
    let unversioned = prefix(tree, "/unversioned", &raw.unversioned, faults);
    unmentioned(tree, raw, faults);
    let versions = versions::build(tree, raw, faults);
    let origin = versions::find(tree, "/origin", &raw.origin, &versions, faults);
    let select = select::build(tree, raw, &versions, faults);
    let errors = raw
        .errors
        .as_ref()
        .map(|raw_errors| errors::build(tree, raw_errors, &versions, raw.document.is_some(), faults));
    let document = document(file, around.sources, faults);
    if let Some(document) = document.as_ref().filter(|_| versions.len() > 1) {
        unsaid::judge(document, faults);
    }
    let mut steps = Steps::new(around.sources, format!("apis/{}", files.name));
    let lineage = lineage(
        files,
        file,
        &versions,
        origin,
        document.as_ref(),
        &mut steps,
        faults,
    );
    let used = steps.used();
    let errors = match errors {
        None => None,
        Some(built) => Some(built?),
    };
    let mut judge = Judge {
        tree,
        raw,
        versions: &versions,
        lineage: lineage.as_deref(),
        consumers: around.consumers,
        stored: around.stored,
        groups: around.groups,
        faults,
    };
    let authentication = authentication::build(&mut judge);
    let lifecycle = lifecycle::build(&mut judge);
    let limits = limits::build(&mut judge);
    let validation = validation::build(&mut judge);
    let idempotency = idempotency::build(&mut judge);
    let edge = edge::build(&mut judge);
    let (upstream, origin, base, unversioned) = (upstream?, origin?, base?, unversioned?);
    let (name, select, lineage) = (raw.api.clone(), select?, lineage?);
    let plan = ApiPlan {
        name,
        hosts,
        upstream,
        origin,
        base,
        unversioned,
        versions,
        select,
        lineage,
        errors,
        documented: document.is_some(),
        passes_unmentioned: raw.unmentioned == Some(RawUnmentioned::Pass),
        path_template: path_template(raw),
        authentication: authentication?,
        lifecycle: lifecycle?,
        limits: limits?,
        validation: validation?,
        idempotency: idempotency?,
        edge: edge?,
    };
    Some(Built { plan, document, used })
}

/// The path selector's template, which is judged with the versions.
fn path_template(raw: &RawApi) -> Option<String> {
    raw.select
        .iter()
        .find_map(|select| select.path.as_ref()?.template.clone())
}

fn lineage(
    files: &ApiFiles,
    file: &File<RawApi>,
    versions: &[VersionPlan],
    origin: Option<VersionId>,
    document: Option<&Tree>,
    steps: &mut Steps<'_>,
    faults: &mut Vec<Diagnostic>,
) -> Option<Arc<Lineage>> {
    let (tree, raw) = (&file.tree, &file.raw);
    let contract = contract::origin(tree, raw, document, faults);
    let before = faults.iter().filter(|fault| fault.is_error()).count();
    let build = |file| change::build(file, versions, steps, raw.document.is_some(), faults);
    let changes: Vec<_> = files.changes.iter().filter_map(build).collect();
    let complete = files.all_changes_read && changes.len() == files.changes.len();
    lineage::judge(tree, versions, origin, &changes, complete, faults);
    // A lineage with a hole would be told to be wrong at every place behind it.
    let sound = complete && faults.iter().filter(|fault| fault.is_error()).count() == before;
    contract::lineage(
        raw,
        versions,
        origin?,
        contract.filter(|_| sound)?,
        changes,
        faults,
    )
}

fn check_name(tree: &Tree, directory: &str, raw: &RawApi, faults: &mut Vec<Diagnostic>) {
    let shown = tree.shown("/api");
    if !is_name(&raw.api) {
        faults.push(bad_name(&tree.file, Some(tree.span("/api")), &shown, "an API"));
    } else if raw.api != directory {
        let message = format!("the API `{shown}` lies in the directory `{directory}`");
        faults.push(
            tree.fault(Code::BadName, "/api", message)
                .hint("an API is named like its directory"),
        );
    }
}

/// A document names every operation there is: nothing is left to choose.
fn unmentioned(tree: &Tree, raw: &RawApi, faults: &mut Vec<Diagnostic>) {
    if raw.unmentioned.is_some() && raw.document.is_some() {
        let message = "`unmentioned` says nothing here: the API's document names every operation";
        let span = Some(tree.key_span("/unmentioned"));
        let fault = Diagnostic::new(Code::NotSupported, &tree.file, span, message);
        faults.push(fault.hint("delete the line; what the document does not name is refused"));
    }
}

fn hosts(tree: &Tree, raw: &RawApi, faults: &mut Vec<Diagnostic>) -> Vec<String> {
    for (i, host) in raw.hosts.iter().enumerate() {
        let pointer = format!("/hosts/{i}");
        if host.starts_with("*.") {
            let message = format!(
                "`{}`: hosts with a wildcard are not supported yet",
                tree.shown(&pointer)
            );
            let hint = "list the hosts, or write `hosts: []` for every host";
            faults.push(tree.fault(Code::NotSupported, &pointer, message).hint(hint));
        } else if !is_host_name(host) || host.bytes().any(|b| b.is_ascii_uppercase()) {
            let message = format!("`{}` is not a host name in lower case", tree.shown(&pointer));
            let hint = "write the name alone, without scheme, port or path";
            faults.push(tree.fault(Code::BadHost, &pointer, message).hint(hint));
        }
    }
    raw.hosts.clone()
}

fn upstream(
    tree: &Tree,
    raw: &RawApi,
    around: &Surroundings<'_>,
    faults: &mut Vec<Diagnostic>,
) -> Option<UpstreamId> {
    let names = around.upstreams?;
    let found = names
        .iter()
        .position(|name| *name == raw.upstream)
        .map(UpstreamId);
    if found.is_none() {
        let message = format!(
            "there is no upstream `{}` in sluice.yaml",
            tree.shown("/upstream")
        );
        let hint = suggest::or_list(&raw.upstream, names.iter().map(String::as_str));
        faults.push(
            tree.fault(Code::UnknownUpstream, "/upstream", message)
                .hint_if(hint),
        );
    }
    found
}

fn document(file: &File<RawApi>, sources: &Sources, faults: &mut Vec<Diagnostic>) -> Option<Tree> {
    let path = named(
        &file.tree,
        "/document",
        file.raw.document.as_deref()?,
        sources,
        faults,
    )?;
    directory::tree(sources, &path, faults)
}

/// The path of a file that a value names, relative to its API's directory.
fn named(
    tree: &Tree,
    pointer: &str,
    name: &str,
    sources: &Sources,
    faults: &mut Vec<Diagnostic>,
) -> Option<String> {
    let directory = tree.file.rsplit_once('/').map_or("", |(directory, _)| directory);
    let path = format!("{directory}/{name}");
    if sources.contains(&path) {
        return Some(path);
    }
    let message = format!("there is no file `{}` in `{directory}`", tree.shown(pointer));
    let beside = sources
        .paths()
        .filter_map(|path| path.strip_prefix(directory)?.strip_prefix('/'));
    let hint = suggest::did_you_mean(name, beside).or_else(|| {
        name.contains("..")
            .then(|| "a file is named from its API's directory downwards".to_owned())
    });
    faults.push(tree.fault(Code::MissingFile, pointer, message).hint_if(hint));
    None
}
