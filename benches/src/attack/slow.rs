//! Clients that send or read very slowly, many at once: heads a byte at a time, bodies a byte at a time, answers that are
//! not read.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::Tally;
use super::connection::connect;

/// How many at once.
const CLIENTS: usize = 200;
/// How often each says a byte.
const PAUSE: Duration = Duration::from_millis(500);

const HEAD: &str = "GET /v2.0/customers/cus_000017 HTTP/1.1\r\nHost: a\r\n";
const BODY: &str = "POST /v2.3/customers HTTP/1.1\r\nHost: a\r\nX-API-Key: demo-key-acme\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{";

struct Client {
    stream: TcpStream,
    begun: Instant,
}

/// Keeps so many slow clients going; one that is closed is replaced.
pub(super) fn drip(address: SocketAddr, tally: &Tally) {
    let mut clients: Vec<Option<Client>> = (0..CLIENTS).map(|_| None).collect();
    while tally.goes_on() {
        for (number, client) in clients.iter_mut().enumerate() {
            match client.take() {
                Some(going) => *client = step(going, tally),
                None => *client = begin(address, number),
            }
        }
        sleep(PAUSE.min(tally.left()));
    }
}

fn begin(address: SocketAddr, number: usize) -> Option<Client> {
    let mut stream = connect(address)?;
    let first = if number.is_multiple_of(2) { HEAD } else { BODY };
    stream.write_all(first.as_bytes()).ok()?;
    stream.set_nonblocking(true).ok()?;
    Some(Client {
        stream,
        begun: Instant::now(),
    })
}

/// One more byte; nothing is left of a client that was answered or closed.
fn step(mut client: Client, tally: &Tally) -> Option<Client> {
    let mut buffer = [0; 64];
    let ended = match client.stream.read(&mut buffer) {
        Ok(0) => Some("closed".to_owned()),
        Ok(length) => {
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            Some(text.get(9..12).unwrap_or("not HTTP").to_owned())
        }
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => None,
        Err(_) => Some("reset".to_owned()),
    };
    let ended = ended.or_else(|| client.stream.write_all(b"x").err().map(|_| "reset".to_owned()));
    match ended {
        Some(how) => {
            tally.note(&how, client.begun.elapsed());
            None
        }
        None => Some(client),
    }
}
