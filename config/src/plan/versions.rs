//! Some of an API's versions.

use super::VersionId;

/// A set of versions of one API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VersionSet(Vec<bool>);

impl VersionSet {
    /// Every one of so many versions.
    pub fn all(count: usize) -> Self {
        Self(vec![true; count])
    }

    /// These versions.
    pub fn of(versions: impl IntoIterator<Item = VersionId>) -> Self {
        let mut set = Vec::new();
        for version in versions {
            set.resize(set.len().max(version.index() + 1), false);
            set[version.index()] = true;
        }
        Self(set)
    }

    /// Whether a version is in it.
    pub fn contains(&self, version: VersionId) -> bool {
        self.0.get(version.index()).copied().unwrap_or_default()
    }

    /// Its versions, in display order.
    pub fn iter(&self) -> impl Iterator<Item = VersionId> {
        let members = self.0.iter().enumerate().filter(|(_, is_in)| **is_in);
        members.map(|(index, _)| VersionId(index))
    }

    /// Whether no version is in it.
    pub fn is_empty(&self) -> bool {
        !self.0.contains(&true)
    }
}
