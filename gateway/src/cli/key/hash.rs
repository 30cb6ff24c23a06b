//! `sluice key hash`: the line of a key that exists.

use clap::Args;

use super::{Line, Secret, from_input};
use crate::auth::keys::LONGEST;
use crate::cli::{Failure, Outcome, Verdict, output};

/// Prints the line for consumers.yaml of a key that exists, read from standard input.
///
/// It is for keys that came from another gateway; `sluice key new` makes better ones.
#[derive(Debug, Args)]
pub(in crate::cli) struct Hash {
    #[command(flatten)]
    secret: Secret,
    #[command(flatten)]
    line: Line,
}

impl Hash {
    pub(super) fn carry_out(self) -> Outcome {
        let hasher = self.secret.hasher()?;
        let key = from_input("key")?;
        if key.len() > LONGEST {
            return Err(Failure::new(format!("a key has {LONGEST} bytes at most")));
        }
        output::print(&self.line.write(&hasher, &key))?;
        Ok(Verdict::Sound)
    }
}
