//! The suite of transformations: data files that every engine must pass. The format is told in `conformance/README.md`.
//!
//! The way of a file:
//!
//! - [`file`](self::file) reads it with our own parser, so that what is given and expected keeps its raw text, its order and
//!   its duplicates.
//! - [`setting`](self::setting) makes a configuration of it, and a lineage of that through the loader: a mapping in a file
//!   is what a user writes.
//! - [`engine`](self::engine) is what an engine must be able to do; the reference interpreter is the first.
//! - [`judge`](self::judge) runs a case, and the laws that hold for it besides what is written.

pub mod engine;
pub mod file;
pub mod judge;
pub mod setting;

pub use engine::{Engine, Reference, Way};
pub use file::{Case, File, Wanted, files};
pub use judge::{judge, walked};
