//! `consumers.yaml` → consumers: their pins and versions lie within the APIs that they name.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::is_name;
use crate::diagnostic::{Code, Diagnostic};
use crate::directory::File;
use crate::plan::{ApiPlan, ConsumerPlan, Consumers, VersionId, VersionSet};
use crate::raw::{RawConsumer, RawConsumers};
use crate::suggest;
use crate::yaml::{Tree, push_key};

/// Judges the file. `apis` are those that could be built; `complete` says whether that is all of them.
pub(crate) fn build(
    file: &File<RawConsumers>,
    apis: &[&ApiPlan],
    complete: bool,
    faults: &mut Vec<Diagnostic>,
) -> Option<Consumers> {
    let mut judge = Judge {
        tree: &file.tree,
        apis,
        complete,
        faults,
    };
    let built: Vec<_> = file
        .raw
        .consumers
        .iter()
        .map(|(name, value)| judge.consumer(name, value))
        .collect();
    let all = built.into_iter().collect::<Option<Vec<_>>>()?;
    Some(Consumers { all })
}

struct Judge<'a> {
    tree: &'a Tree,
    apis: &'a [&'a ApiPlan],
    complete: bool,
    faults: &'a mut Vec<Diagnostic>,
}

impl Judge<'_> {
    fn consumer(&mut self, name: &str, value: &serde_json::Value) -> Option<ConsumerPlan> {
        let mut pointer = "/consumers".to_owned();
        push_key(&mut pointer, name);
        if !is_name(name) {
            let span = Some(self.tree.key_span(&pointer));
            self.faults
                .push(super::bad_name(&self.tree.file, span, name, "a consumer"));
        }
        // The schema was checked; a value that it let pass and the type does not is told there.
        let raw: RawConsumer = serde_json::from_value(value.clone()).ok()?;
        let mut pins = BTreeMap::new();
        for (api, version) in &raw.pins {
            let at = under(&pointer, "pins", api);
            if let Some(version) = self.version(api, &at, &at, version) {
                pins.insert(api.clone(), version);
            }
        }
        let mut versions = BTreeMap::new();
        for (api, names) in &raw.versions {
            let at = under(&pointer, "versions", api);
            let known = names
                .iter()
                .enumerate()
                .filter_map(|(i, name)| self.version(api, &at, &format!("{at}/{i}"), name))
                .collect::<Vec<_>>();
            versions.insert(api.clone(), VersionSet::of(known));
        }
        Some(ConsumerPlan {
            name: Arc::from(name),
            contact: raw.contact,
            groups: raw.groups,
            scopes: raw.scopes,
            pins,
            versions,
            off: raw.off,
        })
    }

    fn version(&mut self, api: &str, api_at: &str, at: &str, name: &str) -> Option<VersionId> {
        let Some(plan) = self.apis.iter().find(|plan| plan.name == api) else {
            // An API that could not be built may well be the one that is meant.
            if self.complete {
                let message = format!("there is no API `{}`", suggest::shorten(api));
                let hint = suggest::or_list(api, self.apis.iter().map(|plan| plan.name.as_str()));
                let span = Some(self.tree.key_span(api_at));
                self.faults
                    .push(Diagnostic::new(Code::UnknownApi, &self.tree.file, span, message).hint_if(hint));
            }
            return None;
        };
        let found = plan.version(name);
        if found.is_none() {
            let message = format!("the API `{api}` has no version `{}`", self.tree.shown(at));
            let hint = suggest::or_list(name, plan.versions.iter().map(|v| v.name.as_str()));
            self.faults
                .push(self.tree.fault(Code::UnknownVersion, at, message).hint_if(hint));
        }
        found
    }
}

fn under(pointer: &str, key: &str, name: &str) -> String {
    let mut pointer = format!("{pointer}/{key}");
    push_key(&mut pointer, name);
    pointer
}
