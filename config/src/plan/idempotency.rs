//! Idempotency keys.

/// Which operations answer the same key with the same answer.
#[derive(Debug, Clone, Default)]
pub struct IdempotencyPlan {}
