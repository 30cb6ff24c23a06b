//! The plan: a configuration that was validated whole, typed and immutable. What the gateway runs on.

mod api;
mod audit;
mod authentication;
mod consumer;
mod credential;
mod edge;
mod errors;
mod idempotency;
mod intake;
mod lifecycle;
mod limits;
mod notify;
mod path;
mod place;
mod secret;
mod store;
mod telemetry;
mod tls;
mod tokens;
mod upstream;
mod usage;
mod validation;
mod versions;

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use ipnet::IpNet;

pub use api::{ApiPlan, Selection, Selector, VersionId, VersionPlan};
pub use audit::AuditPlan;
pub use authentication::{
    Audience, AuthenticationPlan, CredentialPlaces, EntryPlan, IdentityPlan, KeyPlace, SchemePlan, ScopeRule,
};
pub use consumer::{ConsumerId, ConsumerPlan, Consumers};
pub use credential::{AdminAccess, AdminKey, CertificateMatch, KeyHash, KeyPlan, KeysPlan, PasswordPlan};
pub use edge::{AddressRules, CompressionPlan, CorsPlan, EdgePlan, FieldsPlan, MediaRange, Origin};
pub use errors::{ErrorsPlan, Piece, Slot, Template};
pub use idempotency::{IdempotencyPlan, KeepingPlan, OnOutage, Where};
pub use intake::Intake;
pub use lifecycle::{Brownout, Course, Days, Exemption, LifecyclePlan, MemberCourse, OperationCourse, Trial};
pub use limits::{Applies, KeyPart, LimitPlan, LimitsPlan, Measure, OnStoreFailure, Period, Reach};
pub use notify::{NotifyPlan, NotifyTo};
pub use path::{PathPrefix, PathPrefixError};
pub use place::{NamedFile, Place};
pub use secret::Secret;
pub use store::StorePlan;
pub use telemetry::{AccessLogPlan, AccessLogTo, TracesPlan};
pub use tls::{CertificatePlan, ClientsPlan, KeyPair, TlsPlan, TlsVersion, UpstreamTls};
pub use tokens::{ClaimsPlan, IntrospectionPlan, JwtPlan, KeySetPlan, KeySource, Remote, is_link_local};
pub(crate) use upstream::is_host_name;
pub use upstream::{Endpoint, EndpointError, Timeouts, UpstreamId, UpstreamPlan};
pub use usage::{Retention, UsagePlan, UsageStore};
pub use validation::{AnswersPlan, RequestsPlan, ValidationPlan};
pub use versions::VersionSet;

pub use crate::choice::{Algorithm, Keep};

/// A whole configuration.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where requests are served without TLS, each address once. Here or in `tls` there is one at least.
    pub listen: Vec<SocketAddr>,
    /// Where the admin API is served: a loopback address, unless there is `admin_access`.
    pub admin: Option<SocketAddr>,
    /// Who may use the admin API; without it whoever reaches it.
    pub admin_access: Option<AdminAccess>,
    /// What keys are hashed with. There where anyone has a key.
    pub keys: Option<KeysPlan>,
    /// How many cores serve; without it all do.
    pub workers: Option<NonZeroUsize>,
    /// The backends, as written; [`UpstreamId`] counts along them.
    pub upstreams: Vec<UpstreamPlan>,
    /// How much of anything is accepted.
    pub bounds: Bounds,
    /// How the process stops.
    pub drain: Drain,
    /// Listeners with TLS.
    pub tls: Option<TlsPlan>,
    /// Proxies in front of the gateway: what they say of the client is believed.
    pub trusted: Vec<IpNet>,
    /// Which addresses may ask, whatever the API.
    pub addresses: AddressRules,
    /// The store that a fleet of gateways shares.
    pub store: Option<StorePlan>,
    /// Where the audit log goes.
    pub audit: Option<AuditPlan>,
    /// Where it is kept who used what; without it nothing outlives the process.
    pub usage: Option<UsagePlan>,
    /// Where traces go.
    pub traces: Option<TracesPlan>,
    /// Where a line for each exchange goes.
    pub access_log: Option<AccessLogPlan>,
    /// Where messages to the people behind consumers go.
    pub notify: Option<NotifyPlan>,
    /// Who may ask.
    pub consumers: Consumers,
    /// The APIs, by name.
    pub apis: Vec<ApiPlan>,
    /// What tells this plan from another.
    pub hash: PlanHash,
}

impl Plan {
    /// The upstream with this number. `None` only for a number from another plan.
    pub fn upstream(&self, id: UpstreamId) -> Option<&UpstreamPlan> {
        self.upstreams.get(id.index())
    }
}

/// How much of anything is accepted. Sizes are in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// What a client sends, before anything is known of it.
    pub intake: Intake,
    /// A request's body.
    pub request: usize,
    /// An answer that is held whole.
    pub held: usize,
    /// A body after decompression.
    pub decoded: usize,
    /// How many times larger a body may become by decompression.
    pub ratio: usize,
    /// How deep a document may be nested.
    pub depth: usize,
    /// The size from which a body is translated off the core that serves it.
    pub offload: usize,
    /// How many bodies may wait for that.
    pub offload_queue: usize,
}

/// How the process stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drain {
    /// How long answers carry `Connection: close` before the listeners close.
    pub announce: Duration,
    /// How long exchanges may then take to end.
    pub grace: Duration,
}

/// SHA-256 over the content of every file that the plan was made from, the environment's values put
/// in. Comments and layout do not count, except those of files that are not YAML or JSON.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PlanHash(pub [u8; 32]);

impl fmt::Display for PlanHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PlanHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
