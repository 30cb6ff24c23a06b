//! When what of an API goes: versions, operations, members of documents.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Weekday;
use sluice_transforms::pointer::Pointer;

use super::{ConsumerId, VersionId, VersionSet};

/// When what of an API goes.
#[derive(Debug, Clone, Default)]
pub struct LifecyclePlan {
    /// Whether answers of what goes carry `Warning: 299`.
    pub warning: bool,
    /// By version; shorter than the list of versions where the last ones have none.
    pub versions: Vec<Option<Arc<Course>>>,
    /// Operations that go their own way.
    pub operations: Vec<OperationCourse>,
    /// Members that go their own way.
    pub members: Vec<MemberCourse>,
    /// Versions that are switched off.
    pub off: VersionSet,
}

impl LifecyclePlan {
    /// What becomes of a version.
    pub fn version(&self, version: VersionId) -> Option<&Course> {
        self.versions.get(version.index())?.as_deref()
    }

    /// What becomes of an operation of a version, apart from the version itself.
    pub fn operation(&self, version: VersionId, operation: &str) -> Option<&Course> {
        let meant = |course: &&OperationCourse| {
            course.versions.contains(version) && course.operations.iter().any(|id| id == operation)
        };
        self.operations.iter().find(meant).map(|found| &*found.course)
    }
}

/// What becomes of something, and when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Course {
    /// It may still change.
    pub preview: bool,
    /// From when on it is deprecated.
    pub deprecated: Option<Timestamp>,
    /// The last instant at which it answers.
    pub sunset: Option<Timestamp>,
    /// Where clients read how to move on.
    pub guide: Option<String>,
    /// The version to move to.
    pub successor: Option<VersionId>,
    /// Whom brownouts and the sunset do not concern.
    pub exempt: Vec<Exemption>,
    /// Rehearsals of the sunset.
    pub brownouts: Vec<Brownout>,
    /// Whether brownouts invite clients to try again.
    pub retry: bool,
}

impl Course {
    /// The last instant of a consumer's exemption.
    pub fn exempt_until(&self, consumer: Option<ConsumerId>) -> Option<Timestamp> {
        let own = |exemption: &&Exemption| Some(exemption.consumer) == consumer;
        self.exempt.iter().find(own).map(|exemption| exemption.until)
    }
}

/// Operations that go together.
#[derive(Debug, Clone)]
pub struct OperationCourse {
    /// Their ids.
    pub operations: Vec<String>,
    /// In which versions.
    pub versions: VersionSet,
    /// What becomes of them.
    pub course: Arc<Course>,
}

/// A member that goes.
#[derive(Debug, Clone)]
pub struct MemberCourse {
    /// The type that has it.
    pub label: String,
    /// Where it stands in the type.
    pub at: Pointer,
    /// In which versions; each has it.
    pub versions: VersionSet,
    /// What becomes of it: without brownouts.
    pub course: Arc<Course>,
    /// Who does without it for a while, so that it shows whether it is missed.
    pub trials: Vec<Trial>,
}

/// A field brownout: a share of one consumer's answers lacks a member.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trial {
    /// Whose answers.
    pub consumer: ConsumerId,
    /// Which share of them, 0 to 1.
    pub share: f64,
    /// Its first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
}

/// A consumer that a sunset does not concern, for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exemption {
    /// Who.
    pub consumer: ConsumerId,
    /// The last instant of it.
    pub until: Timestamp,
}

/// A window in which a sunset is rehearsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Brownout {
    /// Once.
    Once {
        /// Its first instant.
        from: Timestamp,
        /// The first instant after it.
        to: Timestamp,
    },
    /// Again and again, in UTC.
    Recurring {
        /// The days on which it begins.
        on: Days,
        /// The second of the day at which it begins.
        from: i64,
        /// How many seconds it takes: a day at most, over midnight too.
        lasts: i64,
    },
}

/// Days that come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Days {
    /// Every day.
    Every,
    /// This day of each week.
    Weekly(Weekday),
    /// This one of the month's such days: 1 is the first.
    Nth(u8, Weekday),
    /// The month's last such day.
    Last(Weekday),
    /// This day of each month that has it.
    Monthly(u8),
}
