//! Documents that commands are given.

use std::path::Path;

use sluice_transforms::parse::parse;
use sluice_transforms::value::Value;

use super::Failure;

pub(super) use crate::readable::{difference, pretty};

/// Reads a document from a file; `-` is standard input.
pub(super) fn read(file: &Path, depth: usize) -> Result<Value, Failure> {
    let bytes = bytes(file)?;
    parse(&bytes, depth).map_err(|fault| Failure::new(format!("{}: {fault}", file.display())))
}

/// The bytes of a file; `-` is standard input.
pub(super) fn bytes(file: &Path) -> Result<Vec<u8>, Failure> {
    let read = if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut bytes).map(|_| bytes)
    } else {
        std::fs::read(file)
    };
    read.map_err(|error| Failure::new(format!("{}: {error}", file.display())))
}
