//! Secrets: never shown, and compared in constant time by whoever compares them.

use std::fmt;
use std::sync::Arc;

use super::{NamedFile, Place};

/// A secret as the configuration gives it.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// The value itself, which came from the environment.
    Value(Arc<str>, Place),
    /// The content of a file, without the line end at its end.
    File(NamedFile),
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(..) => f.write_str("Secret(…)"),
            Self::File(file) => f.debug_tuple("Secret").field(&file.path).finish(),
        }
    }
}
