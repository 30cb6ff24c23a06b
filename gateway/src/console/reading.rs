//! Questions to the store of usage figures, from a core: asked beside it, and waited for within a bound.

use std::sync::Arc;
use std::time::Duration;

use sluice_config::plan::ApiPlan;

use super::status::{Keeping, Live};
use super::visit::Visit;
use crate::gateway::Gateway;
use crate::ledger::report::fields::FieldUse;
use crate::ledger::report::health::Health;
use crate::ledger::report::protection::Protection;
use crate::ledger::report::sunset::SunsetReport;
use crate::ledger::report::timeline::Timeline;
use crate::ledger::report::who_uses::WhoUses;
use crate::ledger::store::{ReloadRecord, Store};
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
            Reading::Unknown(format!(
                "the store did not answer within {} s",
                PATIENCE.as_secs()
            ))
        }
    }
}

/// Every report of a visit.
pub(super) struct Readings<'a>(&'a Visit<'a>);

impl<'a> Readings<'a> {
    pub(super) fn new(visit: &'a Visit<'a>) -> Self {
        Self(visit)
    }
    pub(super) async fn timeline(&self, _api: &ApiPlan) -> Reading<Timeline> {
        Reading::Unkept
    }
    pub(super) async fn sunset(&self, _api: &ApiPlan) -> Reading<SunsetReport> {
        Reading::Unkept
    }
    pub(super) async fn fields(&self, _api: &ApiPlan, _version: &str) -> Reading<FieldUse> {
        Reading::Unkept
    }
    pub(super) async fn health(&self, _api: &ApiPlan) -> Reading<Health> {
        Reading::Unkept
    }
    pub(super) async fn users(&self, _api: &ApiPlan, _version: &str) -> Reading<WhoUses> {
        Reading::Unkept
    }
    pub(super) async fn protection(&self) -> Reading<Protection> {
        let _ = self.0;
        Reading::Unkept
    }
}

fn store(_gateway: &Gateway) -> Option<Arc<Store>> {
    None
}

pub(super) fn live(_gateway: &Gateway) -> Option<Live> {
    None
}
pub(super) fn keeping(_gateway: &Gateway) -> Keeping {
    Keeping::default()
}

pub(super) async fn reloads(gateway: &Arc<Gateway>) -> Reading<Vec<ReloadRecord>> {
    match store(gateway) {
        Some(store) => ask(gateway, async move { store.reloads(100).await }).await,
        None => Reading::Unkept,
    }
}

pub(super) async fn is_demo(gateway: &Arc<Gateway>) -> bool {
    match store(gateway) {
        Some(store) => ask(gateway, async move { store.is_demo().await })
            .await
            .get()
            .copied()
            .unwrap_or_default(),
        None => false,
    }
}
