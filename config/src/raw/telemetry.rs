//! What is told of single exchanges: traces and access logs.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::tokens::RawReach;

/// Where traces go: OpenTelemetry's protocol over HTTP (OTLP).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Traces")]
pub(crate) struct RawTraces {
    /// The collector's address for traces, such as `http://127.0.0.1:4318/v1/traces`.
    #[schemars(length(min = 1, max = 2000))]
    pub(crate) collector: String,
    /// Fields that the collector asks for, by name. Their values come from the environment:
    /// `authorization: "Bearer ${OTLP_TOKEN}"`.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// Fields whose values are in files, by name; a path is relative to the configuration directory.
    #[serde(default)]
    pub(crate) header_files: BTreeMap<String, String>,
    /// How the address is reached.
    #[serde(default)]
    pub(crate) reach: RawReach,
    /// Which share of exchanges is traced, where the client has not decided: 0 for none, 1 for all.
    #[serde(default = "hundredth")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(crate) share: f64,
    /// Whether the client's own decision (`traceparent`) counts. Else its trace goes on, and the share decides.
    #[serde(default = "yes")]
    pub(crate) follow: bool,
    /// What this gateway is called in traces.
    #[serde(default = "sluice")]
    #[schemars(length(min = 1, max = 200))]
    pub(crate) service: String,
}

/// A line of JSON for each exchange.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AccessLog")]
pub(crate) struct RawAccessLog {
    /// Where it goes: `stdout`, or `{file: access.jsonl}`.
    pub(crate) to: RawAccessLogTo,
    /// Which share of exchanges is told: 0 for none, 1 for all. Answers with 5xx are always told.
    #[serde(default = "all")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(crate) share: f64,
    /// Headers of requests that may be shown. All others never are.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub(crate) request: Vec<String>,
    /// Headers of answers that may be shown. All others never are.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub(crate) answer: Vec<String>,
    /// Query parameters whose values may be shown. Of all others the name is.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub(crate) query: Vec<String>,
}

/// Where access logs go: `stdout`, or `{file: access.jsonl}`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "AccessLogTo")]
pub(crate) enum RawAccessLogTo {
    /// A stream of the process.
    Stream(RawStream),
    /// A file.
    File(RawLogFile),
}

/// A stream of the process.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Stream")]
pub(crate) enum RawStream {
    /// Standard output.
    Stdout,
}

/// A file that is put aside at a size.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LogFile")]
pub(crate) struct RawLogFile {
    /// The file, such as `/var/log/sluice/access.jsonl`. A relative path is meant from the configuration directory.
    pub(crate) file: String,
    /// The size at which the file is put aside as `FILE.1` and a new one is begun, such as `100MiB`.
    #[serde(default = "put_aside_at")]
    pub(crate) rotate: String,
    /// How many files that were put aside are kept.
    #[serde(default = "put_aside_kept")]
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) keep: usize,
}

fn hundredth() -> f64 {
    0.01
}

fn all() -> f64 {
    1.0
}

fn yes() -> bool {
    true
}

fn sluice() -> String {
    "sluice".to_owned()
}

/// The size at which a log is put aside, the audit log too.
pub(super) fn put_aside_at() -> String {
    "100MiB".to_owned()
}

/// How many logs that were put aside are kept, audit logs too.
pub(super) fn put_aside_kept() -> usize {
    10
}
