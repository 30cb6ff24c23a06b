//! `sluice check`: tells every fault at once.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value as Json, json};
use sluice_config::{Diagnostic, render_all};

use super::configuration::{self, Configuration};
use super::options::Time;
use super::{Failure, Outcome, Verdict, output};

/// Tells every fault of a configuration at once, warnings included.
///
/// Exit code 0 when it is sound (warnings do not count), 1 when it is at fault, 2 when the check could not be carried
/// out, e.g. because there is no such directory.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The directory of the configuration.
    path: PathBuf,
    /// Writes one JSON object to standard output: `sound`, the plan's `hash`, and `diagnostics`, each with `code`,
    /// `severity`, `file`, `line`, `column`, `width`, `message` and `hint`.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    time: Time,
}

impl Check {
    pub(super) fn carry_out(self) -> Outcome {
        let found = configuration::read(&self.path)?;
        if self.json {
            output::print(&report(&found)?)?;
        } else {
            output::print(&text(&found))?;
        }
        Ok(if found.plan.is_some() {
            Verdict::Sound
        } else {
            Verdict::Faulty
        })
    }
}

fn report(found: &Configuration) -> Result<String, Failure> {
    let diagnostics: Vec<Json> = found.diagnostics.iter().map(Diagnostic::to_json).collect();
    let report = json!({
        "sound": found.plan.is_some(),
        "hash": found.plan.as_ref().map(|plan| plan.hash.to_string()),
        "diagnostics": diagnostics,
    });
    let text = serde_json::to_string_pretty(&report).map_err(|error| Failure::new(error.to_string()))?;
    Ok(text + "\n")
}

fn text(found: &Configuration) -> String {
    let told = if found.diagnostics.is_empty() {
        String::new()
    } else {
        render_all(&found.diagnostics, &found.sources)
    };
    let Some(plan) = &found.plan else { return told };
    let apis: Vec<String> = plan
        .apis
        .iter()
        .map(|api| format!("{} ({} versions)", api.name, api.versions.len()))
        .collect();
    format!("{told}sound: {}; hash {}\n", apis.join(", "), plan.hash)
}
