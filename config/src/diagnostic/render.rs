//! Diagnostics as text, in the way of rustc: what, where, the line itself, and what to do.

use std::fmt::Write as _;

use super::{Diagnostic, Severity, Span};
use crate::source::Sources;

/// How much of a long line is shown on either side of the fault.
const WINDOW: usize = 60;

impl Diagnostic {
    /// The fault for people, with the line that it stands on; ends with a newline.
    pub fn render(&self, sources: &Sources) -> String {
        let mut out = format!("{}[{}]: {}\n", self.severity, self.code, self.message);
        let gutter = self.span.map_or(1, |span| span.line.to_string().len());
        if !self.file.is_empty() {
            let place = self
                .span
                .map_or(String::new(), |span| format!(":{}:{}", span.line, span.column));
            let _ = writeln!(out, "{:gutter$}--> {}{place}", "", self.file);
        }
        if let Some((span, line)) = self.span.zip(self.line(sources)) {
            excerpt(&mut out, gutter, span, &line);
        }
        if let Some(hint) = &self.hint {
            let _ = writeln!(out, "{:gutter$} = help: {hint}", "");
        }
        out
    }

    fn line(&self, sources: &Sources) -> Option<String> {
        let text = String::from_utf8_lossy(sources.get(&self.file)?);
        let line = text.lines().nth(self.span?.line - 1)?;
        // Control characters would let a file write to the reader's terminal.
        Some(
            line.chars()
                .map(|c| if c.is_control() { ' ' } else { c })
                .collect(),
        )
    }
}

fn excerpt(out: &mut String, gutter: usize, span: Span, line: &str) {
    let line = line.trim_end();
    let length = line.chars().count();
    let at = (span.column - 1).min(length);
    let (before, start) = if length <= 2 * WINDOW { ("", 0) } else { cut(at) };
    let shown: String = line.chars().skip(start).take(2 * WINDOW).collect();
    let after = if start + 2 * WINDOW < length { "..." } else { "" };
    let width = span
        .width
        .min(length.saturating_sub(at))
        .clamp(1, 2 * WINDOW - (at - start).min(WINDOW));
    let _ = writeln!(out, "{:gutter$} |", "");
    let _ = writeln!(out, "{:>gutter$} | {before}{shown}{after}", span.line);
    let _ = writeln!(
        out,
        "{:gutter$} | {}{}",
        "",
        " ".repeat(before.len() + at - start),
        "^".repeat(width)
    );
}

/// Where a long line is cut at its front, and what stands for what is cut off.
fn cut(at: usize) -> (&'static str, usize) {
    if at <= WINDOW {
        ("", 0)
    } else {
        ("...", at - WINDOW)
    }
}

/// All faults as text, a blank line between them, and a line that counts them.
pub fn render_all(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let _ = writeln!(out, "{}", diagnostic.render(sources));
    }
    let _ = writeln!(out, "{}", count(diagnostics));
    out
}

fn count(diagnostics: &[Diagnostic]) -> String {
    let of = |severity| diagnostics.iter().filter(|d| d.severity == severity).count();
    let word = |n: usize, word| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    format!(
        "{}, {}",
        word(of(Severity::Error), "error"),
        word(of(Severity::Warning), "warning")
    )
}
