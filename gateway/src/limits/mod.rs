//! Limits at work: rates, quotas and counts of what is in progress.
//!
//! - [`key`]: what is counted apart, as a keyed hash; [`table`]: state by key, bounded;
//! - [`rate`], [`quota`] and [`concurrency`]: counted in this process, over all its cores;
//! - [`fleet`]: rates and quotas that all gateways share through the store;
//! - [`notice`]: what answers say of a limit.

mod calendar;
pub mod concurrency;
pub mod fleet;
pub mod key;
mod notice;
pub mod quota;
pub mod rate;
pub mod table;
pub mod verdict;

use std::num::NonZeroU32;
use std::sync::Arc;

use http::HeaderMap;
use prometheus_client::metrics::counter::Counter as Refusals;
use sluice_config::plan::{ApiPlan, Consumers, KeyPart, LimitPlan, Measure, Period, Plan, Reach, VersionId};
use sluice_config::{Code, Diagnostic};

use crate::clock::Clock;
use crate::identity::Identity;
use crate::meters::Meters;
use crate::secret;
use crate::shared::Shared as Process;
use crate::store::Store;

use concurrency::{Concurrency, Place};
use fleet::quota::FleetQuota;
use fleet::{Fleet, FleetRate, Shared};
use key::Subject;
use notice::Notice;
pub use notice::whole_seconds;
use quota::LocalQuota;
use rate::Rate;
use verdict::{Standing, Verdict};

/// What is made of a plan's settings, in the plan's order of APIs.
#[derive(Debug, Default)]
pub struct Limiters {
    apis: Vec<ApiLimits>,
}

/// The limits of an API, the narrowest first.
#[derive(Debug, Default)]
pub struct ApiLimits {
    api: String,
    /// By address alone: counted before anything is known of who asks.
    pub arrive: Vec<Limit>,
    /// All others.
    pub admit: Vec<Limit>,
}

/// A limit with what it has counted.
#[derive(Debug)]
pub struct Limit {
    /// Its settings.
    pub plan: LimitPlan,
    counter: Counter,
    notice: Option<Notice>,
    refusals: Refusals,
}

/// What counts. It goes over from one edition to the next.
#[derive(Clone, Debug)]
enum Counter {
    Rate(Arc<Rate>),
    Quota(Arc<LocalQuota>),
    Concurrency(Arc<Concurrency>),
    FleetRate(Arc<FleetRate>),
    FleetQuota(Arc<FleetQuota>),
}

impl Limiters {
    /// Makes it; what is as it was keeps its state.
    ///
    /// # Errors
    /// What cannot be put to work.
    pub fn compile(
        plan: &Plan,
        before: Option<&Self>,
        store: Option<&Arc<Store>>,
        shared: &Process,
    ) -> Result<Self, Vec<Diagnostic>> {
        let fleet = store.map(|store| Fleet {
            store: Arc::clone(store),
            secret: key_secret(plan, shared),
        });
        let api = |api: &ApiPlan| {
            let before = before.and_then(|b| b.apis.iter().find(|known| known.api == api.name));
            ApiLimits::new(api, before, fleet.as_ref(), &shared.meters)
        };
        let apis: Result<Vec<_>, _> = plan.apis.iter().map(api).collect();
        apis.map(|apis| Self { apis }).map_err(|fault| vec![fault])
    }

    /// The limits of an API.
    pub fn of(&self, api: usize) -> Option<&ApiLimits> {
        self.apis.get(api)
    }
}

impl ApiLimits {
    fn new(
        api: &ApiPlan,
        before: Option<&Self>,
        fleet: Option<&Fleet>,
        meters: &Meters,
    ) -> Result<Self, Diagnostic> {
        let mut plans: Vec<_> = api.limits.limits.iter().collect();
        plans.sort_by_key(|plan| breadth(&plan.key));
        let known = |plan: &LimitPlan| before.and_then(|b| b.counter(plan, fleet));
        let make = |plan: &LimitPlan| {
            Ok(Limit {
                plan: plan.clone(),
                counter: match known(plan) {
                    Some(known) => known,
                    None => Counter::new(&api.name, plan, fleet)?,
                },
                notice: plan.fields.then(|| Notice::new(plan)),
                refusals: meters.counter(
                    "sluice_limits_refused",
                    "Requests that a limit refused",
                    &[("api", &api.name), ("limit", &plan.name)],
                ),
            })
        };
        let limits: Vec<_> = plans.into_iter().map(make).collect::<Result<_, _>>()?;
        let (arrive, admit) = limits.into_iter().partition(Limit::is_by_address);
        Ok(Self {
            api: api.name.clone(),
            arrive,
            admit,
        })
    }

