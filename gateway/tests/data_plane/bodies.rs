//! Bodies held and opened: sizes, times, codings, bombs.

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use crate::stage::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn raw_deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::new();
    let mut encoder = brotli::CompressorWriter::new(&mut encoded, 4096, 9, 20);
    encoder.write_all(bytes).unwrap();
    drop(encoder);
    encoded
}

/// Compresses about four times: less than any ratio that is judged.
fn document(length: usize) -> Vec<u8> {
    let mut state = 7u32;
    let mut digit = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        b"0123"[(state >> 30) as usize]
    };
    (0..length).map(|_| digit()).collect()
}

/// Posts `body` with this encoding to the gateway that collects and opens it.
fn opened(coding: &str, body: &[u8]) -> (String, String) {
    let running = gateway(Plan::new(&[]));
    let mut client = Client::connect(&running);
    let answer = client
        .send(post("/collect", &format!("content-encoding: {coding}\r\n"), body))
        .answer();
    running.shutdown();
    answer
}

fn refused(coding: &str, body: &[u8]) -> (u16, String) {
    problem(opened(coding, body))
}

#[test]
fn each_coding_is_opened() {
    for length in [1, 1000, 65_536, 65_537, 1_000_000] {
        let plain = document(length);
        let cases = [
            ("gzip", gzip(&plain)),
            ("X-GZIP", gzip(&plain)),
            ("deflate", zlib(&plain)),
            ("deflate", raw_deflate(&plain)),
            ("br", brotli(&plain)),
            ("identity", plain.clone()),
            ("", plain.clone()),
        ];
        for (coding, body) in cases {
            let (head, body) = opened(coding, &body);
            assert_eq!(
                (status(&head), body),
                (200, length.to_string()),
                "{coding} {length}"
            );
        }
    }
}

#[test]
fn nothing_compressed_is_something() {
    for (coding, body) in [("gzip", gzip(b"")), ("deflate", zlib(b"")), ("br", brotli(b""))] {
        assert_eq!(opened(coding, &body).1, "0", "{coding}");
    }
}

#[test]
fn a_bomb_is_stopped() {
    let zeros = vec![0; 100 << 20];
    for (coding, body) in [
        ("gzip", gzip(&zeros)),
        ("deflate", zlib(&zeros)),
        ("br", brotli(&zeros)),
    ] {
        assert!(body.len() < 1 << 20);
        assert_eq!(refused(coding, &body), (413, "too_large".into()), "{coding}");
    }
}

#[test]
fn the_ratio_is_judged_only_of_large_documents() {
    assert_eq!(opened("gzip", &gzip(&[b' '; 60_000])).1, "60000");
    assert_eq!(
        refused("gzip", &gzip(&[b' '; 600_000])),
        (413, "too_large".into())
    );
}

#[test]
fn what_is_not_its_coding_is_refused() {
    let whole = gzip(&document(1000));
    let malformed = (400, "malformed_body".to_owned());
    assert_eq!(refused("gzip", b"plain text"), malformed);
    assert_eq!(refused("gzip", &whole[..whole.len() / 2]), malformed);
    assert_eq!(refused("gzip", &whole[..whole.len() - 1]), malformed);
    assert_eq!(refused("br", &brotli(&document(1000))[..100]), malformed);
    assert_eq!(refused("deflate", &zlib(&document(1000))[..100]), malformed);
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    assert_eq!(refused("gzip", &damaged), malformed);
}

#[test]
fn bytes_after_the_end_are_refused() {
    let plain = document(1000);
    for (coding, body) in [
        ("gzip", gzip(&plain)),
        ("deflate", zlib(&plain)),
        ("deflate", raw_deflate(&plain)),
        ("br", brotli(&plain)),
    ] {
        let followed = [&body[..], b"x"].concat();
        assert_eq!(
            refused(coding, &followed),
            (400, "malformed_body".into()),
            "{coding}"
        );
    }
    let twice = [gzip(&plain), gzip(&plain)].concat();
    assert_eq!(refused("gzip", &twice), (400, "malformed_body".into()));
}

#[test]
fn a_coding_that_is_not_opened_is_named() {
    for coding in ["gzip, gzip", "gzip,br", "zstd", "compress"] {
        assert_eq!(
            refused(coding, b"x"),
            (415, "unsupported_encoding".into()),
            "{coding}"
        );
    }
}

#[test]
fn a_body_beyond_the_bound_is_refused_before_it_comes() {
    let running = gateway(Plan::new(&[]));
    let mut client = Client::connect(&running);
    client.send("POST /collect HTTP/1.1\r\nhost: test\r\ncontent-length: 1048577\r\n\r\n");
    assert_eq!(problem(client.answer()), (413, "too_large".into()));
    running.shutdown();
}

#[test]
fn a_body_without_a_length_is_counted() {
    let running = gateway(Plan::new(&[]));
    let mut client = Client::connect(&running);
    client.send("POST /collect HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n");
    let chunk = [b"10000\r\n", &[b'x'; 65536][..], b"\r\n"].concat();
    for _ in 0..16 {
        client.send(&chunk);
    }
    client.send("1\r\nx\r\n");
    assert_eq!(problem(client.answer()), (413, "too_large".into()));
    running.shutdown();
}

#[test]
fn a_body_at_the_bound_is_taken() {
    let running = gateway(Plan::new(&[]));
    let mut client = Client::connect(&running);
    assert_eq!(
        client.send(post("/collect", "", &vec![b'x'; 1 << 20])).answer().1,
        "1048576"
    );
    assert_eq!(client.send(post("/collect", "", b"")).answer().1, "0");
    running.shutdown();
}

#[test]
fn a_body_that_stops_or_drips_is_given_up() {
    let running = gateway(Plan::new(&[]));
    let head = "POST /collect HTTP/1.1\r\nhost: test\r\ncontent-length: 100\r\n\r\n";
    let mut stops = Client::connect(&running);
    stops.send(head).send("x");
    assert_eq!(problem(stops.answer()), (408, "request_timeout".into()));
    let mut drips = Client::connect(&running);
    drips.send(head);
    // Each byte comes in time; the whole does not.
    for _ in 0..12 {
        let _sent = drips.0.write_all(b"x");
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
    assert_eq!(problem(drips.answer()), (408, "request_timeout".into()));
    running.shutdown();
}

#[test]
fn a_body_that_breaks_off_is_not_taken_for_whole() {
    let running = gateway(Plan::new(&[]));
    let mut client = Client::connect(&running);
    client.send("POST /collect HTTP/1.1\r\nhost: test\r\ncontent-length: 100\r\n\r\nhalf");
    client.0.shutdown(std::net::Shutdown::Write).unwrap();
    let answer = client.rest();
    assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    running.shutdown();
}
