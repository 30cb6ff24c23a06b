//! Questions to the store of usage figures, from a core: asked beside it, and waited for within a bound.

use std::sync::Arc;
use std::time::Duration;

use crate::gateway::Gateway;
use crate::refusal::{Kind, Refusal};

/// How long a page waits for its figures.
const PATIENCE: Duration = Duration::from_secs(3);

/// What became of a question.
#[derive(Clone, Debug)]
pub(super) enum Reading<T> {
    /// The answer.
    Known(T),
    /// Nothing is kept: the configuration has no store of usage figures.
    Unkept,
    /// The store did not answer: why, as a part of a sentence.
    Unknown(String),
}

impl<T> Reading<T> {
    /// The answer, or why there is none.
    ///
    /// # Errors
    /// Nothing is kept, or the store did not answer.
    pub(super) fn known(self) -> Result<T, Refusal> {
        match self {
            Self::Known(answer) => Ok(answer),
            Self::Unkept => Err(Refusal::new(
                Kind::UsageUnkept,
                "nothing is kept of who uses what; `usage:` in sluice.yaml says where it is to be kept",
            )),
            Self::Unknown(why) => Err(Refusal::new(Kind::UsageUnavailable, why)),
        }
    }

    /// The answer, if there is one.
    pub(super) fn get(&self) -> Option<&T> {
        match self {
            Self::Known(answer) => Some(answer),
            Self::Unkept | Self::Unknown(_) => None,
        }
    }
}

/// Asks beside the core, and waits for the answer within a bound.
pub(super) async fn ask<T, E>(
    gateway: &Arc<Gateway>,
    question: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Reading<T>
where
    T: Send + 'static,
    E: std::fmt::Display + Send + 'static,
{
    let mut asked = gateway.shared.background.spawn(question);
    match tokio::time::timeout(PATIENCE, &mut asked).await {
        Ok(Ok(Ok(answer))) => Reading::Known(answer),
        Ok(Ok(Err(fault))) => Reading::Unknown(fault.to_string()),
        Ok(Err(_)) => Reading::Unknown("the question could not be asked".to_owned()),
        Err(_) => {
            asked.abort();
            Reading::Unknown(format!("the store did not answer within {} s", PATIENCE.as_secs()))
        }
    }
}
