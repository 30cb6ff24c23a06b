//! Why a body ended before its end.

use std::io::ErrorKind;

/// A body that did not arrive whole. Which side it came from is known to whoever reads it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Nothing came for as long as is waited.
    #[error("nothing more of the body came within the time allowed")]
    Silent,
    /// It came more slowly than is waited for.
    #[error("the body came too slowly")]
    Slow,
    /// The connection ended before the body did.
    #[error("the connection ended before the body did")]
    Truncated,
    /// The bytes are not what HTTP allows, or the transport failed.
    #[error("the body could not be read: {0}")]
    Broken(String),
    /// What produced the body gave up, for example an answer that could not be translated.
    #[error("the body was given up: {0}")]
    Aborted(String),
}

impl From<hyper::Error> for Fault {
    fn from(error: hyper::Error) -> Self {
        let io = io_error(&error);
        match io.map(std::io::Error::kind) {
            // hyper reports a short body as an I/O error below its own error.
            Some(ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => Self::Truncated,
            // These two are the framing check's.
            Some(ErrorKind::TimedOut) => Self::Slow,
            Some(ErrorKind::InvalidData) => {
                Self::Broken(io.map_or_else(String::new, std::string::ToString::to_string))
            }
            _ if error.is_incomplete_message() => Self::Truncated,
            _ => Self::Broken(error.to_string()),
        }
    }
}

fn io_error(error: &hyper::Error) -> Option<&std::io::Error> {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return Some(io);
        }
        cause = error.source();
    }
    None
}

impl From<std::convert::Infallible> for Fault {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}
