//! The audit log.

/// Where the audit log goes.
#[derive(Debug, Clone, Default)]
pub struct AuditPlan {}
