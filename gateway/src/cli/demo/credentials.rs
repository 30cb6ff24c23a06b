//! Credentials of the demo: the keys of its consumers, and an identity server's tokens.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use sluice_config::plan::{ApiPlan, KeyPlace, SchemePlan, VersionId};

use crate::cli::Failure;
use crate::demo::issuer::Issuer;

/// What the example's keys are hashed with, whatever the environment says.
pub(super) const SECRET: &str = "integrationhub-demo-secret";
/// How long the printed token is good.
const LASTS: SignedDuration = SignedDuration::from_hours(12);

/// A key set in a file of its own, and a token that it verifies.
pub(super) struct Credentials {
    file: PathBuf,
    pub(super) token: String,
}

/// How one request proves who asks.
pub(super) enum Proof {
    /// Nothing is asked for.
    None,
    /// A pair of the query.
    Query(String),
    /// A field.
    Field(String),
}

impl Credentials {
    /// Makes a signing key and a token, and writes the key set where the gateway reads it.
    pub(super) fn new(now: Timestamp) -> Result<Self, Failure> {
        let issuer = Issuer::new();
        let scopes = ["customers.read", "customers.write"];
        let id = "https://id.integrationhub.example";
        let token = issuer.token("initech", &scopes, "customers", id, now, LASTS);
        let file = std::env::temp_dir().join(format!(
            "sluice-demo-{}-{}.json",
            std::process::id(),
            issuer.kid()
        ));
        let written =
            created(&file).and_then(|mut file| file.write_all(issuer.jwks().to_string().as_bytes()));
        written.map_err(|error| Failure::new(format!("{} cannot be written: {error}", file.display())))?;
        Ok(Self { file, token })
    }

    /// Where the key set is.
    pub(super) fn key_set(&self) -> String {
        self.file.display().to_string()
    }

    /// What a request in a version proves itself with.
    pub(super) fn for_version(api: &ApiPlan, version: VersionId) -> Proof {
        let Some((_, entry)) = api.authentication.of(version) else {
            return Proof::None;
        };
        // One version is open to one consumer alone.
        let key = match api.authentication.audience(version) {
            Some(_) => "demo-key-megacorp",
            None => "demo-key-acme",
        };
        match entry.schemes.first() {
            Some(SchemePlan::ApiKey(KeyPlace::Query(name))) => Proof::Query(format!("{name}={key}")),
            Some(SchemePlan::ApiKey(KeyPlace::Header(name))) => Proof::Field(format!("{name}: {key}")),
            Some(scheme) if scheme.is_bearer() => Proof::Field("Authorization: Bearer $TOKEN".to_owned()),
            _ => Proof::None,
        }
    }
}

/// A file that was not there before: a link that somebody laid in a shared directory is not followed.
fn created(path: &PathBuf) -> std::io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

impl Drop for Credentials {
    fn drop(&mut self) {
        // It is gone with the process or with the temporary directory.
        let _gone = fs::remove_file(&self.file);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::auth::keys::Hasher;
    use crate::cli::demo::EXAMPLE;

    #[test]
    fn the_keys_are_those_of_the_example() {
        let of = |path: &str| {
            let (_, bytes) = EXAMPLE.iter().find(|(known, _)| *known == path).unwrap();
            String::from_utf8(bytes.to_vec()).unwrap()
        };
        assert!(of("sluice.yaml").contains(SECRET));
        for key in [
            "demo-key-megacorp",
            "demo-key-acme",
            "demo-key-acme-next",
            "demo-key-globex",
        ] {
            let hash = Hasher::new(SECRET.as_bytes()).hash(key.as_bytes()).0;
            let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            assert!(of("consumers.yaml").contains(&digits), "{key}");
        }
    }
}
