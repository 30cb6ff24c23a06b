//! YAML as it is read here: one document, text keys, no surprises, and the place of every value.
//!
//! - [`parse`]: bytes → nodes with spans, within bounds on depth and number
//! - [`scalar`]: which plain scalars are numbers, truth values or nothing
//! - [`tree`]: nodes → a JSON value, and a map from JSON Pointer to place
//!
//! JSON is read the same way, being a subset.

mod node;
mod parse;
mod scalar;
mod tree;

pub(crate) use parse::read;
pub(crate) use tree::{Tree, push_index, push_key};

/// How deep values may be nested, those behind aliases included.
pub(crate) const MAX_NESTING: usize = 64;
/// How many values one file may hold, those that aliases repeat included.
pub(crate) const MAX_NODES: usize = 200_000;

#[cfg(test)]
mod tests;
