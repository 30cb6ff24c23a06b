//! Bodies into documents, within bounds; and translation off the core where a document is large.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use http_body::Body as HttpBody;
use sluice_config::plan::Bounds;
use sluice_transforms::parse::parse;
use sluice_transforms::value::Value;
use tokio::sync::Semaphore;

use crate::body::{self, Caps, CollectFault, DecodeFault};
use crate::refusal::{Kind, Refusal};

/// How long a whole body may take, whatever its pieces do.
const TOTAL: Duration = Duration::from_secs(120);

/// Why a body is no document.
#[derive(Debug)]
pub enum Unreadable {
    /// It did not arrive, or is too large.
    Body(CollectFault),
    /// It could not be opened.
    Coding(DecodeFault),
    /// It is not JSON.
    Json(sluice_transforms::parse::ParseFault),
}

/// Reads a body to its end and opens it.
///
/// # Errors
/// When it does not arrive, is larger than `cap`, or cannot be opened within the bounds.
pub async fn read<B>(
    body: B,
    headers: &HeaderMap,
    cap: usize,
    idle: Duration,
    bounds: &Bounds,
) -> Result<Bytes, Unreadable>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<body::Fault>,
{
    let bytes = whole(body, cap, idle).await?;
    open(bytes, headers, bounds).await
}

/// Reads a body to its end, as it was sent.
///
/// # Errors
/// When it does not arrive, or is larger than `cap`.
pub async fn whole<B>(body: B, cap: usize, idle: Duration) -> Result<Bytes, Unreadable>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<body::Fault>,
{
    let limits = body::Bounds {
        bytes: cap,
        idle,
        total: TOTAL,
    };
    body::collect(body, &limits).await.map_err(Unreadable::Body)
}

/// Opens a body that is here.
///
/// # Errors
/// When it cannot be opened within the bounds.
pub async fn open(bytes: Bytes, headers: &HeaderMap, bounds: &Bounds) -> Result<Bytes, Unreadable> {
    if bytes.is_empty() {
        return Ok(bytes);
    }
    let codings: Vec<&str> = headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .collect();
    let caps = Caps {
        decoded: bounds.decoded,
        ratio: bounds.ratio,
    };
    body::decode(&codings.join(", "), bytes, &caps)
        .await
        .map_err(Unreadable::Coding)
}

/// Parses a body.
///
/// # Errors
/// When it is not one JSON document.
pub fn document(bytes: &Bytes, depth: usize) -> Result<Value, Unreadable> {
    parse(bytes, depth).map_err(Unreadable::Json)
}

impl Unreadable {
    /// The refusal of a client's body.
    pub fn of_request(&self) -> Refusal {
        match self {
            Self::Body(fault) => Refusal::of_request_body(fault),
            Self::Coding(fault) => Refusal::of_request_coding(fault),
            Self::Json(fault) => Refusal::new(Kind::MalformedBody, fault.to_string()),
        }
    }

    /// The refusal to pass an upstream's body on.
    pub fn of_answer(&self) -> Refusal {
        match self {
            Self::Body(fault) => Refusal::of_answer_body(fault),
            Self::Coding(fault) => Refusal::of_answer_coding(fault),
            Self::Json(fault) => Refusal::new(
                Kind::UntranslatableAnswer,
                format!("the upstream's answer is not JSON: {}", fault.what),
            ),
        }
    }
}

/// Runs long translations off the cores: bounded in number, shed beyond.
#[derive(Clone, Debug)]
pub struct Offload {
    places: Arc<Semaphore>,
}

/// How long a translation off the core may take.
const PATIENCE: Duration = Duration::from_secs(20);

impl Offload {
    /// A pool that so many may wait for.
    pub fn new(queue: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(queue)),
        }
    }

    /// Runs work here when it is small, else off the core.
    ///
    /// # Errors
    /// When too much waits already, or the work takes too long.
    pub async fn run<T: Send + 'static>(
        &self,
        large: bool,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        if !large {
            return Ok(work());
        }
        let busy = || Refusal::new(Kind::Overloaded, "too many large documents are being translated");
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| busy())?;
        let task = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(place);
            done
        });
        match tokio::time::timeout(PATIENCE, task).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(_)) => Err(Refusal::new(Kind::Internal, "a translation failed")),
            Err(_) => Err(Refusal::new(Kind::Overloaded, "a translation took too long")),
        }
    }
}
