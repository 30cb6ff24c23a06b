//! What a scheme finds in a request.

use sluice_config::plan::ConsumerId;

/// What a scheme says of a request's credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The request has none of this scheme.
    Absent,
    /// It is good.
    Proved(Proof),
    /// It is wrong. The text is for the client: what is wrong, never the credential.
    Wrong(String),
    /// It cannot be judged now: what it depends on is down. The text is for the client.
    Unavailable(String),
}

/// What a good credential proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Who.
    pub who: Who,
    /// The scopes that the credential itself carries.
    pub scopes: Vec<String>,
}

/// Whom a credential names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// A consumer of consumers.yaml.
    Listed(ConsumerId),
    /// A subject (`sub`) of an issuer; which consumer that is says consumers.yaml.
    Subject(String),
}
