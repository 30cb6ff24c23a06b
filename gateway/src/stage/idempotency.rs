//! The same key, the same answer: a request that is sent again is not carried out again.
//!
//! A request with a key is carried to its end even when its client has gone: that client comes again, and wants to know.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue, Method, Response};
use http_body::Body as HttpBody;
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use sluice_config::plan::{KeepingPlan, OnOutage, UpstreamPlan, Where};

use super::receive::Received;
use crate::body::{Body, Rejoined};
use crate::edition::Edition;
use crate::fields::target::Pair;
use crate::gateway::Carrier;
use crate::idempotency::fleet::Claim;
use crate::idempotency::kept::{Kept, Loss, Outcome};
use crate::idempotency::key::{self, Hash};
use crate::idempotency::memory::Memory;
use crate::idempotency::{Found, Standing};
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
    Answered(Response<Body>),
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
                let answer = plan.answer;
                Ok(Begun::First(Box::new(Keeping {
                    end: Some(End {
                        place,
                        id,
                        print,
                        keep: plan.keep,
                        shared: Arc::clone(shared),
                    }),
                    answer,
                    touched: Rc::clone(&self.line.touched),
                    api: self.used.api.name.clone(),
                })))
            }
            Found::Known(Standing::Kept(kept)) => {
                count("replayed");
                Ok(Begun::Answered(kept.again()))
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
        let claim = Claim::new(store, id, print);
        match claim.begin(lease(&self.line.plan)).await {
            Ok(found) => Some((found, Place::Fleet(claim))),
            Err(StoreFault::Down | StoreFault::Busy) => None,
            // It may have been made all the same, and would then be in the way of the next try.
            Err(StoreFault::Late | StoreFault::Failed) => {
                drop(
                    shared
                        .background
                        .spawn(claim.end_at_last(Outcome::Free, plan.keep)),
                );
                None
            }
        }
    }

    /// What a key belongs to: a consumer's keys are its own, and so are an address's without a consumer.
    fn id(&self, key: &str) -> Hash {
        let address = self.client.address.to_string();
        let who = match &self.used.who.name {
            Some(name) => ("consumer", &**name),
            None => ("address", address.as_str()),
        };
        let Use { api, operation, .. } = self.used;
        let parts = [&api.name, who.0, who.1, operation, key];
        key::hash(parts.map(str::as_bytes))
    }

    /// What tells the request from another: version, method, target, body.
    fn print(&self, body: &[u8]) -> Hash {
        let version = self.used.api.version_name(self.used.version);
        let head = [version, self.method.as_str(), self.rest].map(str::as_bytes);
        let query = self.query.iter().map(|pair| pair.raw.as_bytes());
        key::hash(head.into_iter().chain(query).chain([body]))
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

fn count(shared: &Shared, api: &str, outcome: &str) {
    let help = "Requests with an idempotency key that were not simply carried out, by what became of them";
    shared
        .meters
        .count("sluice_idempotency", help, &[("api", api), ("outcome", outcome)]);
}

/// How long a claim of the fleet holds when nobody ends it: longer than any exchange with this upstream takes.
fn lease(upstream: &UpstreamPlan) -> Duration {
    let times = &upstream.timeouts;
    let one = times.connect + times.first_byte + times.idle;
    Duration::from_secs(120) + one * (upstream.retries + 2)
}

/// Where a claim is.
#[derive(Debug)]
enum Place {
    Memory(Arc<Memory>),
    Fleet(Claim),
}

/// A claim, to be ended once.
#[derive(Debug)]
struct End {
    place: Place,
    id: Hash,
    print: Hash,
    keep: Duration,
    shared: Arc<Shared>,
}

/// A key that is in flight. Dropped without an answer, the key is free again, unless something was sent: then nobody
/// knows what became of it.
#[derive(Debug)]
pub struct Keeping {
    end: Option<End>,
    answer: usize,
    touched: Rc<Cell<bool>>,
    api: String,
}

impl Keeping {
    /// Keeps the answer, as the client gets it. It comes back whole, or with what was read of it in front.
    pub async fn keep(mut self, answer: Response<Body>) -> Response<Body> {
        let (parts, mut body) = answer.into_parts();
        // Neither was carried out (RFC 6585 §4, RFC 9110 §15.6.4): the client may try again with the same key.
        let (outcome, body) = if matches!(parts.status.as_u16(), 429 | 503) {
            (Outcome::Free, body)
        } else {
            match read(&mut body, self.answer).await {
                Read::Whole(bytes) => {
                    let bytes = bytes.freeze();
                    let kept = Kept {
                        status: parts.status,
                        fields: parts.headers.clone(),
                        body: bytes.clone(),
                    };
                    (Outcome::Kept(kept), Body::full(bytes))
                }
                Read::Part(bytes, loss, fault) => {
                    let rejoined = Rejoined::new(bytes.freeze(), fault, body);
                    (Outcome::Lost(loss), Body::stream(rejoined))
                }
            }
        };
        if let Outcome::Lost(_) = &outcome
            && let Some(end) = &self.end
        {
            count(&end.shared, &self.api, "unkept");
        }
        if let Some(end) = self.end.take() {
            end.carry_out(outcome).await;
        }
        Response::from_parts(parts, body)
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        let Some(end) = self.end.take() else { return };
        let outcome = match self.touched.get() {
            true => Outcome::Lost(Loss::Unknown),
            false => Outcome::Free,
        };
        end.carry_out_beside(outcome);
    }
}

impl End {
    fn until(&self) -> Timestamp {
        let keep = SignedDuration::try_from(self.keep).unwrap_or(SignedDuration::MAX);
        self.shared
            .clock
            .now()
            .saturating_add(keep)
            .unwrap_or(Timestamp::MAX)
    }

    /// A store that does not take it at once is told again later: the client has its answer meanwhile.
    async fn carry_out(self, outcome: Outcome) {
        if let Place::Fleet(claim) = &self.place
            && claim.end(&outcome, self.keep).await.is_ok()
        {
            return;
        }
        self.carry_out_beside(outcome);
    }

    fn carry_out_beside(self, outcome: Outcome) {
        let until = self.until();
        match self.place {
            Place::Memory(memory) => memory.end(self.id, self.print, outcome, until),
            Place::Fleet(claim) => drop(
                self.shared
                    .background
                    .spawn(claim.end_at_last(outcome, self.keep)),
            ),
        }
    }
}

/// What was read of an answer's body.
enum Read {
    Whole(BytesMut),
    /// This much, and why no more.
    Part(BytesMut, Loss, Option<crate::body::Fault>),
}

/// Reads a body as far as it is kept.
async fn read(body: &mut Body, most: usize) -> Read {
    let mut bytes = BytesMut::new();
    if body.size_hint().lower() > most as u64 {
        return Read::Part(bytes, Loss::TooLarge, None);
    }
    while let Some(frame) = body.frame().await {
        match frame.map(http_body::Frame::into_data) {
            Ok(Ok(data)) => bytes.extend_from_slice(&data),
            // Trailers are not kept: the body is known by its length now.
            Ok(Err(_trailers)) => {}
            Err(fault) => return Read::Part(bytes, Loss::Unknown, Some(fault)),
        }
        if bytes.len() > most {
            return Read::Part(bytes, Loss::TooLarge, None);
        }
    }
    Read::Whole(bytes)
}
