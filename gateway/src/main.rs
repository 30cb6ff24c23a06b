//! The `sluice` binary.

use std::process::ExitCode;

/// Every request makes and drops a few dozen small things, on the core that it stays on.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    sluice_gateway::cli::main()
}
