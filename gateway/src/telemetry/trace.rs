//! The trace of one exchange: its span, one for each stage, one for each try of the upstream.
//!
//! Where an exchange is not sampled all of it is one `None`. Spans go to the collector together, when the exchange has
//! ended.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use opentelemetry::trace::{SpanContext, SpanKind, Status, TraceState};
use opentelemetry::{KeyValue, SpanId, TraceFlags, TraceId};
use opentelemetry_sdk::trace::SpanData;

use super::context::Parent;
use super::random;
use super::traces::Way;
use crate::refusal::Refusal;

/// The most spans of one exchange: a write that is tried again and again makes some for each try.
const SPANS: usize = 128;

/// The trace of an exchange; nothing where it is not sampled. Cheap to clone; stays on its core.
#[derive(Clone, Debug, Default)]
pub struct Trace(Option<Rc<Recording>>);

/// What is recorded.
#[derive(Debug)]
pub(super) struct Recording {
    way: Arc<Way>,
    pub(super) trace: TraceId,
    span: SpanId,
    caller: Option<SpanId>,
    begun: (SystemTime, Instant),
    /// The stage that is gone through: what begins now is a part of it.
    pub(super) within: Cell<SpanId>,
    spans: RefCell<Vec<SpanData>>,
    left_out: Cell<usize>,
    /// Whether the exchange has ended.
    over: Cell<bool>,
}

impl Trace {
    /// Begins to record.
    pub(super) fn begin(way: &Arc<Way>, parent: Option<Parent>) -> Self {
        let span = random::span();
        Self(Some(Rc::new(Recording {
            way: Arc::clone(way),
            trace: parent.map_or_else(random::trace, |parent| parent.trace),
            span,
            caller: parent.map(|parent| parent.span),
            begun: (SystemTime::now(), Instant::now()),
            within: Cell::new(span),
            spans: RefCell::default(),
            left_out: Cell::default(),
            over: Cell::default(),
        })))
    }

    /// Begins a stage, which lasts until what is given is dropped.
    pub fn stage(&self, name: &'static str) -> Stage {
        let Some(recording) = &self.0 else {
            return Stage(None);
        };
        let span = random::span();
        Stage(Some(Box::new(Open {
            within: recording.within.replace(span),
            recording: Rc::clone(recording),
            span,
            name,
            begun: Instant::now(),
            refused: None,
        })))
    }

    /// The trace's id, where it is sampled.
    pub fn id(&self) -> Option<TraceId> {
        self.0.as_ref().map(|recording| recording.trace)
    }

    pub(super) fn recording(&self) -> Option<&Rc<Recording>> {
        self.0.as_ref()
    }
}

/// A part of an exchange that takes time.
pub(super) struct Part {
    pub(super) span: SpanId,
    pub(super) within: SpanId,
    pub(super) kind: SpanKind,
    pub(super) name: Cow<'static, str>,
    pub(super) begun: Instant,
    pub(super) attributes: Vec<KeyValue>,
    pub(super) failed: bool,
}

impl Recording {
    /// Notes a part that ends now. What ends after the exchange, such as a kept write whose client has gone, goes by itself.
    pub(super) fn note(&self, part: Part) {
        let mut spans = self.spans.borrow_mut();
        if self.over.get() {
            self.way.exporter.give(vec![self.data(part)]);
        } else if spans.len() < SPANS {
            spans.push(self.data(part));
        } else {
            self.left_out.set(self.left_out.get() + 1);
        }
    }

    /// Ends the exchange with its own span, and sends what was recorded.
    pub(super) fn end(&self, name: String, attributes: Vec<KeyValue>, failed: bool) {
        if self.over.replace(true) {
            return;
        }
        let mut own = self.data(Part {
            span: self.span,
            within: self.caller.unwrap_or(SpanId::INVALID),
            kind: SpanKind::Server,
            name: name.into(),
            begun: self.begun.1,
            attributes,
            failed,
        });
        own.parent_span_is_remote = self.caller.is_some();
        let mut spans = self.spans.take();
        spans.push(own);
        self.way.exporter.give(spans);
        match self.left_out.take() {
            0 => {}
            count => self.way.exporter.lose(count, "too_many"),
        }
    }

    fn data(&self, part: Part) -> SpanData {
        let (at, since) = self.begun;
        let start_time = at + part.begun.saturating_duration_since(since);
        let context = SpanContext::new(
            self.trace,
            part.span,
            TraceFlags::SAMPLED,
            false,
            TraceState::NONE,
        );
        SpanData {
            span_context: context,
            parent_span_id: part.within,
            parent_span_is_remote: false,
            span_kind: part.kind,
            name: part.name,
            start_time,
            end_time: start_time + part.begun.elapsed(),
            attributes: part.attributes,
            dropped_attributes_count: 0,
            events: Default::default(),
            links: Default::default(),
            status: match part.failed {
                true => Status::error(""),
                false => Status::Unset,
            },
            instrumentation_scope: self.way.scope.clone(),
        }
    }
}

/// A stage that is gone through. Dropped, it has ended.
#[derive(Debug)]
#[must_use = "a stage ends when this is dropped"]
pub struct Stage(Option<Box<Open>>);

#[derive(Debug)]
struct Open {
    recording: Rc<Recording>,
    span: SpanId,
    within: SpanId,
    name: &'static str,
    begun: Instant,
    refused: Option<&'static str>,
}

impl Stage {
    /// The stage has given this.
    pub fn gave<T>(self, value: T) -> T {
        value
    }

    /// The stage has given this, or refused.
    pub fn judged<T>(mut self, judged: Result<T, Refusal>) -> Result<T, Refusal> {
        if let (Some(open), Err(refusal)) = (&mut self.0, &judged) {
            open.refused = Some(refusal.kind().code());
        }
        judged
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let Some(open) = self.0.take() else { return };
        open.recording.within.set(open.within);
        let refused = open.refused.map(|code| KeyValue::new("error.type", code));
        open.recording.note(Part {
            span: open.span,
            within: open.within,
            kind: SpanKind::Internal,
            name: open.name.into(),
            begun: open.begun,
            failed: refused.is_some(),
            attributes: refused.into_iter().collect(),
        });
    }
}
