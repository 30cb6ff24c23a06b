//! How the people behind consumers are told of what goes.

use std::path::PathBuf;

use super::{Place, Remote, Secret};

/// Where messages to consumers go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotifyPlan {
    /// Where.
    pub to: NotifyTo,
    /// How many days before a sunset each reminder is due, the most first: 90, 30 and 7 where nothing else is said.
    pub days: Vec<u16>,
    /// Where it was written.
    pub place: Place,
}

/// A place for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a plan has one")]
pub enum NotifyTo {
    /// A file each, in this directory. A relative one is meant from the configuration directory.
    Directory(PathBuf),
    /// A POST with JSON each.
    Webhook {
        /// Where to.
        remote: Remote,
        /// What its body is signed with (HMAC-SHA256), if anything.
        secret: Option<Secret>,
    },
}
