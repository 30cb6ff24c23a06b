//! A try of the upstream: a span of its own, and what the upstream is told of it.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Instant;

use http::header::HeaderMap;
use http::{Method, StatusCode};
use opentelemetry::trace::SpanKind;
use opentelemetry::{KeyValue, SpanId, Value};

use super::context::{self, Parent};
use super::trace::{Part, Recording, Trace};
use super::{method, random};
use crate::upstream::Fault;

/// The tries of one request. Nothing where the exchange is not sampled.
pub struct Tries<'a> {
    trace: &'a Trace,
    upstream: &'a str,
    method: Method,
    begun: Cell<i64>,
}

impl Trace {
    /// The tries of a request with this method, of an upstream of this name.
    pub fn tries<'a>(&'a self, upstream: &'a str, method: &Method) -> Tries<'a> {
        Tries {
            trace: self,
            upstream,
            method: method.clone(),
            begun: Cell::new(0),
        }
    }
}

impl Tries<'_> {
    /// Begins to try an endpoint, `host:port`.
    pub fn begin(&self, endpoint: &str) -> Attempt {
        let Some(recording) = self.trace.recording() else {
            return Attempt(None);
        };
        let before = self.begun.replace(self.begun.get() + 1);
        let mut attributes = vec![
            KeyValue::new("http.request.method", method::name(&self.method)),
            KeyValue::new("sluice.upstream", self.upstream.to_owned()),
        ];
        attributes.extend(server(endpoint));
        if before > 0 {
            attributes.push(KeyValue::new("http.request.resend_count", before));
        }
        Attempt(Some(Box::new(Trying {
            span: random::span(),
            within: recording.within.get(),
            recording: Rc::clone(recording),
            name: method::span_name(&self.method),
            begun: Instant::now(),
            attributes,
            outcome: None,
        })))
    }
}

fn server(endpoint: &str) -> Vec<KeyValue> {
    let (host, port) = endpoint.rsplit_once(':').unwrap_or((endpoint, ""));
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = port.parse::<u16>().ok();
    let port = port.map(|port| KeyValue::new("server.port", i64::from(port)));
    let address = KeyValue::new("server.address", host.to_owned());
    [address].into_iter().chain(port).collect()
}

/// A try that goes on. Dropped before it has an outcome, it was given up.
#[must_use = "a try ends when this is dropped"]
pub struct Attempt(Option<Box<Trying>>);

struct Trying {
    recording: Rc<Recording>,
    span: SpanId,
    within: SpanId,
    name: &'static str,
    begun: Instant,
    attributes: Vec<KeyValue>,
    /// What became of it, and whether it failed.
    outcome: Option<bool>,
}

impl Attempt {
    /// Tells the upstream that this try calls it.
    pub fn tell(&self, headers: &mut HeaderMap) {
        if let Some(trying) = &self.0 {
            let call = Parent {
                trace: trying.recording.trace,
                span: trying.span,
                sampled: true,
            };
            context::write(headers, &call);
        }
    }

    /// The head of an answer is there.
    pub fn answered(mut self, status: StatusCode) {
        let failed = status.is_client_error() || status.is_server_error();
        let error = failed.then(|| ("error.type", Value::from(status.as_u16().to_string())));
        let status = (
            "http.response.status_code",
            Value::from(i64::from(status.as_u16())),
        );
        self.ends(failed, [Some(status), error]);
    }

    /// There is none.
    pub fn failed(mut self, fault: &Fault) {
        self.ends(true, [Some(("error.type", fault.word().into())), None]);
    }

    fn ends(&mut self, failed: bool, more: [Option<(&'static str, Value)>; 2]) {
        if let Some(trying) = &mut self.0 {
            trying.outcome = Some(failed);
            let more = more.into_iter().flatten();
            trying
                .attributes
                .extend(more.map(|(name, value)| KeyValue::new(name, value)));
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let Some(mut trying) = self.0.take() else { return };
        if trying.outcome.is_none() {
            trying.attributes.push(KeyValue::new("error.type", "given_up"));
        }
        trying.recording.note(Part {
            span: trying.span,
            within: trying.within,
            kind: SpanKind::Client,
            name: trying.name.into(),
            begun: trying.begun,
            attributes: trying.attributes,
            failed: trying.outcome.unwrap_or(true),
        });
    }
}
