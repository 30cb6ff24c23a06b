//! An edition: a plan, and what is made of it for running. Exchanges see one edition from beginning to end.
//!
//! A reload compiles beside the running edition and swaps one pointer. When anything is at fault, the old edition serves
//! on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use http::{HeaderName, HeaderValue};
use sha2::{Digest, Sha256};
use sluice_config::Diagnostic;
use sluice_config::plan::{ApiPlan, Plan};
use sluice_transforms::contract::Operation;
use sluice_transforms::lineage::Chain;

use crate::edge::Edge;
use crate::fields::etag::Mark;
use crate::files::print;
use crate::guard::Guard;
use crate::ledger::names::Names;
use crate::lifecycle::{Members, Notices};
use crate::shared::Shared;
use crate::stage::documents::Offload;
use crate::stage::identify;
use crate::telemetry::{Telemetry, access};

/// A plan with what is made of it.
#[derive(Debug)]
pub struct Edition {
    /// Its number: 1 is the first of the process.
    pub generation: u64,
    /// The plan.
    pub plan: Plan,
    /// What is made of each API, in the plan's order.
    pub apis: Vec<Api>,
    /// Where long translations run.
    pub offload: Offload,
    /// What stands before the lift.
    pub guard: Guard,
    /// What is told of single exchanges.
    pub telemetry: Telemetry,
    /// Whether any API does something to its answers on their way out.
    pub edged: bool,
    /// The names that usage is counted under.
    pub names: Arc<Names>,
}

/// What is made of an API.
#[derive(Debug)]
pub struct Api {
    /// Its versions in the plan's order.
    pub versions: Vec<Version>,
    /// The chain that the gateway's own errors take, from the version in which they are written, to each version.
    pub errors: Vec<Option<Chain>>,
    /// The request fields that decide which version is meant.
    pub varies: Vec<HeaderName>,
    /// What its answers say of what goes.
    pub notices: Notices,
    /// Members of its documents that go.
    pub members: Members,
    /// What is done to its answers on their way out.
    pub edge: Edge,
}

/// What is made of a version.
#[derive(Debug)]
pub struct Version {
    /// From this version to the origin.
    pub lift: Chain,
    /// From the origin to this version.
    pub lower: Chain,
    /// What tells its representations from those of other versions.
    pub mark: Mark,
    /// Its name as the value of a field, if it can be one.
    pub label: Option<HeaderValue>,
}

impl Version {
    /// Whether the upstream speaks this version.
    pub fn is_origin(&self) -> bool {
        self.lift.steps.is_empty()
    }

    /// The operation that a method and decoded segments name.
    pub fn operation(&self, method: &str, segments: &[String]) -> Option<&Operation> {
        operation(&self.lift.source.operations, method, segments)
    }

    /// The methods that a path has.
    pub fn methods(&self, segments: &[String]) -> Vec<&str> {
        let fits = |o: &&Operation| o.path.fits(segments);
        self.lift
            .source
            .operations
            .iter()
            .filter(fits)
            .map(|o| o.method.as_str())
            .collect()
    }
}

/// The operation that fits best, with what fills its path's slots.
pub fn route<'o>(
    operations: &'o [Operation],
    method: &str,
    segments: &[String],
) -> Option<(&'o Operation, Vec<(String, String)>)> {
    let operation = operation(operations, method, segments)?;
    Some((operation, operation.path.matches(segments)?))
}

/// The operation that fits best: the one with more fixed segments. HEAD is read as GET (RFC 9110 §9.3.2).
fn operation<'o>(operations: &'o [Operation], method: &str, segments: &[String]) -> Option<&'o Operation> {
    let method = if method == "HEAD" { "GET" } else { method };
    let fits = operations
        .iter()
        .filter(|o| o.method == method)
        .filter(|o| o.path.fits(segments));
    fits.max_by_key(|o| o.path.fixed())
}

impl Edition {
    /// The longest silence in a body of an API, on either side.
    pub fn idle(&self, api: usize) -> Duration {
        let upstream = self
            .plan
            .apis
            .get(api)
            .and_then(|api| self.plan.upstream(api.upstream));
        upstream.map_or(Duration::from_secs(30), |upstream| upstream.timeouts.idle)
    }

    /// A plan with the chains that are made of it, and without a guard: to be looked at, not to be served.
    pub fn unguarded(plan: Plan) -> Self {
        Self::new(plan, 0, None, Guard::default(), Telemetry::default())
    }

