//! Reading a configuration directory into memory: the only access to files in this crate.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use crate::diagnostic::{self, Code, Diagnostic};

/// How many files a directory may hold.
pub const MAX_FILES: usize = 2_000;
/// How many bytes one file may hold.
pub const MAX_FILE: u64 = 8 << 20;
/// How many bytes all files may hold together.
pub const MAX_TOTAL: u64 = 64 << 20;
/// How many levels of directories are read. Bounds symlinks that lead back up, too.
pub const MAX_DEPTH: usize = 16;

/// The files of a configuration, by path relative to its directory, `/` between segments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    files: BTreeMap<String, Vec<u8>>,
}

impl Sources {
    /// Sources that hold these files. For tests, and for configurations that come from elsewhere.
    pub fn from_files<P: Into<String>, B: Into<Vec<u8>>>(files: impl IntoIterator<Item = (P, B)>) -> Self {
        Sources {
            files: files
                .into_iter()
                .map(|(path, bytes)| (path.into(), bytes.into()))
                .collect(),
        }
    }

    /// Reads the configuration in a directory and under it, which is what [`is_source`] says. Symlinks are followed, as
    /// Kubernetes mounts a ConfigMap through them; names that begin with a dot (`..data`, `.git`) are not read.
    ///
    /// # Errors
    /// Every file and directory that cannot be read, and the first bound that is exceeded.
    pub fn read(directory: &Path) -> Result<Self, Vec<Diagnostic>> {
        let mut reader = Reader::default();
        let _ = reader.directory(directory, "", 0);
        diagnostic::sort(&mut reader.faults);
        if reader.faults.is_empty() {
            Ok(Sources { files: reader.files })
        } else {
            Err(reader.faults)
        }
    }

    /// The bytes of a file.
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// Whether there is such a file.
    pub fn contains(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// Every path, in order.
    pub fn paths(&self) -> impl Iterator<Item = &str> + Clone {
        self.files.keys().map(String::as_str)
    }
}

/// Whether a file belongs to the configuration, by its path relative to the directory: all of `apis/`, and YAML anywhere.
/// What else lies there is left alone, such as usage figures and logs that a gateway writes: they change all the time, and
/// have no bound of ours.
pub fn is_source(path: &str) -> bool {
    path.starts_with("apis/") || path.ends_with(".yaml") || path.ends_with(".yml")
}

/// Stops the reading: a bound was exceeded.
struct Stop;

#[derive(Default)]
struct Reader {
    files: BTreeMap<String, Vec<u8>>,
    entries: usize,
    total: u64,
    faults: Vec<Diagnostic>,
}

impl Reader {
    fn directory(&mut self, at: &Path, name: &str, depth: usize) -> Result<(), Stop> {
        if depth > MAX_DEPTH {
            return self.too_large(
                name,
                format!("directories are nested deeper than {MAX_DEPTH} levels"),
            );
        }
        let entries = match fs::read_dir(at) {
            Ok(entries) => entries,
            Err(error) => return self.unreadable(name, "the directory", &error),
        };
        for entry in entries {
            match entry {
                Ok(entry) => self.entry(&entry.path(), name, depth)?,
                Err(error) => self.unreadable(name, "the directory", &error)?,
            }
        }
        Ok(())
    }

    fn entry(&mut self, at: &Path, parent: &str, depth: usize) -> Result<(), Stop> {
        let Some(last) = at.file_name().map(|name| name.to_string_lossy().into_owned()) else {
            return Ok(());
        };
        if last.starts_with('.') {
            return Ok(());
        }
        let name = if parent.is_empty() {
            last
        } else {
            format!("{parent}/{last}")
        };
        let meta = fs::metadata(at);
        if !is_source(&name) && name != "apis" && !meta.as_ref().is_ok_and(fs::Metadata::is_dir) {
            return Ok(());
        }
        // Directories count too: two links that lead back up would double at each level.
        self.entries += 1;
        if self.entries > MAX_FILES {
            return self.too_large("", format!("the directory holds more than {MAX_FILES} files"));
        }
        match meta {
            Ok(meta) if meta.is_dir() => self.directory(at, &name, depth + 1),
            // A pipe or a device could block for ever or never end.
            Ok(meta) if !meta.is_file() => Ok(()),
            Ok(_) => self.file(at, name),
            Err(error) => self.unreadable(&name, "the file", &error),
        }
    }

