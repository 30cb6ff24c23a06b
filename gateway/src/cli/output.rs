//! Writing to standard output and error. A reader that has gone (`sluice explain … | head`) is no fault.

use std::io::{self, ErrorKind, IsTerminal, Write};

use super::Failure;

/// Writes text to standard output.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("cannot write: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes a line to standard error. If that is not possible there is nobody to tell.
pub(super) fn complain(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// What long work has come to: one line on a terminal, nothing in a pipe.
pub(super) struct Progress {
    shown: bool,
}

impl Progress {
    /// Progress that is shown when standard error is a terminal.
    pub(super) fn new() -> Self {
        Self {
            shown: io::stderr().is_terminal(),
        }
    }

    /// Shows where the work is.
    pub(super) fn at(&self, what: &str) {
        if self.shown {
            // Back to the line's beginning, and clear it (ECMA-48, EL).
            let _ = write!(io::stderr().lock(), "\r\x1b[K{what}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.at("");
    }
}
