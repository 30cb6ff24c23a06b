//! Faults in the configuration: what is wrong, where it stands, and what to do about it.

mod code;
mod render;

use std::fmt;

pub use code::{Code, CodeDoc};
pub use render::render_all;
use serde_json::{Value, json};

/// How grave a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// No plan is made.
    Error,
    /// A plan is made; somebody should look.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        })
    }
}

/// A stretch of text in one file. Lines and columns count from one; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The line on which it begins.
    pub line: usize,
    /// The column at which it begins.
    pub column: usize,
    /// How many characters of the first line it covers; one at least.
    pub width: usize,
}

impl Span {
    /// The first character of a file.
    pub const START: Span = Span {
        line: 1,
        column: 1,
        width: 1,
    };
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its number, which never changes its meaning.
    pub code: Code,
    /// Whether it stops a plan from being made.
    pub severity: Severity,
    /// The file, relative to the configuration directory; empty for the directory itself.
    pub file: String,
    /// The place in the file, where one is known.
    pub span: Option<Span>,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do, in one sentence without a full stop.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// A fault of this code at a place in a file, as grave as its code says.
    pub fn new(code: Code, file: &str, span: Option<Span>, message: impl Into<String>) -> Self {
        let file = file.to_owned();
        Diagnostic {
            code,
            severity: code.doc().severity,
            file,
            span,
            message: message.into(),
            hint: None,
        }
    }

    /// The same fault with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same fault with a hint, if there is one.
    #[must_use]
    pub fn hint_if(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }

    /// Whether it stops a plan from being made.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The fault for machines: code, severity, place, message and hint.
    pub fn to_json(&self) -> Value {
        json!({
            "code": self.code.to_string(),
            "severity": self.severity.to_string(),
            "file": self.file,
            "line": self.span.map(|span| span.line),
            "column": self.span.map(|span| span.column),
            "width": self.span.map(|span| span.width),
            "message": self.message,
            "hint": self.hint,
        })
    }
}

/// How many faults are told at once. A file that has more is not what it was taken for.
const MAX_TOLD: usize = 1_000;

/// Puts faults into the order of files and places, each fault once.
pub(crate) fn sort(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by(|a, b| key(a).cmp(&key(b)));
    diagnostics.dedup();
    diagnostics.truncate(MAX_TOLD);
}

fn key(d: &Diagnostic) -> (&str, Option<Span>, Code, &str) {
    (&d.file, d.span, d.code, &d.message)
}
