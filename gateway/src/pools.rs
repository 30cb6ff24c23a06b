//! The upstreams of one core, and the line to one of them that an exchange uses.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Request, Response};
use sluice_config::plan::{UpstreamId, UpstreamPlan};

use crate::body::Body;
use crate::edition::Edition;
use crate::refusal::Refusal;
use crate::telemetry::Trace;
use crate::tls::Secure;
use crate::upstream::{self, Upstream};

/// The longest pause between two tries of a write.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// The connection to the upstream, as one exchange uses it.
#[derive(Clone)]
pub struct Line {
    /// The upstream's plan.
    pub plan: Rc<UpstreamPlan>,
    /// Its connections on this core.
    pub upstream: Upstream,
    /// What became of the exchange at the upstream so far.
    pub spent: Rc<Spent>,
    /// Whether it is measured how long the upstream takes.
    pub timed: bool,
    /// The exchange's trace.
    pub trace: Trace,
}

/// What became of an exchange at its upstream.
#[derive(Debug, Default)]
pub struct Spent {
    /// Whether a request that changes something may have reached it.
    pub touched: Cell<bool>,
    /// How long heads of answers were waited for, all tries together; none before the first.
    pub waited: Cell<Option<Duration>>,
}

impl Line {
    /// Sends a request on.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn send(&self, request: Request<Body>) -> Result<Response<Body>, Refusal> {
        let Spent { touched, waited } = &*self.spent;
        let before = touched.get();
        touched.set(before || !request.method().is_safe());
        let since = self.timed.then(Instant::now);
        let stage = self.trace.stage("forward");
        let tries = self.trace.tries(&self.plan.name, request.method());
        let answer = self.upstream.send(request, &tries).await;
        if let Some(since) = since {
            waited.set(Some(waited.get().unwrap_or_default() + since.elapsed()));
        }
        stage.judged(answer.map_err(|fault| {
            if fault.is_unsent() {
                touched.set(before);
            }
            tracing::warn!(upstream = %self.plan.name, %fault, "the upstream failed");
            Refusal::from(&fault)
        }))
    }

    /// Waits before a write is tried again, longer each time and never for the same time as others.
    pub async fn pause(&self, attempt: u32) {
        let longest = LONGEST_PAUSE.min(Duration::from_millis(1 << attempt.min(10)));
        let nanos = std::time::SystemTime::UNIX_EPOCH
            .elapsed()
            .map_or(0, |d| d.subsec_nanos());
        tokio::time::sleep(longest.mul_f64(f64::from(nanos % 1024) / 1024.0)).await;
    }

    /// The hosts that the upstream is asked as: its links may name them.
    pub fn hosts(&self) -> &[String] {
        self.upstream.hosts()
    }
}

/// Upstreams of one core, by name. A plan that leaves an upstream as it was leaves its connections too.
#[derive(Default)]
pub struct Pools {
    generation: u64,
    pools: Vec<(Rc<UpstreamPlan>, Upstream)>,
}

impl Pools {
    /// The line to an upstream in this edition. An exchange asks for it before it waits for anything, so that no older
    /// edition asks after a newer one.
    pub fn line(pools: &Rc<RefCell<Self>>, edition: &Edition, id: UpstreamId) -> Option<Line> {
        let mut own = pools.borrow_mut();
        if own.generation != edition.generation {
            own.renew(edition);
        }
        let (plan, upstream) = own.pools.get(id.index())?;
        Some(Line {
            plan: Rc::clone(plan),
            upstream: upstream.clone(),
            spent: Rc::default(),
            timed: false,
            trace: Trace::default(),
        })
    }

    fn renew(&mut self, edition: &Edition) {
        let old = std::mem::take(&mut self.pools);
        let pool = |(index, plan): (usize, &UpstreamPlan)| {
            let tls = edition.guard.tls.upstream(index);
            let is_same = |known: &&(Rc<UpstreamPlan>, Upstream)| {
                let before = known.1.settings().tls.as_ref();
                *known.0 == *plan && before.map(Arc::as_ptr) == tls.map(Arc::as_ptr)
            };
            let same = old.iter().find(is_same).cloned();
            same.unwrap_or_else(|| (Rc::new(plan.clone()), Upstream::new(settings(plan, tls.cloned()))))
        };
        self.pools = edition.plan.upstreams.iter().enumerate().map(pool).collect();
        self.generation = edition.generation;
    }
}

fn settings(plan: &UpstreamPlan, tls: Option<Arc<Secure>>) -> upstream::Settings {
    let endpoints = plan.endpoints.iter().map(ToString::to_string);
    upstream::Settings {
        tls,
        link_local: plan.link_local,
        connect: plan.timeouts.connect,
        first_byte: plan.timeouts.first_byte,
        idle: plan.timeouts.idle,
        connections: plan.connections,
        ..upstream::Settings::new(endpoints)
    }
}
