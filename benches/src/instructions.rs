//! User instructions a request, counted by valgrind: they are the same on a busy machine as on a quiet one.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use crate::Fault;
use crate::peer::Peer;

/// What a counted process runs under.
const CALLGRIND: [&str; 3] = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"];
/// Requests of the shorter and of the longer run that are compared: what the process begins and ends with is in both.
const RUNS: [usize; 2] = [1_000, 5_000];

/// User instructions a request of each of two, under what they are called; says so where they cannot be counted.
pub(crate) fn compare(
    names: [&str; 2],
    request: &[u8],
    start: impl Fn(usize, &[&str]) -> Result<Peer, Fault>,
) -> Result<(), Fault> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("  instructions are not counted: valgrind is missing (apt-get install valgrind)");
        return Ok(());
    }
    let [one, other] = [
        a_request(request, |by| start(0, by))?,
        a_request(request, |by| start(1, by))?,
    ];
    println!(
        "  user instructions a request        {} {one:.0}, {} {other:.0}: ratio {:.3} (one core, {} less {} requests)",
        names[0],
        names[1],
        other / one,
        RUNS[1],
        RUNS[0]
    );
    Ok(())
}

fn a_request(request: &[u8], start: impl Fn(&[&str]) -> Result<Peer, Fault>) -> Result<f64, Fault> {
    let short = executed(start(&CALLGRIND)?, request, RUNS[0])?;
    let long = executed(start(&CALLGRIND)?, request, RUNS[1])?;
    Ok((long - short) / (RUNS[1] - RUNS[0]) as f64)
}

/// User instructions of a process that answers so many requests.
fn executed(peer: Peer, request: &[u8], requests: usize) -> Result<f64, Fault> {
    ask(peer.address, request, requests)?;
    let said = peer.end();
    let line = said.lines().find_map(|line| line.split_once("Collected :"));
    let (_, number) = line.ok_or_else(|| format!("callgrind counted nothing:\n{said}"))?;
    Ok(number.trim().parse()?)
}

/// One request after another on one connection.
fn ask(address: SocketAddr, request: &[u8], requests: usize) -> Result<(), Fault> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut buffer = vec![0; 64 * 1024];
    for _ in 0..requests {
        socket.write_all(request)?;
        let mut held = 0;
        while !is_whole(&buffer[..held])? {
            let read = socket.read(&mut buffer[held..])?;
            if read == 0 {
                return Err("the gateway closed the connection".into());
            }
            held += read;
        }
    }
    Ok(())
}

/// Whether this is a whole answer with 200.
fn is_whole(bytes: &[u8]) -> Result<bool, Fault> {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return Ok(false);
    };
    if !head.starts_with("HTTP/1.1 200") {
        return Err(format!("the gateway answered:\n{head}").into());
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>())
    });
    Ok(body.len() >= length.ok_or("an answer without a length")??)
}
