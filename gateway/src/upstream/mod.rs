//! Upstreams: the backends behind the gateway, as one core sees them.
//!
//! Every core has its own [`Upstream`] with its own connections: nothing is locked or shared on the way of a request.
//!
//! ```text
//! send ─ choose an endpoint ─ lease a connection ─ exchange ─ Reply ─ connection back to the pool
//! ```
//!
//! - `endpoint`: the connections of one endpoint, how many there may be, and whether it answers at all;
//! - `reach`: to which addresses a name may lead;
//! - `link`: one connection, from dialling to its end; `wire` and `framing`: only what was asked for comes through it;
//! - `exchange`: one request and the head of its answer, with the clocks that watch them;
//! - [`Reply`]: the answer's body, which hands the connection back when it has ended;
//! - [`tunnel`]: what follows a 101.
//!
//! **What is sent twice.** A request goes out again, once and on a new connection, if a kept connection turned out to be
//! dead and either the request was never written or it is idempotent and its body is here in whole (RFC 9110 §9.2.2).

mod endpoint;
mod exchange;
mod fault;
mod framing;
pub mod hops;
mod link;
mod reach;
mod reply;
mod tunnel;
mod wire;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::header::{EXPECT, HOST};
use http::uri::PathAndQuery;
use http::{HeaderValue, Request, Response, Uri, Version};
use tokio::time::Instant;

use crate::body::Body;
use crate::telemetry::{Attempt, Tries};
use crate::tls::Secure;

use endpoint::{Endpoint, Lease};
use exchange::{Lost, replayable};

pub use fault::Fault;
pub use reply::Reply;
pub use tunnel::{Ended, tunnel};

/// How an upstream is reached. Every field is a bound.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `host:port` of each endpoint.
    pub endpoints: Vec<String>,
    /// TLS towards it; without it plain HTTP.
    pub tls: Option<Arc<Secure>>,
    /// Whether an endpoint may be a link-local address.
    pub link_local: bool,
    /// How long a connection may take to stand, its TLS too.
    pub connect: Duration,
    /// How long the head of an answer may take after the request was sent.
    pub first_byte: Duration,
    /// The longest silence within a body.
    pub idle: Duration,
    /// Connections to one endpoint from one core.
    pub connections: usize,
    /// How long a request waits for one of them.
    pub wait: Duration,
    /// How long an unused connection is kept.
    pub keep: Duration,
    /// How long an endpoint that refused a connection is left alone.
    pub backoff: Duration,
    /// The largest head of an answer, in bytes.
    pub head: usize,
}

impl Settings {
    /// These endpoints, with the usual bounds.
    pub fn new(endpoints: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            endpoints: endpoints.into_iter().map(Into::into).collect(),
            tls: None,
            link_local: false,
            connect: Duration::from_secs(1),
            first_byte: Duration::from_secs(15),
            idle: Duration::from_secs(30),
            connections: 256,
            wait: Duration::from_secs(1),
            keep: Duration::from_secs(60),
            backoff: Duration::from_secs(2),
            head: 64 * 1024,
        }
    }

    /// The host by which an endpoint is asked.
    fn host_of(&self, endpoint: &str) -> String {
        match &self.tls {
            Some(secure) => secure.host_for(endpoint),
            None => endpoint.to_owned(),
        }
    }
}

/// One upstream as one core sees it. Cheap to clone; stays on its core.
#[derive(Clone)]
pub struct Upstream(Rc<Pool>);

struct Pool {
    settings: Rc<Settings>,
    endpoints: Vec<Rc<Endpoint>>,
    hosts: Vec<String>,
    turn: Cell<usize>,
}

impl Upstream {
    /// An upstream without any connection yet. Nothing is dialled before the first request.
    pub fn new(settings: Settings) -> Self {
        let settings = Rc::new(settings);
        let endpoint = |name: &String| Endpoint::new(name, Rc::clone(&settings));
        let endpoints = settings.endpoints.iter().map(endpoint).collect();
        let named = settings.endpoints.iter().map(|name| settings.host_of(name));
        let mut hosts: Vec<String> = settings.endpoints.iter().cloned().chain(named).collect();
        hosts.sort_unstable();
        hosts.dedup();
        Self(Rc::new(Pool {
            settings,
            endpoints,
            hosts,
            turn: Cell::new(0),
        }))
    }

    /// The bounds it was made with.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The hosts that it is asked as, and its endpoints: its links may name them.
    pub fn hosts(&self) -> &[String] {
        &self.0.hosts
    }

