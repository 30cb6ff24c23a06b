//! Where a journal is written: standard output, or a file that is appended to, put aside when it is large, and made again
//! when somebody took it away.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;

use super::writer::count;

/// Only the process's own user reads it.
const MODE: u32 = 0o600;

/// Lines that were not written.
#[derive(Debug)]
pub(super) struct Unwritten {
    /// Why.
    pub(super) error: io::Error,
    /// How many; none where that is not for the file to say.
    pub(super) lines: Option<u64>,
}

/// A log that is open.
#[derive(Debug)]
pub(super) enum Log {
    /// Standard output. Whoever reads it may be slow: nothing but the writer's thread waits for it.
    Stdout,
    /// A file.
    File(LogFile),
}

impl Log {
    /// Opens a file, or makes it.
    pub(super) fn open(path: PathBuf, rotate: usize, keep: usize) -> io::Result<Self> {
        let file = append(&path)?;
        let size = file.metadata()?.len();
        Ok(Self::File(LogFile {
            path,
            rotate: rotate as u64,
            keep,
            file,
            size,
        }))
    }

    /// A log on a disk that is full.
    #[cfg(test)]
    pub(super) fn full() -> io::Result<Self> {
        let path = PathBuf::from("/dev/full");
        Ok(Self::File(LogFile {
            file: OpenOptions::new().append(true).open(&path)?,
            path,
            rotate: u64::MAX,
            keep: 1,
            size: 0,
        }))
    }

    /// Appends lines, each of them whole or not at all.
    pub(super) fn append(&mut self, lines: &str) -> Result<(), Unwritten> {
        match self {
            Self::Stdout => print(lines).map_err(|error| Unwritten {
                error,
                lines: Some(count(lines)),
            }),
            Self::File(file) => file.append(lines),
        }
    }

    /// Brings what was written to the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        match self {
            Self::Stdout => Ok(()),
            Self::File(file) => file.sync(),
        }
    }
}

fn print(lines: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(lines.as_bytes())?;
    out.flush()
}

/// A file that is open.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    rotate: u64,
    keep: usize,
    file: File,
    size: u64,
}

impl LogFile {
    fn append(&mut self, lines: &str) -> Result<(), Unwritten> {
        let mut rest = lines;
        while !rest.is_empty() {
            let unwritten = |error| Unwritten {
                error,
                lines: Some(count(rest)),
            };
            let written = self.append_some(rest).map_err(unwritten)?;
            rest = &rest[written..];
        }
        Ok(())
    }

    /// Appends as many lines as the file has room for, and one at least. Gives their length.
    fn append_some(&mut self, lines: &str) -> io::Result<usize> {
        self.follow()?;
        let mut some = fitting(lines, self.rotate.saturating_sub(self.size));
        if some == 0 && self.size > 0 {
            self.put_aside()?;
            some = fitting(lines, self.rotate);
        }
        if some == 0 {
            some = lines.find('\n').map_or(lines.len(), |end| end + 1);
        }
        if let Err(error) = self.file.write_all(&lines.as_bytes()[..some]) {
            // A torn line would make the next one unreadable, too.
            let _kept = self.file.set_len(self.size);
            return Err(error);
        }
        self.size += some as u64;
        Ok(some)
    }

    fn sync(&self) -> io::Result<()> {
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

/// The length of as many whole lines as fit in so many bytes.
fn fitting(lines: &str, room: u64) -> usize {
    let room = usize::try_from(room).unwrap_or(usize::MAX).min(lines.len());
    let last = lines.as_bytes()[..room].iter().rposition(|byte| *byte == b'\n');
    last.map_or(0, |end| end + 1)
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
