//! An API: its versions, how a request selects one, and where it goes.

use std::sync::Arc;

use http::HeaderName;
use sluice_transforms::lineage::Lineage;

use super::{
    AuthenticationPlan, EdgePlan, ErrorsPlan, IdempotencyPlan, LifecyclePlan, LimitsPlan, PathPrefix,
    UpstreamId, ValidationPlan,
};

/// A version's place in its API's display order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionId(pub(crate) usize);

impl VersionId {
    /// Its place in [`ApiPlan::versions`].
    pub fn index(self) -> usize {
        self.0
    }
}

/// One API.
#[derive(Debug, Clone)]
pub struct ApiPlan {
    /// Its name.
    pub name: String,
    /// The hosts it is served on, in lower case. Empty: every host. Under one path prefix an API that
    /// names the request's host comes before one for every host; a longer prefix comes before both.
    pub hosts: Vec<String>,
    /// The upstream that serves it.
    pub upstream: UpstreamId,
    /// The version that the upstream speaks.
    pub origin: VersionId,
    /// The path prefix at the upstream.
    pub base: PathPrefix,
    /// The path prefix under which the version is named elsewhere than in the path. No request
    /// comes that way where every selector is in the path.
    pub unversioned: PathPrefix,
    /// Every version, in display order; one at least.
    pub versions: Vec<VersionPlan>,
    /// How a request names its version; where several agree, the first tells how it was chosen.
    pub select: Vec<Selection>,
    /// The versions' contracts and the chains between them; what becomes of members that no version
    /// mentions, and of lists, is its policy.
    pub lineage: Arc<Lineage>,
    /// The shape of the gateway's errors; without it plain problem documents.
    pub errors: Option<ErrorsPlan>,
    /// Whether the origin's document lists every operation.
    pub documented: bool,
    /// Whether paths that no change mentions pass between versions as they are, where there is no document.
    pub passes_unmentioned: bool,
    /// Where a path names the version, such as `/v{version}`: what stands there and is none is told so.
    pub path_template: Option<String>,
    /// How consumers are told apart.
    pub authentication: AuthenticationPlan,
    /// When versions, operations and members go.
    pub lifecycle: LifecyclePlan,
    /// How much of it may be used.
    pub limits: LimitsPlan,
    /// What is held against the schemas.
    pub validation: ValidationPlan,
    /// Which operations answer the same key with the same answer.
    pub idempotency: IdempotencyPlan,
    /// What surrounds it.
    pub edge: EdgePlan,
}

impl ApiPlan {
    /// The version with this name.
    pub fn version(&self, name: &str) -> Option<VersionId> {
        self.versions
            .iter()
            .position(|version| version.name == name)
            .map(VersionId)
    }

    /// Whether a version has no operations but those that it is known to have: others are refused. Without a document the
    /// origin may have any.
    pub fn is_complete(&self, version: VersionId) -> bool {
        self.documented || !self.passes_unmentioned && version != self.origin
    }

    /// The name of a version; empty only for an id from another API.
    pub fn version_name(&self, id: VersionId) -> &str {
        self.versions.get(id.index()).map_or("", |version| &version.name)
    }
}

/// One version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionPlan {
    /// Its name, as clients write it.
    pub name: String,
    /// The path prefix under which it is served, if it can be named in the path.
    pub path: Option<PathPrefix>,
}

/// A way to name a version, and the versions that can be named so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Where the version is named.
    pub selector: Selector,
    /// The first version, in display order, that can be named so.
    pub from: VersionId,
}

impl Selection {
    /// Whether a version can be named so.
    pub fn covers(&self, version: VersionId) -> bool {
        version >= self.from
    }
}

/// Where a request names its version.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Selector {
    /// In the path: [`VersionPlan::path`].
    Path,
    /// In a header.
    Header(HeaderName),
    /// In a parameter of an accepted media type.
    MediaType {
        /// The media type without parameters, in lower case.
        media_type: String,
        /// The parameter's name, in lower case.
        parameter: String,
    },
    /// In a parameter of the query.
    Query(String),
    /// Not in the request: the consumer is pinned to it.
    Pin,
}
