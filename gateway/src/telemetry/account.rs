//! The account of one exchange: what is known of it while it lives. When it ends, its span and its line are made of it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use http::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Response, Version as Http};
use opentelemetry::TraceId;

use super::access::{Ended, Line, Shown};
use super::followed::Followed;
use super::trace::Trace;
use super::{context, random, root};
use crate::body::Body;
use crate::edition::Edition;
use crate::fields::target::Pair;
use crate::ledger::took::Times;
use crate::refusal::{Kind, Refusal};
use crate::serve::Peer;
use crate::shared::Shared;

/// By what client, gateway and backend know an exchange.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The most bytes of an id in a refusal and in the log of the process.
const LONGEST_ID: usize = 200;

/// What is told of an exchange. An exchange of which nothing is told has its ids all the same, for the log of the process.
#[derive(Debug, Default)]
pub struct Account {
    request_id: Option<HeaderValue>,
    trace_id: Option<TraceId>,
    /// Its trace; nothing where it is not sampled.
    pub trace: Trace,
    draft: Option<Box<Draft>>,
}

/// Who asks for what, in canonical form.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// The client's address, through trusted proxies.
    pub client: IpAddr,
    /// Whether it came over TLS.
    pub secure: bool,
    /// The host that it named.
    pub host: Option<&'a str>,
    /// The path.
    pub path: &'a str,
    /// The query.
    pub query: &'a [Pair],
}

/// What the gateway knows of an exchange by name. Empty where it did not come that far.
#[derive(Debug, Default)]
pub struct Facts {
    /// The API.
    pub api: String,
    /// The client's version.
    pub version: String,
    /// The selector that named it.
    pub chosen_by: &'static str,
    /// The consumer.
    pub consumer: Option<Arc<str>>,
    /// The operation.
    pub operation: String,
    /// The path that the operation has in the client's version, with slots.
    pub route: String,
}

/// What will be told.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) shared: Arc<Shared>,
    shown: Option<Arc<Shown>>,
    /// Whether the access log tells of it whatever becomes of it.
    chosen: bool,
    pub(super) trace: Trace,
    begun: Instant,
    pub(super) http: Http,
    pub(super) secure: bool,
    pub(super) host: Option<String>,
    line: Option<Box<Line>>,
}

impl Account {
    /// Opens the account of a request. The fields that name its trace are brought into the form in which they go on.
    pub fn open(edition: &Edition, shared: &Arc<Shared>, peer: &Peer, parts: &mut Parts) -> Self {
        let telemetry = &edition.telemetry;
        let trace = telemetry.traces.as_ref();
        let trace = trace.map_or_else(Trace::default, |traces| traces.begin(&mut parts.headers));
        let mut account = Self {
            request_id: parts.headers.get(REQUEST_ID).cloned(),
            trace_id: trace.id().or_else(|| Some(context::read(&parts.headers)?.trace)),
            trace,
            draft: None,
        };
        if telemetry.shown.is_some() || account.trace.id().is_some() {
            account.draft = Some(account.draft(edition, shared, peer, parts));
        }
        account
    }

    // Boxed with its line: an exchange of which nothing is told carries a pointer.
    fn draft(&self, edition: &Edition, shared: &Arc<Shared>, peer: &Peer, parts: &Parts) -> Box<Draft> {
        let shown = edition.telemetry.shown.clone();
        let length = parts
            .headers
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok());
        let line = Line {
            at: shared.clock.now(),
            request_id: self.request_id.clone(),
            trace: self.trace_id,
            generation: edition.generation,
            client: peer.remote.ip().to_canonical(),
            method: parts.method.clone(),
            path: None,
            query: Vec::new(),
            facts: Facts::default(),
            status: None,
            refused: None,
            ended: Ended::default(),
            took: Default::default(),
            times: Times::default(),
            received: length.and_then(|length| length.parse().ok()),
            sent: 0,
            request: shown
                .as_ref()
                .map_or_else(Vec::new, |shown| shown.of_request(&parts.headers)),
            answer: Vec::new(),
        };
        Box::new(Draft {
            shared: Arc::clone(shared),
            chosen: shown.as_ref().is_some_and(|shown| random::chance(shown.share)),
            shown,
            trace: self.trace.clone(),
            begun: Instant::now(),
            http: parts.version,
            secure: false,
            host: None,
            line: Some(Box::new(line)),
        })
    }

    /// The request's id, as text; of a client's own that is long, its beginning.
    pub fn request_id(&self) -> Option<&str> {
        let id = self.request_id.as_ref()?.to_str().ok()?;
        Some(&id[..id.len().min(LONGEST_ID)])
    }

    /// The trace's id, whether it is sampled here or not.
    pub fn trace_id(&self) -> Option<TraceId> {
        self.trace_id
    }

    /// Notes who asks for what.
    pub fn asks(&mut self, asking: &Asking<'_>) {
        let Some(draft) = &mut self.draft else { return };
        (draft.secure, draft.host) = (asking.secure, asking.host.map(str::to_owned));
        let Some(line) = &mut draft.line else { return };
        line.client = asking.client;
        if let Some(shown) = &draft.shown {
            line.path = Some(asking.path.to_owned());
            line.query = shown.of_query(asking.query);
        }
    }

    /// Notes what the gateway knows by now, if anything is told at all.
    pub fn knows(&mut self, facts: impl FnOnce() -> Facts) {
        if let Some(line) = self.draft.as_mut().and_then(|draft| draft.line.as_mut()) {
            line.facts = facts();
        }
    }

    /// A refusal that names the request, so that whoever is told of it can be helped.
    #[must_use]
    pub fn named(&self, refusal: Refusal) -> Refusal {
        match self.request_id() {
            Some(id) => refusal.with("request_id", id),
            None => refusal,
        }
    }

    /// Closes the account when the answer has ended.
    pub fn follow(self, answer: Response<Body>, refused: Option<Kind>, times: Times) -> Response<Body> {
        let Some(mut draft) = self.draft else {
            return answer;
        };
        if let Some(line) = &mut draft.line {
            (line.refused, line.times) = (refused.map(Kind::code), times);
        }
        if !draft.answers(&answer) {
            return answer;
        }
        match answer.body().bytes() {
            Some(whole) => {
                draft.ends(Ended::Whole, whole.len() as u64);
                answer
            }
            None => answer.map(|body| Body::stream(Followed::new(body, draft))),
        }
    }
}

impl Draft {
    /// Notes the answer. Says whether the exchange will be told of.
    fn answers(&mut self, answer: &Response<Body>) -> bool {
        let fails = answer.status().is_server_error();
        self.chosen |= fails && self.shown.is_some();
        if !self.chosen && self.trace.id().is_none() {
            self.line = None;
            return false;
        }
        if let Some(line) = &mut self.line {
            line.status = Some(answer.status());
            if let Some(shown) = &self.shown {
                line.answer = shown.of_answer(answer.headers());
            }
        }
        true
    }

    /// Ends the exchange, once.
    pub(super) fn ends(&mut self, how: Ended, sent: u64) {
        let Some(mut line) = self.line.take() else { return };
        (line.ended, line.sent, line.took) = (how, sent, self.begun.elapsed());
        root::end(self, &line);
        if self.chosen {
            self.shared.access.keep(|| line);
        }
    }
}

impl Drop for Draft {
    /// Whoever waited for the answer has gone.
    fn drop(&mut self) {
        let panics = std::thread::panicking();
        self.chosen |= panics && self.shown.is_some();
        self.ends(if panics { Ended::Panicked } else { Ended::Abandoned }, 0);
    }
}
