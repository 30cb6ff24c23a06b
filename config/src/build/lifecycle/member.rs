//! Members that go: each is there in the versions that are meant.

use std::sync::Arc;

use sluice_transforms::contract::Contract;
use sluice_transforms::pointer::Pointer;
use sluice_transforms::shape::{Kind, Shape};

use super::{Entry, Usual, course, trial};
use crate::build::judge::Judge;
use crate::diagnostic::Code;
use crate::plan::{MemberCourse, VersionId, VersionSet};
use crate::raw::{RawLifecycle, RawMemberCourse};
use crate::suggest;

/// Judges the members.
pub(super) fn build(
    judge: &mut Judge<'_>,
    raw: &RawLifecycle,
    usual: Option<&Usual>,
) -> Option<Vec<MemberCourse>> {
    let built: Vec<_> = raw
        .members
        .iter()
        .enumerate()
        .map(|(i, raw)| member(judge, &format!("/lifecycle/members/{i}"), raw, usual))
        .collect();
    built.into_iter().collect()
}

fn member(
    judge: &mut Judge<'_>,
    pointer: &str,
    raw: &RawMemberCourse,
    usual: Option<&Usual>,
) -> Option<MemberCourse> {
    let entry = Entry {
        pointer: pointer.to_owned(),
        preview: false,
        deprecated: raw.deprecated.as_deref(),
        sunset: raw.sunset.as_deref(),
        guide: raw.guide.as_deref(),
        successor: None,
        exempt: &raw.exempt,
        brownouts: &[],
        retry: false,
    };
    let course = course(judge, &entry, usual);
    let at = place(judge, &format!("{pointer}/at"), &raw.at);
    let named = judge.range(&format!("{pointer}/versions"), &raw.versions);
    let (course, at, named) = (course?, at?, named?);
    let versions = having(judge, pointer, raw, &at, &named)?;
    if course.sunset.is_some() {
        stays(judge, pointer, raw, &at, &versions);
    }
    let trials = trial::build(judge, pointer, raw, (&at, &versions, &course))?;
    Some(MemberCourse {
        label: raw.label.clone(),
        at,
        versions,
        course: Arc::new(course),
        trials,
    })
}

fn place(judge: &mut Judge<'_>, pointer: &str, text: &str) -> Option<Pointer> {
    match Pointer::parse(text) {
        Ok(at) if !at.is_root() => Some(at),
        _ => {
            let message = format!(
                "`{}` is not a JSON Pointer to a member",
                judge.tree.shown(pointer)
            );
            judge.fault(
                Code::BadPointer,
                pointer,
                message,
                Some("write `/name`, or `/outer/inner`".to_owned()),
            );
            None
        }
    }
}

/// The versions among those named that have the member; one at least.
fn having(
    judge: &mut Judge<'_>,
    pointer: &str,
    raw: &RawMemberCourse,
    at: &Pointer,
    named: &VersionSet,
) -> Option<VersionSet> {
    let lineage = judge.lineage?;
    let contract = |version: VersionId| lineage.contract(&judge.versions[version.index()].name);
    let types: Vec<&str> = named
        .iter()
        .filter_map(contract)
        .flat_map(|contract| contract.types.keys().map(String::as_str))
        .collect();
    if !types.contains(&raw.label.as_str()) {
        let message = format!(
            "there is no type `{}`",
            judge.tree.shown(&format!("{pointer}/type"))
        );
        let hint = suggest::or_list(&raw.label, types.iter().copied());
        judge.fault(Code::UnknownType, &format!("{pointer}/type"), message, hint);
        return None;
    }
    let has = |version: &VersionId| {
        contract(*version).is_some_and(|contract| field(contract, &raw.label, at).is_some())
    };
    let versions = VersionSet::of(named.iter().filter(has));
    if versions.is_empty() {
        let message = format!("`{}` has no member `{at}` in any of these versions", raw.label);
        judge.fault(Code::NoSuchField, &format!("{pointer}/at"), message, None);
        return None;
    }
    Some(versions)
}

/// Warns of versions in which the member is required: their answers keep it, whatever the date.
fn stays(judge: &mut Judge<'_>, pointer: &str, raw: &RawMemberCourse, at: &Pointer, versions: &VersionSet) {
    let Some(lineage) = judge.lineage else { return };
    let names = versions.iter().map(|v| judge.versions[v.index()].name.as_str());
    let required: Vec<&str> = names
        .filter(|name| {
            let contract = lineage.contract(name);
            contract.is_some_and(|contract| field(contract, &raw.label, at) == Some(true))
        })
        .collect();
    if required.is_empty() {
        return;
    }
    let message = format!(
        "`{at}` is required in version {}: answers keep it after its sunset, and requests need it",
        required.join(", ")
    );
    let hint = "let `versions` leave these out, or make the member optional in the document";
    judge.fault(
        Code::MemberRequired,
        &format!("{pointer}/sunset"),
        message,
        Some(hint.to_owned()),
    );
}

/// Whether a member of a type is required; `None` when the type has no such member.
pub(super) fn field(contract: &Contract, label: &str, at: &Pointer) -> Option<bool> {
    let mut shape = &Shape::reference(label);
    let mut required = None;
    // Through objects alone: what stands in a list has a type of its own, and that is named then.
    for name in at.names() {
        let holder = shape.resolve(&contract.types);
        let Kind::Object { .. } = &holder.kind else {
            return None;
        };
        let field = holder.field(name)?;
        (shape, required) = (&field.shape, Some(field.required));
    }
    required
}
