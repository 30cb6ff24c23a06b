//! OpenAPI 3.0 and 3.1 documents, and JSON Schemas, into a [`Contract`].
//!
//! - `operation`: paths, parameters, bodies and answers
//! - `compose`: `$ref`, `allOf`, and alternatives that only add null → one shape
//! - `kind`: a schema without those → what kind of value it allows
//! - `merge`: two shapes that must hold together → one
//! - `keyword`: everything else stays as rules, in the words of JSON Schema 2020-12
//! - `reader`: what they share: references, bounds, faults
//!
//! What a [`Shape`] cannot say in plain JSON Schema is written by [`crate::export`] in extension
//! keywords, so that nothing is lost on the way out and back: [`LABEL`], [`EXACT`], [`ANY_OF`],
//! [`POSITION`] and [`ERROR`].

mod compose;
pub(crate) mod keyword;
mod kind;
mod merge;
mod operation;
mod reader;

use serde_json::Value as Json;

use crate::contract::Contract;
use crate::pointer::Pointer;
use crate::shape::{Shape, Types};
pub(crate) use merge::is_remark;
use reader::{Dialect, Reader};

/// Names the type that a schema is an occurrence of; null where a named type has no label.
pub const LABEL: &str = "x-sluice-type";

/// Says that nothing in a schema is to be merged: what stands beside `$ref` or in `allOf` stays as it is.
pub const EXACT: &str = "x-sluice-exact";

/// In a shape's rules: its alternatives may hold together (`anyOf`). Without it exactly one holds (`oneOf`).
pub const ANY_OF: &str = "x-sluice-any-of";

/// Where an operation stands among all, if the order of paths does not say so.
pub const POSITION: &str = "x-sluice-position";

/// The schema of error bodies that no operation describes, at the top of a document.
pub const ERROR: &str = "x-sluice-error";

/// How deep schemas may stand in one another, references included.
pub const MAX_DEPTH: usize = 96;

/// How many shapes one document may make. Copies of named types count, so that a small document cannot grow without end.
pub const MAX_SHAPES: usize = 200_000;

/// Why a document cannot be read as a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentFault {
    /// The place in the document.
    pub pointer: Pointer,
    /// What is wrong, for a person.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// The contract that an OpenAPI document describes.
///
/// # Errors
/// Every fault of the document, in its order.
pub fn contract(document: &Json) -> Result<Contract, Vec<DocumentFault>> {
    let dialect = reader::dialect(document).map_err(|fault| vec![fault])?;
    let mut reader = Reader::new(document, dialect);
    let types = reader.types();
    let operations = reader.operations();
    let error = reader.error();
    reader.finish(Contract {
        types,
        operations,
        error,
    })
}

/// The types in `$defs` (or `definitions`) of a JSON Schema, and the type of the whole.
///
/// # Errors
/// Every fault of the schema, in its order.
pub fn bundle(schema: &Json) -> Result<(Types, Shape), Vec<DocumentFault>> {
    let mut reader = Reader::new(schema, Dialect::V31);
    let types = reader.types();
    let shape = reader.schema(&Pointer::root(), schema);
    reader.finish((types, shape))
}

/// The type that a JSON Schema describes. A part that cannot be read may be anything; [`bundle`] says why.
pub fn shape(schema: &Json) -> Shape {
    Reader::new(schema, Dialect::V31).schema(&Pointer::root(), schema)
}

/// The types in `$defs` (or `definitions`) of a JSON Schema. A part that cannot be read may be anything.
pub fn types(schema: &Json) -> Types {
    Reader::new(schema, Dialect::V31).types()
}
