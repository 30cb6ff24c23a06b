//! Questions to the store of usage figures, from a core: asked beside it, and waited for within a bound.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use sluice_config::plan::ApiPlan;

use super::consumer::{self, ConsumerReport};
use super::visit::Visit;
use crate::edition::Edition;
use crate::gateway::Gateway;
use crate::ledger::report::fields::{self, FieldUse};
use crate::ledger::report::health::{self, Health};
use crate::ledger::report::protection::{self, Protection};
use crate::ledger::report::sunset::{self, SunsetReport};
use crate::ledger::report::timeline::{self, Timeline};
use crate::ledger::report::who_uses::{self, Page, WhoUses};
use crate::ledger::store::{ReloadRecord, Store, StoreFault};
use crate::refusal::{Kind, Refusal};

/// How long a page waits for its figures.
const PATIENCE: Duration = Duration::from_secs(3);
/// How many reloads are read.
const RELOADS: u32 = 100;

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
async fn ask<T>(
    gateway: &Arc<Gateway>,
    question: impl Future<Output = Result<T, StoreFault>> + Send + 'static,
) -> Reading<T>
where
    T: Send + 'static,
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

/// Every report, for a visit.
pub(super) struct Readings<'a> {
    visit: &'a Visit<'a>,
    store: Option<Arc<Store>>,
}

impl<'a> Readings<'a> {
    /// For this visit.
    pub(super) fn new(visit: &'a Visit<'a>) -> Self {
        let store = visit.gateway.shared.ledger.store();
        Self { visit, store }
    }

    /// Who spoke which version.
    pub(super) async fn timeline(&self, api: &ApiPlan) -> Reading<Timeline> {
        let (api, now) = (api.clone(), self.visit.arrival.now);
        self.ask(move |store, _| async move { timeline::of(&store, &api, now).await })
            .await
    }

    /// How far each version is from being gone, and so many blockers of each.
    pub(super) async fn sunset(&self, api: &ApiPlan, most: u32) -> Reading<SunsetReport> {
        let (api, now) = (api.clone(), self.visit.arrival.now);
        self.ask(
            move |store, edition| async move { sunset::of(&store, &edition.plan, &api, most, now).await },
        )
        .await
    }

    /// Which members of a version are used.
    pub(super) async fn fields(&self, api: &ApiPlan, version: &str) -> Reading<FieldUse> {
        let (api, version, now) = (api.clone(), version.to_owned(), self.visit.arrival.now);
        self.ask(move |store, _| async move { fields::of(&store, &api, &version, now).await })
            .await
    }

    /// What becomes of documents at each change.
    pub(super) async fn health(&self, api: &ApiPlan) -> Reading<Health> {
        let (api, now) = (api.clone(), self.visit.arrival.now);
        self.ask(move |store, _| async move { health::of(&store, &api, now).await })
            .await
    }

    /// Who uses a version.
    pub(super) async fn users(&self, api: &ApiPlan, version: &str, page: Page) -> Reading<WhoUses> {
        let (api, version, now) = (api.clone(), version.to_owned(), self.visit.arrival.now);
        self.ask(move |store, edition| async move {
            who_uses::of(&store, &edition.plan, &api, &version, page, now).await
        })
        .await
    }

    /// What one consumer uses.
    pub(super) async fn consumer(&self, api: &ApiPlan, name: &str) -> Reading<ConsumerReport> {
        let (api, name, now) = (api.clone(), name.to_owned(), self.visit.arrival.now);
        self.ask(
            move |store, edition| async move { consumer::of(&store, &edition.plan, &api, &name, now).await },
        )
        .await
    }

    /// Who was refused.
    pub(super) async fn protection(&self, most: u32) -> Reading<Protection> {
        let now = self.visit.arrival.now;
        self.ask(move |store, edition| async move { protection::of(&store, &edition.plan, most, now).await })
            .await
    }

    /// The last reloads of every gateway, the newest first.
    pub(super) async fn reloads(&self) -> Reading<Vec<ReloadRecord>> {
        self.ask(|store, _| async move { store.reloads(RELOADS).await })
            .await
    }

    async fn ask<T, W>(&self, question: impl FnOnce(Arc<Store>, Arc<Edition>) -> W) -> Reading<T>
    where
        T: Send + 'static,
        W: Future<Output = Result<T, StoreFault>> + Send + 'static,
    {
        match &self.store {
            Some(store) => {
                let edition = Arc::clone(self.visit.edition());
                ask(self.visit.gateway, question(Arc::clone(store), edition)).await
            }
            None => absent(self.visit.gateway),
        }
    }
}

/// There is no store, or it could not be opened yet.
fn absent<T>(gateway: &Gateway) -> Reading<T> {
    let state = gateway.shared.ledger.state();
    match (state.kept, state.fault) {
        (false, _) => Reading::Unkept,
        (true, Some(fault)) => Reading::Unknown(fault),
        (true, None) => Reading::Unknown("the usage store is being opened".to_owned()),
    }
}

/// The store whose figures are known to be made up by `sluice demo`: that never changes, so it is not asked again.
#[derive(Debug, Default)]
pub(super) struct Marked(Mutex<Weak<Store>>);

impl Marked {
    /// Whether the figures are known to be made up. Asks nobody: strangers must not have the store asked.
    pub(super) fn is_known(&self, gateway: &Gateway) -> bool {
        let store = gateway.shared.ledger.store();
        store.is_some_and(|store| self.is(&store))
    }

    /// Whether the figures in the store were made up.
    pub(super) async fn is_demo(&self, gateway: &Arc<Gateway>) -> bool {
        let Some(store) = gateway.shared.ledger.store() else {
            return false;
        };
        if self.is(&store) {
            return true;
        }
        let asked = Arc::clone(&store);
        let asked = ask(gateway, async move { asked.is_demo().await }).await;
        let is_demo = asked.get().copied().unwrap_or_default();
        if is_demo {
            *self.lock() = Arc::downgrade(&store);
        }
        is_demo
    }

    fn is(&self, store: &Arc<Store>) -> bool {
        std::ptr::eq(self.lock().as_ptr(), Arc::as_ptr(store))
    }

    fn lock(&self) -> MutexGuard<'_, Weak<Store>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
