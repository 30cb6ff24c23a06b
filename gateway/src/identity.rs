//! Who asks.

use std::sync::Arc;

use sluice_config::plan::ConsumerId;

/// Who asks, as far as a credential has proved it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The consumer among those that are listed.
    pub consumer: Option<ConsumerId>,
    /// The consumer's name; none for a client without a credential.
    pub name: Option<Arc<str>>,
    /// Whom the credential itself names: a token's subject, a user, a certificate's subject.
    pub subject: Option<Arc<str>>,
    /// Scopes of the credential and of the consumer.
    pub scopes: Vec<String>,
    /// The scheme that proved it, such as `api_key`; empty without.
    pub scheme: &'static str,
}

impl Identity {
    /// A client without a credential.
    pub fn anonymous() -> Self {
        Self::default()
    }

    /// Whether nothing is known of the client.
    pub fn is_anonymous(&self) -> bool {
        self.name.is_none()
    }
}
