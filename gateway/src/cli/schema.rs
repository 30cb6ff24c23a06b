//! `sluice config-schema`: the schema of the files, for editors.

use clap::Args;

use super::{Failure, Outcome, Verdict, output};

/// Prints the JSON Schema of configuration files, for editors.
///
/// With the YAML language server: `sluice config-schema > sluice.schema.json`, and at the top of a file
/// `# yaml-language-server: $schema=../sluice.schema.json`.
#[derive(Debug, Args)]
pub(super) struct ConfigSchema {}

impl ConfigSchema {
    pub(super) fn carry_out(self) -> Outcome {
        let schema = serde_json::to_string_pretty(&sluice_config::config_schema());
        let schema =
            schema.map_err(|error| Failure::new(format!("the schema cannot be written: {error}")))?;
        output::print(&format!("{schema}\n"))?;
        Ok(Verdict::Sound)
    }
}
