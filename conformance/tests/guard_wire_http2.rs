//! HTTP/2 by hand, frame by frame: what becomes ambiguous in HTTP/1 does not get there, and floods end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use sluice_conformance::stage::http2::Http2;
use sluice_conformance::stage::{PATIENCE, Setup, Stage};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A connection that writes any frame.
struct Raw(TcpStream);

/// What a client sees last.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    /// An answer begins with this byte of its header block: 0x88 is 200, 0x8c is 400.
    Answer(u8),
    Reset(u32),
    GoAway(u32),
    Closed,
}

impl Raw {
    fn connect(stage: &Stage) -> Self {
        let mut stream = TcpStream::connect(stage.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
        let mut raw = Self(stream);
        raw.frame(SETTINGS, 0, 0, b"");
        raw
    }

    /// Writes a frame; whether the other side still takes it.
    fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> bool {
        self.0.write_all(&frame(kind, flags, stream, payload)).is_ok()
    }

    /// Reads frames up to what is final for a stream, or for the connection.
    fn seen(&mut self, stream: u32) -> Seen {
        loop {
            let mut head = [0; 9];
            if self.0.read_exact(&mut head).is_err() {
                return Seen::Closed;
            }
            let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
            let mut payload = vec![0; length];
            if self.0.read_exact(&mut payload).is_err() {
                return Seen::Closed;
            }
            let on = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            let code = |at: usize| u32::from_be_bytes(payload[at..at + 4].try_into().unwrap());
            match head[3] {
                HEADERS if on == stream => {
                    let block = payload.iter().find(|byte| **byte & 0xe0 != 0x20);
                    return Seen::Answer(*block.unwrap());
                }
                RST_STREAM if on == stream => return Seen::Reset(code(0)),
                GOAWAY => return Seen::GoAway(code(4)),
                _ => {}
            }
        }
    }

    /// Whether the connection is told to end, or has.
    fn is_ended(&mut self) -> bool {
        matches!(self.seen(u32::MAX), Seen::GoAway(_) | Seen::Closed)
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A header block of literals, which need no table.
fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            assert!(text.len() < 127);
            block.push(u8::try_from(text.len()).unwrap());
            block.extend_from_slice(text.as_bytes());
        }
    }
    block
}

const PATH: &str = "/v3.3/customers/cus_000017";
const GET: [(&str, &str); 4] = [
    (":method", "GET"),
    (":scheme", "http"),
    (":authority", "a"),
    (":path", PATH),
];
const POST: [(&str, &str); 4] = [
    (":method", "POST"),
    (":scheme", "http"),
    (":authority", "a"),
    (":path", "/v3.3/customers"),
];

fn with<'a>(fields: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [fields, more].concat()
}

