//! `sluice key`: API keys for consumers and administrators. A key is shown once; what the configuration holds is its keyed
//! hash.

mod hash;
mod new;

use std::io::Read;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::{Failure, Outcome};
use crate::auth::LEAST_SECRET;
use crate::auth::keys::Hasher;

/// The variable that holds the secret, as the examples name it.
const VARIABLE: &str = "SLUICE_KEY_SECRET";
/// Nothing that is read is longer.
const LONGEST: u64 = 64 * 1024;

/// Makes API keys, and the lines for consumers.yaml.
#[derive(Debug, Args)]
pub(super) struct Key {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    New(new::New),
    Hash(hash::Hash),
}

impl Key {
    pub(super) fn carry_out(self) -> Outcome {
        match self.what {
            What::New(command) => command.carry_out(),
            What::Hash(command) => command.carry_out(),
        }
    }
}

/// What keys are hashed with: the same as `keys` in sluice.yaml.
#[derive(Debug, Args)]
struct Secret {
    /// A file that holds the secret that keys are hashed with. Without it: SLUICE_KEY_SECRET in the environment.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

impl Secret {
    fn hasher(&self) -> Result<Hasher, Failure> {
        let secret = match &self.secret_file {
            Some(path) => {
                let read = std::fs::read(path);
                let bytes = read.map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
                bytes.trim_ascii_end().to_vec()
            }
            None => std::env::var(VARIABLE).unwrap_or_default().into_bytes(),
        };
        if secret.is_empty() && self.secret_file.is_none() {
            return Err(Failure::new(format!(
                "keys are hashed with a secret, and there is none\n  give the one of `keys` in sluice.yaml: \
                 {VARIABLE} in the environment, or --secret-file"
            )));
        }
        if secret.len() < LEAST_SECRET {
            return Err(Failure::new(format!(
                "the secret holds less than {LEAST_SECRET} bytes"
            )));
        }
        Ok(Hasher::new(&secret))
    }
}

/// What the line of a key says besides its hash.
#[derive(Debug, Args)]
struct Line {
    /// From when on the key counts no more, e.g. 2027-01-01T00:00:00Z.
    #[arg(long, value_name = "INSTANT")]
    expires: Option<Timestamp>,
    /// What to remember of it.
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

impl Line {
    /// The entry for `keys` in consumers.yaml.
    fn write(&self, hasher: &Hasher, key: &[u8]) -> String {
        let digits: String = hasher
            .hash(key)
            .0
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let mut line = format!("- {{hash: \"hmac-sha256:{digits}\"");
        if let Some(expires) = self.expires {
            line.push_str(&format!(", expires: {expires}"));
        }
        if let Some(note) = &self.note {
            // JSON's texts are YAML's.
            line.push_str(&format!(", note: {}", serde_json::Value::from(note.as_str())));
        }
        line + "}\n"
    }
}

/// One secret from standard input, without the line end at its end.
pub(super) fn from_input(what: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(LONGEST).read_to_end(&mut bytes);
    read.map_err(|error| Failure::new(format!("standard input cannot be read: {error}")))?;
    let end = bytes.iter().rposition(|b| !matches!(b, b'\n' | b'\r'));
    bytes.truncate(end.map_or(0, |last| last + 1));
    if bytes.is_empty() {
        return Err(Failure::new(format!("there is no {what} on standard input")));
    }
    Ok(bytes)
}
