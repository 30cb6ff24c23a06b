//! `audit` of `sluice.yaml` → where the audit log goes.

use std::path::{Component, PathBuf};

use super::{place, size};
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{AuditPlan, NamedFile};
use crate::raw::RawMain;
use crate::yaml::Tree;

/// Judges the settings: `Some(None)` without any.
pub(super) fn build(tree: &Tree, raw: &RawMain, faults: &mut Vec<Diagnostic>) -> Option<Option<AuditPlan>> {
    let Some(raw) = &raw.audit else {
        return Some(None);
    };
    let rotate = size(tree, "/audit/rotate", &raw.rotate, faults);
    let path = PathBuf::from(&raw.file);
    let is_file = matches!(path.components().next_back(), Some(Component::Normal(_)));
    if !is_file || raw.file.ends_with('/') {
        let message = format!("`{}` names no file", tree.shown("/audit/file"));
        let hint = "write the path of a file, such as `/var/log/sluice/audit.jsonl`";
        faults.push(
            tree.fault(Code::AuditUnwritable, "/audit/file", message)
                .hint(hint),
        );
        return None;
    }
    Some(Some(AuditPlan {
        file: NamedFile {
            path,
            place: place(tree, "/audit/file"),
        },
        rotate: rotate?,
        keep: raw.keep,
    }))
}
