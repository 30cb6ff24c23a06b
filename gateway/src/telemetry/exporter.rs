//! Spans on their way to the collector: a bounded queue, and one task beside the cores that sends what waits.
//!
//! OTLP over HTTP, protobuf (<https://opentelemetry.io/docs/specs/otlp/#otlphttp>). Giving spans never waits: what finds no
//! place, or what the collector does not take, is counted and gone.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc as blocking;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use prost::Message;
use tokio::sync::{Notify, mpsc};
use tokio::time::sleep;

use crate::auth::token::fetch::{FetchFault, Fetcher};
use crate::meters::Meters;
use crate::shared::Shared;

/// How many spans may wait; one takes about a kilobyte.
const WAITING: usize = 8_192;
/// How many spans are sent at once.
const BATCH: usize = 512;
/// How long spans gather, unless a batch is full before.
const EVERY: Duration = Duration::from_secs(1);
/// How often a batch is tried that the collector may take the next time, and how long to wait before.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(200);
/// The most bytes of an answer.
const ANSWER: usize = 64 * 1024;
/// How long a flush may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// The way to a collector. Dropped, it ends when all that waits was sent.
#[derive(Debug)]
pub(super) struct Exporter {
    queue: mpsc::Sender<Vec<SpanData>>,
    /// Spans in the queue.
    waiting: Arc<AtomicUsize>,
    /// Rung when there is a whole batch.
    bell: Arc<Notify>,
    flushes: mpsc::Sender<blocking::SyncSender<()>>,
    lost: Lost,
}

impl Exporter {
    /// Starts to send to a collector, with these fields.
    pub(super) fn start(collector: Fetcher, fields: HeaderMap, service: &str, shared: &Shared) -> Self {
        let (queue, queued) = mpsc::channel(WAITING);
        let (flushes, flushed) = mpsc::channel(4);
        let (waiting, bell) = (Arc::<AtomicUsize>::default(), Arc::<Notify>::default());
        let lost = Lost(Arc::clone(&shared.meters));
        let courier = Courier {
            queue: queued,
            waiting: Arc::clone(&waiting),
            bell: Arc::clone(&bell),
            flushes: flushed,
            collector,
            fields,
            resource: (&resource(service)).into(),
            lost: lost.clone(),
            fails: false,
        };
        shared.background.spawn(courier.carry());
        Self {
            queue,
            waiting,
            bell,
            flushes,
            lost,
        }
    }

    /// Gives spans away. Never waits.
    pub(super) fn give(&self, spans: Vec<SpanData>) {
        let count = spans.len();
        let before = self.waiting.fetch_add(count, Ordering::Relaxed);
        if before + count > WAITING || self.queue.try_send(spans).is_err() {
            self.waiting.fetch_sub(count, Ordering::Relaxed);
            self.lost.count(count, "queue_full");
        } else if before < BATCH && before + count >= BATCH {
            self.bell.notify_one();
        }
    }

    /// Tells that spans were not even begun.
    pub(super) fn lose(&self, count: usize, why: &str) {
        self.lost.count(count, why);
    }

    /// Waits until everything that was given is sent, but not for ever. It blocks: call it off the cores.
    pub(super) fn flush(&self) {
        let (done, told) = blocking::sync_channel(1);
        if self.flushes.try_send(done).is_ok() {
            let _late = told.recv_timeout(PATIENCE);
        }
    }
}

fn resource(service: &str) -> Resource {
    let attribute = |name: &'static str, value: &str| opentelemetry::KeyValue::new(name, value.to_owned());
    // Nothing of it comes from the environment.
    Resource::builder_empty()
        .with_service_name(service.to_owned())
        .with_attribute(attribute("service.version", env!("CARGO_PKG_VERSION")))
        .with_attribute(attribute("telemetry.sdk.name", "opentelemetry"))
        .with_attribute(attribute("telemetry.sdk.language", "rust"))
        .build()
}

/// Counts what is gone.
#[derive(Clone)]
struct Lost(Arc<Meters>);

impl fmt::Debug for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lost")
    }
}

