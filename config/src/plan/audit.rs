//! The audit log.

use super::NamedFile;

/// Where the audit log goes.
#[derive(Debug, Clone)]
pub struct AuditPlan {
    /// The file.
    pub file: NamedFile,
    /// The size in bytes at which it is put aside.
    pub rotate: usize,
    /// How many files that were put aside are kept.
    pub keep: usize,
}
