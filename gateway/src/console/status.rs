//! How the gateway is doing now: what this process saw within the last minutes, and what it runs.

use jiff::Timestamp;
use serde::Serialize;

use super::visit::Visit;
use crate::ledger::State;
use crate::ledger::recent::Pace;
use crate::ledger::store::ReloadRecord;

/// How the gateway is doing now.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Status {
    /// When this was asked.
    pub at: Timestamp,
    /// Whether the figures in the store were made up by `sluice demo`; those here never are.
    pub demo: bool,
    /// What this process saw within the last minutes; none before it has counted anything.
    pub live: Option<Live>,
    /// The number of the running edition.
    pub generation: u64,
    /// The hash of its plan.
    pub hash: String,
    /// Settings that wait for a restart or a hand-over.
    pub pending: Vec<&'static str>,
    /// The last reload of this process.
    pub last_reload: Option<ReloadRecord>,
    /// How the ledger is doing.
    pub ledger: Keeping,
}

/// What this process saw within the last minutes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Live {
    /// How many seconds this is about.
    pub seconds: f64,
    /// Requests.
    pub requests: u64,
    /// Answers with 5xx, by whose fault they are.
    pub failures: Failures,
    /// What the gateway and translation added, in seconds, to the faster half; none where nothing was answered.
    pub added_p50: Option<f64>,
    /// The same, to all but the slowest hundredth.
    pub added_p99: Option<f64>,
}

/// Answers with 5xx, by whose fault they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Failures {
    /// The gateway's own.
    pub gateway: u64,
    /// Of translation: documents that a change could not carry.
    pub transformation: u64,
    /// Of the upstream.
    pub upstream: u64,
}

/// How the ledger is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Keeping {
    /// Whether figures are kept at all.
    pub kept: bool,
    /// What is wrong with the store.
    pub fault: Option<String>,
    /// Rows that wait for the store.
    pub waiting: u64,
    /// Exchanges that could not be kept.
    pub lost: u64,
}

impl Live {
    /// Requests a second.
    pub(super) fn rate(&self) -> f64 {
        if self.seconds > 0.0 {
            self.requests as f64 / self.seconds
        } else {
            0.0
        }
    }
}

/// How the gateway that is looked at is doing.
pub(super) fn now(visit: &Visit<'_>) -> Status {
    let edition = visit.edition();
    Status {
        at: visit.arrival.now,
        demo: visit.demo,
        live: live(&visit.gateway.shared.ledger.pace()),
        generation: edition.generation,
        hash: edition.plan.hash.to_string(),
        pending: visit.reloader.pending(&edition.plan),
        last_reload: visit.reloader.history().last(),
        ledger: keeping(visit.gateway.shared.ledger.state()),
    }
}

fn live(pace: &Pace) -> Option<Live> {
    let [gateway, transformation, upstream] = pace.failures;
    (pace.seconds > 0.0).then(|| Live {
        seconds: pace.seconds,
        requests: pace.exchanges,
        failures: Failures {
            gateway,
            transformation,
            upstream,
        },
        added_p50: pace.added.map(|(p50, _)| p50),
        added_p99: pace.added.map(|(_, p99)| p99),
    })
}

fn keeping(state: State) -> Keeping {
    Keeping {
        kept: state.kept,
        fault: state.fault,
        waiting: state.waiting as u64,
        lost: state.lost,
    }
}
