//! A body as one piece.
//!
//! What is translated must be whole. The size is refused as soon as it is known to be too large, which is before the
//! first byte when the sender declares it; memory grows with what has come, never with what was promised.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body as HttpBody;
use tokio::time::timeout;

use super::{Fault, Patience};

/// The first allocation for a body that comes in several frames.
const FIRST_PIECE: u64 = 64 * 1024;

/// What is held of one body, in bytes and in time.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// The most bytes that are held.
    pub bytes: usize,
    /// The longest silence between two frames.
    pub idle: Duration,
    /// The longest time for the whole body.
    pub total: Duration,
}

/// Why a body is not held whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CollectFault {
    /// More bytes than are held.
    #[error("the body is larger than the {limit} bytes that are held")]
    TooLarge {
        /// The bound, in bytes.
        limit: usize,
    },
    /// The whole took too long, although its pieces came in time.
    #[error("the body did not arrive within {} s", .0.as_secs())]
    TooSlow(Duration),
    /// It did not arrive whole.
    #[error(transparent)]
    Body(#[from] Fault),
}

/// Reads `body` to its end. Trailers are dropped: a body that is held is about to become another one, and trailers speak
/// of the one that came.
///
/// # Errors
/// [`CollectFault`], with the bound that was met.
pub async fn collect<B>(body: B, bounds: &Bounds) -> Result<Bytes, CollectFault>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<Fault>,
{
    if body.size_hint().lower() > bounds.bytes as u64 {
        return Err(CollectFault::TooLarge { limit: bounds.bytes });
    }
    match timeout(bounds.total, gather(body, bounds)).await {
        Ok(gathered) => gathered,
        Err(_elapsed) => Err(CollectFault::TooSlow(bounds.total)),
    }
}

async fn gather<B>(mut body: B, bounds: &Bounds) -> Result<Bytes, CollectFault>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<Fault>,
{
    let mut patience = Patience::new(bounds.idle);
    let mut held = Held::Nothing;
    while !body.is_end_stream() {
        let Some(frame) = poll_fn(|cx| patience.frame(Pin::new(&mut body), cx)).await else {
            break;
        };
        let Ok(data) = frame?.into_data() else { continue };
        if held.len() + data.len() > bounds.bytes {
            return Err(CollectFault::TooLarge { limit: bounds.bytes });
        }
        held = held.with(data, body.size_hint().lower());
    }
    Ok(held.into_bytes())
}

/// One frame is handed on as it is; only a second one makes a copy.
enum Held {
    Nothing,
    One(Bytes),
    Many(BytesMut),
}

impl Held {
    fn len(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::One(bytes) => bytes.len(),
            Self::Many(bytes) => bytes.len(),
        }
    }

    fn with(self, data: Bytes, outstanding: u64) -> Self {
        let mut all = match self {
            Self::Nothing => return Self::One(data),
            Self::One(first) => {
                let room = outstanding.min(FIRST_PIECE) as usize;
                let mut all = BytesMut::with_capacity(first.len() + data.len() + room);
                all.extend_from_slice(&first);
                all
            }
            Self::Many(all) => all,
        };
        all.extend_from_slice(&data);
        Self::Many(all)
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Self::Nothing => Bytes::new(),
            Self::One(bytes) => bytes,
            Self::Many(bytes) => bytes.freeze(),
        }
    }
}
