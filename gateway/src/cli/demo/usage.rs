//! Where the demo keeps usage figures: a store of its own that goes with it, filled with a history that is made up.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use jiff::Timestamp;
use sluice_config::plan::Plan;

use crate::cli::Failure;
use crate::demo::history;
use crate::ledger::store::{Store, StoreFault};

/// The variable that names the store to the demo's configuration.
pub(super) const VARIABLE: &str = "SLUICE_DEMO_USAGE";
/// What the demo's `sluice.yaml` says beside the example's.
pub(super) const SETTING: &str = "\nusage: {store: {sqlite: \"${SLUICE_DEMO_USAGE}\"}}\n";

/// A directory with the store, that nobody else may read.
pub(super) struct Usage {
    directory: PathBuf,
}

impl Usage {
    /// Makes the directory: one that was not there before, since others may write where temporary files are.
    pub(super) fn new() -> Result<Self, Failure> {
        let mut name = [0_u8; 8];
        getrandom::fill(&mut name)
            .map_err(|error| Failure::new(format!("there is no randomness: {error}")))?;
        let name: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
        let directory = std::env::temp_dir().join(format!("sluice-demo-{name}"));
        let made = DirBuilder::new().mode(0o700).create(&directory);
        made.map_err(|error| Failure::new(format!("{} cannot be made: {error}", directory.display())))?;
        Ok(Self { directory })
    }

    /// The file that the store is in.
    pub(super) fn file(&self) -> String {
        self.directory.join("usage.sqlite").display().to_string()
    }
}

impl Drop for Usage {
    fn drop(&mut self) {
        // It is gone with the temporary directory at the latest.
        let _gone = fs::remove_dir_all(&self.directory);
    }
}

/// Fills the store that a plan names with the history that ends now.
pub(super) fn fill(plan: &Plan, now: Timestamp) -> Result<(), Failure> {
    let Some(usage) = &plan.usage else {
        return Err(Failure::new("the demo's configuration keeps no usage figures"));
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("the store cannot be filled: {error}")))?;
    let filled: Result<(), StoreFault> = runtime.block_on(async {
        let store = Store::open(usage, None).await?;
        history::fill(&store, plan, now).await
    });
    filled.map_err(|fault| Failure::new(format!("the store of the demo's usage figures: {fault}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_goes_with_the_demo() {
        let Ok(usage) = Usage::new() else {
            unreachable!("a temporary directory can be made")
        };
        let directory = usage.directory.clone();
        assert!(fs::write(usage.file(), "x").is_ok());
        assert!(directory.is_dir());
        drop(usage);
        assert!(!directory.exists());
        assert!(SETTING.contains(VARIABLE));
    }
}