    /// What was counted under the same name and settings, in the same store.
    fn counter(&self, plan: &LimitPlan, fleet: Option<&Fleet>) -> Option<Counter> {
        let same = |limit: &&Limit| {
            let known = &limit.plan;
            (&known.name, &known.key, known.measure, known.reach)
                == (&plan.name, &plan.key, plan.measure, plan.reach)
        };
        let known = self.arrive.iter().chain(&self.admit).find(same);
        known
            .map(|limit| limit.counter.clone())
            .filter(|counter| counter.is_kept_in(fleet))
    }
}

/// How much a key lumps together: what tells clients apart comes first, and then what has more parts.
fn breadth(key: &[KeyPart]) -> (bool, usize) {
    let tells = |part: &KeyPart| matches!(part, KeyPart::Consumer | KeyPart::Address | KeyPart::Header(_));
    (!key.iter().any(tells), usize::MAX - key.len())
}

/// What a request is, for limits.
#[derive(Clone, Copy, Debug)]
pub struct Counted<'a> {
    /// What keys are made of.
    pub subject: Subject<'a>,
    /// The version.
    pub version: VersionId,
    /// How much it counts.
    pub cost: NonZeroU32,
}

impl Limit {
    /// Whether it can be judged before anything is known of who asks, and for what.
    fn is_by_address(&self) -> bool {
        let counts = !matches!(self.counter, Counter::Concurrency(_));
        counts && self.plan.key == [KeyPart::Address] && self.plan.applies.to_all()
    }

    /// Whether a request counts.
    pub fn applies(&self, request: &Counted<'_>, consumers: &Consumers) -> bool {
        let applies = &self.plan.applies;
        let in_version = applies
            .versions
            .as_ref()
            .is_none_or(|v| v.contains(request.version));
        let operations = &applies.operations;
        in_version
            && (operations.is_empty() || operations.contains(request.subject.operation))
            && (applies.to_everyone() || self.applies_to(request.subject.who, consumers))
    }

    fn applies_to(&self, who: &Identity, consumers: &Consumers) -> bool {
        let applies = &self.plan.applies;
        let Some(id) = who.consumer else { return false };
        let groups = consumers.get(id).map_or(&[][..], |consumer| &consumer.groups);
        applies.consumers.contains(&id) || groups.iter().any(|group| applies.groups.contains(group))
    }

    /// Counts a request; under a cap it takes a place.
    pub async fn count(&self, request: &Counted<'_>, clock: &Clock) -> (Verdict, Option<Place>) {
        let key = request.subject.hash(&self.plan.key);
        let verdict = match &self.counter {
            Counter::Rate(rate) => rate.take(key, request.cost),
            Counter::Quota(quota) => quota.take(key, request.cost, clock.now()),
            Counter::Concurrency(cap) => return in_progress(cap, key),
            Counter::FleetRate(rate) => rate.take(key, &request.subject, request.cost).await,
            Counter::FleetQuota(quota) => {
                let now = clock.now();
                quota.take(key, &request.subject, request.cost, now).await
            }
        };
        (verdict, None)
    }

    /// Takes back what was counted, for a request that another limit refused. A place is given back by dropping it.
    pub fn give_back(&self, request: &Counted<'_>, clock: &Clock) {
        let key = request.subject.hash(&self.plan.key);
        match &self.counter {
            Counter::Rate(rate) => rate.give_back(key, request.cost),
            Counter::Quota(quota) => quota.give_back(key, request.cost),
            Counter::Concurrency(_) => {}
            Counter::FleetRate(rate) => rate.give_back(key, request.cost),
            Counter::FleetQuota(quota) => quota.give_back(key, request.cost, clock.now()),
        }
    }

