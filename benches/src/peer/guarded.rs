//! `sluice run` with policies of the guard, each of which can be switched on alone.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::{Peer, run, run_in};
use crate::Fault;
use crate::process::{free_address, sluice};

/// The consumer's key.
pub(crate) const KEY: &str = "bench-key-of-a-consumer";

const SECRET: &str = "a secret of the bench that is long enough";

/// Which policies are on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guard {
    /// What it is called.
    pub(crate) name: &'static str,
    key: bool,
    limit: bool,
    lifecycle: bool,
    surroundings: bool,
    validated: bool,
    /// Whether it is measured with a POST.
    pub(crate) writes: bool,
}

impl Guard {
    /// No policy.
    pub(crate) const NONE: Self = Self {
        name: "no policy",
        key: false,
        limit: false,
        lifecycle: false,
        surroundings: false,
        validated: false,
        writes: false,
    };
    /// An API key and a local limit.
    pub(crate) const KEY_AND_LIMIT: Self = Self {
        key: true,
        limit: true,
        ..Self::NONE
    };
    /// The same, and bodies are validated.
    pub(crate) const VALIDATED: Self = Self {
        validated: true,
        writes: true,
        ..Self::KEY_AND_LIMIT
    };
    /// Each alone.
    pub(crate) const EACH: &'static [Self] = &[
        Self {
            name: "API key",
            key: true,
            ..Self::NONE
        },
        Self {
            name: "local limit, fields in answers",
            limit: true,
            ..Self::NONE
        },
        Self {
            name: "lifecycle (deprecated)",
            lifecycle: true,
            ..Self::NONE
        },
        Self {
            name: "addresses, CORS, security fields",
            surroundings: true,
            ..Self::NONE
        },
        Self {
            name: "validation of a 1 KB body",
            validated: true,
            writes: true,
            ..Self::NONE
        },
    ];
}

/// A gateway with these policies.
pub(crate) fn guarded(
    name: &'static str,
    backend: SocketAddr,
    workers: usize,
    guard: Guard,
) -> Result<Peer, Fault> {
    let (directory, address) = written(backend, workers, guard, "")?;
    run(directory.path(), address, &[]).map(|process| Peer {
        name,
        address,
        process,
        directory,
    })
}

/// A gateway with a key and a limit that counts who uses what and keeps it in a file; or that counts nothing.
pub(crate) fn metered(
    name: &'static str,
    backend: SocketAddr,
    workers: usize,
    counts: bool,
    wrapper: &[&str],
) -> Result<Peer, Fault> {
    let usage = if counts { "usage: {}\n" } else { "" };
    let (directory, address) = written(backend, workers, Guard::KEY_AND_LIMIT, usage)?;
    let own: &[&str] = if counts { &[] } else { &["--unmetered"] };
    run_in(wrapper, &sluice()?, directory.path(), address, own).map(|process| Peer {
        name,
        address,
        process,
        directory,
    })
}

/// The configuration in a directory, and where it listens.
fn written(
    backend: SocketAddr,
    workers: usize,
    guard: Guard,
    more: &str,
) -> Result<(TempDir, SocketAddr), Fault> {
    let directory = tempfile::tempdir()?;
    let api = directory.path().join("apis/notes");
    fs::create_dir_all(api.join("changes"))?;
    let address = free_address()?;
    let main = super::main_file(address, backend, workers);
    fs::write(
        directory.path().join("sluice.yaml"),
        format!("{main}keys: {{secret: \"{SECRET}\"}}\n{more}"),
    )?;
    fs::write(directory.path().join("consumers.yaml"), consumers()?)?;
    fs::write(api.join("api.yaml"), settings(guard))?;
    fs::write(api.join("openapi.yaml"), DOCUMENT)?;
    fs::write(api.join("changes/1.0-2.0.yaml"), CHANGE)?;
    Ok((directory, address))
}

fn settings(guard: Guard) -> String {
    let parts = [
        (true, API),
        (guard.key, AUTHENTICATION),
        (guard.limit, LIMITS),
        (guard.lifecycle, LIFECYCLE),
        (guard.surroundings, SURROUNDINGS),
        (guard.validated, VALIDATION),
    ];
    parts
        .iter()
        .filter(|(on, _)| *on)
        .map(|(_, text)| *text)
        .collect()
}

fn consumers() -> Result<String, Fault> {
    let hash = hash(&sluice()?)?;
    Ok(format!(
        "sluice: 1\nconsumers:\n  bench:\n    keys: [{{hash: \"{hash}\"}}]\n"
    ))
}

/// The key as consumers.yaml holds it.
fn hash(program: &Path) -> Result<String, Fault> {
    let mut command = Command::new(program);
    command.args(["key", "hash"]).env("SLUICE_KEY_SECRET", SECRET);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(KEY.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    let text = String::from_utf8(output.stdout)?;
    let word = text
        .split_ascii_whitespace()
        .find(|word| word.contains("hmac-sha256:"));
    let hash = word.map(|word| word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != ':'));
    hash.map(str::to_owned)
        .ok_or_else(|| format!("`sluice key hash` said: {text}").into())
}

const API: &str = r#"sluice: 1
api: notes
upstream: notes
origin: "2.0"
document: openapi.yaml
additions: pass
select:
  - path: {template: "/v{version}"}
versions: [{name: "1.0"}, {name: "2.0"}]
"#;

const AUTHENTICATION: &str = "authentication:
  - schemes: [{api_key: {header: X-API-Key}}]
";

const LIMITS: &str = "limits:
  - {name: each-consumer, key: [consumer, version], rate: 1000000/s, burst: 1000000}
";

const LIFECYCLE: &str = "lifecycle:
  guide: https://docs.example/migrate
  versions:
    - {deprecated: 2024-01-01T00:00:00Z, sunset: 2097-06-30T23:59:59Z}
";

const SURROUNDINGS: &str = "addresses: {deny: [10.1.0.0/16], allow: [127.0.0.0/8]}
cors: {origins: [https://app.example]}
security_headers: {}
";

const VALIDATION: &str = "validation: {requests: true}
";

const CHANGE: &str = r#"sluice: 1
between: ["1.0", "2.0"]
summary: A title became a name.
types:
  Note:
    - rename: {from: /title, to: /name}
"#;

const DOCUMENT: &str = r##"openapi: 3.1.0
info: {title: Notes, version: "2.0"}
paths:
  /notes:
    post:
      operationId: createNote
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}}
      responses: {"200": {description: made, content: {}}}
  /notes/{id}:
    get:
      operationId: getNote
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {"200": {description: it, content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}}}
components:
  schemas:
    Note:
      type: object
      required: [name, text]
      properties: {name: {type: string, maxLength: 100}, text: {type: string, maxLength: 20000}}
"##;
