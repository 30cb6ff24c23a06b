//! Puts the example's files into the binary, so that `sluice demo` works from anywhere.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let example = manifest
        .join("../config/examples/integrationhub")
        .canonicalize()?;
    let mut files = Vec::new();
    gather(&example, &mut files)?;
    files.sort();
    let mut list = String::from("&[\n");
    for file in &files {
        let name = file.strip_prefix(&example).map_err(io::Error::other)?;
        let _ = writeln!(list, "    ({name:?}, include_bytes!({file:?})),");
    }
    list.push(']');
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("integrationhub.rs"), list)
}

/// Every file below a directory; a file that is added or removed runs this again.
fn gather(directory: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", directory.display());
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            gather(&path, files)?
        } else {
            files.push(path)
        }
    }
    Ok(())
}
