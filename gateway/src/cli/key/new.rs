//! `sluice key new`: a fresh key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;

use super::{Line, Secret};
use crate::cli::{Failure, Outcome, Verdict, output};

/// How keys begin, so that a scanner of repositories finds one that leaked.
const PREFIX: &str = "slu_";

/// Makes a key for a consumer: prints the key, which is not kept anywhere, and the line for consumers.yaml.
///
/// Both go to standard output, a line each. To change a consumer's key, add the new line beside the old one, let the
/// consumer change, then delete the old one.
///
///   SLUICE_KEY_SECRET=… sluice key new acme --expires 2027-01-01T00:00:00Z
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli) struct New {
    /// The consumer's name in consumers.yaml, or an administrator's.
    consumer: String,
    #[command(flatten)]
    secret: Secret,
    #[command(flatten)]
    line: Line,
}

impl New {
    pub(super) fn carry_out(self) -> Outcome {
        let hasher = self.secret.hasher()?;
        let mut random = [0; 32];
        getrandom::fill(&mut random)
            .map_err(|error| Failure::new(format!("the system gives no random bytes: {error}")))?;
        let key = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random));
        output::complain(&format!(
            "The first line is the key: give it to {name}; it is not shown again.\n\
             The second line belongs under `consumers.{name}.keys` in consumers.yaml.",
            name = self.consumer
        ));
        output::print(&format!("{key}\n{}", self.line.write(&hasher, key.as_bytes())))?;
        Ok(Verdict::Sound)
    }
}
