//! The audit log: who was refused, who called the admin API, what was reloaded, which keys were made.
//!
//! Secrets are never in it: an event holds names and reasons.

use serde_json::{Value as Json, json};

/// Something that is worth keeping.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What happened, such as `credential_refused`, `admin_call`, `reload`.
    pub what: &'static str,
    /// By whom: a consumer, an administrator, a signal; empty when unknown.
    pub who: String,
    /// From where: an address; empty for what comes from inside.
    pub from: String,
    /// The rest, by name.
    pub details: Vec<(&'static str, Json)>,
}

/// Where events go.
#[derive(Debug, Default)]
pub struct Audit {}

impl Audit {
    /// Keeps an event. Never waits.
    pub fn record(&self, event: &Event) {
        let details: serde_json::Map<String, Json> = event
            .details
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        tracing::debug!(what = event.what, who = event.who, details = %json!(details), "audit");
    }
}
