//! An API's versions: their names, and the path prefix of each.

use super::{bad_name, is_name, prefix};
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{PathPrefix, VersionId, VersionPlan};
use crate::raw::{RawApi, RawVersion};
use crate::suggest;
use crate::yaml::Tree;

const SLOT: &str = "{version}";

/// Judges the list of versions. Gives every version's name, whatever is wrong with its path, so that
/// all that names versions can be judged.
pub(super) fn build(tree: &Tree, raw: &RawApi, faults: &mut Vec<Diagnostic>) -> Vec<VersionPlan> {
    let path = raw
        .select
        .iter()
        .enumerate()
        .find_map(|(i, s)| Some((i, s.path.as_ref()?)));
    let template = path.and_then(|(i, path)| {
        let text = path.template.as_deref()?;
        template(tree, &format!("/select/{i}/path/template"), text, faults)
    });
    let mut versions: Vec<VersionPlan> = Vec::new();
    for (i, version) in raw.versions.iter().enumerate() {
        let pointer = format!("/versions/{i}");
        check_name(tree, &pointer, version, &versions, faults);
        let path = version_path(tree, &pointer, version, template, path.is_some(), faults);
        versions.push(VersionPlan {
            name: version.name.clone(),
            path,
        });
    }
    versions
}

fn check_name(
    tree: &Tree,
    pointer: &str,
    version: &RawVersion,
    before: &[VersionPlan],
    faults: &mut Vec<Diagnostic>,
) {
    let at = format!("{pointer}/name");
    if !is_name(&version.name) {
        faults.push(bad_name(
            &tree.file,
            Some(tree.span(&at)),
            &tree.shown(&at),
            "a version",
        ));
    }
    if before.iter().any(|other| other.name == version.name) {
        let message = format!("the version `{}` is listed twice", tree.shown(&at));
        faults.push(tree.fault(Code::DuplicateVersion, &at, message));
    }
}

fn version_path(
    tree: &Tree,
    pointer: &str,
    version: &RawVersion,
    template: Option<&str>,
    in_path: bool,
    faults: &mut Vec<Diagnostic>,
) -> Option<PathPrefix> {
    let pointer = format!("{pointer}/path");
    match &version.path {
        Some(_) if !in_path => {
            let message = "this path is never looked at: `select` has no `path`";
            let hint = "add `- path: {template: \"/v{version}\"}` to `select`, or delete the path";
            faults.push(tree.fault(Code::BadSelector, &pointer, message).hint(hint));
            None
        }
        Some(path) => prefix(tree, &pointer, path, faults),
        None => PathPrefix::parse(&template?.replace(SLOT, &version.name)).ok(),
    }
}

/// Judges the template; gives it when any version's name can be put in.
fn template<'a>(tree: &Tree, pointer: &str, text: &'a str, faults: &mut Vec<Diagnostic>) -> Option<&'a str> {
    if text.matches(SLOT).count() != 1 {
        let message = format!(
            "the template `{}` does not hold `{SLOT}` once",
            tree.shown(pointer)
        );
        faults.push(
            tree.fault(Code::BadSelector, pointer, message)
                .hint("write it like `/v{version}`"),
        );
        return None;
    }
    prefix(tree, pointer, &text.replace(SLOT, "1"), faults).map(|_| text)
}

/// Finds a version by name.
pub(super) fn find(
    tree: &Tree,
    pointer: &str,
    name: &str,
    versions: &[VersionPlan],
    faults: &mut Vec<Diagnostic>,
) -> Option<VersionId> {
    let found = versions
        .iter()
        .position(|version| version.name == name)
        .map(VersionId);
    if found.is_none() {
        let message = format!(
            "the version `{}` is not among the API's versions",
            tree.shown(pointer)
        );
        let names = versions.iter().map(|version| version.name.as_str());
        let hint = suggest::or_list(name, names);
        faults.push(tree.fault(Code::UnknownVersion, pointer, message).hint_if(hint));
    }
    found
}
