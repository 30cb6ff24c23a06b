//! `sluice operators`: the reference of what a change can be made of, from the same lists that the loader reads.

mod cases;
mod settings;

use std::fmt::Write as _;

use clap::Args;
use sluice_transforms::message_op::{self, MESSAGE_OPERATORS};
use sluice_transforms::op::registry::{self, OPERATORS};

use super::{Failure, Outcome, Verdict, output};

/// Lists all operators, or tells everything about one: its settings, and examples that the tests of Sluice run.
#[derive(Debug, Args)]
pub(super) struct Operators {
    /// The operator to tell about.
    name: Option<String>,
}

impl Operators {
    pub(super) fn carry_out(self) -> Outcome {
        let text = match &self.name {
            None => list(),
            Some(name) => one(name).ok_or_else(|| unknown(name))?,
        };
        output::print(&text)?;
        Ok(Verdict::Sound)
    }
}

/// Both kinds, each with its names and summaries.
fn list() -> String {
    let documents = OPERATORS.iter().map(|entry| (entry.name, entry.summary));
    let messages = MESSAGE_OPERATORS.iter().map(|entry| (entry.name, entry.summary));
    let all = documents.clone().chain(messages.clone());
    let width = all.map(|(name, _)| name.len()).max().unwrap_or_default();
    let mut out = "For documents, under `types` and `documents` of a change:\n".to_owned();
    table(&mut out, documents, width);
    out.push_str("\nFor whole messages, under `operations`:\n");
    table(&mut out, messages, width);
    out.push_str("\n`sluice operators NAME` tells its settings, with examples.\n");
    out
}

fn table(out: &mut String, rows: impl Iterator<Item = (&'static str, &'static str)>, width: usize) {
    for (name, summary) in rows {
        let _ = writeln!(out, "  {name:width$}  {summary}");
    }
}

/// What there is to say of an operator; none of that name, nothing.
fn one(name: &str) -> Option<String> {
    let head = |summary: &str, place: &str| format!("{name}: {summary}\nA step under {place}.\n\nSettings\n");
    if let Some(entry) = registry::find(name) {
        let told = settings::tell(&(entry.schema)().to_value());
        let examples = cases::tell(entry);
        return Some(head(entry.summary, "`types` or `documents`") + &told + &examples);
    }
    let entry = message_op::find(name)?;
    let told = settings::tell(&(entry.schema)().to_value());
    Some(head(entry.summary, "`operations`") + &told)
}

fn unknown(name: &str) -> Failure {
    let documents = OPERATORS.iter().map(|entry| entry.name);
    let names: Vec<&str> = documents
        .chain(MESSAGE_OPERATORS.iter().map(|entry| entry.name))
        .collect();
    Failure::new(format!(
        "there is no operator `{name}`; there are: {}",
        names.join(", ")
    ))
}
