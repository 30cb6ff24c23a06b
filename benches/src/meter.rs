//! What counting who uses what costs: the guarded GET of 1 KB through the same binary with and without it, in rounds that
//! alternate, and the instructions that each executes.

use crate::figures::Figure;
use crate::load::get;
use crate::pass::{document, round};
use crate::peer::{self, KEY, Peer};
use crate::{Course, Fault, backend, instructions};

const PATH: &str = "/notes/1k";

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
    instructions::compare(["without", "counted"], &request, |counts, by| {
        peer::metered("under callgrind", backend, 1, counts == 1, by)
    })
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
