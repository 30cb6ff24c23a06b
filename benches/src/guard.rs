//! What the guard costs: a GET of a 1 KB answer with an API key and a local limit beside plain nginx, a POST of 1 KB that
//! is validated, and each policy alone beside the gateway without any.

use bytes::Bytes;

use crate::figures::Figure;
use crate::load::{get, post};
use crate::pass::{document, round};
use crate::peer::{self, Guard, KEY, Peer};
use crate::{Course, Fault, backend};

const PATH: &str = "/notes/1k";

/// Measures and prints.
pub(crate) fn measure(course: &Course) -> Result<(), Fault> {
    let backend = backend::start(vec![
        (PATH.to_owned(), document(1024)),
        ("/notes".to_owned(), Bytes::from_static(b"{\"ok\":true}")),
    ])?;
    let key = format!("X-API-Key: {KEY}\r\n");
    let read = get(&format!("/v2.0{PATH}"), &key);
    let write = post("/v2.0/notes", &key, &document(1024));
    let nginx = peer::nginx("nginx", false, backend, course.workers)?;
    let guarded = peer::guarded(
        "sluice, key and limit",
        backend,
        course.workers,
        Guard::KEY_AND_LIMIT,
    )?;
    let validated = peer::guarded(
        "sluice, key, limit, validated",
        backend,
        course.workers,
        Guard::VALIDATED,
    )?;
    println!(
        "\nThe guard, CPU µs a request, median of {} rounds of {:?} (least to most); aim for the GET: at most 1.30 of nginx",
        course.rounds, course.round
    );
    beside("GET, 1 KB answer", [&nginx, &guarded], &read, course)?;
    beside("POST, 1 KB body", [&nginx, &validated], &write, course)?;
    alone(backend, &read, &write, course)
}

fn beside(what: &str, peers: [&Peer; 2], request: &[u8], course: &Course) -> Result<(), Fault> {
    let mut rounds = [Vec::new(), Vec::new()];
    for _ in 0..course.rounds {
        for (peer, rounds) in peers.iter().zip(&mut rounds) {
            rounds.push(round(peer, request, course)?.cpu);
        }
    }
    for (peer, rounds) in peers.iter().zip(&rounds) {
        println!(
            "  {what:<17} {:<32}{}",
            peer.name,
            Figure::of(rounds.iter().copied())
        );
    }
    let ratios = rounds[0]
        .iter()
        .zip(&rounds[1])
        .map(|(nginx, sluice)| sluice / nginx);
    println!(
        "  {what:<17} {:<32}{}   ratio of neighbouring rounds",
        "",
        Figure::of(ratios)
    );
    Ok(())
}

/// Each policy on its own, in rounds that alternate with the gateway without any.
fn alone(backend: std::net::SocketAddr, read: &[u8], write: &[u8], course: &Course) -> Result<(), Fault> {
    let bare = peer::guarded("no policy", backend, course.workers, Guard::NONE)?;
    println!("\nEach policy alone, CPU µs a request more than without any (pairs of neighbouring rounds)");
    for guard in Guard::EACH {
        let request = if guard.writes { write } else { read };
        let peer = peer::guarded(guard.name, backend, course.workers, *guard)?;
        let mut more = Vec::new();
        for _ in 0..course.rounds {
            let without = round(&bare, request, course)?.cpu;
            more.push(round(&peer, request, course)?.cpu - without);
        }
        println!("  {:<34}{}", guard.name, Figure::of(more));
    }
    Ok(())
}
