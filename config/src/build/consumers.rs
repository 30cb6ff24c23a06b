//! `consumers.yaml` → consumers: their pins and versions lie within the APIs that they name.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::authentication::is_scope;
use super::{credentials, is_name};
use crate::diagnostic::{Code, Diagnostic};
use crate::directory::File;
use crate::plan::{
    ApiPlan, Audience, CertificateMatch, ConsumerId, ConsumerPlan, Consumers, KeyHash, KeyPlan, PasswordPlan,
    Selector, VersionId, VersionSet,
};
use crate::raw::{RawConsumer, RawConsumers};
use crate::suggest;
use crate::yaml::{Tree, push_key};

/// What consumers are judged against.
pub(crate) struct Surroundings<'a> {
    /// The APIs that could be built.
    pub(crate) apis: &'a [&'a ApiPlan],
    /// Whether that is all of them.
    pub(crate) complete: bool,
    /// Whether there is a secret that keys are hashed with.
    pub(crate) has_secret: bool,
}

/// Judges the file.
pub(crate) fn build(
    file: &File<RawConsumers>,
    around: &Surroundings<'_>,
    faults: &mut Vec<Diagnostic>,
) -> Option<Consumers> {
    let mut judge = Judge {
        tree: &file.tree,
        apis: around.apis,
        complete: around.complete,
        has_secret: around.has_secret,
        taken: HashMap::new(),
        faults,
    };
    let built: Vec<_> = file
        .raw
        .consumers
        .iter()
        .enumerate()
        .map(|(index, (name, value))| judge.consumer(ConsumerId(index), name, value))
        .collect();
    let all = built.into_iter().collect::<Option<Vec<_>>>()?;
    Some(Consumers { all })
}

/// What names one consumer and no other.
#[derive(PartialEq, Eq, Hash)]
enum Credential {
    Key(KeyHash),
    Subject(String),
    User(String),
    Certificate(CertificateMatch),
}

struct Judge<'a> {
    tree: &'a Tree,
    apis: &'a [&'a ApiPlan],
    complete: bool,
    has_secret: bool,
    /// Whose each credential is.
    taken: HashMap<Credential, String>,
    faults: &'a mut Vec<Diagnostic>,
}