    fn compile(
        plan: Plan,
        generation: u64,
        before: Option<&Edition>,
        shared: &Arc<Shared>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let guard = Guard::compile(&plan, before.map(|b| &b.guard), shared)?;
        let telemetry = Telemetry::compile(&plan, before.map(|b| &b.telemetry), shared)?;
        Ok(Self::new(plan, generation, before, guard, telemetry))
    }

    /// Nothing while every file outside of the configuration has the content that was read; else what tells their state now
    /// from others. It reads them all: call it off the cores.
    pub fn changed(&self) -> Option<[u8; 32]> {
        match (self.guard.changed(), self.telemetry.changed()) {
            (None, None) => None,
            (Some(one), None) | (None, Some(one)) => Some(one),
            (Some(one), Some(other)) => Some(print([one, other].as_flattened())),
        }
    }

    fn new(
        plan: Plan,
        generation: u64,
        before: Option<&Edition>,
        guard: Guard,
        telemetry: Telemetry,
    ) -> Self {
        let apis = plan.apis.iter().map(Api::new).collect();
        let same = before.filter(|b| b.plan.bounds.offload_queue == plan.bounds.offload_queue);
        let offload = same.map_or_else(|| Offload::new(plan.bounds.offload_queue), |b| b.offload.clone());
        let names = Names::of(&plan, before.map(|b| &b.names));
        let edged = plan.apis.iter().any(|api| !api.edge.leaves_answers());
        Self {
            generation,
            plan,
            apis,
            offload,
            guard,
            telemetry,
            edged,
            names,
        }
    }
}

impl Api {
    fn new(plan: &ApiPlan) -> Self {
        let lineage = &plan.lineage;
        let chain = |from: &str, to: &str| lineage.chain(from, to);
        let errors = |to: &str| {
            plan.errors
                .as_ref()
                .and_then(|e| chain(plan.version_name(e.version), to))
        };
        let origin = lineage.origin();
        let versions = plan.versions.iter().filter_map(|v| {
            let (lift, lower) = (chain(&v.name, origin)?, chain(origin, &v.name)?);
            let mark = Mark::new(&chain_hash(&lower));
            let label = HeaderValue::from_str(&v.name).ok();
            Some(Version {
                lift,
                lower,
                mark,
                label,
            })
        });
        Self {
            versions: versions.collect(),
            errors: plan.versions.iter().map(|v| errors(&v.name)).collect(),
            varies: identify::varies_by(plan),
            notices: Notices::of(plan),
            members: Members::of(plan),
            edge: Edge::new(&plan.edge),
        }
    }
}

/// What tells a chain from another: its ends, and every step with its settings.
fn chain_hash(chain: &Chain) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{} {}", chain.from, chain.to));
    for (pass, to) in &chain.steps {
        hash.update(format!("{to:?} {:?}", pass.action));
    }
    hash.finalize()
        .iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The running edition: one load for each exchange, one store for each reload.
#[derive(Debug, Default)]
pub struct Editions {
    current: ArcSwapOption<Edition>,
    generations: AtomicU64,
}

impl Editions {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The running edition; none before the first.
    pub fn current(&self) -> Option<Arc<Edition>> {
        self.current.load_full()
    }

    /// Whether this is the running edition. Writes nothing that cores share.
    pub fn is_current(&self, edition: &Arc<Edition>) -> bool {
        let current = self.current.load();
        current
            .as_ref()
            .is_some_and(|current| Arc::ptr_eq(current, edition))
    }

    /// Makes a plan the running one. Gives its generation.
    ///
    /// # Errors
    /// What cannot be put to work, such as a key file that is missing; the running edition serves on.
    pub fn publish(&self, plan: Plan, shared: &Arc<Shared>) -> Result<u64, Vec<Diagnostic>> {
        let before = self.current.load();
        let generation = self.generations.load(Ordering::Acquire) + 1;
        let audit = shared.audit.open(&plan, shared.directory.as_deref())?;
        let access = access::open(&plan, shared.directory.as_deref())?;
        let edition = Edition::compile(plan, generation, before.as_deref(), shared)?;
        self.generations.store(generation, Ordering::Release);
        let usage = edition.plan.usage.clone();
        self.current.store(Some(Arc::new(edition)));
        shared.ledger.adopt(usage.as_ref(), shared.directory.clone());
        shared.audit.adopt(audit);
        shared.access.adopt(access);
        Ok(generation)
    }
}
