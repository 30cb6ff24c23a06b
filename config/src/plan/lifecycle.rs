//! The life of versions, operations and members: preview, active, deprecated, sunset.

/// When what of an API goes.
#[derive(Debug, Clone, Default)]
pub struct LifecyclePlan {}
