//! `sluice-bench`: what carrying and translating costs, as CPU time, beside a peer in the same run.
//!
//! - [`pass`]: answers passed through unchanged by nginx and by `sluice run`, in alternating rounds;
//! - [`versions`]: what one change and the ten changes down to 1.0 add to a GET through the gateway;
//! - [`engine`]: the reference interpreter on its own, in this process;
//! - [`guard`]: what key, limit, validation and the other policies cost;
//! - [`meter`]: what counting who uses what costs; [`ledger`]: its memory, and how fast the key question is answered;
//! - [`attack`]: bad input from several generators at once, and how a healthy client fares beside it.
//!
//! ```text
//! load (64 connections) ─ nginx | sluice run ─ backend (fixed answers)
//! ```
//!
//! Load and backend live in this process; what is measured is the CPU time of the process between them, from
//! `/proc/PID/stat`. CPU time a request says what a request costs, whatever else the machine does; it is still noisy on
//! a machine that is shared, which is why every figure is a median with its spread. Nothing here asserts a time.
//!
//! Everything is on loopback. Only processes that were started here are ended, by their id.

mod attack;
mod backend;
mod engine;
mod figures;
mod guard;
mod instructions;
mod ledger;
mod load;
mod meter;
mod pass;
mod peer;
mod process;
mod versions;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};

/// Anything that ends a benchmark early.
type Fault = Box<dyn Error + Send + Sync>;

/// Measures Sluice beside its peers.
#[derive(Debug, Parser)]
#[command(name = "sluice-bench")]
struct Options {
    /// What to measure; without it, everything.
    what: Vec<What>,
    /// Rounds of each contender.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Seconds of one round.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Worker threads of sluice and worker processes of nginx. Without it: one a core.
    #[arg(long)]
    workers: Option<usize>,
    /// Seconds of the attack.
    #[arg(long, default_value_t = 60)]
    attack: u64,
    /// Connections of the load, all kept alive.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Another binary of Sluice, such as the one before a change: pass-through is measured with it, too.
    #[arg(long, value_name = "BINARY")]
    before: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Pass-through beside nginx.
    Pass,
    /// What translation adds through the gateway.
    Versions,
    /// The reference interpreter in this process.
    Engine,
    /// Pass-through with the guard beside nginx, and each policy alone.
    Guard,
    /// What counting who uses what costs a guarded GET.
    Meter,
    /// The memory of 400,000 live counts, and the time of the console's key table over 90 days of them; only when asked for.
    Ledger,
    /// A minute of bad input with a healthy client beside it; only when asked for.
    Attack,
}

/// How a measurement goes.
#[derive(Debug, Clone, Copy)]
struct Course {
    rounds: usize,
    round: Duration,
    workers: usize,
    connections: usize,
}

fn main() -> ExitCode {
    let options = Options::parse();
    match measure(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("sluice-bench: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn measure(options: &Options) -> Result<(), Fault> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let course = Course {
        rounds: options.rounds.max(1),
        round: Duration::from_secs_f64(options.seconds.clamp(0.2, 60.0)),
        workers: options.workers.unwrap_or(cores).max(1),
        connections: options.connections.max(1),
    };
    let wanted = |what| options.what.is_empty() || options.what.contains(&what);
    println!("{cores} cores, load average {}", load_average());
    if wanted(What::Engine) {
        engine::measure(course.rounds)?;
    }
    if wanted(What::Pass) {
        pass::measure(&course, options.before.as_deref())?;
    }
    if wanted(What::Versions) {
        versions::measure(&course)?;
    }
    if wanted(What::Guard) {
        guard::measure(&course)?;
    }
    if wanted(What::Meter) {
        meter::measure(&course)?;
    }
    if options.what.contains(&What::Ledger) {
        ledger::measure()?;
    }
    if options.what.contains(&What::Attack) {
        attack::run(Duration::from_secs(options.attack.clamp(1, 3600)), course.workers)?;
    }
    println!("\nload average at the end {}", load_average());
    Ok(())
}

/// How busy the machine is, ours included.
fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}
