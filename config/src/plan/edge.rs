//! What surrounds an API: addresses, browsers, compression, fields of answers.

/// What surrounds an API.
#[derive(Debug, Clone, Default)]
pub struct EdgePlan {}
