//! Whose a credential is: consumers.yaml, turned to be asked by credential.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use sluice_config::plan::{CertificateMatch, ConsumerId, Consumers, KeyHash, PasswordPlan};

/// The consumers by their credentials.
#[derive(Debug, Default)]
pub(super) struct Holders {
    keys: HashMap<KeyHash, (ConsumerId, Option<Timestamp>)>,
    subjects: HashMap<String, ConsumerId>,
    users: HashMap<String, (ConsumerId, Arc<str>)>,
    certificates: HashMap<CertificateMatch, ConsumerId>,
}

impl Holders {
    /// Those of a plan, in which every credential has one holder.
    pub(super) fn of(consumers: &Consumers) -> Self {
        let mut holders = Self::default();
        for (id, consumer) in consumers.iter() {
            let keys = consumer.keys.iter().map(|key| (key.hash, (id, key.expires)));
            holders.keys.extend(keys);
            let subjects = consumer.subjects.iter().map(|subject| (subject.clone(), id));
            holders.subjects.extend(subjects);
            let user = |plan: &PasswordPlan| (plan.user.clone(), (id, Arc::clone(&plan.hash)));
            holders.users.extend(consumer.passwords.iter().map(user));
            let certificates = consumer.certificates.iter().map(|c| (c.clone(), id));
            holders.certificates.extend(certificates);
        }
        holders
    }

    /// Whose a key is, and when it ends.
    pub(super) fn key(&self, hash: KeyHash) -> Option<(ConsumerId, Option<Timestamp>)> {
        self.keys.get(&hash).copied()
    }

    /// Whose tokens name this subject.
    pub(super) fn subject(&self, subject: &str) -> Option<ConsumerId> {
        self.subjects.get(subject).copied()
    }

    /// Whose user this is, and the hash of the password.
    pub(super) fn user(&self, name: &str) -> Option<(ConsumerId, Arc<str>)> {
        self.users.get(name).cloned()
    }

    /// Whose certificate has this.
    pub(super) fn certificate(&self, of: &CertificateMatch) -> Option<ConsumerId> {
        self.certificates.get(of).copied()
    }
}
