//! The names behind the numbers that cores count by: of one edition, or of several that name the same things.

use std::sync::Arc;

use sluice_config::plan::{ApiPlan, Plan};

/// How a version was chosen, by number.
const SELECTORS: [&str; 6] = ["", "path", "header", "media type", "query", "pin"];

/// The names of an edition.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Names {
    apis: Vec<Api>,
    consumers: Vec<Arc<str>>,
    empty: Arc<str>,
    selectors: [Arc<str>; SELECTORS.len()],
}

#[derive(Debug, PartialEq, Eq)]
struct Api {
    name: Arc<str>,
    versions: Vec<Version>,
    changes: Vec<Arc<str>>,
}

#[derive(Debug, PartialEq, Eq)]
struct Version {
    name: Arc<str>,
    operations: Vec<Arc<str>>,
}

impl Names {
    /// The names of a plan: those before, where they are the same, so that counts go on in one table.
    pub fn of(plan: &Plan, before: Option<&Arc<Self>>) -> Arc<Self> {
        let names = Self {
            apis: plan.apis.iter().map(api).collect(),
            consumers: plan
                .consumers
                .iter()
                .map(|(_, one)| Arc::clone(&one.name))
                .collect(),
            empty: Arc::from(""),
            selectors: SELECTORS.map(Arc::from),
        };
        match before {
            Some(before) if **before == names => Arc::clone(before),
            _ => Arc::new(names),
        }
    }

    /// An API; empty for none.
    pub(super) fn api(&self, api: u16) -> Arc<str> {
        let found = self.apis.get(usize::from(api)).map(|api| &api.name);
        self.or_empty(found)
    }

    /// A version of an API; empty for none.
    pub(super) fn version(&self, api: u16, version: u16) -> Arc<str> {
        self.or_empty(self.version_of(api, version).map(|version| &version.name))
    }

    /// An operation of a version; empty for none.
    pub(super) fn operation(&self, api: u16, version: u16, operation: u16) -> Arc<str> {
        let version = self.version_of(api, version);
        self.or_empty(version.and_then(|version| version.operations.get(usize::from(operation))))
    }

    /// A change of an API, as `OLD..NEW`; empty for none.
    pub(super) fn change(&self, api: u16, change: usize) -> Arc<str> {
        let api = self.apis.get(usize::from(api));
        self.or_empty(api.and_then(|api| api.changes.get(change)))
    }

    /// A consumer.
    pub(super) fn consumer(&self, number: usize) -> Option<Arc<str>> {
        self.consumers.get(number).cloned()
    }

    /// A selector.
    pub(super) fn selector(&self, number: u8) -> Arc<str> {
        self.or_empty(self.selectors.get(usize::from(number)))
    }

    fn version_of(&self, api: u16, version: u16) -> Option<&Version> {
        let api = self.apis.get(usize::from(api))?;
        api.versions.get(usize::from(version))
    }

    fn or_empty(&self, name: Option<&Arc<str>>) -> Arc<str> {
        Arc::clone(name.unwrap_or(&self.empty))
    }
}

/// The number of a selector; 0 for none.
pub(super) fn selector(name: &str) -> u8 {
    let found = SELECTORS.iter().position(|known| *known == name);
    found.and_then(|at| u8::try_from(at).ok()).unwrap_or_default()
}

fn api(api: &ApiPlan) -> Api {
    let lineage = &api.lineage;
    let operations = |name: &str| {
        let contract = lineage.contract(name);
        let ids = contract.into_iter().flat_map(|contract| &contract.operations);
        ids.map(|operation| Arc::from(operation.id.as_str())).collect()
    };
    let version = |name: &String| Version {
        name: Arc::from(name.as_str()),
        operations: operations(name),
    };
    let changes = lineage.changes().iter();
    Api {
        name: Arc::from(api.name.as_str()),
        versions: api.versions.iter().map(|v| version(&v.name)).collect(),
        changes: changes
            .map(|change| Arc::from(format!("{}..{}", change.old, change.new)))
            .collect(),
    }
}
