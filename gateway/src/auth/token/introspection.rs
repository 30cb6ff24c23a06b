//! Tokens that an authorization server is asked about (RFC 7662).
//!
//! The server is asked in the background, once for each token however many requests wait for the answer, and so often as
//! answers are kept for. When it is down, no token proves anything: the client is told to come back.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use lru::LruCache;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode, utf8_percent_encode};
use sluice_config::plan::IntrospectionPlan;
use sluice_config::{Code, Diagnostic};
use sluice_transforms::value::Value;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use super::breaker::Breaker;
use super::fetch::Fetcher;
use super::{Print, claims, json, print, unfit};
use crate::auth::found::{Found, Proof};
use crate::secret;
use crate::shared::Shared;

/// The largest answer.
const MOST_ANSWER: usize = 64 * 1024;
/// The most answers that are kept of tokens that are good, and as many of others.
const MOST_KEPT: NonZeroUsize = NonZeroUsize::new(4096).unwrap();
/// The most tokens that are asked about or wait for it.
const MOST_FLIGHTS: usize = 1024;
/// The most questions to the server at once.
const AT_ONCE: usize = 64;
/// The longest that a refusal is kept.
const MOST_REFUSED: Duration = Duration::from_secs(5);
/// How long a question waits for its turn, and how much longer than the exchange itself its answer is waited for.
const SLACK: Duration = Duration::from_millis(500);
/// What stands for itself in a form (application/x-www-form-urlencoded).
const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'*');
const DOWN: &str = "the server that judges tokens does not answer now";

/// Asks an authorization server about tokens (RFC 7662).
#[derive(Debug)]
pub struct Introspection(Arc<Asker>);

struct Asker {
    plan: IntrospectionPlan,
    fetcher: Fetcher,
    authorization: HeaderValue,
    kept: Mutex<Answers>,
    flights: Mutex<HashMap<Print, watch::Receiver<Option<Verdict>>>>,
    permits: Semaphore,
    breaker: Breaker,
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Asker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asker")
            .field("at", &self.fetcher.label)
            .finish_non_exhaustive()
    }
}

/// An answer, and until when it is believed.
#[derive(Debug, Clone)]
struct Kept {
    verdict: Verdict,
    until: Timestamp,
}

/// Answers by token. Those about bad tokens stand apart: anyone can send many, and good ones must not give way to them.
struct Answers {
    good: LruCache<Print, Kept>,
    bad: LruCache<Print, Kept>,
}

impl Default for Answers {
    fn default() -> Self {
        let table = || LruCache::sparse(MOST_KEPT);
        Self {
            good: table(),
            bad: table(),
        }
    }
}

/// What the server said.
#[derive(Debug, Clone)]
enum Verdict {
    Proved(Proof, Option<i64>),
    Wrong(String),
    Down,
}

impl Introspection {
    /// Makes it. `before` is the one of the last edition with the same plan.
    ///
    /// # Errors
    /// A secret file that cannot be read.
    pub fn compile(
        plan: &IntrospectionPlan,
        before: Option<&Arc<Self>>,
        shared: &Arc<Shared>,
    ) -> Result<Arc<Self>, Vec<Diagnostic>> {
        let directory = shared.directory.as_deref();
        let made = || {
            let secret = secret::read(&plan.secret, directory, 1)?;
            Ok((
                authorization(plan, &secret)?,
                Fetcher::new(&plan.remote, directory)?,
            ))
        };
        let (authorization, fetcher) = made().map_err(|fault| vec![fault])?;
        let same = |before: &&Arc<Self>| {
            let asker = &before.0;
            let trusts = asker.fetcher.authorities == fetcher.authorities;
            asker.plan == *plan && asker.authorization == authorization && trusts
        };
        if let Some(before) = before.filter(same) {
            return Ok(before.clone());
        }
        Ok(Arc::new(Self(Arc::new(Asker {
            plan: plan.clone(),
            fetcher,
            authorization,
            kept: Mutex::default(),
            flights: Mutex::default(),
            permits: Semaphore::new(AT_ONCE),
            breaker: Breaker::default(),
            shared: shared.clone(),
        }))))
    }

