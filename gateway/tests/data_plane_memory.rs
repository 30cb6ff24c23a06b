//! Bodies that stream take no memory: 100 MB each way. Alone in its process, since it reads the process's own size.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "data_plane/stage.rs"]
mod stage;

use std::io::{Read, Write};

use stage::*;

const PIECE: usize = 64 * 1024;
const PIECES: usize = 1600;
const LENGTH: usize = PIECE * PIECES;

/// The most memory the process has had, in KiB.
fn high_water() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn read_exactly(stream: &mut std::net::TcpStream, length: usize) {
    let mut buffer = vec![0; PIECE];
    let mut left = length;
    while left > 0 {
        left -= stream.read(&mut buffer[..left.min(PIECE)]).unwrap();
    }
}

fn write_pieces(stream: &mut std::net::TcpStream) {
    let piece = vec![b'x'; PIECE];
    (0..PIECES).for_each(|_| stream.write_all(&piece).unwrap());
}

#[test]
fn a_hundred_megabytes_pass_both_ways_within_16_mib() {
    let (address, _) = backend(|mut stream, _| {
        read_head(&mut stream);
        read_exactly(&mut stream, LENGTH);
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {LENGTH}\r\n\r\n").unwrap();
        write_pieces(&mut stream);
    });
    let running = gateway(Plan::new(&[address]));
    let mut client = Client::connect(&running);
    let before = high_water();
    client.send(format!(
        "POST / HTTP/1.1\r\nhost: test\r\ncontent-length: {LENGTH}\r\n\r\n"
    ));
    write_pieces(&mut client.0);
    assert_eq!(status(&read_head(&mut client.0).unwrap()), 200);
    // A client that reads late makes the upstream wait, not the gateway grow.
    std::thread::sleep(std::time::Duration::from_millis(500));
    read_exactly(&mut client.0, LENGTH);
    let grown = high_water() - before;
    assert!(grown < 16 * 1024, "grew by {grown} KiB");
    running.shutdown();
}
