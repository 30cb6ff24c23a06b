//! `sluice password`: passwords of HTTP Basic.

use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use clap::{Args, Subcommand};

use super::key::from_input;
use super::{Failure, Outcome, Verdict, output};

/// Hashes passwords for consumers.yaml.
#[derive(Debug, Args)]
pub(super) struct Password {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Hash(Hash),
}

/// Prints the argon2id hash of a password, read from standard input: the `hash` of an entry of `passwords`.
#[derive(Debug, Args)]
struct Hash {}

impl Password {
    pub(super) fn carry_out(self) -> Outcome {
        let What::Hash(Hash {}) = self.what;
        let password = from_input("password")?;
        if std::str::from_utf8(&password).is_err() || password.iter().any(u8::is_ascii_control) {
            return Err(Failure::new(
                "a password is UTF-8 text of one line, without control characters",
            ));
        }
        let hash = Argon2::default().hash_password(&password);
        let hash = hash.map_err(|error| Failure::new(format!("the password cannot be hashed: {error}")))?;
        output::print(&format!("{hash}\n"))?;
        Ok(Verdict::Sound)
    }
}
