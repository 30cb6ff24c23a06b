//! `sluice check`: tells every fault at once.

mod laws;

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value as Json, json};
use sluice_config::{Diagnostic, render_all};

use super::configuration::{self, Configuration};
use super::options::Time;
use super::{Failure, Outcome, Verdict, output};
use laws::Tried;

/// Tells every fault of a configuration at once, warnings included.
///
/// A configuration without faults is then tried out: the laws of translation are checked on documents that are generated
/// from the schemas of every version. A law that does not hold is a fault, and told with the document that shows it.
/// Documents that a version cannot carry are refused at run time, never changed in silence; they are counted here.
///
/// Exit code 0 when it is sound (warnings do not count), 1 when it is at fault, 2 when the check could not be carried
/// out, e.g. because there is no such directory.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The directory of the configuration.
    path: PathBuf,
    /// Writes one JSON object to standard output: `sound`, the plan's `hash`, and `diagnostics`, each with `code`,
    /// `severity`, `file`, `line`, `column`, `width`, `message` and `hint`; `laws`, for each API what was tried and found.
    #[arg(long)]
    json: bool,
    /// How many documents are tried for each version and operation; 0 tries none.
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    documents: usize,
    /// Which documents are made: the same seed makes the same ones.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    time: Time,
}

impl Check {
    pub(super) fn carry_out(self) -> Outcome {
        let found = configuration::read(&self.path)?;
        let tried = found
            .plan
            .as_ref()
            .map_or_else(Vec::new, |plan| laws::try_all(plan, self.documents, self.seed));
        let sound = found.plan.is_some() && tried.iter().all(Tried::holds);
        output::print(&if self.json {
            report(&found, &tried, sound)?
        } else {
            text(&found, &tried)
        })?;
        Ok(if sound { Verdict::Sound } else { Verdict::Faulty })
    }
}

fn report(found: &Configuration, tried: &[Tried], sound: bool) -> Result<String, Failure> {
    let diagnostics: Vec<Json> = found.diagnostics.iter().map(Diagnostic::to_json).collect();
    let report = json!({
        "sound": sound,
        "hash": found.plan.as_ref().map(|plan| plan.hash.to_string()),
        "diagnostics": diagnostics,
        "laws": tried.iter().map(Tried::to_json).collect::<Vec<_>>(),
    });
    let text = serde_json::to_string_pretty(&report).map_err(|error| Failure::new(error.to_string()))?;
    Ok(text + "\n")
}

fn text(found: &Configuration, tried: &[Tried]) -> String {
    let told = if found.diagnostics.is_empty() {
        String::new()
    } else {
        render_all(&found.diagnostics, &found.sources)
    };
    let Some(plan) = &found.plan else { return told };
    let laws: String = tried.iter().map(Tried::to_text).collect();
    let apis: Vec<String> = plan
        .apis
        .iter()
        .map(|api| format!("{} ({} versions)", api.name, api.versions.len()))
        .collect();
    let word = if tried.iter().all(Tried::holds) {
        "sound"
    } else {
        "at fault"
    };
    format!("{told}{laws}{word}: {}; hash {}\n", apis.join(", "), plan.hash)
}
