//! Secrets: from the environment or from a file, never written out, and never shown.

use std::path::PathBuf;

use super::place;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{NamedFile, Secret};
use crate::yaml::Tree;

/// A secret that the environment gave. A default that is written in its place (`${NAME:-default}`) gives nothing.
pub(super) fn value(tree: &Tree, at: &str, value: &str, faults: &mut Vec<Diagnostic>) -> Option<Secret> {
    if tree.written.get(at).is_some_and(|text| !text.contains(value)) {
        return Some(Secret::Value(value.into(), place(tree, at)));
    }
    faults.push(written(tree, at));
    None
}

/// A file that holds a secret.
pub(super) fn file(tree: &Tree, at: &str, path: &str) -> Secret {
    Secret::File(NamedFile {
        path: PathBuf::from(path),
        place: place(tree, at),
    })
}

/// A secret that stands in the configuration. It is not shown, not even by the line that it stands on.
pub(super) fn written(tree: &Tree, at: &str) -> Diagnostic {
    let name = at[1..].replace('/', ".");
    let message = format!("`{name}` holds the secret itself, for everyone who may read the file");
    let hint = "take it from the environment, such as `\"${NAME}\"`, or from a file";
    Diagnostic::new(Code::WrittenSecret, &tree.file, None, message).hint(hint)
}

/// Whether an address has a password that did not come from the environment: in front of the host, or in its query.
pub(super) fn is_password_written(tree: &Tree, at: &str, address: &str) -> bool {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let user = rest.rsplit_once('@').map(|(user, _)| user);
    let password = user.and_then(|user| Some(user.split_once(':')?.1));
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    let asked = query.split('&').filter_map(|pair| pair.strip_prefix("password="));
    let shown = tree.shown(at);
    password
        .into_iter()
        .chain(asked)
        .any(|password| !password.is_empty() && shown.contains(password))
}
