//! The operators that a step may name, as the version engine lists them.

/// Every operator's name, in the order of the documentation.
pub(crate) struct Operators<'a> {
    names: &'a [&'a str],
}

impl<'a> Operators<'a> {
    /// A list of operators.
    pub(crate) const fn new(names: &'a [&'a str]) -> Self {
        Operators { names }
    }

    pub(crate) fn knows(&self, name: &str) -> bool {
        self.names.contains(&name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        self.names.iter().copied()
    }
}
