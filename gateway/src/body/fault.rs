//! Why a body ended before its end.

/// A body that did not arrive whole. Which side it came from is known to whoever reads it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Nothing came for as long as is waited.
    #[error("nothing more of the body came within the time allowed")]
    Silent,
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
        let truncated = error.is_incomplete_message() || ends_early(&error);
        match truncated {
            true => Self::Truncated,
            false => Self::Broken(error.to_string()),
        }
    }
}

/// hyper reports a short body as an I/O error of kind `UnexpectedEof` below its own error.
fn ends_early(error: &hyper::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return matches!(
                io.kind(),
                std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::ConnectionReset
            );
        }
        cause = error.source();
    }
    false
}

impl From<std::convert::Infallible> for Fault {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}
