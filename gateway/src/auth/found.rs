//! What a token proves, before it is known which consumer that is.

/// What is said of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is good.
    Proved(Proof),
    /// It is wrong. The text is for the client: what is wrong, never the token.
    Wrong(String),
    /// It cannot be judged now: what it depends on is down. The text is for the client.
    Unavailable(String),
}

/// What a good token proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Whom it names (`sub`); which consumer that is says consumers.yaml.
    pub subject: String,
    /// The scopes that it carries.
    pub scopes: Vec<String>,
}
