//! Files that the configuration names: key sets, authorities.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sluice_config::plan::NamedFile;
use sluice_config::{Code, Diagnostic};

/// Where a named file is: a relative path is meant from the configuration directory.
pub fn path(named: &NamedFile, directory: Option<&Path>) -> PathBuf {
    directory.unwrap_or(Path::new("")).join(&named.path)
}

/// The content of a named file.
///
/// # Errors
/// It is missing, no file, or larger than `most`.
pub fn read(named: &NamedFile, directory: Option<&Path>, most: usize) -> Result<Vec<u8>, Diagnostic> {
    bytes(&path(named, directory), most).map_err(|error| {
        let code = match error.kind() {
            io::ErrorKind::NotFound => Code::MissingFile,
            _ => Code::Unreadable,
        };
        let message = format!("`{}` cannot be read: {error}", named.path.display());
        let hint = "a relative path is meant from the configuration directory";
        named.place.fault(code, message).hint(hint)
    })
}

/// The content of a file that may change beside us. It never blocks for long: what is no regular file is not read.
///
/// # Errors
/// It is missing, no file, or larger than `most`.
pub fn bytes(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    file.take(most as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > most {
        return Err(io::Error::other(format!("it is larger than {most} bytes")));
    }
    Ok(bytes)
}
