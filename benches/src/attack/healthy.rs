//! A healthy client: one request after another over a connection that is kept, with a pause between them.

use std::fmt;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::connection::connect;
use crate::Fault;

/// Between two requests.
const PAUSE: Duration = Duration::from_millis(5);

const REQUEST: &[u8] =
    b"GET /v2.3/customers/cus_000017 HTTP/1.1\r\nHost: a\r\nX-API-Key: demo-key-globex\r\n\r\n";

/// How it was served.
#[derive(Debug, Default)]
pub(super) struct Measured {
    latencies: Vec<Duration>,
    errors: u64,
}

/// Asks for so long.
pub(super) fn measure(address: SocketAddr, lasts: Duration) -> Result<Measured, Fault> {
    let until = Instant::now() + lasts;
    let mut measured = Measured::default();
    let mut stream = None;
    while Instant::now() < until {
        let begun = Instant::now();
        stream = stream.take().or_else(|| connect(address));
        match stream.as_mut().map(ask) {
            Some(true) => measured.latencies.push(begun.elapsed()),
            Some(false) | None => {
                measured.errors += 1;
                stream = None;
            }
        }
        sleep(PAUSE);
    }
    match measured.latencies.is_empty() {
        true => Err("the healthy client was never served".into()),
        false => Ok(measured),
    }
}

fn ask(stream: &mut TcpStream) -> bool {
    if stream.write_all(REQUEST).is_err() {
        return false;
    }
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(length) if length > 0 => answer.extend_from_slice(&buffer[..length]),
            _ => return false,
        }
        if let Some(whole) = whole(&answer) {
            return whole && answer.starts_with(b"HTTP/1.1 200");
        }
    }
}

/// Whether the answer is here whole; nothing while its head is not.
fn whole(answer: &[u8]) -> Option<bool> {
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head
        .split("content-length: ")
        .nth(1)?
        .split("\r\n")
        .next()?
        .parse::<usize>()
        .ok()?;
    (answer.len() >= end + 4 + length).then_some(true)
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let at = |share: f64| {
            let index = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
            sorted.get(index).map_or(0.0, |d| d.as_secs_f64() * 1e3)
        };
        write!(
            f,
            "{} answers, {} errors, p50 {:.2} ms, p99 {:.2} ms, slowest {:.2} ms",
            sorted.len(),
            self.errors,
            at(0.5),
            at(0.99),
            at(1.0)
        )
    }
}
