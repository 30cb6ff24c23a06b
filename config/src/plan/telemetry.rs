//! What is told of single exchanges: traces and access logs.

use http::HeaderName;

use super::{NamedFile, Place, Remote, Secret};

/// Where traces go.
#[derive(Debug, Clone, PartialEq)]
pub struct TracesPlan {
    /// The collector's address for traces, such as `http://127.0.0.1:4318/v1/traces` (OTLP over HTTP).
    pub collector: Remote,
    /// Fields that the collector asks for, such as a credential.
    pub headers: Vec<(HeaderName, Secret)>,
    /// Which share of exchanges without a decision of their own is traced, 0 to 1.
    pub share: f64,
    /// Whether a client's own decision (`traceparent`) counts. Else its trace goes on, and the share decides.
    pub follow: bool,
    /// What this gateway is called in traces.
    pub service: String,
    /// Where it was written.
    pub place: Place,
}

/// Where a line for each exchange goes.
#[derive(Debug, Clone, PartialEq)]
pub struct AccessLogPlan {
    /// Where.
    pub to: AccessLogTo,
    /// Which share of exchanges without a fault is told, 0 to 1. Answers with 5xx are always told.
    pub share: f64,
    /// Fields of requests that may be shown. All others never are.
    pub request: Vec<HeaderName>,
    /// Fields of answers that may be shown.
    pub answer: Vec<HeaderName>,
    /// Parameters of the query that may be shown; of all others the name is.
    pub query: Vec<String>,
    /// Where it was written.
    pub place: Place,
}

/// Where access logs go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessLogTo {
    /// Standard output.
    Stdout,
    /// A file.
    File {
        /// The file.
        file: NamedFile,
        /// The size in bytes at which it is put aside.
        rotate: usize,
        /// How many files that were put aside are kept.
        keep: usize,
    },
}
