//! A connection that sends bytes and reads the first status line, within a deadline.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::Tally;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// A connection with deadlines; nothing while the system has none to give.
pub(crate) fn connect(address: SocketAddr) -> Option<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    stream.set_nodelay(true).ok()?;
    Some(stream)
}

/// Sends bytes over a connection of their own and notes the status that comes back.
pub(crate) fn send(address: SocketAddr, bytes: &[u8], tally: &Tally) {
    let begun = Instant::now();
    let Some(mut stream) = connect(address) else {
        tally.note("not connected", begun.elapsed());
        std::thread::sleep(Duration::from_millis(10));
        return;
    };
    // What is refused before it is read whole may break the pipe; the answer counts.
    let _written = stream.write_all(bytes);
    let _half_closed = stream.shutdown(std::net::Shutdown::Write);
    tally.note(&status(&mut stream), begun.elapsed());
}

/// The status that comes next, or how the connection ended.
pub(crate) fn status(stream: &mut TcpStream) -> String {
    let mut buffer = [0; 512];
    match stream.read(&mut buffer) {
        Ok(0) => "closed".to_owned(),
        Ok(length) => {
            let text = String::from_utf8_lossy(&buffer[..length]);
            let status = text.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
            status.unwrap_or("not HTTP").to_owned()
        }
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            "no answer".to_owned()
        }
        Err(_) => "reset".to_owned(),
    }
}

/// Numbers that look random and are the same in every run (xorshift; Marsaglia, "Xorshift RNGs", 2003).
pub(crate) struct Numbers(u64);

impl Numbers {
    /// A row of numbers.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// The next one below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}
