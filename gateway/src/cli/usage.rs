//! The ledger's store, for commands that ask it. They read what gateways wrote, beside them.

use std::path::Path;

use clap::Args;
use serde::Serialize;
use sluice_config::or_list;
use sluice_config::plan::{ApiPlan, Plan, UsageStore};
use tokio::runtime::Runtime;

use super::columns::{Columns, Set};
use super::{Failure, configuration};
use crate::files;
use crate::ledger::report::client::Asker;
use crate::ledger::report::figures::{grouped, minute};
use crate::ledger::store::{Store, StoreFault};

/// What is said of figures that nobody's requests made.
pub(super) const DEMO: &str =
    "DEMO DATA: these figures were made up by `sluice demo`; no client asked any of this.\n";

/// Which API is meant.
#[derive(Debug, Args)]
pub(super) struct Api {
    /// The API; it may be left out where there is only one.
    #[arg(long = "api", value_name = "NAME")]
    name: Option<String>,
}

/// How an answer is written.
#[derive(Debug, Args)]
pub(super) struct Form {
    /// Writes one JSON object.
    #[arg(long, conflicts_with = "csv")]
    pub(super) json: bool,
    /// Writes CSV, for spreadsheets.
    #[arg(long)]
    pub(super) csv: bool,
}

/// The store, and where it is asked.
pub(super) struct Usage {
    runtime: Runtime,
    /// The store.
    pub(super) store: Store,
}

impl Api {
    /// The API that is meant.
    pub(super) fn of<'p>(&self, plan: &'p Plan) -> Result<&'p ApiPlan, Failure> {
        match (&self.name, plan.apis.as_slice()) {
            (Some(name), _) => configuration::api(plan, name),
            (None, [api]) => Ok(api),
            (None, several) => {
                let names: Vec<&str> = several.iter().map(|api| api.name.as_str()).collect();
                let names = names.join(", ");
                Err(Failure::new(format!(
                    "which API is meant? Name one with --api: {names}"
                )))
            }
        }
    }
}

/// A version of an API, or what is wrong with its name.
pub(super) fn expect_version(api: &ApiPlan, name: &str) -> Result<(), Failure> {
    let known = api.versions.iter().map(|version| version.name.as_str());
    if api.version(name).is_some() {
        return Ok(());
    }
    let hint = or_list(name, known).unwrap_or_default();
    let message = format!("the API `{}` has no version `{name}`\n  {hint}", api.name);
    Err(Failure::new(message))
}

/// A report as JSON.
pub(super) fn json(report: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(report);
    text.map(|text| text + "\n")
        .map_err(|error| Failure::new(format!("the report cannot be written: {error}")))
}

/// A table of clients, without any yet.
pub(super) fn clients() -> Columns {
    Columns::new(&[
        ("CLIENT", Set::Left),
        ("24 H", Set::Right),
        ("7 D", Set::Right),
        ("90 D", Set::Right),
        ("LAST SEEN", Set::Left),
        ("CONTACT", Set::Left),
    ])
}

/// A client's row in such a table.
pub(super) fn client(asker: &Asker) -> [String; 6] {
    [
        asker.who.clone(),
        grouped(asker.last_24_hours),
        grouped(asker.last_7_days),
        grouped(asker.last_90_days),
        minute(asker.last_seen),
        contact(asker).to_owned(),
    ]
}

/// Whom to tell, or why nobody can be.
fn contact(asker: &Asker) -> &str {
    match (&asker.contact, asker.identified, asker.configured) {
        (Some(contact), ..) => contact,
        (None, true, true) => "(no contact in consumers.yaml)",
        (None, true, false) => "(no longer in consumers.yaml)",
        (None, false, _) if asker.who == "other" => "(those beyond the bound)",
        (None, false, _) => "(no credential)",
    }
}

impl Usage {
    /// The store that the configuration names.
    pub(super) fn open(plan: &Plan, directory: &Path) -> Result<Self, Failure> {
        let usage = plan.usage.as_ref().ok_or_else(|| {
            Failure::new(
                "nothing is kept of who uses what: sluice.yaml has no `usage`\n  add `usage: {}` to it \
                 and let the gateway run; docs/usage.md says more",
            )
        })?;
        if let UsageStore::Sqlite(named) = &usage.store {
            expect_file(&files::path(named, Some(directory)))?;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::new(format!("the command cannot begin: {error}")))?;
        let store = runtime.block_on(Store::open(usage, Some(directory)));
        Ok(Self {
            store: store.map_err(told)?,
            runtime,
        })
    }

    /// The answer to a question.
    pub(super) fn ask<T>(&self, question: impl Future<Output = Result<T, StoreFault>>) -> Result<T, Failure> {
        self.runtime.block_on(question).map_err(told)
    }
}

fn told(fault: StoreFault) -> Failure {
    Failure::new(format!("the ledger's store does not answer: {fault}"))
}

/// Asking must not make the file: then the gateway would find one with another owner.
fn expect_file(path: &Path) -> Result<(), Failure> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() => Ok(()),
        Ok(_) => Err(Failure::new(format!("{} is not a file", path.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Failure::new(format!(
            "{} is not there yet: a gateway makes it when it runs with this configuration\n  `sluice run DIR`, then ask \
             again after some requests",
            path.display()
        ))),
        Err(error) => Err(Failure::new(format!("{}: {error}", path.display()))),
    }
}