    /// Sends `request` and waits for the head of its answer; the answer's body streams.
    ///
    /// The target is sent as its path and query. A missing `Host` becomes the endpoint's. Fields of the connection
    /// (see [`hops`]) are the caller's to remove. Each try is told to `tries`.
    ///
    /// # Errors
    /// [`Fault`]: no endpoint, no connection, no answer in time, or none that is HTTP.
    pub async fn send(&self, request: Request<Body>, tries: &Tries<'_>) -> Result<Response<Body>, Fault> {
        let mut request = origin_form(request);
        let mut fresh = None;
        loop {
            let (lease, attempt) = match fresh.take() {
                Some(endpoint) => Box::pin(self.dial_again(endpoint, tries)).await?,
                None => self.lease(tries).await?,
            };
            attempt.tell(request.headers_mut());
            let endpoint = lease.endpoint();
            let reused = lease.is_reused();
            let spare = if reused { replayable(&request) } else { None };
            let Lost { fault, unsent } = match lease.exchange(request, &self.0.settings).await {
                Ok(answer) => {
                    attempt.answered(answer.status());
                    return Ok(answer);
                }
                Err(lost) => *lost,
            };
            attempt.failed(&fault);
            let again = unsent
                .or(spare.filter(|_| fault.is_lost_connection()))
                .filter(|_| reused);
            let Some(again) = again else { return Err(fault) };
            // Its other kept connections are of the same age, and likely as dead.
            endpoint.forget();
            (request, fresh) = (again, Some(endpoint));
        }
    }

    async fn dial_again(&self, endpoint: Rc<Endpoint>, tries: &Tries<'_>) -> Result<(Lease, Attempt), Fault> {
        match leased(&endpoint, tries).await {
            Err(fault) if fault.is_unreachable() => self.lease(tries).await,
            leased => leased,
        }
    }

    /// A connection to the endpoint whose turn it is, or to the next one that can be reached.
    async fn lease(&self, tries: &Tries<'_>) -> Result<(Lease, Attempt), Fault> {
        let mut fault = Fault::NoEndpoint;
        let first = self.0.turn.replace(self.0.turn.get().wrapping_add(1));
        for endpoint in self.0.in_turn(first) {
            match leased(endpoint, tries).await {
                Err(unreachable) if unreachable.is_unreachable() => fault = unreachable,
                leased => return leased,
            }
        }
        Err(fault)
    }
}

/// A connection to an endpoint, and the try that has begun with it.
async fn leased(endpoint: &Rc<Endpoint>, tries: &Tries<'_>) -> Result<(Lease, Attempt), Fault> {
    let attempt = tries.begin(&endpoint.name);
    match endpoint.lease().await {
        Ok(lease) => Ok((lease, attempt)),
        Err(fault) => {
            attempt.failed(&fault);
            Err(fault)
        }
    }
}

impl Pool {
    /// The endpoints beginning with the one whose turn it is; those known to be down come last, so that an upstream of
    /// which every endpoint is down is still tried.
    fn in_turn(&self, first: usize) -> impl Iterator<Item = &Rc<Endpoint>> {
        let count = self.endpoints.len();
        // With a single endpoint there is nothing to choose, and no clock to read.
        let now = (count > 1).then(Instant::now);
        let is_up = move |endpoint: &&Rc<Endpoint>| now.is_none_or(|now| endpoint.is_up(now));
        let round = move || (0..count).map(move |step| &self.endpoints[first.wrapping_add(step) % count]);
        round()
            .filter(is_up)
            .chain(round().filter(move |endpoint| !is_up(endpoint)))
    }
}

/// HTTP/1.1 with the path and query as target, whatever the client spoke. `Expect` ends here: the client has its 100 from
/// us as soon as its body is read.
fn origin_form(mut request: Request<Body>) -> Request<Body> {
    *request.version_mut() = Version::HTTP_11;
    request.headers_mut().remove(EXPECT);
    if request.uri().scheme().is_some() || request.uri().authority().is_some() {
        let target = request.uri().path_and_query().cloned();
        *request.uri_mut() = Uri::from(target.unwrap_or_else(|| PathAndQuery::from_static("/")));
    }
    request
}

fn name_host(request: &mut Request<Body>, host: &HeaderValue) {
    if !request.headers().contains_key(HOST) {
        request.headers_mut().insert(HOST, host.clone());
    }
}