impl Lost {
    fn count(&self, spans: usize, why: &str) {
        let help = "Spans that no collector took, by why";
        let counter = self.0.counter("sluice_spans_lost", help, &[("why", why)]);
        counter.inc_by(spans as u64);
    }
}

/// What sends.
struct Courier {
    queue: mpsc::Receiver<Vec<SpanData>>,
    waiting: Arc<AtomicUsize>,
    bell: Arc<Notify>,
    flushes: mpsc::Receiver<blocking::SyncSender<()>>,
    collector: Fetcher,
    fields: HeaderMap,
    resource: ResourceAttributesWithSchema,
    lost: Lost,
    /// Whether the last batch was not taken.
    fails: bool,
}

impl Courier {
    async fn carry(mut self) {
        loop {
            let asked = tokio::select! {
                () = sleep(EVERY) => None,
                () = self.bell.notified() => None,
                Some(done) = self.flushes.recv() => Some(done),
            };
            // Asked before: what is given meanwhile is sent in the next round at the latest.
            let is_over = self.queue.is_closed();
            while let Some(batch) = self.batch() {
                self.send(batch).await;
            }
            if let Some(done) = asked {
                let _gone = done.try_send(());
            }
            if is_over {
                return;
            }
        }
    }

    /// What waits, up to about the size of a batch.
    fn batch(&mut self) -> Option<Vec<SpanData>> {
        let mut batch = Vec::new();
        while batch.len() < BATCH {
            match self.queue.try_recv() {
                Ok(spans) => batch.extend(spans),
                Err(_none) => break,
            }
        }
        self.waiting.fetch_sub(batch.len(), Ordering::Relaxed);
        (!batch.is_empty()).then_some(batch)
    }

    async fn send(&mut self, batch: Vec<SpanData>) {
        let spans = batch.len();
        let request = ExportTraceServiceRequest {
            resource_spans: group_spans_by_resource_and_scope(batch, &self.resource),
        };
        let sent = self.deliver(request.encode_to_vec().into()).await;
        match &sent {
            Ok(answer) => self.lost_of(spans, answer),
            Err(fault) => self.lost.count(spans, fault.outcome()),
        }
        self.tell(sent.err());
    }

    async fn deliver(&self, bytes: Bytes) -> Result<Vec<u8>, FetchFault> {
        let mut fields = self.fields.clone();
        fields.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
        let mut tried = 1;
        loop {
            match self.collector.send(fields.clone(), bytes.clone(), ANSWER).await {
                Err(fault) if tried < TRIES && may_pass(&fault) => sleep(PAUSE * tried).await,
                done => return done,
            }
            tried += 1;
        }
    }

    /// A collector may take only some of a batch, and says so with its 200.
    fn lost_of(&self, spans: usize, answer: &[u8]) {
        let partial = ExportTraceServiceResponse::decode(answer).ok();
        let rejected = partial.and_then(|answer| answer.partial_success);
        let rejected = rejected.map_or(0, |partial| partial.rejected_spans);
        let rejected = usize::try_from(rejected).unwrap_or_default().min(spans);
        if rejected > 0 {
            self.lost.count(rejected, "rejected");
        }
    }

    /// Tells operators when it begins to fail and when it works again: not once a batch.
    fn tell(&mut self, fault: Option<FetchFault>) {
        let collector = &self.collector.label;
        match (self.fails, &fault) {
            (false, Some(fault)) => {
                tracing::warn!(%collector, %fault, "the collector takes no spans: they are lost");
            }
            (true, None) => tracing::info!(%collector, "the collector takes spans again"),
            _ => {}
        }
        self.fails = fault.is_some();
    }
}

/// Whether it may work the next time (OTLP/HTTP, "Retryable response codes"). A collector that did not answer in time had
/// its time.
fn may_pass(fault: &FetchFault) -> bool {
    match fault {
        FetchFault::Status(status) => matches!(status.as_u16(), 429 | 502 | 503 | 504),
        FetchFault::Unreachable(_) => true,
        FetchFault::Timeout | FetchFault::TooLarge(_) => false,
    }
}
