//! A collector of spans on loopback, that reads what OTLP over HTTP says and answers as a test wants.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span as Wire;
use prost::Message;
use sluice_conformance::stage::{PATIENCE, scripted};

/// A span as a test looks at it.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub(super) trace: String,
    pub(super) id: String,
    /// Empty without a parent.
    pub(super) parent: String,
    pub(super) name: String,
    /// `SERVER`, `INTERNAL` or `CLIENT`.
    pub(super) kind: &'static str,
    pub(super) failed: bool,
    pub(super) flags: u32,
    pub(super) begin: u64,
    pub(super) end: u64,
    pub(super) attributes: BTreeMap<String, String>,
}

impl Span {
    fn of(wire: &Wire) -> Self {
        Self {
            trace: hex(&wire.trace_id),
            id: hex(&wire.span_id),
            parent: hex(&wire.parent_span_id),
            name: wire.name.clone(),
            kind: match wire.kind {
                1 => "INTERNAL",
                2 => "SERVER",
                3 => "CLIENT",
                other => panic!("kind {other}"),
            },
            failed: wire.status.as_ref().is_some_and(|status| status.code == 2),
            flags: wire.flags,
            begin: wire.start_time_unix_nano,
            end: wire.end_time_unix_nano,
            attributes: attributes(&wire.attributes),
        }
    }

    /// An attribute; empty when it is missing.
    pub(super) fn at(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn attributes(pairs: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |pair: &KeyValue| match pair.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{}: {other:?}", pair.key),
    };
    pairs.iter().map(|pair| (pair.key.clone(), text(pair))).collect()
}

/// How it answers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Manner {
    /// It takes everything.
    Takes,
    /// It takes all but so many spans of each batch.
    Rejects(i64),
    /// It answers with a status: the first so many times, then it takes everything.
    Answers(u16, usize),
    /// It takes everything, each batch after so long.
    Slow(Duration),
    /// It never answers.
    Hangs,
}

#[derive(Default)]
struct Got {
    spans: Vec<Span>,
    heads: Vec<String>,
    resources: Vec<BTreeMap<String, String>>,
    /// Everything that came, as text.
    raw: String,
}

/// A collector that runs.
pub(super) struct Collector {
    pub(super) address: SocketAddr,
    got: Arc<Mutex<Got>>,
}

impl Collector {
    pub(super) fn start(manner: Manner) -> Self {
        let got = Arc::<Mutex<Got>>::default();
        let kept = Arc::clone(&got);
        let address = scripted::upstream(
            move |mut stream, _| {
                while serve(&mut stream, manner, &kept).is_some() {}
            },
        );
        Self { address, got }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/v1/traces", self.address)
    }

    /// The spans so far.
    pub(super) fn spans(&self) -> Vec<Span> {
        self.got.lock().unwrap().spans.clone()
    }

    /// The heads of the requests so far, in lower case.
    pub(super) fn heads(&self) -> Vec<String> {
        self.got.lock().unwrap().heads.clone()
    }

    /// What the spans are said to come from.
    pub(super) fn resource(&self) -> BTreeMap<String, String> {
        self.got.lock().unwrap().resources[0].clone()
    }

    /// Everything that came, as text.
    pub(super) fn raw(&self) -> String {
        self.got.lock().unwrap().raw.clone()
    }

    /// The spans as soon as they are as wanted.
    #[track_caller]
    pub(super) fn until(&self, wanted: impl Fn(&[Span]) -> bool) -> Vec<Span> {
        let begun = Instant::now();
        loop {
            let spans = self.spans();
            if wanted(&spans) {
                return spans;
            }
            assert!(begun.elapsed() < PATIENCE, "{spans:#?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The spans of so many exchanges, by their server spans.
    #[track_caller]
    pub(super) fn exchanges(&self, count: usize) -> Vec<Vec<Span>> {
        let spans = self.until(|spans| spans.iter().filter(|span| span.kind == "SERVER").count() >= count);
        let servers = spans.iter().filter(|span| span.kind == "SERVER");
        let of = |server: &Span| {
            spans
                .iter()
                .filter(|span| span.trace == server.trace)
                .cloned()
                .collect()
        };
        servers.map(of).collect()
    }

    /// The spans of the only exchange.
    #[track_caller]
    pub(super) fn exchange(&self) -> Vec<Span> {
        let mut all = self.exchanges(1);
        assert_eq!(all.len(), 1);
        all.remove(0)
    }
}

/// Reads one request and answers it. Nothing when the connection is over.
fn serve(stream: &mut TcpStream, manner: Manner, got: &Mutex<Got>) -> Option<()> {
    let head = scripted::head(stream)?;
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))?;
    let mut body = vec![0; length.parse().ok()?];
    stream.read_exact(&mut body).ok()?;
    if let Manner::Slow(time) = manner {
        std::thread::sleep(time);
    }
    let mut kept = got.lock().unwrap();
    let before = kept.heads.len();
    kept.heads.push(head);
    let (status, answer) = match manner {
        Manner::Hangs => {
            drop(kept);
            std::thread::sleep(PATIENCE);
            return None;
        }
        Manner::Answers(status, times) if before < times => (status, Vec::new()),
        Manner::Takes | Manner::Slow(_) | Manner::Answers(..) => (200, Vec::new()),
        Manner::Rejects(rejected_spans) => (200, partial(rejected_spans)),
    };
    if status == 200 {
        kept.raw.push_str(&String::from_utf8_lossy(&body));
        let request = ExportTraceServiceRequest::decode(&*body).expect("OTLP");
        for resource in &request.resource_spans {
            let named = resource.resource.as_ref().expect("a resource");
            kept.resources.push(attributes(&named.attributes));
            let spans = resource.scope_spans.iter().flat_map(|scope| &scope.spans);
            kept.spans.extend(spans.map(Span::of));
        }
    }
    drop(kept);
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", answer.len());
    stream.write_all(&[head.as_bytes(), &answer].concat()).ok()
}

fn partial(rejected_spans: i64) -> Vec<u8> {
    let partial = ExportTracePartialSuccess {
        rejected_spans,
        error_message: "too many".to_owned(),
    };
    ExportTraceServiceResponse {
        partial_success: Some(partial),
    }
    .encode_to_vec()
}
