//! The command line: one command, one file, registered in [`Command`].
//!
//! ```text
//! run        serves a configuration           process.rs  a gateway and its process, for both
//! demo       serves the example, with a backend
//! check      tells every fault                 configuration.rs  a directory as a plan, for these four
//! explain    tells what becomes of a request   document.rs  documents as people read them, and their differences
//! transform  carries documents between versions
//! operators  the reference of operators
//! key        makes API keys, and their lines for consumers.yaml
//! password   hashes passwords
//! schema     prints the schema for editors
//! who-uses   tells who uses a version          usage.rs    the ledger's store, for these three
//! report     tells how far versions are gone   columns.rs, cells.rs  tables for terminals and spreadsheets
//! notify     tells the people behind consumers
//! ```
//!
//! # Exit codes
//! | code | meaning |
//! |---|---|
//! | 0 | done; for `run` and `demo`: ended as asked |
//! | 1 | what was given is at fault: the configuration, a document, a request that the gateway refuses |
//! | 2 | the command could not be carried out: bad usage, no such file, an address that is taken |

mod cells;
mod check;
mod columns;
mod configuration;
mod demo;
mod document;
mod explain;
mod key;
mod notify;
mod operators;
mod options;
mod output;
mod password;
mod process;
mod report;
mod run;
mod schema;
mod transform;
mod upgrade;
mod usage;
mod who_uses;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// An API gateway that keeps every API version alive on one backend.
#[derive(Debug, Parser)]
#[command(name = "sluice", version, propagate_version = true, after_help = EXIT_CODES)]
struct Sluice {
    #[command(subcommand)]
    command: Command,
}

/// The commands, in the order of the help.
#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    Run(run::Run),
    Check(check::Check),
    Explain(explain::Explain),
    Transform(transform::Transform),
    WhoUses(who_uses::WhoUses),
    Report(report::Report),
    Notify(notify::Notify),
    Operators(operators::Operators),
    Key(key::Key),
    Password(password::Password),
    ConfigSchema(schema::ConfigSchema),
}

/// The same as in this module's documentation, for people.
const EXIT_CODES: &str = "Exit codes:
  0  done; for run and demo: ended as asked
  1  what was given is at fault: the configuration, a document, a request that the gateway refuses
  2  the command could not be carried out: bad usage, no such file, an address that is taken";

/// How a command ended that could be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Exit code 0.
    Sound,
    /// Exit code 1; what is at fault has been told.
    Faulty,
}

/// Why a command could not be carried out; exit code 2.
#[derive(Debug)]
struct Failure(String);

impl Failure {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// What every command gives.
type Outcome = Result<Verdict, Failure>;

impl Command {
    fn carry_out(self) -> Outcome {
        match self {
            Self::Demo(command) => command.carry_out(),
            Self::Run(command) => command.carry_out(),
            Self::Check(command) => command.carry_out(),
            Self::Explain(command) => command.carry_out(),
            Self::Transform(command) => command.carry_out(),
            Self::WhoUses(command) => command.carry_out(),
            Self::Report(command) => command.carry_out(),
            Self::Notify(command) => command.carry_out(),
            Self::Operators(command) => command.carry_out(),
            Self::Key(command) => command.carry_out(),
            Self::Password(command) => command.carry_out(),
            Self::ConfigSchema(command) => command.carry_out(),
        }
    }
}

/// Runs the command that the process was called with.
pub fn main() -> ExitCode {
    // Bad usage ends here, with 2; `--help` with 0.
    match Sluice::parse().command.carry_out() {
        Ok(Verdict::Sound) => ExitCode::from(0),
        Ok(Verdict::Faulty) => ExitCode::from(1),
        Err(Failure(message)) => {
            output::complain(&format!("sluice: {message}"));
            ExitCode::from(2)
        }
    }
}
