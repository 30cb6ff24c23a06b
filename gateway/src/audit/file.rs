//! The file of the audit log: appended to, put aside when it is large, made again when somebody took it away.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;

/// Only the process's own user reads it.
const MODE: u32 = 0o600;

/// A log that is open.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    rotate: u64,
    keep: usize,
    file: File,
    size: u64,
}

impl Log {
    /// Opens it, or makes it.
    pub(super) fn open(path: PathBuf, rotate: usize, keep: usize) -> io::Result<Self> {
        let file = append(&path)?;
        let size = file.metadata()?.len();
        Ok(Self {
            path,
            rotate: rotate as u64,
            keep,
            file,
            size,
        })
    }

    /// A log on a disk that is full.
    #[cfg(test)]
    pub(super) fn full() -> io::Result<Self> {
        let path = PathBuf::from("/dev/full");
        Ok(Self {
            file: OpenOptions::new().append(true).open(&path)?,
            path,
            rotate: u64::MAX,
            keep: 1,
            size: 0,
        })
    }

    /// Appends a line: all of it or nothing.
    pub(super) fn append(&mut self, line: &str) -> io::Result<()> {
        self.follow()?;
        if self.size > 0 && self.size + line.len() as u64 > self.rotate {
            self.put_aside()?;
        }
        if let Err(error) = self.file.write_all(line.as_bytes()) {
            // A torn line would make the next one unreadable, too.
            let _kept = self.file.set_len(self.size);
            return Err(error);
        }
        self.size += line.len() as u64;
        Ok(())
    }

    /// Brings what was written to the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Follows the path: another process of this gateway may have put the file aside, or a tool for logs.
    fn follow(&mut self) -> io::Result<()> {
        let own = self.file.metadata()?;
        match fs::metadata(&self.path) {
            Ok(there) if (there.dev(), there.ino()) == (own.dev(), own.ino()) => {
                // Whoever else appends to it counts, too.
                self.size = own.len();
                Ok(())
            }
            _ => self.reopen(),
        }
    }

    fn reopen(&mut self) -> io::Result<()> {
        self.file = append(&self.path)?;
        self.size = self.file.metadata()?.len();
        Ok(())
    }

    /// `FILE` becomes `FILE.1`, that `FILE.2`, and so on; the last one goes.
    fn put_aside(&mut self) -> io::Result<()> {
        let _synced = self.sync();
        for number in (1..self.keep).rev() {
            match fs::rename(self.aside(number), self.aside(number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::rename(&self.path, self.aside(1))?;
        self.reopen()
    }

    fn aside(&self, number: usize) -> PathBuf {
        let mut name = OsString::from(&self.path);
        name.push(format!(".{number}"));
        name.into()
    }
}

fn append(path: &PathBuf) -> io::Result<File> {
    // Opening a pipe would wait for a reader.
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return Err(io::Error::other("it is no regular file"));
    }
    let file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(MODE)
        .open(path)?;
    // A file that was there may be open to others. It may also be another user's, who then answers for it.
    let _kept = file.set_permissions(Permissions::from_mode(MODE));
    Ok(file)
}
