//! Path prefixes in their one form, so that comparing them is comparing their text.

use std::fmt;

/// A prefix of whole path segments: empty, or `/a/b`. Never ends with `/`, and holds no empty, `.`
/// or `..` segment, no escape and nothing that RFC 3986, section 3.3, would have escaped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PathPrefix(String);

/// Why a text is no path prefix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathPrefixError {
    /// It does not begin with `/`.
    #[error("it does not begin with `/`")]
    NotAbsolute,
    /// It ends with `/`.
    #[error("it ends with `/`")]
    TrailingSlash,
    /// A segment is empty, `.` or `..`.
    #[error("it has a segment that is empty, `.` or `..`")]
    Segment,
    /// It holds a character that a prefix may not hold.
    #[error("it holds `{0}`")]
    Character(char),
}

impl PathPrefix {
    /// Reads a prefix.
    ///
    /// # Errors
    /// When it is not in its one form; see [`PathPrefix`].
    pub fn parse(text: &str) -> Result<Self, PathPrefixError> {
        if text.is_empty() {
            return Ok(PathPrefix::default());
        }
        let segments = text.strip_prefix('/').ok_or(PathPrefixError::NotAbsolute)?;
        if segments.is_empty() || segments.ends_with('/') {
            return Err(PathPrefixError::TrailingSlash);
        }
        if segments
            .split('/')
            .any(|segment| matches!(segment, "" | "." | ".."))
        {
            return Err(PathPrefixError::Segment);
        }
        match segments.chars().find(|c| !is_path_char(*c)) {
            Some(c) => Err(PathPrefixError::Character(c)),
            None => Ok(PathPrefix(text.to_owned())),
        }
    }

    /// The prefix as text; empty for the root.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows the prefix in a canonical path: empty or beginning with `/`. `None` when the
    /// path is not under it.
    pub fn strip<'p>(&self, path: &'p str) -> Option<&'p str> {
        path.strip_prefix(self.0.as_str())
            .filter(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Display for PathPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_path_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "/-._~!$&'()*+,;=:@".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_only() {
        assert!(PathPrefix::parse("").is_ok());
        assert!(PathPrefix::parse("/api/v1.0").is_ok());
        assert_eq!(PathPrefix::parse("api"), Err(PathPrefixError::NotAbsolute));
        assert_eq!(PathPrefix::parse("/"), Err(PathPrefixError::TrailingSlash));
        assert_eq!(PathPrefix::parse("/a/"), Err(PathPrefixError::TrailingSlash));
        assert_eq!(PathPrefix::parse("/a/../b"), Err(PathPrefixError::Segment));
        assert_eq!(PathPrefix::parse("//a"), Err(PathPrefixError::Segment));
        for c in ['%', '?', '#', '{', '\\', ' ', 'é', '\n'] {
            assert_eq!(
                PathPrefix::parse(&format!("/a{c}b")),
                Err(PathPrefixError::Character(c))
            );
        }
    }

    #[test]
    fn whole_segments_are_stripped() -> Result<(), PathPrefixError> {
        let prefix = PathPrefix::parse("/v1")?;
        assert_eq!(prefix.strip("/v1/a"), Some("/a"));
        assert_eq!(prefix.strip("/v1"), Some(""));
        assert_eq!(prefix.strip("/v10"), None);
        assert_eq!(PathPrefix::default().strip("/a"), Some("/a"));
        Ok(())
    }
}
