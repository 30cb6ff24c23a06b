//! The files as written, and the plan that is made from them.
//!
//! The way of a configuration:
//!
//! - [`Sources`] reads a directory into memory, within bounds. Nothing after it touches a file.
//! - `yaml` reads each file's text into a value, with the place of every part of it.
//! - [`environment`](Environment) puts the environment's values in for `${NAME}`.
//! - `structure` holds the value against the schema of its kind and tells every violation in words.
//! - `raw` is what a file says, typed. Raw is for reading: it does not leave this crate.
//! - `build` judges what a schema cannot say: names that refer, addresses, paths, the lineage.
//! - [`plan`] is what remains: validated, typed, immutable. The gateway runs on it.
//!
//! Every stage goes on as far as it can after a fault, so that [`load`] tells all of them at once; each
//! is a [`Diagnostic`] with a stable [`Code`] and a place.

mod build;
mod choice;
mod diagnostic;
mod directory;
mod environment;
mod fingerprint;
mod load;
pub mod plan;
mod quantity;
mod raw;
mod schema;
mod source;
mod structure;
mod suggest;
mod yaml;

pub use diagnostic::{Code, CodeDoc, Diagnostic, Severity, Span, render_all};
pub use environment::Environment;
pub use load::{Loaded, load};
pub use plan::Plan;
pub use schema::config_schema;
pub use source::{MAX_DEPTH, MAX_FILE, MAX_FILES, MAX_TOTAL, Sources, is_source};
pub use suggest::or_list;
