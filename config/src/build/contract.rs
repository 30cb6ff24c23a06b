//! The origin's contract, and the lineage that is computed from it: the version engine's own judgement
//! as diagnostics.

use std::sync::Arc;

use serde_json::Value;
use sluice_transforms::change::{self, Site};
use sluice_transforms::contract::Contract;
use sluice_transforms::lineage::{self, Draft, Lineage, LineageFault, Policy};
use sluice_transforms::openapi;
use sluice_transforms::shape::{Shape, TypeFaultKind};
use sluice_transforms::walk::{ListPolicy, OnFailure};

use super::change::Change;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::plan::{VersionId, VersionPlan};
use crate::raw::{RawAdditions, RawApi, RawOnFailure};
use crate::suggest;
use crate::yaml::{Tree, push_key};

/// Reads the origin's document; without one the contract is empty.
pub(super) fn origin(
    tree: &Tree,
    raw: &RawApi,
    document: Option<&Tree>,
    faults: &mut Vec<Diagnostic>,
) -> Option<Contract> {
    let Some(document) = document else {
        if raw.document.is_none() && !raw.lists.is_empty() {
            let message = "types are named, and the API has no document that has them";
            faults.push(
                tree.fault(Code::NoDocument, "/lists", message)
                    .hint("name the `document`"),
            );
        }
        return raw.document.is_none().then(Contract::default);
    };
    let mut contract = match openapi::contract(&document.value) {
        Ok(contract) => contract,
        Err(found) => {
            faults.extend(found.into_iter().map(|fault| {
                document
                    .fault(Code::BadDocument, &fault.pointer.to_string(), fault.message)
                    .hint_if(fault.hint)
            }));
            return None;
        }
    };
    if let Some(errors) = &raw.errors {
        for (key, named) in [("type", &errors.error_type), ("pointers", &errors.pointers)] {
            let span = tree.span(&format!("/errors/{key}"));
            known_type(tree, span, named.as_deref(), &contract, faults);
        }
        contract.error = errors.error_type.as_deref().map(Shape::reference);
    }
    for label in raw.lists.keys() {
        let mut pointer = "/lists".to_owned();
        push_key(&mut pointer, label);
        known_type(tree, tree.key_span(&pointer), Some(label), &contract, faults);
    }
    Some(contract)
}

fn known_type(
    tree: &Tree,
    span: Span,
    name: Option<&str>,
    contract: &Contract,
    faults: &mut Vec<Diagnostic>,
) {
    let Some(name) = name.filter(|name| !contract.types.contains_key(*name)) else {
        return;
    };
    let message = format!("the document has no type `{}`", suggest::shorten(name));
    let hint = suggest::or_list(name, contract.types.keys().map(String::as_str));
    faults.push(Diagnostic::new(Code::UnknownType, &tree.file, Some(span), message).hint_if(hint));
}

/// Computes the contract of every version.
pub(super) fn lineage(
    raw: &RawApi,
    versions: &[VersionPlan],
    origin: VersionId,
    contract: Contract,
    changes: Vec<Change<'_>>,
    faults: &mut Vec<Diagnostic>,
) -> Option<Arc<Lineage>> {
    let trees: Vec<&Tree> = changes.iter().map(|change| change.tree).collect();
    let name = |id: VersionId| versions[id.index()].name.clone();
    let mut sites: Vec<Site> = Vec::new();
    let mut drafts = Vec::new();
    for change in changes {
        // Two changes may name one place.
        sites.extend(
            change
                .sites
                .into_iter()
                .filter(|site| !sites.contains(site))
                .collect::<Vec<_>>(),
        );
        let (old, new, summary) = (name(change.old), name(change.new), change.summary.to_owned());
        drafts.push(change::Change {
            old,
            new,
            summary,
            steps: change.steps,
        });
    }
    let operations: Vec<String> = contract.operations.iter().map(|o| o.id.clone()).collect();
    let policy = policy(raw);
    let versions = versions.iter().map(|version| version.name.clone()).collect();
    let draft = Draft {
        versions,
        origin: name(origin),
        contract,
        changes: drafts,
        sites,
        policy,
    };
    match Lineage::compile(draft) {
        Ok(lineage) => Some(Arc::new(lineage)),
        Err(found) => {
            faults.extend(
                found
                    .into_iter()
                    .filter_map(|fault| Some(misfit(trees.get(fault.change)?, fault, &operations))),
            );
            None
        }
    }
}

fn policy(raw: &RawApi) -> Policy {
    let additions = match raw.additions {
        RawAdditions::Pass => lineage::Additions::Pass,
        RawAdditions::Strip => lineage::Additions::Strip,
        RawAdditions::Refuse => lineage::Additions::Refuse,
    };
    let pointers = raw.errors.as_ref().and_then(|errors| errors.pointers.clone());
    Policy {
        additions,
        lists: lists(raw),
        pointers,
    }
}

