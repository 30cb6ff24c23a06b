//! What is held against the schemas.

/// What is held against an API's schemas.
#[derive(Debug, Clone, Default)]
pub struct ValidationPlan {}
