//! HTTP's own fields, where a translated message is another representation than the one that was forwarded.

pub mod etag;
pub mod forwarded;
pub mod media;
pub mod target;
pub mod vary;
