//! How much: the limits that a request counts against.

use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{Extensions, HeaderMap, HeaderValue, Response};
use http_body::{Body as HttpBody, SizeHint};
use sluice_config::plan::{ApiPlan, Consumers, Measure};

use crate::body::{Body, Fault, Framed};
use crate::clock::Clock;
use crate::edition::Edition;
use crate::gateway::Carrier;
use crate::identity::Identity;
use crate::limits::concurrency::Place;
use crate::limits::key::Subject;
use crate::limits::verdict::{Standing, Verdict};
use crate::limits::{Counted, Limit, whole_seconds};
use crate::refusal::{Kind, Refusal};
use crate::stage::forward::Client;
use crate::stage::lifecycle::Use;
use crate::stage::receive::Received;

/// What an exchange holds until its answer has ended: its places under limits of concurrency.
#[derive(Clone, Debug, Default)]
pub struct Permit {
    places: Option<Arc<[Place]>>,
}

impl Permit {
    /// Goes along with a request, whose connection may be switched to another protocol: what follows then is in progress too.
    pub fn follow(&self, extensions: &mut Extensions) {
        if self.places.is_some() {
            extensions.insert(self.clone());
        }
    }

    /// Lets an answer hold its places until its body has ended.
    pub fn until_ended(self, answer: Response<Body>) -> Response<Body> {
        if self.places.is_none() {
            return answer;
        }
        answer.map(|body| Body::stream(Holding { body, permit: self }))
    }
}

impl From<Vec<Place>> for Permit {
    fn from(places: Vec<Place>) -> Self {
        let places = (!places.is_empty()).then(|| places.into());
        Self { places }
    }
}

/// A body that holds places. Whoever drops it, at its end or before, gives them back.
struct Holding {
    body: Body,
    permit: Permit,
}

impl HttpBody for Holding {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Framed {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.permit = Permit::default();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Counts a request before anything is known of who asks: limits by address alone. Each counts as one.
///
/// # Errors
/// The limit is reached.
pub async fn arrive(
    carrier: &Carrier,
    edition: &Edition,
    api: usize,
    client: &Client<'_>,
    fields: &mut HeaderMap,
) -> Result<(), Refusal> {
    let limits = match edition.guard.limits.of(api) {
        Some(limits) if !limits.arrive.is_empty() => &limits.arrive,
        _ => return Ok(()),
    };
    let request = Counted {
        subject: Subject {
            who: &Identity::anonymous(),
            address: client.address,
            operation: "",
            version: "",
            headers: &HeaderMap::new(),
        },
        version: edition.plan.apis[api].origin,
        cost: NonZeroU32::MIN,
    };
    let counting = Counting {
        limits,
        consumers: &edition.plan.consumers,
        clock: &carrier.shared().clock,
    };
    counting.all(&request, fields).await.map(drop)
}

/// Counts a request against every other limit; the narrowest comes first. Adds what answers say of limits.
///
/// # Errors
/// A limit is reached.
pub async fn admit(
    carrier: &Carrier,
    edition: &Edition,
    api: usize,
    used: &Use<'_>,
    client: &Client<'_>,
    headers: &HeaderMap,
    fields: &mut HeaderMap,
) -> Result<Permit, Refusal> {
    let limits = match edition.guard.limits.of(api) {
        Some(limits) if !limits.admit.is_empty() => &limits.admit,
        _ => return Ok(Permit::default()),
    };
    let request = Counted {
        subject: Subject {
            who: used.who,
            address: client.address,
            operation: used.operation,
            version: used.api.version_name(used.version),
            headers,
        },
        version: used.version,
        cost: used.api.limits.weight(used.operation),
    };
    let counting = Counting {
        limits,
        consumers: &edition.plan.consumers,
        clock: &carrier.shared().clock,
    };
    counting.all(&request, fields).await
}

/// Judges the size of a request's body, of an operation that has a bound of its own.
///
/// # Errors
/// It is larger, or did not arrive.
pub async fn size(
    api: &ApiPlan,
    operation: &str,
    received: &mut Received,
    idle: Duration,
) -> Result<(), Refusal> {
    let Some(bound) = api.limits.bodies.get(operation) else {
        return Ok(());
    };
    let Some(size) = received.size_hint().exact() else {
        // No length was told: whoever sends more than the bound has sent no more than that when it is refused.
        return received.hold(*bound, idle).await.map(drop);
    };
    if size > *bound as u64 {
        let detail = format!("the body has {size} bytes; this operation takes at most {bound}");
        return Err(Refusal::new(Kind::TooLarge, detail));
    }
    Ok(())
}

/// Some limits, and what they are judged with.
struct Counting<'a> {
    limits: &'a [Limit],
    consumers: &'a Consumers,
    clock: &'a Clock,
}

impl Counting<'_> {
    /// Counts a request against all that apply. What was counted before one refused is taken back.
    async fn all(&self, request: &Counted<'_>, fields: &mut HeaderMap) -> Result<Permit, Refusal> {
        let mut places = Vec::new();
        // A bit for each limit that counted; an API has at most 100.
        let mut counted = 0_u128;
        for (index, limit) in self.limits.iter().enumerate() {
            if !limit.applies(request, self.consumers) {
                continue;
            }
            let (verdict, place) = limit.count(request, self.clock).await;
            places.extend(place);
            let refusal = match verdict {
                Verdict::Admitted(standing) => {
                    limit.tell(standing, fields);
                    counted |= 1 << (index % 128);
                    continue;
                }
                Verdict::Uncounted => continue,
                Verdict::Refused(wait) => {
                    let reset = Some(wait).filter(|_| !is_cap(limit));
                    limit.tell(Standing { remaining: 0, reset }, fields);
                    refused(limit, wait)
                }
                Verdict::Unavailable => unavailable(limit),
            };
            limit.refused();
            self.give_back(counted, request);
            return Err(refusal);
        }
        Ok(places.into())
    }

    fn give_back(&self, counted: u128, request: &Counted<'_>) {
        for (index, limit) in self.limits.iter().enumerate() {
            if counted >> (index % 128) & 1 == 1 {
                limit.give_back(request, self.clock);
            }
        }
    }
}

fn is_cap(limit: &Limit) -> bool {
    matches!(limit.plan.measure, Measure::Concurrency(_))
}

fn refused(limit: &Limit, wait: Duration) -> Refusal {
    let seconds = whole_seconds(wait).max(1);
    let name = &limit.plan.name;
    let (kind, detail) = match limit.plan.measure {
        Measure::Rate { .. } => (
            Kind::RateLimited,
            format!("the limit `{name}` is reached: try again in {seconds} s"),
        ),
        Measure::Quota { .. } => (
            Kind::QuotaExceeded,
            format!("the quota `{name}` is used up: it begins anew in {seconds} s"),
        ),
        Measure::Concurrency(cap) => (
            Kind::TooManyConcurrent,
            format!("{cap} requests are in progress, which is all that the limit `{name}` allows"),
        ),
    };
    told(Refusal::new(kind, detail), limit, seconds)
}

fn unavailable(limit: &Limit) -> Refusal {
    let detail = format!("the limit `{}` cannot be judged now: try again", limit.plan.name);
    told(Refusal::new(Kind::LimiterUnavailable, detail), limit, 1)
}

fn told(refusal: Refusal, limit: &Limit, seconds: u64) -> Refusal {
    refusal
        .with("limit", limit.plan.name.as_str())
        .field(RETRY_AFTER, HeaderValue::from(seconds))
}
