//! Documents that are expensive to read: deep, wide, long numbers, duplicates, bytes that are no text; and small bodies
//! that open to large ones.

use std::io::Write;
use std::net::SocketAddr;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::Tally;
use super::connection::send;

const KEY: &str = "X-API-Key: demo-key-acme\r\n";

fn posted(body: &[u8], fields: &str) -> Vec<u8> {
    let length = body.len();
    let mut request = format!(
        "POST /v2.3/customers HTTP/1.1\r\nHost: a\r\n{KEY}Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n{fields}\r\n"
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

/// Hostile JSON, as whole requests.
fn hostile() -> Vec<Vec<u8>> {
    let keys: Vec<String> = (0..60_000).map(|n| format!("\"k{n}\":1")).collect();
    let same: Vec<&str> = std::iter::repeat_n("\"email\":1", 50_000).collect();
    let bodies = [
        "[".repeat(100_000),
        "{\"a\":".repeat(100_000),
        format!("{{\"id\":{}}}", "9".repeat(900_000)),
        format!("{{{}}}", keys.join(",")),
        format!("{{{}}}", same.join(",")),
        "{\"name\":\"\\ud800\"}".to_owned(),
        "\u{feff}{}".to_owned(),
        format!("{{\"name\":\"{}\"}}", "x".repeat(900_000)),
        "{\"balance\":{\"amount\":1e400}}".to_owned(),
        "{\"a\":1".to_owned(),
    ];
    let mut all: Vec<Vec<u8>> = bodies.iter().map(|body| posted(body.as_bytes(), "")).collect();
    all.push(posted(b"{\"name\":\"\xff\xfe\"}", ""));
    all
}

/// Sends hostile JSON again and again.
pub(super) fn send_each(address: SocketAddr, tally: &Tally) {
    let all = hostile();
    let mut round = all.iter().cycle();
    while let Some(request) = round.next().filter(|_| tally.goes_on()) {
        send(address, request, tally);
    }
}

/// Sends bodies that open to a thousand times their size, and bodies that are packed twice.
pub(super) fn bombs(address: SocketAddr, tally: &Tally) {
    let packed = |bytes: &[u8]| -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
        written.unwrap_or_default()
    };
    let once = packed(&vec![b' '; 64 * 1024 * 1024]);
    let twice = packed(&once);
    let requests = [
        posted(&once, "Content-Encoding: gzip\r\n"),
        posted(&twice, "Content-Encoding: gzip, gzip\r\n"),
        posted(&once[..once.len() / 2], "Content-Encoding: gzip\r\n"),
        posted(b"not packed", "Content-Encoding: br\r\n"),
    ];
    let mut round = requests.iter().cycle();
    while let Some(request) = round.next().filter(|_| tally.goes_on()) {
        send(address, request, tally);
    }
}
