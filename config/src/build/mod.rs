//! From raw files to the plan: everything that a schema cannot say.
//!
//! - [`main`]: addresses, upstreams, bounds
//! - [`api`]: one API, from its [`versions`], [`select`] and [`errors`]
//! - [`routes`]: no path leads to two versions; [`keep`]: what merge patches can keep
//! - [`change`]: a change's own form; [`steps`]: its steps as the engine's operators
//! - [`lineage`]: versions and changes are one tree; [`contract`]: what each version promises;
//!   [`unsaid`]: what the origin's document leaves out

pub(crate) mod api;
mod change;
mod contract;
mod errors;
pub(crate) mod keep;
mod lineage;
pub(crate) mod main;
pub(crate) mod routes;
mod select;
mod steps;
mod unsaid;
mod versions;

use crate::diagnostic::{Code, Diagnostic, Span};
use crate::plan::PathPrefix;
use crate::suggest;
use crate::yaml::Tree;

/// Whether a name can stand in paths, headers and file names as it is.
fn is_name(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    text.len() <= 64 && text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.bytes().all(inner)
}

fn bad_name(file: &str, span: Option<Span>, name: &str, what: &str) -> Diagnostic {
    let message = format!("`{}` is not a name for {what}", suggest::shorten(name));
    Diagnostic::new(Code::BadName, file, span, message)
        .hint("use letters, digits, `-`, `_` and `.`, beginning with a letter or a digit")
}

/// Reads a path prefix.
fn prefix(tree: &Tree, pointer: &str, text: &str, faults: &mut Vec<Diagnostic>) -> Option<PathPrefix> {
    PathPrefix::parse(text)
        .map_err(|error| {
            let message = format!("`{}` is not a path prefix: {error}", tree.shown(pointer));
            let hint = "write it empty or like `/api/v1`: plain segments, no slash at the end";
            faults.push(tree.fault(Code::BadPath, pointer, message).hint(hint));
        })
        .ok()
}
