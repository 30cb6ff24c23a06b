//! A key that is in flight, from its claim to what becomes of it.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use http::Response;
use http_body::Body as HttpBody;
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, timeout_at};

use super::count;
use super::fleet::Claim;
use super::kept::{Kept, Loss, Outcome};
use super::key::Hash;
use super::memory::Memory;
use crate::body::{Body, Fault, Rejoined};
use crate::pools::Spent;
use crate::shared::Shared;

/// How long an answer's body is read to be kept. One that takes longer passes on.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where a claim is.
#[derive(Debug)]
pub enum Place {
    /// In this process.
    Memory(Arc<Memory>),
    /// In the fleet's store.
    Fleet(Claim),
}

/// A claim, to be ended once.
#[derive(Debug)]
pub struct End {
    /// Where it is.
    pub place: Place,
    /// What the key belongs to.
    pub id: Hash,
    /// What tells the request from others.
    pub print: Hash,
    /// How long an answer is kept.
    pub keep: Duration,
    /// The process's own.
    pub shared: Arc<Shared>,
}

/// A key that is in flight. Dropped without an answer, the key is free again, unless something was sent: then nobody
/// knows what became of it.
#[derive(Debug)]
pub struct Keeping {
    end: Option<End>,
    answer: usize,
    spent: Rc<Spent>,
    api: String,
}

impl Keeping {
    /// A claim, the largest body that is kept, and what says whether anything was sent.
    pub fn new(end: End, answer: usize, spent: Rc<Spent>, api: &str) -> Self {
        Self {
            end: Some(end),
            answer,
            spent,
            api: api.to_owned(),
        }
    }

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
        let outcome = match self.spent.touched.get() {
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
    Part(BytesMut, Loss, Option<Fault>),
}

/// Reads a body as far as it is kept.
async fn read(body: &mut Body, most: usize) -> Read {
    let mut bytes = BytesMut::new();
    if body.size_hint().lower() > most as u64 {
        return Read::Part(bytes, Loss::TooLarge, None);
    }
    let end = Instant::now() + PATIENCE;
    loop {
        let frame = match timeout_at(end, body.frame()).await {
            Ok(Some(frame)) => frame,
            Ok(None) => return Read::Whole(bytes),
            // It trickles: nobody else shall wait for it.
            Err(_) => return Read::Part(bytes, Loss::Unknown, None),
        };
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
}
