//! What is traced and where to, as it is made of a plan. A plan that leaves its collector as it was leaves the way to it.

use std::sync::Arc;

use http::header::{HeaderMap, HeaderValue};
use opentelemetry::InstrumentationScope;
use sluice_config::plan::{NamedFile, Secret, TracesPlan};
use sluice_config::{Code, Diagnostic};

use super::context::{self, Parent};
use super::exporter::Exporter;
use super::random;
use super::trace::Trace;
use crate::auth::token::fetch::Fetcher;
use crate::files::{Print, print};
use crate::secret;
use crate::shared::Shared;

/// What is traced.
#[derive(Debug)]
pub(super) struct Traces {
    share: f64,
    follow: bool,
    pub(super) way: Arc<Way>,
}

/// The way to a collector.
#[derive(Debug)]
pub(super) struct Way {
    /// What tells it from another.
    print: Print,
    pub(super) exporter: Exporter,
    pub(super) scope: InstrumentationScope,
}

impl Traces {
    /// Makes what a plan says.
    ///
    /// # Errors
    /// An address that must not be asked, a file that cannot be read, a value that cannot stand in a field.
    pub(super) fn compile(
        plan: &TracesPlan,
        before: Option<&Self>,
        shared: &Shared,
    ) -> Result<Self, Vec<Diagnostic>> {
        let directory = shared.directory.as_deref();
        let collector = Fetcher::new(&plan.collector, directory).map_err(|fault| vec![fault])?;
        let fields = fields(plan, shared)?;
        let print = print_of(plan, &collector, &fields);
        let same = before.filter(|before| before.way.print == print);
        let way = same.map_or_else(
            || Arc::new(Way::new(plan, print, collector, fields, shared)),
            |before| Arc::clone(&before.way),
        );
        Ok(Self {
            share: plan.share,
            follow: plan.follow,
            way,
        })
    }

    /// Begins the trace of a request, if it is sampled, and says in its fields what the upstream is told until a try says
    /// it better.
    pub(super) fn begin(&self, headers: &mut HeaderMap) -> Trace {
        let parent = context::read(headers);
        if parent.is_none() || context::is_state_malformed(headers) {
            headers.remove(context::STATE);
        }
        let followed = parent.filter(|_| self.follow).map(|parent| parent.sampled);
        if followed.unwrap_or_else(|| random::chance(self.share)) {
            return Trace::begin(&self.way, parent);
        }
        if parent.is_none() {
            // Nobody after us begins a trace of which this part is missing.
            let unsampled = Parent {
                trace: random::trace(),
                span: random::span(),
                sampled: false,
            };
            context::write(headers, &unsampled);
        }
        Trace::default()
    }
}

impl Way {
    fn new(plan: &TracesPlan, print: Print, collector: Fetcher, fields: HeaderMap, shared: &Shared) -> Self {
        let scope = InstrumentationScope::builder("sluice").with_version(env!("CARGO_PKG_VERSION"));
        Self {
            print,
            exporter: Exporter::start(collector, fields, &plan.service, shared),
            scope: scope.build(),
        }
    }
}

fn fields(plan: &TracesPlan, shared: &Shared) -> Result<HeaderMap, Vec<Diagnostic>> {
    let (mut fields, mut faults) = (HeaderMap::new(), Vec::new());
    for (name, secret) in &plan.headers {
        let value = secret::read(secret, shared.directory.as_deref(), 0);
        match value.and_then(|bytes| field(secret, &bytes)) {
            Ok(value) => drop(fields.insert(name.clone(), value)),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() {
        Ok(fields)
    } else {
        Err(faults)
    }
}

fn field(secret: &Secret, bytes: &[u8]) -> Result<HeaderValue, Diagnostic> {
    let place = match secret {
        Secret::Value(_, place) => place,
        Secret::File(named) => &named.place,
    };
    let bad = |_| {
        place.fault(
            Code::BadUrl,
            "the value cannot stand in a header field: it holds a control character",
        )
    };
    let mut value = HeaderValue::from_bytes(bytes).map_err(bad)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Where something was written is no part of what it is.
fn print_of(plan: &TracesPlan, collector: &Fetcher, fields: &HeaderMap) -> Print {
    let TracesPlan {
        collector: remote,
        service,
        ..
    } = plan;
    let reach = (
        &remote.url,
        remote.timeout,
        remote.plain_http,
        remote.link_local,
        service,
    );
    let mut bytes = format!("{reach:?}").into_bytes();
    bytes.extend(collector.authorities);
    for (name, value) in fields {
        bytes.extend(print(name.as_str().as_bytes()));
        bytes.extend(print(value.as_bytes()));
    }
    print(&bytes)
}

/// The files that a plan names.
pub(super) fn files(plan: &TracesPlan) -> impl Iterator<Item = &NamedFile> {
    let secrets = plan.headers.iter().filter_map(|(_, secret)| match secret {
        Secret::File(named) => Some(named),
        Secret::Value(..) => None,
    });
    plan.collector.authorities.iter().chain(secrets)
}
