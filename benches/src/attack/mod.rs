//! `make attack`: a minute of bad input from several generators at once, and a healthy client beside it.
//!
//! What is attacked is `sluice run` with the IntegrationHub example and its guard, in front of a backend with fixed
//! answers. Printed are what each generator sent and how it was answered, the healthy client's latency and errors before
//! and during the attack, and the memory of the process before, at most and after. Nothing is asserted but that the
//! process lives and the healthy client was served.

mod connection;
mod documents;
mod healthy;
mod http2;
mod memory;
mod raw;
mod slow;
mod tally;

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::peer::{self, Peer};
use crate::{Fault, backend, versions};

pub(crate) use tally::Tally;

/// How long the healthy client is alone, for comparison.
const CALM: Duration = Duration::from_secs(5);

/// A generator: sends bad input until it is told to stop.
type Generator = fn(SocketAddr, &Tally);

/// Every generator by name.
const GENERATORS: &[(&str, Generator)] = &[
    ("ambiguous framing", raw::framing),
    ("mutated requests", raw::mutated),
    ("hostile paths", raw::paths),
    ("wrong credentials", raw::credentials),
    ("hostile documents", documents::send_each),
    ("compression bombs", documents::bombs),
    ("slow clients", slow::drip),
    ("HTTP/2 floods", http2::flood),
];

/// Attacks for so long, and prints.
pub(crate) fn run(lasts: Duration, workers: usize) -> Result<(), Fault> {
    let path = "/customers/cus_000017".to_owned();
    let customer = bytes_of_customer();
    let backend = backend::start(vec![(path, customer)])?;
    let peer = peer::guarded_integrationhub(backend, workers)?;
    let before = memory::resident(peer.process.id());
    let calm = healthy::measure(peer.address, CALM)?;
    println!(
        "\nAttack on {} for {lasts:?}, {} generators",
        peer.name,
        GENERATORS.len()
    );
    let (tallies, healthy, most) = attack(&peer, lasts)?;
    thread::sleep(Duration::from_secs(2));
    for tally in &tallies {
        println!("  {tally}");
    }
    println!("  healthy client, calm    {calm}");
    println!("  healthy client, attack  {healthy}");
    let after = memory::resident(peer.process.id());
    println!(
        "  memory of the process: {before} KiB before, at most {most} KiB, {after} KiB two seconds after"
    );
    if after == 0 {
        return Err("the process did not survive".into());
    }
    Ok(())
}

fn bytes_of_customer() -> bytes::Bytes {
    bytes::Bytes::from_static(versions::CUSTOMER.as_bytes())
}

fn attack(peer: &Peer, lasts: Duration) -> Result<(Vec<Arc<Tally>>, healthy::Measured, u64), Fault> {
    let until = Instant::now() + lasts;
    let tallies: Vec<Arc<Tally>> = GENERATORS
        .iter()
        .map(|(name, _)| Arc::new(Tally::new(name, until)))
        .collect();
    let mut threads = Vec::new();
    for ((name, generator), tally) in GENERATORS.iter().zip(&tallies) {
        let (tally, address, generator) = (Arc::clone(tally), peer.address, *generator);
        let thread = thread::Builder::new().name((*name).to_owned());
        threads.push(thread.spawn(move || generator(address, &tally))?);
    }
    let process = peer.process.id();
    let watch = thread::spawn(move || memory::most(process, until));
    let healthy = healthy::measure(peer.address, lasts)?;
    for thread in threads {
        thread.join().map_err(|_| "a generator panicked")?;
    }
    let most = watch.join().map_err(|_| "the memory was not watched")?;
    Ok((tallies, healthy, most))
}