    /// Judges a token.
    pub async fn judge(&self, token: &str, now: Timestamp) -> Found {
        if let Some(why) = unfit(token) {
            return Found::Wrong(why.to_owned());
        }
        let key = print(token.as_bytes());
        let verdict = match self.0.remembered(&key, now) {
            Some(verdict) => verdict,
            None => self.0.answer(token, key, now).await,
        };
        match verdict {
            Verdict::Proved(proof, _) => Found::Proved(proof),
            Verdict::Wrong(why) => Found::Wrong(why),
            Verdict::Down => Found::Unavailable(DOWN.to_owned()),
        }
    }
}

/// The gateway's own credential (RFC 6749 §2.3.1): both parts are encoded as in a form.
fn authorization(plan: &IntrospectionPlan, secret: &[u8]) -> Result<HeaderValue, Diagnostic> {
    let encoded = |bytes| percent_encode(bytes, FORM);
    let pair = format!("{}:{}", encoded(plan.client.as_bytes()), encoded(secret));
    let value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair)));
    let mut value = value.map_err(|_| {
        plan.remote
            .place
            .fault(Code::OutOfRange, "the secret is too long")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

impl Asker {
    fn remembered(&self, key: &Print, now: Timestamp) -> Option<Verdict> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = |kept: &&Kept| now < kept.until;
        let bad = kept.bad.get(key).filter(fresh).map(|kept| kept.verdict.clone());
        bad.or_else(|| kept.good.get(key).filter(fresh).map(|kept| kept.verdict.clone()))
    }

    async fn answer(self: &Arc<Self>, token: &str, key: Print, now: Timestamp) -> Verdict {
        let Some(mut flight) = self.flight(token, key, now) else {
            return Verdict::Down;
        };
        let patience = self.plan.remote.timeout + 2 * SLACK;
        match timeout(patience, flight.wait_for(Option::is_some)).await {
            Ok(Ok(verdict)) => verdict.clone().unwrap_or(Verdict::Down),
            _ => Verdict::Down,
        }
    }

    /// The question about this token that is under way, or a new one.
    fn flight(
        self: &Arc<Self>,
        token: &str,
        key: Print,
        now: Timestamp,
    ) -> Option<watch::Receiver<Option<Verdict>>> {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(&key) {
            return Some(flight.clone());
        }
        if flights.len() >= MOST_FLIGHTS {
            self.count("full");
            return None;
        }
        if !self.breaker.allows(Instant::now()) {
            self.count("broken");
            return None;
        }
        let (tell, told) = watch::channel(None);
        flights.insert(key, told.clone());
        let flight = Flight {
            asker: self.clone(),
            key,
        };
        let form = format!(
            "token={}&token_type_hint=access_token",
            utf8_percent_encode(token, FORM)
        );
        drop(self.shared.background.spawn(async move {
            let verdict = flight.asker.ask(form, now).await;
            flight.asker.keep(key, &verdict, now);
            drop(flight);
            tell.send_replace(Some(verdict));
        }));
        Some(told)
    }

    async fn ask(&self, form: String, now: Timestamp) -> Verdict {
        let Ok(_permit) = timeout(SLACK, self.permits.acquire()).await else {
            self.count("full");
            return Verdict::Down;
        };
        let answer = self
            .fetcher
            .post(self.authorization.clone(), form, MOST_ANSWER)
            .await;
        // What one token alone can bring about does not stop the others.
        let answered = answer
            .as_ref()
            .err()
            .is_none_or(|fault| !fault.is_of_the_server());
        self.breaker.told(answered, Instant::now());
        let (outcome, verdict) = match answer {
            Ok(answer) => self.judge(&answer, now),
            Err(fault) => {
                tracing::warn!(at = self.fetcher.label, why = %fault, "a token cannot be judged");
                (fault.outcome(), Verdict::Down)
            }
        };
        self.count(outcome);
        verdict
    }

    fn judge(&self, answer: &[u8], now: Timestamp) -> (&'static str, Verdict) {
        let answer = json::object(answer);
        let active = answer.as_ref().ok().and_then(|answer| answer.get("active"));
        let (Ok(answer), Some(Value::Bool(active))) = (&answer, active) else {
            tracing::warn!(
                at = self.fetcher.label,
                "the answer about a token is not that of RFC 7662"
            );
            return ("malformed", Verdict::Down);
        };
        if !active {
            return ("inactive", Verdict::Wrong("the token is not active".to_owned()));
        }
        match claims::judge(&self.plan.claims, answer, now) {
            Ok(claims) => ("active", Verdict::Proved(claims.proof, claims.ends)),
            Err(why) => ("refused", Verdict::Wrong(why)),
        }
    }

    fn keep(&self, key: Print, verdict: &Verdict, now: Timestamp) {
        let after = |wait: Duration| {
            let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
            now.saturating_add(wait).unwrap_or(Timestamp::MAX)
        };
        let until = match verdict {
            Verdict::Proved(_, ends) => {
                let ends = ends.and_then(|ends| Timestamp::from_second(ends).ok());
                after(self.plan.cache).min(ends.unwrap_or(Timestamp::MAX))
            }
            Verdict::Wrong(_) => after((self.plan.cache / 4).min(MOST_REFUSED)),
            Verdict::Down => return,
        };
        let answer = Kept {
            verdict: verdict.clone(),
            until,
        };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(verdict, Verdict::Proved(..)) {
            kept.bad.pop(&key);
            kept.good.put(key, answer);
        } else {
            kept.good.pop(&key);
            kept.bad.put(key, answer);
        }
    }

    fn count(&self, outcome: &str) {
        let labels = [("at", self.fetcher.label.as_str()), ("outcome", outcome)];
        let meters = &self.shared.meters;
        meters.count(
            "sluice_introspection",
            "Questions about tokens, and those that were not asked",
            &labels,
        );
    }
}

/// A question that is under way. Dropped, whatever became of it, the token can be asked about again.
struct Flight {
    asker: Arc<Asker>,
    key: Print,
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut flights = self.asker.flights.lock().unwrap_or_else(PoisonError::into_inner);
        flights.remove(&self.key);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use sluice_config::Span;
    use sluice_config::plan::{ClaimsPlan, Place, Remote, Secret};

    #[test]
    fn bad_tokens_do_not_push_good_ones_out() {
        let place = Place {
            file: "x".to_owned(),
            span: Span::START,
        };
        let plan = IntrospectionPlan {
            remote: Remote {
                url: "http://127.0.0.1:1/".to_owned(),
                timeout: Duration::from_secs(1),
                authorities: None,
                plain_http: false,
                link_local: false,
                place: place.clone(),
            },
            client: "gateway".to_owned(),
            secret: Secret::Value("secret".into(), place),
            cache: Duration::from_secs(60),
            claims: ClaimsPlan {
                issuer: None,
                audience: Vec::new(),
                leeway: Duration::ZERO,
                subject: "sub".to_owned(),
                scopes: None,
            },
        };
        let shared = Arc::new(Shared::start(Clock::System, None).unwrap());
        let made = Introspection::compile(&plan, None, &shared).unwrap();
        let now = Timestamp::now();
        let good = Verdict::Proved(
            Proof {
                subject: "acme".to_owned(),
                scopes: Vec::new(),
            },
            None,
        );
        let bad = Verdict::Wrong("no".to_owned());
        made.0.keep(print(b"good"), &good, now);
        for n in 0..2 * MOST_KEPT.get() {
            made.0.keep(print(n.to_string().as_bytes()), &bad, now);
        }
        let found = |token: &[u8], now| made.0.remembered(&print(token), now);
        assert!(matches!(found(b"good", now), Some(Verdict::Proved(..))));
        assert!(found(b"0", now).is_none(), "the table has a bound");
        made.0.keep(print(b"good"), &bad, now);
        assert!(
            matches!(found(b"good", now), Some(Verdict::Wrong(_))),
            "the last answer counts"
        );
        assert!(found(b"good", now + SignedDuration::from_secs(6)).is_none());
    }
}
