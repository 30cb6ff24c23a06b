//! What is told of single exchanges: traces for a collector, and lines of the access log.
//!
//! ```text
//! exchange ─ Account ─┬ Trace ─ Stage, Attempt ─ spans ─ Exporter ─ collector
//!                     └ Line ─ Journal ─ file or standard output
//! ```
//!
//! - [`Account`]: what is known of an exchange while it lives; its end makes the exchange's span and its line;
//! - [`Trace`]: spans of one exchange, nothing where it is not sampled; [`Stage`] and [`Attempt`] are its parts;
//! - `context`: the fields by which traces go from one process to the next;
//! - `exporter`: spans on their way, bounded and off the cores;
//! - [`access`]: what of an exchange may be shown, as JSON.
//!
//! **What is shown is listed, not what is hidden.** Neither traces nor the access log see a field, a parameter's value or a
//! byte of a body that the configuration does not list by name, and credentials cannot be listed.

pub mod access;
mod account;
mod attempt;
mod context;
mod exporter;
mod followed;
mod method;
mod random;
mod root;
mod trace;
mod traces;

use std::path::Path;
use std::sync::Arc;

use sluice_config::Diagnostic;
use sluice_config::plan::Plan;

use crate::files::{Print, Seen};
use crate::shared::Shared;
use access::Shown;
use traces::Traces;

pub use account::{Account, Asking, Facts};
pub use attempt::{Attempt, Tries};
pub use trace::{Stage, Trace};

/// What an edition tells of its exchanges. State goes over from one edition to the next by identity.
#[derive(Debug, Default)]
pub struct Telemetry {
    traces: Option<Traces>,
    /// What the access log may show; none without one.
    shown: Option<Arc<Shown>>,
    seen: Seen,
}

impl Telemetry {
    /// Makes what a plan says.
    ///
    /// # Errors
    /// What cannot be put to work, such as a file of authorities that is missing.
    pub fn compile(plan: &Plan, before: Option<&Self>, shared: &Shared) -> Result<Self, Vec<Diagnostic>> {
        let before = before.and_then(|before| before.traces.as_ref());
        let traces = plan.traces.as_ref();
        Ok(Self {
            traces: traces
                .map(|traces| Traces::compile(traces, before, shared))
                .transpose()?,
            shown: plan.access_log.as_ref().map(|log| Arc::new(Shown::of(log, plan))),
            seen: seen(plan, shared.directory.as_deref()),
        })
    }

    /// Nothing while every file that was read has the content that was read; else what tells their state now from others.
    pub fn changed(&self) -> Option<Print> {
        self.seen.changed()
    }

    /// Waits until the spans of exchanges that have ended are sent, but not for ever. It blocks: call it off the cores.
    pub fn flush(&self) {
        if let Some(traces) = &self.traces {
            traces.way.exporter.flush();
        }
    }
}

fn seen(plan: &Plan, directory: Option<&Path>) -> Seen {
    Seen::of(plan.traces.iter().flat_map(traces::files), directory)
}
