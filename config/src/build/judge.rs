//! What every setting of an API is judged with: the file it stands in, and the names that it may refer to.

use std::time::Duration;

use sluice_transforms::lineage::Lineage;

use super::versions;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{ConsumerId, Place, VersionId, VersionPlan, VersionSet};
use crate::raw::{RawApi, RawVersions};
use crate::suggest;
use crate::yaml::Tree;

/// One API's file with what surrounds it.
pub(super) struct Judge<'a> {
    pub(super) tree: &'a Tree,
    pub(super) raw: &'a RawApi,
    pub(super) versions: &'a [VersionPlan],
    /// The versions' contracts; `None` when the changes are at fault.
    pub(super) lineage: Option<&'a Lineage>,
    /// The consumers' names; `None` when their file could not be read. Empty without a file.
    pub(super) consumers: Option<&'a [String]>,
    /// Whether `sluice.yaml` names a store; `None` when it could not be read.
    pub(super) stored: Option<bool>,
    /// The groups that consumers belong to; `None` like `consumers`.
    pub(super) groups: Option<&'a [String]>,
    pub(super) faults: &'a mut Vec<Diagnostic>,
}

impl Judge<'_> {
    /// Tells a fault at a value.
    pub(super) fn fault(
        &mut self,
        code: Code,
        pointer: &str,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        self.faults
            .push(self.tree.fault(code, pointer, message).hint_if(hint));
    }

    /// The version of a name.
    pub(super) fn version(&mut self, pointer: &str, name: &str) -> Option<VersionId> {
        versions::find(self.tree, pointer, name, self.versions, self.faults)
    }

    /// The versions that a range names; one at least.
    pub(super) fn range(&mut self, pointer: &str, raw: &RawVersions) -> Option<VersionSet> {
        if let Some(only) = &raw.only {
            if raw.from.is_some() || raw.to.is_some() {
                let message =
                    "`only` names every version that is meant: `from` and `to` say nothing beside it";
                self.fault(
                    Code::BadSettings,
                    pointer,
                    message,
                    Some("delete one or the other".to_owned()),
                );
                return None;
            }
            let found: Vec<_> = only
                .iter()
                .enumerate()
                .map(|(i, name)| self.version(&format!("{pointer}/only/{i}"), name))
                .collect();
            return Some(VersionSet::of(found.into_iter().collect::<Option<Vec<_>>>()?));
        }
        let end = |judge: &mut Self, key: &str, name: &Option<String>, or: usize| match name {
            Some(name) => judge.version(&format!("{pointer}/{key}"), name),
            None => Some(VersionId(or)),
        };
        let from = end(self, "from", &raw.from, 0);
        let to = end(self, "to", &raw.to, self.versions.len().saturating_sub(1));
        let (from, to) = (from?, to?);
        if from > to {
            let message = format!(
                "`{}` stands after `{}` in `versions`, so that no version is meant",
                self.versions[from.index()].name,
                self.versions[to.index()].name
            );
            self.fault(
                Code::BadSettings,
                pointer,
                message,
                Some("exchange `from` and `to`".to_owned()),
            );
            return None;
        }
        Some(VersionSet::of((from.index()..=to.index()).map(VersionId)))
    }

    /// Whether any version has an operation of this id. Without contracts nothing can be said against it.
    pub(super) fn operation(&mut self, pointer: &str, id: &str) -> Option<String> {
        let Some(lineage) = self.lineage else {
            return Some(id.to_owned());
        };
        let contracts = self.versions.iter().filter_map(|v| lineage.contract(&v.name));
        let known: std::collections::BTreeSet<String> = contracts
            .flat_map(|contract| contract.operations.iter().map(|o| o.id.clone()))
            .collect();
        if known.contains(id) {
            return Some(id.to_owned());
        }
        let message = format!("no version has an operation `{}`", self.tree.shown(pointer));
        let hint = suggest::or_list(id, known.iter().map(String::as_str));
        self.fault(Code::UnknownOperation, pointer, message, hint);
        None
    }

    /// The consumer of a name.
    pub(super) fn consumer(&mut self, pointer: &str, name: &str) -> Option<ConsumerId> {
        let names = self.consumers?;
        let found = names.iter().position(|n| n == name).map(ConsumerId);
        if found.is_none() {
            let message = format!(
                "there is no consumer `{}` in consumers.yaml",
                self.tree.shown(pointer)
            );
            let hint = suggest::or_list(name, names.iter().map(String::as_str));
            self.fault(Code::UnknownConsumer, pointer, message, hint);
        }
        found
    }

    /// Whether any consumer belongs to a group.
    pub(super) fn group(&mut self, pointer: &str, group: &str) {
        let Some(known) = self
            .groups
            .filter(|known| !known.iter().any(|name| name == group))
        else {
            return;
        };
        let message = format!("no consumer belongs to a group `{}`", self.tree.shown(pointer));
        let hint = suggest::or_list(group, known.iter().map(String::as_str));
        self.fault(Code::UnknownGroup, pointer, message, hint);
    }

    /// Whether there is a store, for what the fleet shares.
    pub(super) fn needs_store(&mut self, pointer: &str, what: &str) -> Option<()> {
        if self.stored != Some(false) {
            return Some(());
        }
        let message = format!("{what} is kept in the store, and there is none");
        let hint = "add `store: {redis: \"redis://127.0.0.1:6379\"}` to sluice.yaml";
        self.fault(Code::NoStore, pointer, message, Some(hint.to_owned()));
        None
    }

    /// A duration.
    pub(super) fn duration(&mut self, pointer: &str, text: &str) -> Option<Duration> {
        super::duration(self.tree, pointer, text, self.faults)
    }

    /// A size in bytes; not nothing.
    pub(super) fn size(&mut self, pointer: &str, text: &str) -> Option<usize> {
        super::size(self.tree, pointer, text, self.faults)
    }

    /// Where a value stands.
    pub(super) fn place(&self, pointer: &str) -> Place {
        super::place(self.tree, pointer)
    }
}
