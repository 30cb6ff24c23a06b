//! What is held against the schemas.

use super::Place;

/// What is held against an API's schemas.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ValidationPlan {
    /// How requests are judged by the client's version; without it they are not.
    pub requests: Option<RequestsPlan>,
    /// How answers are judged by the origin's version; without it they are not.
    pub answers: Option<AnswersPlan>,
    /// Where it was written.
    pub place: Option<Place>,
}

/// How requests are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestsPlan {
    /// The most violations that a refusal lists.
    pub violations: usize,
}

/// How answers are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswersPlan {
    /// How many answers of a million are judged.
    pub sample: u32,
    /// Whether an answer that is not valid is refused.
    pub enforce: bool,
    /// The most violations that are told of one answer.
    pub violations: usize,
}
