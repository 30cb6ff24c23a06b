//! HTTP's own fields, where a translated message is another representation than the one that was forwarded.

pub mod chain;
pub mod etag;
pub mod forwarded;
pub mod media;
pub mod target;
pub mod vary;

use http::{HeaderMap, HeaderName};

/// Removes these fields. Most messages have none of them, which costs one look at the names they have.
pub fn remove_all(headers: &mut HeaderMap, names: &[HeaderName]) {
    if has_any(headers, names) {
        names.iter().for_each(|name| drop(headers.remove(name)));
    }
}

/// Whether a message has any of these fields.
pub fn has_any(headers: &HeaderMap, names: &[HeaderName]) -> bool {
    headers.keys().any(|name| names.contains(name))
}