    /// Counts a refusal.
    pub fn refused(&self) {
        self.refusals.inc();
    }

    /// Says in an answer how the limit stands.
    pub fn tell(&self, standing: Standing, fields: &mut HeaderMap) {
        if let Some(notice) = &self.notice {
            notice.tell(standing, fields);
        }
    }
}

fn in_progress(cap: &Arc<Concurrency>, key: u64) -> (Verdict, Option<Place>) {
    match cap.take(key) {
        Some((place, left)) => {
            let standing = Standing {
                remaining: u64::from(left),
                reset: None,
            };
            (Verdict::Admitted(standing), Some(place))
        }
        None => (Verdict::Refused(std::time::Duration::from_secs(1)), None),
    }
}

impl Counter {
    fn new(api: &str, plan: &LimitPlan, fleet: Option<&Fleet>) -> Result<Self, Diagnostic> {
        if let Reach::Fleet { exact, on_failure } = plan.reach {
            let Some(fleet) = fleet else {
                let message = format!("the limit `{}` of `{api}` has no store", plan.name);
                return Err(Diagnostic::new(Code::NoStore, "sluice.yaml", None, message));
            };
            fleet.store.keeps_limits();
            let shared = Shared {
                fleet: fleet.clone(),
                policy: policy(api, plan),
                key: plan.key.clone(),
                on_failure,
            };
            return Ok(Self::of_fleet(plan, shared, exact));
        }
        Ok(Self::local(plan))
    }

    fn of_fleet(plan: &LimitPlan, shared: Shared, exact: bool) -> Self {
        match plan.measure {
            Measure::Rate { count, per, burst } => {
                Self::FleetRate(Arc::new(FleetRate::new(shared, count, per, burst, exact)))
            }
            Measure::Quota { count, period } => {
                Self::FleetQuota(Arc::new(FleetQuota::new(shared, count, period)))
            }
            // The loader refuses it.
            Measure::Concurrency(_) => Self::local(plan),
        }
    }

    fn local(plan: &LimitPlan) -> Self {
        match plan.measure {
            Measure::Rate { count, per, burst } => Self::Rate(Arc::new(Rate::new(count, per, burst))),
            Measure::Quota { count, period } => Self::Quota(Arc::new(LocalQuota::new(count, period))),
            Measure::Concurrency(cap) => Self::Concurrency(Arc::new(Concurrency::new(cap))),
        }
    }

    /// Whether what was counted is in the fleet's store under the same keys, if it is in any.
    fn is_kept_in(&self, fleet: Option<&Fleet>) -> bool {
        let kept = match self {
            Self::FleetRate(rate) => &rate.shared.fleet,
            Self::FleetQuota(quota) => &quota.shared.fleet,
            _ => return true,
        };
        let same = |fleet: &Fleet| Arc::ptr_eq(&fleet.store, &kept.store) && fleet.secret == kept.secret;
        fleet.is_some_and(same)
    }
}

/// What keys in the store are hashed with: the secret of consumers' keys, which all gateways have. Without one the hash is no
/// secret to whoever reads the store.
fn key_secret(plan: &Plan, shared: &Process) -> Arc<[u8]> {
    let directory = shared.directory.as_deref();
    let keys = plan.keys.as_ref();
    // A secret that cannot be read is told by those who judge keys with it.
    let secret = keys.and_then(|keys| secret::read(&keys.secret, directory, 0).ok());
    secret.map_or_else(|| Arc::from(*b"sluice limits 1"), Arc::from)
}

/// What tells a limit from others in the store. A changed rate begins anew; a changed quota goes on from what was used.
fn policy(api: &str, plan: &LimitPlan) -> String {
    let name = &plan.name;
    match plan.measure {
        Measure::Rate { count, per, burst } => format!("{api} {name} rate {count} {} {burst}", per.as_secs()),
        Measure::Quota {
            period: Period::Day, ..
        } => format!("{api} {name} day"),
        Measure::Quota {
            period: Period::Month,
            ..
        } => format!("{api} {name} month"),
        Measure::Concurrency(_) => format!("{api} {name} concurrency"),
    }
}
