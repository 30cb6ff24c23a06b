//! Files outside of the configuration: certificates, keys, authorities. They change without it, so what was read is
//! remembered.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use sluice_config::plan::NamedFile;
use sluice_config::{Code, Diagnostic};

/// The largest file of certificates; a system's whole list of authorities has a quarter of it.
const MAX: u64 = 1 << 20;

/// The hash of a content.
pub(crate) type Print = [u8; 32];

/// Reads files, and remembers what it read.
pub(crate) struct Files {
    directory: PathBuf,
    seen: Seen,
}

impl Files {
    /// Relative paths are meant from `directory`.
    pub(crate) fn new(directory: Option<PathBuf>) -> Self {
        Self {
            directory: directory.unwrap_or_default(),
            seen: Seen::default(),
        }
    }

    /// The content of a file.
    pub(crate) fn read(&mut self, named: &NamedFile) -> Result<Vec<u8>, Diagnostic> {
        let path = self.directory.join(&named.path);
        match bytes(&path) {
            Ok(bytes) => {
                self.seen.0.insert(path, print(&bytes));
                Ok(bytes)
            }
            Err(error) => {
                let code = match error.kind() {
                    io::ErrorKind::NotFound => Code::MissingFile,
                    _ => Code::BadKeyFile,
                };
                let message = format!("`{}` cannot be read: {error}", named.path.display());
                let hint = "a relative path is meant from the configuration directory";
                Err(named.place.fault(code, message).hint(hint))
            }
        }
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
        let path = |named: &NamedFile| directory.unwrap_or(Path::new("")).join(&named.path);
        let paths = files.into_iter().map(path);
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
    bytes(path).map_or_else(|error| print(error.to_string().as_bytes()), |bytes| print(&bytes))
}

/// The hash of a content.
pub(crate) fn print(bytes: &[u8]) -> Print {
    Sha256::digest(bytes).into()
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    // A pipe or a device could block for ever or never end.
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut bytes = Vec::new();
    file.take(MAX + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 <= MAX {
        true => Ok(bytes),
        false => Err(io::Error::other(format!("it is larger than {MAX} bytes"))),
    }
}
