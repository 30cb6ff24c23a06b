//! Where the audit log goes.

use schemars::JsonSchema;
use serde::Deserialize;

use super::telemetry::{put_aside_at, put_aside_kept};

/// Where the audit log goes: refused credentials, calls of the admin API, reloads and changed keys, a line of JSON each.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Audit")]
pub(crate) struct RawAudit {
    /// The file, such as `/var/log/sluice/audit.jsonl`. A relative path is meant from the configuration directory.
    pub(crate) file: String,
    /// The size at which the file is put aside as `FILE.1` and a new one is begun, such as `100MiB`.
    #[serde(default = "put_aside_at")]
    pub(crate) rotate: String,
    /// How many files that were put aside are kept.
    #[serde(default = "put_aside_kept")]
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) keep: usize,
}
