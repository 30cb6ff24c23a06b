//! How the consumers of an API are told apart: per version, a list of schemes.

use std::collections::BTreeMap;

use http::HeaderName;

use super::{ConsumerId, IntrospectionPlan, JwtPlan, VersionId, VersionSet};

/// How an API's consumers are told apart. Without any entry the API is open.
#[derive(Debug, Clone, Default)]
pub struct AuthenticationPlan {
    /// The entries, as written. The first that covers a version counts; with any entry, every version is covered.
    pub entries: Vec<EntryPlan>,
    /// By version: to whom alone it is open. Other versions are open to every consumer.
    pub closed: BTreeMap<VersionId, Audience>,
    /// Where the upstream is told who asks.
    pub identity: IdentityPlan,
    /// Where credentials stand, of all entries: taken out in every version.
    pub places: CredentialPlaces,
}

/// How the consumers of some versions are told apart.
#[derive(Debug, Clone)]
pub struct EntryPlan {
    /// The versions.
    pub versions: VersionSet,
    /// The schemes, any of which will do. None: anyone may ask.
    pub schemes: Vec<SchemePlan>,
    /// Which scopes operations need; the first that is for an operation counts.
    pub scopes: Vec<ScopeRule>,
}

/// One way to prove who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemePlan {
    /// A key.
    ApiKey(KeyPlace),
    /// A JSON Web Token.
    Jwt(JwtPlan),
    /// A token that an authorization server is asked about.
    Introspection(IntrospectionPlan),
    /// A user and a password.
    Basic {
        /// What the password is for.
        realm: String,
    },
    /// A client certificate.
    Certificate,
}

/// Where a key stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum KeyPlace {
    /// In a field, which stands once.
    Header(HeaderName),
    /// In a parameter of the query, which stands once.
    Query(String),
}

/// The scopes that some operations need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeRule {
    /// The operations; `None` for every other.
    pub operations: Option<Vec<String>>,
    /// The scopes, all of which are needed.
    pub need: Vec<String>,
}

/// To whom alone a version is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience {
    /// These consumers.
    pub consumers: Vec<ConsumerId>,
    /// And those of these groups.
    pub groups: Vec<String>,
}

/// The fields in which the upstream is told who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdentityPlan {
    /// The consumer's name.
    pub consumer: Option<HeaderName>,
    /// Its groups.
    pub groups: Option<HeaderName>,
    /// The scopes of the credential and of the consumer.
    pub scopes: Option<HeaderName>,
    /// Whom the credential itself names.
    pub subject: Option<HeaderName>,
}

/// Where credentials stand in requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CredentialPlaces {
    /// Fields.
    pub headers: Vec<HeaderName>,
    /// Parameters of the query.
    pub query: Vec<String>,
}

impl AuthenticationPlan {
    /// How the consumers of a version are told apart, and which entry says so; `None` where anyone may ask.
    pub fn of(&self, version: VersionId) -> Option<(usize, &EntryPlan)> {
        let mut entries = self.entries.iter().enumerate();
        let found = entries.find(|(_, entry)| entry.versions.contains(version));
        found.filter(|(_, entry)| !entry.schemes.is_empty())
    }

    /// To whom alone a version is open.
    pub fn audience(&self, version: VersionId) -> Option<&Audience> {
        self.closed.get(&version)
    }
}

impl EntryPlan {
    /// The scopes that an operation needs.
    pub fn needs(&self, operation: &str) -> &[String] {
        let is_for = |rule: &&ScopeRule| {
            let named = rule.operations.as_ref();
            named.is_none_or(|operations| operations.iter().any(|id| id == operation))
        };
        self.scopes.iter().find(is_for).map_or(&[], |rule| &rule.need)
    }
}

impl SchemePlan {
    /// The scheme's name in metrics and the audit log, as in the settings.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ApiKey(_) => "api_key",
            Self::Jwt(_) => "jwt",
            Self::Introspection(_) => "introspection",
            Self::Basic { .. } => "basic",
            Self::Certificate => "certificate",
        }
    }

    /// Whether the credential is `Authorization: Bearer` (RFC 6750).
    pub fn is_bearer(&self) -> bool {
        matches!(self, Self::Jwt(_) | Self::Introspection(_))
    }
}

impl IdentityPlan {
    /// The fields' names.
    pub fn names(&self) -> impl Iterator<Item = &HeaderName> + Clone {
        [&self.consumer, &self.groups, &self.scopes, &self.subject]
            .into_iter()
            .flatten()
    }
}
