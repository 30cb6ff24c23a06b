//! Secrets of the configuration, read when it is put to work.

use std::path::Path;

use sluice_config::plan::{NamedFile, Secret};
use sluice_config::{Code, Diagnostic};

use crate::files;

/// The most bytes of a file that holds a secret.
const LONGEST: usize = 64 * 1024;

/// The bytes of a secret, `least` at least. Relative paths are meant from `directory`.
///
/// # Errors
/// A file that cannot be read, or a secret that is too short.
pub fn read(secret: &Secret, directory: Option<&Path>, least: usize) -> Result<Vec<u8>, Diagnostic> {
    let (bytes, place) = match secret {
        Secret::Value(value, place) => (value.as_bytes().to_vec(), place),
        Secret::File(named) => (from_file(named, directory)?, &named.place),
    };
    if bytes.len() < least {
        let message = format!("the secret holds less than {least} bytes");
        let hint = "`openssl rand -base64 32` makes a good one";
        return Err(place.fault(Code::WeakSecret, message).hint(hint));
    }
    Ok(bytes)
}

fn from_file(named: &NamedFile, directory: Option<&Path>) -> Result<Vec<u8>, Diagnostic> {
    let mut bytes = files::read(named, directory, LONGEST, Code::MissingFile)?;
    // Editors end a file with a line end, which is no part of the secret.
    let end = bytes.iter().rposition(|b| !matches!(b, b'\n' | b'\r'));
    bytes.truncate(end.map_or(0, |last| last + 1));
    Ok(bytes)
}
