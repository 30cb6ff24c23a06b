//! Consumers: who may ask, in which versions.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{CertificateMatch, KeyPlan, PasswordPlan, VersionId, VersionSet};

/// A consumer's place in its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConsumerId(pub(crate) usize);

impl ConsumerId {
    /// Its place in [`Consumers`].
    pub fn index(self) -> usize {
        self.0
    }
}

/// Every consumer, in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct Consumers {
    pub(crate) all: Vec<ConsumerPlan>,
}

/// One consumer.
#[derive(Debug, Clone)]
pub struct ConsumerPlan {
    /// Its name: what the upstream is told, and what the ledger counts under.
    pub name: Arc<str>,
    /// Whom to tell of deprecations.
    pub contact: Option<String>,
    /// The groups that it belongs to.
    pub groups: Vec<String>,
    /// Scopes that it has whatever its credential says.
    pub scopes: Vec<String>,
    /// By API, the version that it is pinned to.
    pub pins: BTreeMap<String, VersionId>,
    /// By API, the versions that it may use; an API that is not named is open to it in every version.
    pub versions: BTreeMap<String, VersionSet>,
    /// The kill switch: every request of it is refused.
    pub off: bool,
    /// Its API keys.
    pub keys: Vec<KeyPlan>,
    /// The subjects that its tokens name.
    pub subjects: Vec<String>,
    /// Its users of HTTP Basic.
    pub passwords: Vec<PasswordPlan>,
    /// Its client certificates.
    pub certificates: Vec<CertificateMatch>,
}

impl Consumers {
    /// The consumer with this number. `None` only for a number from another plan.
    pub fn get(&self, id: ConsumerId) -> Option<&ConsumerPlan> {
        self.all.get(id.index())
    }

    /// Each consumer with its number.
    pub fn iter(&self) -> impl Iterator<Item = (ConsumerId, &ConsumerPlan)> {
        self.all
            .iter()
            .enumerate()
            .map(|(index, consumer)| (ConsumerId(index), consumer))
    }

    /// The consumer of this name.
    pub fn named(&self, name: &str) -> Option<ConsumerId> {
        self.all
            .iter()
            .position(|consumer| &*consumer.name == name)
            .map(ConsumerId)
    }
}