impl Judge<'_> {
    fn consumer(&mut self, id: ConsumerId, name: &str, value: &serde_json::Value) -> Option<ConsumerPlan> {
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
                self.pin(id, name, &raw, api, &at, version);
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
        self.groups(&pointer, &raw);
        let keys = self.keys(name, &pointer, &raw);
        let subjects = self.subjects(name, &pointer, &raw);
        let passwords = self.passwords(name, &pointer, &raw);
        let certificates = self.certificates(name, &pointer, &raw);
        Some(ConsumerPlan {
            name: Arc::from(name),
            contact: raw.contact,
            groups: raw.groups,
            scopes: raw.scopes,
            pins,
            versions,
            off: raw.off,
            keys: keys?,
            subjects,
            passwords: passwords?,
            certificates: certificates?,
        })
    }

    /// Groups and scopes are told to upstreams in lists: each is one word.
    fn groups(&mut self, pointer: &str, raw: &RawConsumer) {
        for (i, group) in raw.groups.iter().enumerate().filter(|(_, group)| !is_name(group)) {
            let span = Some(self.tree.span(&format!("{pointer}/groups/{i}")));
            self.faults
                .push(super::bad_name(&self.tree.file, span, group, "a group"));
        }
        for (i, _) in raw
            .scopes
            .iter()
            .enumerate()
            .filter(|(_, scope)| !is_scope(scope))
        {
            let at = format!("{pointer}/scopes/{i}");
            let message = format!("`{}` is not a scope", self.tree.shown(&at));
            let fault = self.tree.fault(Code::BadSettings, &at, message);
            self.faults
                .push(fault.hint("a scope holds no space, no quote and no backslash (RFC 6749)"));
        }
    }

    fn keys(&mut self, name: &str, pointer: &str, raw: &RawConsumer) -> Option<Vec<KeyPlan>> {
        if !raw.keys.is_empty() && !self.has_secret {
            self.faults
                .push(credentials::no_secret(self.tree, &format!("{pointer}/keys")));
        }
        let mut keys = Vec::new();
        for (i, raw) in raw.keys.iter().enumerate() {
            let at = format!("{pointer}/keys/{i}");
            let key = self.reader().key(&at, raw);
            if let Some(key) = &key {
                self.own(name, &format!("{at}/hash"), Credential::Key(key.hash));
            }
            keys.push(key);
        }
        keys.into_iter().collect()
    }

    fn subjects(&mut self, name: &str, pointer: &str, raw: &RawConsumer) -> Vec<String> {
        for (i, subject) in raw.subjects.iter().enumerate() {
            let at = format!("{pointer}/subjects/{i}");
            self.own(name, &at, Credential::Subject(subject.clone()));
        }
        raw.subjects.clone()
    }

    fn passwords(&mut self, name: &str, pointer: &str, raw: &RawConsumer) -> Option<Vec<PasswordPlan>> {
        let mut passwords = Vec::new();
        for (i, raw) in raw.passwords.iter().enumerate() {
            let at = format!("{pointer}/passwords/{i}");
            self.own(name, &format!("{at}/user"), Credential::User(raw.user.clone()));
            passwords.push(self.reader().password(&at, raw));
        }
        passwords.into_iter().collect()
    }

    fn certificates(
        &mut self,
        name: &str,
        pointer: &str,
        raw: &RawConsumer,
    ) -> Option<Vec<CertificateMatch>> {
        let mut certificates = Vec::new();
        for (i, raw) in raw.certificates.iter().enumerate() {
            let at = format!("{pointer}/certificates/{i}");
            let found = self.reader().certificate(&at, raw);
            if let Some(found) = &found {
                self.own(name, &at, Credential::Certificate(found.clone()));
            }
            certificates.push(found);
        }
        certificates.into_iter().collect()
    }

    fn reader(&mut self) -> credentials::Reader<'_> {
        credentials::Reader {
            tree: self.tree,
            faults: self.faults,
        }
    }

    /// Makes a credential this consumer's own.
    fn own(&mut self, name: &str, pointer: &str, credential: Credential) {
        match self.taken.entry(credential) {
            Entry::Vacant(free) => drop(free.insert(name.to_owned())),
            Entry::Occupied(taken) => {
                let message = if taken.get() == name {
                    format!("`{name}` has this credential twice")
                } else {
                    format!("`{}` has the same credential", taken.get())
                };
                self.faults
                    .push(self.tree.fault(Code::SameCredential, pointer, message));
            }
        }
    }

    /// A pin that its consumer may not use would refuse every request of it.
    fn pin(
        &mut self,
        id: ConsumerId,
        name: &str,
        raw: &RawConsumer,
        api: &str,
        at: &str,
        version: VersionId,
    ) {
        let Some(plan) = self.apis.iter().find(|plan| plan.name == api) else {
            return;
        };
        let shown = plan.version_name(version);
        let open = |audience: &Audience| {
            audience.consumers.contains(&id) || audience.groups.iter().any(|g| raw.groups.contains(g))
        };
        let selected = plan.select.iter().find(|s| s.selector == Selector::Pin);
        let message = if raw
            .versions
            .get(api)
            .is_some_and(|list| !list.iter().any(|v| v == shown))
        {
            format!("`{name}` is pinned to `{shown}`, which is not among the versions that it may use")
        } else if plan
            .authentication
            .audience(version)
            .is_some_and(|audience| !open(audience))
        {
            format!("`{name}` is pinned to `{shown}`, which is not open to it")
        } else if selected.is_none_or(|selection| !selection.covers(version)) {
            format!("`{api}` takes no pin to `{shown}`: see `pin` in its `select`")
        } else {
            return;
        };
        let fault = self.tree.fault(Code::BadSettings, at, message);
        self.faults
            .push(fault.hint("pin it to another version, or open this one to it"));
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
