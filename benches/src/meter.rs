//! What counting who uses what costs: the guarded GET of 1 KB through the same binary with and without it, in rounds that
//! alternate, and the instructions that each executes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use crate::figures::Figure;
use crate::load::get;
use crate::pass::{document, round};
use crate::peer::{self, KEY, Peer};
use crate::{Course, Fault, backend};

const PATH: &str = "/notes/1k";
/// Requests of the shorter and of the longer run whose instructions are compared.
const RUNS: [usize; 2] = [1_000, 5_000];

/// Measures and prints.
pub(crate) fn measure(course: &Course) -> Result<(), Fault> {
    let backend = backend::start(vec![(PATH.to_owned(), document(1024))])?;
    let request = get(&format!("/v2.0{PATH}"), &format!("X-API-Key: {KEY}\r\n"));
    let peers = [
        peer::metered("without counting", backend, course.workers, false, &[])?,
        peer::metered("counted, kept in SQLite", backend, course.workers, true, &[])?,
    ];
    println!(
        "\nCounting, guarded GET of 1 KB, CPU µs a request, median of {} pairs of rounds of {:?} (least to most); aim: about 3 % more",
        course.rounds, course.round
    );
    paired(&peers, &request, course)?;
    drop(peers);
    instructions(backend, &request)
}

fn paired(peers: &[Peer; 2], request: &[u8], course: &Course) -> Result<(), Fault> {
    let mut rounds = [Vec::new(), Vec::new()];
    for turn in 0..course.rounds {
        // Whoever comes second in a pair meets a machine that the first has warmed.
        for at in if turn % 2 == 0 { [0, 1] } else { [1, 0] } {
            rounds[at].push(round(&peers[at], request, course)?.cpu);
        }
    }
    for (peer, rounds) in peers.iter().zip(&rounds) {
        println!("  {:<34}{}", peer.name, Figure::of(rounds.iter().copied()));
    }
    let ratios = rounds[0]
        .iter()
        .zip(&rounds[1])
        .map(|(without, with)| with / without);
    println!("  {:<34}{}   ratio of paired rounds", "", Figure::of(ratios));
    Ok(())
}

/// User instructions a request, from the difference of a longer and a shorter run: what the process begins and ends with is in
/// both.
fn instructions(backend: SocketAddr, request: &[u8]) -> Result<(), Fault> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("  instructions are not counted: valgrind is missing (apt-get install valgrind)");
        return Ok(());
    }
    let mut each = [0.0; 2];
    for (counts, each) in [false, true].into_iter().zip(&mut each) {
        let short = executed(backend, request, counts, RUNS[0])?;
        let long = executed(backend, request, counts, RUNS[1])?;
        *each = (long - short) / (RUNS[1] - RUNS[0]) as f64;
    }
    let [without, with] = each;
    println!(
        "  user instructions a request        without {without:.0}, counted {with:.0}: ratio {:.3} (one core, {} less {} requests)",
        with / without,
        RUNS[1],
        RUNS[0]
    );
    Ok(())
}

/// User instructions of a process that answers so many requests.
fn executed(backend: SocketAddr, request: &[u8], counts: bool, requests: usize) -> Result<f64, Fault> {
    let wrapper = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"];
    let peer = peer::metered("under callgrind", backend, 1, counts, &wrapper)?;
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
