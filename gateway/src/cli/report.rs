//! `sluice report`: what the ledger says of an API as a whole.

mod sunset;

use clap::{Args, Subcommand};

use super::Outcome;

/// Tells what the ledger says of an API as a whole.
#[derive(Debug, Args)]
pub(super) struct Report {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Sunset(sunset::Sunset),
}

impl Report {
    pub(super) fn carry_out(self) -> Outcome {
        match self.what {
            What::Sunset(command) => command.carry_out(),
        }
    }
}
