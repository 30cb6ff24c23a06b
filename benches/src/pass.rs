//! Answers passed through unchanged: nginx and `sluice run` in alternating rounds.

use std::thread::sleep;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::figures::Figure;
use crate::load::{Load, get};
use crate::peer::{self, Peer};
use crate::{Course, Fault, backend};

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
pub(crate) fn measure(course: &Course) -> Result<(), Fault> {
    let sizes = [("1 KB", "/notes/1k", 1024), ("10 KB", "/notes/10k", 10 * 1024)];
    let answers = sizes
        .iter()
        .map(|(_, path, size)| ((*path).to_owned(), document(*size)));
    let backend = backend::start(answers.collect())?;
    let peers = [
        peer::nginx("nginx", false, backend, course.workers)?,
        peer::nginx("nginx, same fields", true, backend, course.workers)?,
        peer::pass_through(backend, course.workers)?,
    ];
    println!(
        "\nPass-through, CPU µs a request, median of {} rounds of {:?} (least to most); {} connections, {} workers each; aim: ratio of at most 1.20",
        course.rounds, course.round, course.connections, course.workers
    );
    for (size, path, _) in sizes {
        compare(size, &format!("/v2.0{path}"), &peers, course)?;
    }
    Ok(())
}

fn compare(size: &str, path: &str, peers: &[Peer; 3], course: &Course) -> Result<(), Fault> {
    let request = get(path, "");
    let mut rounds = [Vec::new(), Vec::new(), Vec::new()];
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
    let [nginx, same, sluice] = &rounds;
    for (name, other) in [("sluice / nginx", nginx), ("sluice / nginx, same fields", same)] {
        let ratios = other.iter().zip(sluice).map(|(n, s)| s.cpu / n.cpu);
        println!(
            "  {size:>5}  {name:<28}{}   ratio of neighbouring rounds",
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
