//! Tokens: how they are judged.

/// How JSON Web Tokens are judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JwtPlan {}

/// How an authorization server is asked about tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IntrospectionPlan {}