#[test]
fn what_would_be_ambiguous_in_http_1_reaches_no_backend() {
    let stage = Stage::integrationhub();
    let path = |path| [GET[0], GET[1], GET[2], (":path", path)].to_vec();
    let many: Vec<_> = GET
        .into_iter()
        .chain(std::iter::repeat_n(("x", "1"), 500))
        .collect();
    let heads = [
        ("CR LF in a value", with(&GET, &[("x", "1\r\ny: 2")])),
        ("LF in a value", with(&GET, &[("x", "1\ny: 2")])),
        ("NUL in a value", with(&GET, &[("x", "1\0")])),
        ("CR LF in a name", with(&GET, &[("x: 1\r\ny", "2")])),
        ("a colon in a name", with(&GET, &[("x:", "2")])),
        ("a name in upper case", with(&GET, &[("X", "2")])),
        (
            "transfer-encoding",
            with(&GET, &[("transfer-encoding", "chunked")]),
        ),
        ("connection", with(&GET, &[("connection", "close")])),
        ("keep-alive", with(&GET, &[("keep-alive", "1")])),
        ("proxy-connection", with(&GET, &[("proxy-connection", "close")])),
        ("upgrade", with(&GET, &[("upgrade", "h2c")])),
        ("te", with(&GET, &[("te", "gzip")])),
        ("another host", with(&GET, &[("host", "b")])),
        ("two hosts", with(&GET, &[("host", "a"), ("host", "a")])),
        ("no host", [GET[0], GET[1], GET[3]].to_vec()),
        (
            "a host with a path",
            with(&[GET[0], GET[1], GET[3]], &[(":authority", "a/b")]),
        ),
        (
            "a host with user information",
            with(&[GET[0], GET[1], GET[3]], &[(":authority", "u@a")]),
        ),
        ("a space in the path", path("/v3.3/customers HTTP/1.1\r\nx: y")),
        ("a blank in the path", path("/v3.3/cust omers")),
        ("CR LF in the path", path("/v3.3/customers\r\nx: y")),
        ("a path without a slash", path("v3.3/customers")),
        ("no path", GET[..3].to_vec()),
        ("an empty path", path("")),
        ("two paths", with(&GET, &[(":path", "/")])),
        (
            "a pseudo-header behind a field",
            with(&[GET[0], GET[1], GET[2], ("x", "1")], &[(":path", PATH)]),
        ),
        (
            "a space in the method",
            [(":method", "GET /x HTTP/1.1"), GET[1], GET[2], GET[3]].to_vec(),
        ),
        (
            "a method in lower case",
            [(":method", "get"), GET[1], GET[2], GET[3]].to_vec(),
        ),
        ("an unknown pseudo-header", with(&GET, &[(":x", "1")])),
        ("a length without DATA", with(&GET, &[("content-length", "5")])),
        (
            "two lengths",
            with(&GET, &[("content-length", "0"), ("content-length", "0")]),
        ),
        ("another expectation", with(&GET, &[("expect", "x")])),
        ("500 fields", many),
    ];
    for (name, head) in &heads {
        let mut raw = Raw::connect(&stage);
        raw.frame(HEADERS, END_STREAM | END_HEADERS, 1, &block(head));
        let seen = raw.seen(1);
        assert!(!matches!(seen, Seen::Answer(0x88)), "{name}: {seen:?}");
        assert!(
            stage.backend().requests().is_empty(),
            "{name}: {:?}",
            stage.backend().requests()
        );
    }
    println!("{} heads refused", heads.len());
    // The same without a fault.
    let mut raw = Raw::connect(&stage);
    raw.frame(HEADERS, END_STREAM | END_HEADERS, 1, &block(&GET));
    assert_eq!(raw.seen(1), Seen::Answer(0x88));
}

#[test]
fn a_length_that_is_not_that_of_the_data_reaches_no_backend() {
    let stage = Stage::integrationhub();
    for (length, data) in [
        ("5", "abc"),
        ("5", "abcdefgh"),
        ("0", "abc"),
        ("x", "abc"),
        ("+3", "abc"),
        ("3, 3", "abc"),
    ] {
        let mut raw = Raw::connect(&stage);
        raw.frame(
            HEADERS,
            END_HEADERS,
            1,
            &block(&with(&POST, &[("content-length", length)])),
        );
        raw.frame(DATA, END_STREAM, 1, data.as_bytes());
        let seen = raw.seen(1);
        assert!(!matches!(seen, Seen::Answer(0x88)), "{length} {data}: {seen:?}");
        assert!(stage.backend().requests().is_empty(), "{length} {data}");
    }
}

/// The bytes of the flood with this number.
type Each = Box<dyn Fn(u32) -> Vec<u8>>;

/// Sends the same until the connection is told to end. Gives how often it was sent.
fn flood(stage: &Stage, each: impl Fn(u32) -> Vec<u8>) -> u32 {
    let mut raw = Raw::connect(stage);
    let mut reader = Raw(raw.0.try_clone().unwrap());
    let ended = std::thread::spawn(move || reader.is_ended());
    let begun = Instant::now();
    let mut sent = 0;
    while sent < 2_000_000 && begun.elapsed() < PATIENCE && !ended.is_finished() {
        let batch: Vec<u8> = (sent..sent + 50).flat_map(&each).collect();
        sent += 50;
        if raw.0.write_all(&batch).is_err() {
            break;
        }
    }
    assert!(ended.join().unwrap());
    assert!(
        begun.elapsed() < PATIENCE && sent < 2_000_000,
        "{sent} in {:?}",
        begun.elapsed()
    );
    sent
}

