//! Field brownouts: whose answers lack a member, and when. Only of members that answers carry and can do without.

use jiff::Timestamp;
use sluice_transforms::contract::{Contract, Purpose};
use sluice_transforms::pointer::Pointer;

use super::instant;
use super::member::field;
use crate::build::judge::Judge;
use crate::diagnostic::Code;
use crate::plan::{Course, Trial, VersionSet};
use crate::raw::{RawMemberCourse, RawTrial};

/// Judges the trials of the member at `pointer`, which goes its course in some versions.
pub(super) fn build(
    judge: &mut Judge<'_>,
    pointer: &str,
    raw: &RawMemberCourse,
    (at, versions, course): (&Pointer, &VersionSet, &Course),
) -> Option<Vec<Trial>> {
    if raw.trials.is_empty() {
        return Some(Vec::new());
    }
    let pointer = format!("{pointer}/trials");
    fits(judge, &pointer, &raw.label, at, versions);
    let mut all: Vec<Option<Trial>> = Vec::new();
    for (i, raw) in raw.trials.iter().enumerate() {
        let pointer = format!("{pointer}/{i}");
        let trial = trial(judge, &pointer, raw, course);
        let meets = |other: &Trial| {
            trial.is_some_and(|trial| {
                trial.consumer == other.consumer && trial.from < other.to && other.from < trial.to
            })
        };
        if all.iter().flatten().any(meets) {
            let message = "an earlier trial of this consumer goes on at the same time";
            let hint = "let one end before the other begins, or write one with one share";
            judge.fault(Code::BadWindow, &pointer, message, Some(hint.to_owned()));
        }
        all.push(trial);
    }
    all.into_iter().collect()
}

/// Whether answers carry the member in one of the versions, and none requires it.
fn fits(judge: &mut Judge<'_>, pointer: &str, label: &str, at: &Pointer, versions: &VersionSet) {
    let Some(lineage) = judge.lineage else { return };
    let known = judge.versions;
    let names = versions.iter().map(|v| known[v.index()].name.as_str());
    let contracts: Vec<(&str, &Contract)> = names
        .filter_map(|name| Some((name, &**lineage.contract(name)?)))
        .collect();
    let required: Vec<&str> = contracts
        .iter()
        .filter(|(_, contract)| field(contract, label, at) == Some(true))
        .map(|(name, _)| *name)
        .collect();
    let (message, hint) = if !required.is_empty() {
        let required = required.join(", ");
        (
            format!("`{at}` is required in version {required}: no answer may lack it"),
            "let `versions` leave these out, or make the member optional in the document",
        )
    } else if !contracts.iter().any(|(_, contract)| is_answered(contract, label)) {
        (
            format!("no answer carries `{label}`, so that `{at}` cannot be withheld"),
            "a trial asks what consumers do without the member: delete it",
        )
    } else {
        return may_erase(judge, pointer, label, at, &contracts);
    };
    judge.fault(Code::UnfitTrial, pointer, message, Some(hint.to_owned()));
}

/// Warns of operations that replace what answers carry: who writes back a lesser answer would delete the member.
fn may_erase(
    judge: &mut Judge<'_>,
    pointer: &str,
    label: &str,
    at: &Pointer,
    contracts: &[(&str, &Contract)],
) {
    let replaces = |contract: &&Contract| {
        let found = contract.operations.iter().find(|operation| {
            let body = operation.request.as_ref();
            operation.purpose() == Purpose::Replace
                && body.is_some_and(|body| body.shape.mentions(label, &contract.types))
        });
        found.map(|operation| operation.id.clone())
    };
    let Some(operation) = contracts.iter().find_map(|(_, contract)| replaces(contract)) else {
        return;
    };
    let message = format!(
        "`{operation}` replaces a whole `{label}`: who writes back an answer without `{at}` deletes it"
    );
    let hint =
        "let clients write with `If-Match`, which refuses that: no write matches the tag of such an answer";
    judge.fault(Code::TrialMayErase, pointer, message, Some(hint.to_owned()));
}

fn is_answered(contract: &Contract, label: &str) -> bool {
    let answers = contract.operations.iter().flat_map(|o| &o.answers);
    let mut shapes = answers.filter_map(|answer| answer.shape.as_ref());
    shapes.any(|shape| shape.mentions(label, &contract.types))
}

fn trial(judge: &mut Judge<'_>, pointer: &str, raw: &RawTrial, course: &Course) -> Option<Trial> {
    let consumer = judge.consumer(&format!("{pointer}/consumer"), &raw.consumer);
    let from = instant(judge, &format!("{pointer}/from"), &raw.from);
    let to = instant(judge, &format!("{pointer}/to"), &raw.to);
    let (from, to) = (from?, to?);
    in_time(judge, pointer, (from, to), course)?;
    Some(Trial {
        consumer: consumer?,
        share: raw.share,
        from,
        to,
    })
}

fn in_time(
    judge: &mut Judge<'_>,
    pointer: &str,
    (from, to): (Timestamp, Timestamp),
    course: &Course,
) -> Option<()> {
    let early = course.deprecated.is_some_and(|begin| from < begin);
    let (message, hint) = if to <= from {
        ("the trial ends before it begins", "exchange `from` and `to`")
    } else if early || course.sunset.is_some_and(|end| to > end) {
        (
            "the trial does not lie between the member's deprecation and its sunset",
            "it asks who misses the member: after clients were told, before it is gone for good",
        )
    } else {
        return Some(());
    };
    judge.fault(Code::BadWindow, pointer, message, Some(hint.to_owned()));
    None
}
