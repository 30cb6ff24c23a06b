//! The same key, the same answer: a request that is sent again is not carried out again.
//!
//! A request with a key is carried to its end even when its client has gone: that client comes again, and wants to know.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, Response};
use sluice_config::plan::{KeepingPlan, OnOutage, UpstreamPlan, Where};

use super::receive::Received;
use crate::body::Body;
use crate::edition::Edition;
use crate::fields::target::Pair;
use crate::gateway::Carrier;
use crate::idempotency::fleet::Claim;
use crate::idempotency::keeping::{End, Keeping, Place};
use crate::idempotency::kept::{Loss, Outcome};
use crate::idempotency::key::{self, Hash};
use crate::idempotency::{Found, Standing, count};
use crate::pools::Line;
use crate::refusal::{Kind, Refusal};
use crate::shared::Shared;
use crate::stage::forward::Client;
use crate::stage::lifecycle::Use;
use crate::store::StoreFault;

/// What becomes of a request with a key.
pub enum Begun {
    /// It has no key, or its operation keeps none.
    Unkept,
    /// It was answered before: so.
    Answered(Box<Response<Body>>),
    /// It is carried out now; whoever sends the same key meanwhile is refused.
    First(Box<Keeping>),
}

/// A request that may have a key.
pub struct Keyed<'a> {
    /// The edition.
    pub edition: &'a Arc<Edition>,
    /// The API, by its position.
    pub api: usize,
    /// Version, operation and consumer.
    pub used: &'a Use<'a>,
    /// Who asks, as far as the connection tells.
    pub client: &'a Client<'a>,
    /// The method.
    pub method: &'a Method,
    /// The canonical path below the version's prefix.
    pub rest: &'a str,
    /// The query without selectors and credentials.
    pub query: &'a [Pair],
    /// Its fields.
    pub headers: &'a HeaderMap,
    /// The line that it will take.
    pub line: &'a Line,
}

/// Looks a request's key up.
///
/// # Errors
/// The same key with another body, a key in flight, a key that is missing where one is needed.
pub async fn begin(carrier: &Carrier, keyed: &Keyed<'_>, received: &mut Received) -> Result<Begun, Refusal> {
    match keyed.used.api.idempotency.of(keyed.used.operation) {
        None => Ok(Begun::Unkept),
        // Boxed: what keeps nothing need not carry it.
        Some(plan) => Box::pin(keyed.begin(carrier.shared(), plan, received)).await,
    }
}

impl Keyed<'_> {
    async fn begin(
        &self,
        shared: &Arc<Shared>,
        plan: &KeepingPlan,
        received: &mut Received,
    ) -> Result<Begun, Refusal> {
        let Some(key) = key::read(self.headers)? else {
            return match plan.required {
                true => Err(Refusal::new(
                    Kind::IdempotencyKeyMissing,
                    "this operation needs the field Idempotency-Key, a text in quotes that no other request has",
                )),
                false => Ok(Begun::Unkept),
            };
        };
        let bounds = &self.edition.plan.bounds;
        let body = received.hold(bounds.request, self.edition.idle(self.api)).await?;
        let (id, print) = (self.id(&key), self.print(&body));
        let (found, place) = match self.look(shared, plan, id, print).await {
            Some(found) => found,
            None => return unavailable(shared, &self.used.api.name, plan),
        };
        let count = |outcome: &str| count(shared, &self.used.api.name, outcome);
        match found {
            Found::First => {
                let end = End {
                    place,
                    id,
                    print,
                    keep: plan.keep,
                    shared: Arc::clone(shared),
                };
                let spent = Rc::clone(&self.line.spent);
                let keeping = Keeping::new(end, plan.answer, spent, &self.used.api.name);
                Ok(Begun::First(Box::new(keeping)))
            }
            Found::Known(Standing::Kept(kept)) => {
                count("replayed");
                Ok(Begun::Answered(Box::new(kept.again())))
            }
            Found::Known(Standing::InFlight) => {
                count("in_flight");
                Err(in_flight())
            }
            Found::Known(Standing::Lost(loss)) => {
                count("lost");
                Err(lost(loss))
            }
            Found::Other => {
                count("mismatch");
                Err(Refusal::new(
                    Kind::IdempotencyMismatch,
                    "this idempotency key came with another request before; a new request needs a new key",
                ))
            }
        }
    }

    /// Where the key is kept, and what is known of it; nothing when the store does not answer.
    async fn look(
        &self,
        shared: &Shared,
        plan: &KeepingPlan,
        id: Hash,
        print: Hash,
    ) -> Option<(Found, Place)> {
        if plan.store == Where::Memory {
            let memory = self.edition.guard.answers.memory(self.api)?;
            let found = memory.begin(id, print, shared.clock.now());
            return Some((found, Place::Memory(Arc::clone(memory))));
        }
        let store = self.edition.guard.store.as_ref()?;
        let asked = Asking {
            shared,
            claim: Some(Claim::new(store, id, print)),
            keep: plan.keep,
        };
        asked.begin(lease(&self.line.plan)).await
    }

    /// What a key belongs to: the keys of a consumer, and of each of its users, are its own. Without a consumer they are an
    /// address's; whoever the backend itself takes for somebody else (`Authorization`, `Cookie`) is somebody else here too.
    fn id(&self, key: &str) -> Hash {
        let address = self.client.address.to_string();
        let Use {
            api, operation, who, ..
        } = self.used;
        let owner = match &who.name {
            Some(name) => ("consumer", &**name),
            None => ("address", address.as_str()),
        };
        let subject = who.subject.as_deref().unwrap_or_default();
        let parts = [&api.name, owner.0, owner.1, subject, operation, key].map(str::as_bytes);
        let own = [AUTHORIZATION, COOKIE];
        let own = own
            .iter()
            .flat_map(|name| self.headers.get_all(name))
            .map(HeaderValue::as_bytes);
        key::hash(parts.into_iter().chain(own))
    }

    /// What tells the request from another: version, method, target, media type, body.
    fn print(&self, body: &[u8]) -> Hash {
        let version = self.used.api.version_name(self.used.version);
        let head = [version, self.method.as_str(), self.rest].map(str::as_bytes);
        let query = self.query.iter().map(|pair| pair.raw.as_bytes());
        let media = self
            .headers
            .get(CONTENT_TYPE)
            .map_or(&b""[..], HeaderValue::as_bytes);
        key::hash(head.into_iter().chain(query).chain([media, body]))
    }
}