fn lists(raw: &RawApi) -> ListPolicy {
    let entry = |(label, value): (&String, &Value)| {
        // The schema was checked; a type that is not named fails the list.
        let on_failure = match serde_json::from_value(value.clone()).ok()? {
            RawOnFailure::Omit => OnFailure::Omit,
            RawOnFailure::Fail => return None,
            RawOnFailure::Substitute(value) => {
                OnFailure::Substitute(sluice_transforms::value::Value::from_serde(&value))
            }
        };
        Some((label.clone(), on_failure))
    };
    raw.lists.iter().filter_map(entry).collect()
}

fn misfit(tree: &Tree, fault: LineageFault, operations: &[String]) -> Diagnostic {
    let LineageFault { place, fault, .. } = fault;
    let code = match fault.kind {
        TypeFaultKind::NoSuchField => Code::NoSuchField,
        TypeFaultKind::FieldExists => Code::FieldExists,
        TypeFaultKind::UndeclaredLoss => Code::UndeclaredLoss,
        TypeFaultKind::NotInvertible => Code::NotInvertible,
        TypeFaultKind::WrongKind => Code::WrongKind,
        TypeFaultKind::NoSuchType => Code::UnknownType,
        TypeFaultKind::NoSuchOperation => Code::UnknownOperation,
        TypeFaultKind::Settings => Code::BadSettings,
    };
    let span = match code {
        // A type or an operation is named by the key around the steps.
        Code::UnknownType | Code::UnknownOperation => tree.key_span(around(&place)),
        _ => tree.span(&setting(tree, &place, &fault.pointer.to_string())),
    };
    let hint = match code {
        Code::NoSuchField => meant(fault.pointer.names().last().map_or("", AsRef::as_ref), fault.hint),
        Code::UnknownType => meant(&named(&place), fault.hint),
        Code::UnknownOperation => {
            let ids = operations.iter().map(String::as_str);
            meant(&named(&place), fault.hint.or_else(|| suggest::or_list("", ids)))
        }
        Code::UndeclaredLoss => match misspelt_value(tree, &place, &fault.message) {
            Some(near) => Some(format!("{near}; else {}", fault.hint.unwrap_or_default())),
            None => fault.hint,
        },
        _ => fault.hint,
    };
    Diagnostic::new(code, &tree.file, Some(span), fault.message).hint_if(hint)
}

/// A hint that lists names, with the one before it that is near enough to be meant.
fn meant(written: &str, hint: Option<String>) -> Option<String> {
    let hint = hint?;
    let listed = hint.split_once(": ").map_or("", |(_, names)| names);
    let names = listed.split(", ").map(|name| name.trim_matches('`'));
    Some(match suggest::did_you_mean(written, names) {
        Some(near) => format!("{near} {hint}"),
        None => hint,
    })
}

/// A text of a table of values that is near to the value of the type that the table lacks.
fn misspelt_value(tree: &Tree, place: &str, message: &str) -> Option<String> {
    if !place.ends_with("/values") {
        return None;
    }
    let lacking = message.split('"').nth(1)?;
    let table = tree.value.pointer(place)?.get("map")?;
    let written: Vec<&str> = match table {
        Value::Object(map) => map
            .iter()
            .flat_map(|(old, new)| std::iter::once(old.as_str()).chain(new.as_str()))
            .collect(),
        Value::Array(pairs) => pairs
            .iter()
            .filter_map(Value::as_array)
            .flatten()
            .filter_map(Value::as_str)
            .collect(),
        _ => return None,
    };
    let near = suggest::nearest(lacking, written).filter(|near| *near != lacking)?;
    Some(format!(
        "the type lists `{lacking}`, and the table says `{near}`: write what the type says"
    ))
}

/// The type or operation around a step.
fn named(place: &str) -> String {
    let last = around(place).rsplit('/').next().unwrap_or_default();
    last.replace("~1", "/").replace("~0", "~")
}

/// The setting of a step that names a place, or the step.
fn setting(tree: &Tree, step: &str, names: &str) -> String {
    let settings = tree.value.pointer(step).and_then(Value::as_object);
    let named = settings
        .into_iter()
        .flatten()
        .find(|(_, value)| value.as_str() == Some(names));
    let mut pointer = step.to_owned();
    if let Some((key, _)) = named {
        push_key(&mut pointer, key);
    }
    pointer
}

/// The place of the steps that a step is one of.
fn around(place: &str) -> &str {
    let parent = |place: &str| place.rfind('/').unwrap_or(0);
    let list = &place[..parent(place)];
    &list[..parent(list)]
}