/// What the process has in memory, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = status
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<usize>().ok());
    pages.unwrap_or_default() * 4096
}

#[test]
fn floods_are_told_to_go_and_memory_stays() {
    let stage = Stage::integrationhub();
    drop(stage.get(PATH, &[]).expect(200));
    let before = resident();
    let get = block(&GET);
    let id = |number: u32| number * 2 + 1;
    let open = |number: u32| frame(HEADERS, END_HEADERS | END_STREAM, id(number), &get);
    let reset = |number| {
        [
            open(number),
            frame(RST_STREAM, 0, id(number), &8_u32.to_be_bytes()),
        ]
        .concat()
    };
    let rapid = flood(&stage, reset);
    let asked = stage.backend().requests().len();
    println!("rapid reset: {rapid} sent, {asked} reached the backend");
    assert!(asked < 1000);
    stage.backend().forget();
    // The server is made to reset the streams (CVE-2025-8671).
    let made = flood(&stage, |number| {
        [open(number), frame(WINDOW_UPDATE, 0, id(number), &[0; 4])].concat()
    });
    let asked = stage.backend().requests().len();
    println!("made you reset: {made} sent, {asked} reached the backend");
    assert!(asked < 1000);
    let floods: [(&str, Each); 5] = [
        ("PING", Box::new(|_| frame(PING, 0, 0, &[7; 8]))),
        ("SETTINGS", Box::new(|_| frame(SETTINGS, 0, 0, b""))),
        (
            "PRIORITY",
            Box::new(|number| frame(2, 0, number * 2 + 1, &[0; 5])),
        ),
        ("unknown frames", Box::new(|_| frame(99, 0, 0, &[7; 8]))),
        (
            "empty DATA",
            Box::new(|number| match number {
                0 => frame(HEADERS, END_HEADERS, 1, &block(&POST)),
                _ => frame(DATA, 0, 1, b""),
            }),
        ),
    ];
    for (name, each) in floods {
        println!("{name}: {} sent", flood(&stage, each));
    }
    let endless = flood(&stage, |number| match number {
        0 => frame(HEADERS, 0, 1, &block(&GET)),
        _ => frame(CONTINUATION, 0, 1, &block(&[("x", &"y".repeat(100))])),
    });
    println!("CONTINUATION: {endless} sent");
    let grown = resident().saturating_sub(before);
    println!("memory grew by {} KiB", grown >> 10);
    assert!(grown < 32 << 20);
    drop(stage.get(PATH, &[]).expect(200));
}

#[test]
fn a_header_that_does_not_end_is_given_up() {
    let stage = Setup::integrationhub()
        .serve(|settings| settings.head_within = Duration::from_secs(1))
        .start();
    let mut raw = Raw::connect(&stage);
    raw.frame(HEADERS, 0, 1, &block(&GET));
    assert!(raw.is_ended());
}

#[tokio::test(flavor = "multi_thread")]
async fn ordinary_cancellations_do_not_end_a_connection() {
    let stage = Stage::integrationhub();
    let client = Http2::connect(stage.address()).await;
    for round in 0..600 {
        let cancelled = client.send("GET", PATH, &[], b"");
        // Given up as soon as it is on its way.
        let given_up = tokio::time::timeout(Duration::from_micros(200), cancelled).await;
        drop(given_up);
        for _ in 0..3 {
            let answer = client.send("GET", PATH, &[], b"").await;
            assert_eq!(
                answer
                    .unwrap_or_else(|error| panic!("round {round}: {error}"))
                    .status,
                200
            );
        }
    }
}