    fn file(&mut self, at: &Path, name: String) -> Result<(), Stop> {
        let mut bytes = Vec::new();
        // Read up to the bound rather than trust the size: the file may be growing.
        if let Err(error) = fs::File::open(at).and_then(|f| f.take(MAX_FILE + 1).read_to_end(&mut bytes)) {
            return self.unreadable(&name, "the file", &error);
        }
        let size = bytes.len() as u64;
        self.total += size;
        if size > MAX_FILE {
            return self.too_large(&name, format!("the file is larger than {} MiB", MAX_FILE >> 20));
        }
        if self.total > MAX_TOTAL {
            return self.too_large(
                "",
                format!("the files are larger than {} MiB together", MAX_TOTAL >> 20),
            );
        }
        self.files.insert(name, bytes);
        Ok(())
    }

    fn unreadable(&mut self, name: &str, what: &str, error: &std::io::Error) -> Result<(), Stop> {
        let message = format!("{what} cannot be read: {error}");
        self.faults
            .push(Diagnostic::new(Code::Unreadable, name, None, message));
        Ok(())
    }

    fn too_large(&mut self, name: &str, message: String) -> Result<(), Stop> {
        self.faults
            .push(Diagnostic::new(Code::TooLarge, name, None, message));
        Err(Stop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type TestResult = Result<(), Box<dyn std::error::Error>>;

    #[cfg(unix)]
    #[test]
    fn a_config_map_is_read_once_through_its_links() -> TestResult {
        let dir = tempfile::tempdir()?;
        fs::create_dir(dir.path().join("..2026_01_01"))?;
        fs::write(dir.path().join("..2026_01_01/sluice.yaml"), "sluice: 1")?;
        std::os::unix::fs::symlink("..2026_01_01", dir.path().join("..data"))?;
        std::os::unix::fs::symlink("..data/sluice.yaml", dir.path().join("sluice.yaml"))?;
        let sources = Sources::read(dir.path()).map_err(|faults| format!("{faults:?}"))?;
        assert_eq!(sources.paths().collect::<Vec<_>>(), ["sluice.yaml"]);
        Ok(())
    }

    #[test]
    fn what_a_gateway_writes_beside_it_is_left_alone() -> TestResult {
        let dir = tempfile::tempdir()?;
        for directory in ["apis/todos/changes", "messages"] {
            fs::create_dir_all(dir.path().join(directory))?;
        }
        let large = usize::try_from(MAX_FILE)? + 1;
        fs::write(dir.path().join("usage.sqlite"), vec![0; large])?;
        for n in 0..=MAX_FILES {
            fs::write(dir.path().join(format!("messages/{n}.txt")), "gone")?;
        }
        let read = ["apis/todos/table.csv", "messages/stray.yaml", "sluice.yaml"];
        for path in read {
            fs::write(dir.path().join(path), "sluice: 1")?;
        }
        let sources = Sources::read(dir.path()).map_err(|faults| format!("{faults:?}"))?;
        assert_eq!(sources.paths().collect::<Vec<_>>(), read);
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_back_up_ends() -> TestResult {
        let dir = tempfile::tempdir()?;
        std::os::unix::fs::symlink(".", dir.path().join("again"))?;
        let faults = Sources::read(dir.path()).err().ok_or("a loop was read")?;
        assert_eq!(faults[0].code, Code::TooLarge);
        Ok(())
    }
}
