//! The load: connections that ask for one thing again and again, each as soon as it has its answer.
//!
//! It writes and reads HTTP/1.1 itself, so that it leaves the cores to those who are measured.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// The bytes of a GET. `fields`: whole lines, each with its line end.
pub(crate) fn get(path: &str, fields: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: bench.example\r\nAccept: */*\r\n{fields}\r\n").into_bytes()
}

/// The bytes of a POST of a JSON document.
pub(crate) fn post(path: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nHost: bench.example\r\nAccept: */*\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{fields}\r\n"
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

/// A load that goes on until it is stopped.
pub(crate) struct Load {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<Result<()>>>,
}

#[derive(Default)]
struct Shared {
    answers: AtomicU64,
    stop: AtomicBool,
}

impl Load {
    /// Begins to send `request` to `address` over this many connections.
    pub(crate) fn start(address: SocketAddr, request: &[u8], connections: usize) -> Result<Self> {
        let shared = Arc::new(Shared::default());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let request: Arc<[u8]> = request.into();
        let own = Arc::clone(&shared);
        let thread = thread::Builder::new().name("load".to_owned());
        let thread = thread.spawn(move || runtime.block_on(all(address, request, connections, own)))?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// How many answers came so far.
    pub(crate) fn answers(&self) -> u64 {
        self.shared.answers.load(Ordering::Relaxed)
    }

    /// Stops asking.
    ///
    /// # Errors
    /// When any answer was not the one that is measured.
    pub(crate) fn stop(mut self) -> Result<()> {
        self.shared.stop.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(JoinHandle::join);
        ended
            .unwrap_or(Ok(Ok(())))
            .map_err(|_| Error::other("the load ended in a panic"))?
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }
}

async fn all(address: SocketAddr, request: Arc<[u8]>, connections: usize, shared: Arc<Shared>) -> Result<()> {
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        tasks.spawn(one(address, Arc::clone(&request), Arc::clone(&shared)));
    }
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(Error::other)??;
    }
    Ok(())
}

async fn one(address: SocketAddr, request: Arc<[u8]>, shared: Arc<Shared>) -> Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(64 * 1024);
    while !shared.stop.load(Ordering::Relaxed) {
        stream.write_all(&request).await?;
        answer(&mut stream, &mut buffer).await?;
        shared.answers.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// Reads one answer to its end.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<()> {
    buffer.clear();
    let mut whole = None;
    while whole.is_none_or(|length| buffer.len() < length) {
        if stream.read_buf(buffer).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if whole.is_none() {
            whole = length(buffer)?;
        }
    }
    Ok(())
}

/// The length of the whole answer, once its head is here.
fn length(buffer: &[u8]) -> Result<Option<usize>> {
    let Some(end) = buffer.windows(4).position(|w| w == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = String::from_utf8_lossy(&buffer[..end]);
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap_or_default();
    if !status.starts_with("HTTP/1.1 20") {
        let body = String::from_utf8_lossy(&buffer[end + 4..]);
        return Err(Error::other(format!("the answer was `{status}`: {body}")));
    }
    let mut fields = lines.filter_map(|line| line.split_once(':'));
    let length = fields.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|(_, value)| value.trim().parse::<usize>().ok());
    length
        .map(|l| Some(end + 4 + l))
        .ok_or_else(|| Error::other("the answer has no Content-Length"))
}
