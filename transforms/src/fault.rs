//! Why a message could not be translated.

use crate::pointer::Pointer;

/// A fault while translating, with its place in the document that was at hand; [`crate::reference`] turns the place
/// into the client's own names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What kind of fault.
    pub kind: FaultKind,
    /// The place.
    pub pointer: Pointer,
    /// What is wrong, for a person.
    pub detail: String,
    /// The change that cannot carry it, by its position in the lineage; none where no single one is the cause.
    pub change: Option<usize>,
}

/// Kinds of [`Fault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The value has no counterpart in the other version.
    Unfit,
    /// A member whose name means something in another version, but nothing in its own.
    Captured,
    /// A member that matters stands twice.
    Duplicate,
    /// A member that has no place in the other version.
    Unplaced,
    /// The operation has no counterpart in the other version.
    NoOperation,
    /// The translation needs the stored document.
    NeedsStored,
    /// The result cannot be said as a merge patch.
    NotAPatch,
    /// A script failed, or took too long.
    Script,
    /// The stored document cannot be shown in the client's version, so that nothing can be written over it.
    Stored,
}

impl Fault {
    /// A fault at the place at hand.
    pub fn new(kind: FaultKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            pointer: Pointer::root(),
            detail: detail.into(),
            change: None,
        }
    }

    /// The same fault, caused by a change, unless one was found to be the cause before.
    #[must_use]
    pub fn caused_by(self, change: usize) -> Self {
        Self {
            change: self.change.or(Some(change)),
            ..self
        }
    }

    /// A value without a counterpart.
    pub fn unfit(detail: impl Into<String>) -> Self {
        Self::new(FaultKind::Unfit, detail)
    }

    /// The same fault, seen from above: its place is below this one.
    #[must_use]
    pub fn below(mut self, prefix: &Pointer) -> Self {
        self.pointer = prefix.join(&self.pointer);
        self
    }
}
