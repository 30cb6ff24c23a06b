//! Bodies that stream take no memory, whatever their length. Alone in its process, since it reads the process's size.
//!
//! One gibibyte each way; `SLUICE_BODY_MIB` names another length.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Read, Write};

use sluice_conformance::stage::Setup;
use sluice_conformance::stage::scripted::{head, upstream};

const PIECE: usize = 64 * 1024;
const MEASURED_KIB: usize = 16 * 1024;

/// The most memory that the process has had, in KiB.
fn high_water() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Pieces that begin with their number, so that one that is lost or doubled shows.
fn number(piece: &mut [u8], at: usize) {
    piece[..8].copy_from_slice(&at.to_be_bytes());
}

fn write_all(to: &mut impl Write, pieces: usize) {
    let mut piece = vec![b'x'; PIECE];
    for at in 0..pieces {
        number(&mut piece, at);
        to.write_all(&piece).unwrap();
    }
}

fn read_all(from: &mut impl Read, pieces: usize) {
    let (mut expected, mut buffer) = (vec![b'x'; PIECE], vec![0; PIECE]);
    for at in 0..pieces {
        number(&mut expected, at);
        from.read_exact(&mut buffer).unwrap();
        assert!(buffer == expected, "piece {at}");
    }
}

#[test]
fn a_body_of_any_length_passes_both_ways_within_16_mib() {
    let mib: usize = std::env::var("SLUICE_BODY_MIB").map_or(1024, |text| text.parse().unwrap());
    let pieces = mib * 1024 * 1024 / PIECE;
    let length = pieces * PIECE;
    let address = upstream(move |mut stream, _| {
        if head(&mut stream).is_none() {
            return;
        }
        read_all(&mut stream, pieces);
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n").unwrap();
        write_all(&mut stream, pieces);
    });
    let stage = Setup::integrationhub().upstream(address).start();
    let before = high_water();
    let mut stream = std::net::TcpStream::connect(stage.address()).unwrap();
    write!(
        stream,
        "PUT /v3.3/customers/x HTTP/1.1\r\nhost: test\r\ncontent-length: {length}\r\n\r\n"
    )
    .unwrap();
    write_all(&mut stream, pieces);
    let answer = head(&mut stream).unwrap();
    assert!(
        answer.starts_with("http/1.1 200") && answer.contains(&format!("content-length: {length}")),
        "{answer}"
    );
    // A client that reads late makes the upstream wait, not the gateway grow.
    std::thread::sleep(std::time::Duration::from_millis(300));
    read_all(&mut stream, pieces);
    let grown = high_water() - before;
    println!("{mib} MiB each way raised memory by {grown} KiB");
    assert!(grown < MEASURED_KIB, "grew by {grown} KiB");
}
