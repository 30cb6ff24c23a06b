//! Where in the configuration something was written: for faults that only show when the plan is put to work, such as a
//! certificate that cannot be read.

use std::path::PathBuf;

use crate::diagnostic::{Code, Diagnostic, Span};

/// A place in a file of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, relative to the configuration directory.
    pub file: String,
    /// Where in it.
    pub span: Span,
}

impl Place {
    /// A fault at this place.
    pub fn fault(&self, code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, &self.file, Some(self.span), message)
    }
}

/// A file outside of the configuration, such as a private key, and where it was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// The path as written. A relative one is meant from the configuration directory.
    pub path: PathBuf,
    /// Where it was named.
    pub place: Place,
}
