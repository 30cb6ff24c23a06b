//! Limits: rates, quotas, concurrency; and the store that a fleet shares.

/// How much of an API may be used.
#[derive(Debug, Clone, Default)]
pub struct LimitsPlan {}

/// The store that a fleet of gateways shares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StorePlan {}
