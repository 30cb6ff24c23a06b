//! Files outside of the configuration: certificates, keys, authorities. They change without it, so what was read is
//! remembered.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use sluice_config::plan::NamedFile;
use sluice_config::{Code, Diagnostic};

/// The largest file of certificates or keys, in bytes; a system's whole list of authorities has a quarter of it.
pub(crate) const MAX: usize = 1 << 20;

/// Where a named file is: a relative path is meant from the configuration directory.
pub(crate) fn path(named: &NamedFile, directory: Option<&Path>) -> PathBuf {
    directory.unwrap_or(Path::new("")).join(&named.path)
}

/// The content of a named file. A fault has the code `otherwise` unless the file is missing.
///
/// # Errors
/// It is missing, no file, or larger than `most` bytes.
pub(crate) fn read(
    named: &NamedFile,
    directory: Option<&Path>,
    most: usize,
    otherwise: Code,
) -> Result<Vec<u8>, Diagnostic> {
    bytes(&path(named, directory), most).map_err(|error| {
        let code = match error.kind() {
            io::ErrorKind::NotFound => Code::MissingFile,
            _ => otherwise,
        };
        let message = format!("`{}` cannot be read: {error}", named.path.display());
        let hint = "a relative path is meant from the configuration directory";
        named.place.fault(code, message).hint(hint)
    })
}

/// The content of a file that may change beside us. It never blocks for long: what is no regular file is not read.
///
/// # Errors
/// It is missing, no file, or larger than `most` bytes.
pub(crate) fn bytes(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    file.take(most as u64 + 1).read_to_end(&mut bytes)?;
    match bytes.len() <= most {
        true => Ok(bytes),
        false => Err(io::Error::other(format!("it is larger than {most} bytes"))),
    }
}

/// The hash of a content.
pub(crate) type Print = [u8; 32];

/// Reads files, and remembers what it read.
pub(crate) struct Files {
    directory: Option<PathBuf>,
    seen: Seen,
}

impl Files {
    /// Relative paths are meant from `directory`.
    pub(crate) fn new(directory: Option<PathBuf>) -> Self {
        Self {
            directory,
            seen: Seen::default(),
        }
    }

    /// The content of a file.
    pub(crate) fn read(&mut self, named: &NamedFile) -> Result<Vec<u8>, Diagnostic> {
        let directory = self.directory.as_deref();
        let bytes = read(named, directory, MAX, Code::BadKeyFile)?;
        self.seen.0.insert(path(named, directory), print(&bytes));
        Ok(bytes)
    }

    /// What was read.
    pub(crate) fn seen(self) -> Seen {
        self.seen
    }
}

/// Which files were read, and what they held.
#[derive(Debug, Default)]
pub(crate) struct Seen(BTreeMap<PathBuf, Print>);

impl Seen {
    /// These files as they are now.
    pub(crate) fn of<'a>(files: impl IntoIterator<Item = &'a NamedFile>, directory: Option<&Path>) -> Self {
        let paths = files.into_iter().map(|named| path(named, directory));
        Self(paths.map(|path| (path.clone(), state(&path))).collect())
    }

    /// The state of all files now, if any of them holds something else than what was read.
    pub(crate) fn changed(&self) -> Option<Print> {
        let now: Vec<Print> = self.0.keys().map(|path| state(path)).collect();
        let same = now.iter().eq(self.0.values());
        (!same).then(|| print(now.as_flattened()))
    }
}

/// The hash of a file's content, or of why there is none: the reload will tell.
fn state(path: &Path) -> Print {
    bytes(path, MAX).map_or_else(|error| print(error.to_string().as_bytes()), |bytes| print(&bytes))
}

/// The hash of a content.
pub(crate) fn print(bytes: &[u8]) -> Print {
    Sha256::digest(bytes).into()
}
