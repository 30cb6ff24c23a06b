//! Answers passed through unchanged: nginx and `sluice run` in alternating rounds; and another binary of it, such as the one
//! before a change, where one is named.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::figures::Figure;
use crate::load::{Load, get};
use crate::peer::{self, Peer};
use crate::{Course, Fault, backend, instructions};

/// What another binary of Sluice is called.
const BEFORE: &str = "sluice before";
/// How long a load runs before it counts.
const WARM_UP: Duration = Duration::from_millis(300);

/// What a request cost in one round.
pub(crate) struct Round {
    /// CPU microseconds a request.
    pub(crate) cpu: f64,
    /// Requests a second.
    pub(crate) rate: f64,
}

/// Measures and prints.
pub(crate) fn measure(course: &Course, before: Option<&Path>) -> Result<(), Fault> {
    let sizes = [("1 KB", "/notes/1k", 1024), ("10 KB", "/notes/10k", 10 * 1024)];
    let answers = sizes
        .iter()
        .map(|(_, path, size)| ((*path).to_owned(), document(*size)));
    let backend = backend::start(answers.collect())?;
    let mut peers = vec![
        peer::nginx("nginx", false, backend, course.workers)?,
        peer::nginx("nginx, same fields", true, backend, course.workers)?,
    ];
    if before.is_some() {
        peers.push(peer::pass_through(BEFORE, before, backend, course.workers, &[])?);
    }
    peers.push(peer::pass_through("sluice", None, backend, course.workers, &[])?);
    println!(
        "\nPass-through, CPU µs a request, median of {} rounds of {:?} (least to most); {} connections, {} workers each; aim: ratio of at most 1.20",
        course.rounds, course.round, course.connections, course.workers
    );
    for (size, path, _) in sizes {
        compare(size, &format!("/v2.0{path}"), &peers, course)?;
    }
    drop(peers);
    if before.is_none() {
        return Ok(());
    }
    let request = get(&format!("/v2.0{}", sizes[0].1), "");
    instructions::compare(["before", "now"], &request, |now, by| {
        let program = before.filter(|_| now == 0);
        peer::pass_through("under callgrind", program, backend, 1, by)
    })
}

fn compare(size: &str, path: &str, peers: &[Peer], course: &Course) -> Result<(), Fault> {
    let request = get(path, "");
    let mut rounds: Vec<Vec<Round>> = peers.iter().map(|_| Vec::new()).collect();
    for _ in 0..course.rounds {
        for (peer, rounds) in peers.iter().zip(&mut rounds) {
            rounds.push(round(peer, &request, course)?);
        }
    }
    for (peer, rounds) in peers.iter().zip(&rounds) {
        let rate = Figure::of(rounds.iter().map(|r| r.rate)).median;
        let cpu = Figure::of(rounds.iter().map(|r| r.cpu));
        println!("  {size:>5}  {:<28}{cpu}   {rate:.0} requests/s", peer.name);
    }
    // Neighbouring rounds met the same neighbours on the machine.
    let Some((sluice, others)) = rounds.split_last() else {
        return Ok(());
    };
    for (peer, other) in peers.iter().zip(others) {
        let ratios = other.iter().zip(sluice).map(|(other, s)| s.cpu / other.cpu);
        println!(
            "  {size:>5}  {:<28}{}   ratio of neighbouring rounds",
            format!("sluice / {}", peer.name),
            Figure::of(ratios)
        );
    }
    Ok(())
}

/// One round against one contender.
pub(crate) fn round(peer: &Peer, request: &[u8], course: &Course) -> Result<Round, Fault> {
    let load = Load::start(peer.address, request, course.connections)?;
    sleep(WARM_UP);
    let (cpu, answers, begin) = (peer.process.cpu(), load.answers(), Instant::now());
    sleep(course.round);
    let (cpu, answers, took) = (
        peer.process.cpu() - cpu,
        load.answers() - answers,
        begin.elapsed(),
    );
    load.stop()?;
    if answers == 0 {
        return Err(format!(
            "{} (process {}) gave no answer in a round",
            peer.name,
            peer.process.id()
        )
        .into());
    }
    let answers = answers as f64;
    Ok(Round {
        cpu: cpu / answers,
        rate: answers / took.as_secs_f64(),
    })
}

/// A JSON document of this many bytes.
pub(crate) fn document(size: usize) -> Bytes {
    let (before, after) = (r#"{"name":"a note","text":""#, r#""}"#);
    let text = "x".repeat(size - before.len() - after.len());
    format!("{before}{text}{after}").into()
}
