//! How the consumers of an API are told apart: per version, a list of schemes.

/// How an API's consumers are told apart. Without any entry the API is open.
#[derive(Debug, Clone, Default)]
pub struct AuthenticationPlan {}
