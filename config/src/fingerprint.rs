//! What tells one plan from another: a hash over the content of every file that it was made from.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use crate::directory::{ApiFiles, Directory};
use crate::plan::PlanHash;
use crate::source::Sources;
use crate::yaml::Tree;

/// The hash of a directory's own files, the documents they name and other files that were read, all in
/// a fixed order. Of YAML the values count, with what the environment gave; of other files the bytes.
pub(crate) fn hash<'a>(
    directory: &'a Directory,
    documents: impl Iterator<Item = &'a Tree>,
    others: &BTreeSet<String>,
    sources: &Sources,
) -> PlanHash {
    let main = directory.main.iter().map(|file| &file.tree);
    let of_api = |files| {
        let files: &'a ApiFiles = files;
        let api = files.api.iter().map(|file| &file.tree);
        api.chain(files.changes.iter().map(|file| &file.tree))
    };
    let mut hash = Sha256::new();
    let consumers = directory.consumers.iter().flatten().map(|file| &file.tree);
    for tree in main
        .chain(consumers)
        .chain(directory.apis.iter().flat_map(of_api))
        .chain(documents)
    {
        part(&mut hash, tree.file.as_bytes());
        part(&mut hash, tree.value.to_string().as_bytes());
    }
    for path in others {
        part(&mut hash, path.as_bytes());
        part(&mut hash, sources.get(path).unwrap_or_default());
    }
    PlanHash(hash.finalize().into())
}

/// One part with its length before it, so that no two lists of parts are hashed alike.
fn part(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}
