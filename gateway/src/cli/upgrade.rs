//! Where a process hands its sockets over to the next one.

use std::fs::{self, DirBuilder};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::Failure;

/// The longest path of a Unix socket that every system takes (`sockaddr_un` of the BSDs).
const LONGEST: usize = 103;

/// The socket for processes that listen on this address: in `$XDG_RUNTIME_DIR`, else in a directory of the user's own
/// under the temporary directory. Whoever else could listen there would be handed our sockets.
pub(super) fn socket(address: SocketAddr) -> Result<PathBuf, Failure> {
    let directory = match std::env::var_os("XDG_RUNTIME_DIR") {
        Some(directory) if !directory.is_empty() => PathBuf::from(directory),
        _ => own_directory().map_err(|error| {
            Failure::new(format!(
                "no safe place for the upgrade socket: {error}; name one with --upgrade-socket"
            ))
        })?,
    };
    let name = address.to_string().replace([':', '[', ']', '%'], "_");
    let path = directory.join(format!("sluice-{name}.sock"));
    Ok(if path.as_os_str().len() > LONGEST {
        short(&path)
    } else {
        path
    })
}

/// A short path for one that no socket can have. Every process of this build comes to the same one.
fn short(path: &Path) -> PathBuf {
    let mut hash = DefaultHasher::new();
    path.hash(&mut hash);
    std::env::temp_dir().join(format!("sluice-{:016x}.sock", hash.finish()))
}

fn own_directory() -> io::Result<PathBuf> {
    // The owner of our own entry in /proc is who we are; hand-over works on Linux only.
    let own = fs::metadata("/proc/self").map_or(0, |meta| meta.uid());
    let directory = std::env::temp_dir().join(format!("sluice-{own}"));
    match DirBuilder::new().mode(0o700).create(&directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let found = fs::symlink_metadata(&directory)?;
    if found.is_dir() && found.uid() == own && found.mode() & 0o077 == 0 {
        Ok(directory)
    } else {
        Err(io::Error::other(format!(
            "{} is not ours alone",
            directory.display()
        )))
    }
}