/// A claim that the store was asked for. Given up before its answer is known, as when the client resets its stream, it may
/// have been made all the same, and would be in the way of the next try: it is taken back.
struct Asking<'a> {
    shared: &'a Shared,
    claim: Option<Claim>,
    keep: Duration,
}

impl Asking<'_> {
    async fn begin(mut self, lease: Duration) -> Option<(Found, Place)> {
        let begun = self.claim.as_ref()?.begin(lease).await;
        match begun {
            Ok(found) => self.claim.take().map(|claim| (found, Place::Fleet(claim))),
            Err(StoreFault::Down | StoreFault::Busy) => {
                self.claim = None;
                None
            }
            Err(StoreFault::Late | StoreFault::Failed) => None,
        }
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if let Some(claim) = self.claim.take() {
            let back = claim.end_at_last(Outcome::Free, self.keep);
            drop(self.shared.background.spawn(back));
        }
    }
}

fn unavailable(shared: &Shared, api: &str, plan: &KeepingPlan) -> Result<Begun, Refusal> {
    count(shared, api, "unavailable");
    match plan.on_failure {
        OnOutage::Open => Ok(Begun::Unkept),
        OnOutage::Closed => Err(Refusal::new(
            Kind::IdempotencyUnavailable,
            "idempotency keys cannot be looked up now; nothing was carried out, try again",
        )
        .field(RETRY_AFTER, HeaderValue::from_static("1"))),
    }
}

fn in_flight() -> Refusal {
    Refusal::new(
        Kind::IdempotencyInFlight,
        "the request that came with this idempotency key is still carried out; ask again for its answer",
    )
    .field(RETRY_AFTER, HeaderValue::from_static("1"))
}

fn lost(loss: Loss) -> Refusal {
    let detail = match loss {
        Loss::Unknown => {
            "the request that came with this idempotency key was sent, and no answer came: look whether it was carried out, then use a new key"
        }
        Loss::TooLarge => {
            "the request that came with this idempotency key was answered, and the answer is too large to be kept: look what is there instead"
        }
    };
    Refusal::new(Kind::IdempotencyUnknown, detail)
}

/// How long a claim of the fleet holds when nobody ends it: longer than any exchange with this upstream takes.
fn lease(upstream: &UpstreamPlan) -> Duration {
    let times = &upstream.timeouts;
    let one = times.connect + times.first_byte + times.idle;
    Duration::from_secs(120) + one * (upstream.retries + 2)
}
