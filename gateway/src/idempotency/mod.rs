//! Answers that are kept for their idempotency key: in this process, or in the store that the fleet shares.
//!
//! - `key`: the field, and what a key belongs to;
//! - `kept`: an answer that is kept, and other ends of a request;
//! - `memory`, `fleet`: where they are kept;
//! - `keeping`: a key from its claim to its end.

pub mod fleet;
pub mod keeping;
pub mod kept;
pub mod key;
pub mod memory;

use std::sync::Arc;

use sluice_config::Diagnostic;
use sluice_config::plan::{Plan, Where};

use crate::shared::Shared;
use kept::{Kept, Loss};
use memory::Memory;

/// What is known of a key.
#[derive(Debug)]
pub enum Found {
    /// Nothing: it is claimed now.
    First,
    /// The same request came with it before.
    Known(Standing),
    /// Another request came with it before.
    Other,
}

/// How a request that came before stands.
#[derive(Debug, Clone)]
pub enum Standing {
    /// It is carried out now.
    InFlight,
    /// It was answered.
    Kept(Arc<Kept>),
    /// It was sent; its answer is lost.
    Lost(Loss),
}

/// What is made of a plan's settings, in the plan's order of APIs.
#[derive(Debug, Default)]
pub struct Answers {
    apis: Vec<Option<(String, Arc<Memory>)>>,
}

impl Answers {
    /// Makes it; what is as it was keeps its state.
    ///
    /// # Errors
    /// What cannot be put to work.
    pub fn compile(
        plan: &Plan,
        before: Option<&Self>,
        _shared: &Arc<Shared>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let known = |name: &str| {
            let mut all = before?.apis.iter().flatten();
            all.find(|(known, _)| known == name)
                .map(|(_, memory)| Arc::clone(memory))
        };
        let apis = plan.apis.iter().map(|api| {
            let keeping = api.idempotency.keeping.as_ref();
            let keeping = keeping.filter(|keeping| keeping.store == Where::Memory)?;
            let memory = known(&api.name).unwrap_or_else(|| Arc::new(Memory::new(keeping.entries)));
            memory.resize(keeping.entries);
            Some((api.name.clone(), memory))
        });
        Ok(Self { apis: apis.collect() })
    }

    /// The table of an API that keeps answers in this process.
    pub fn memory(&self, api: usize) -> Option<&Arc<Memory>> {
        self.apis.get(api)?.as_ref().map(|(_, memory)| memory)
    }
}

/// Counts what became of a request with a key, where it was not simply carried out.
pub fn count(shared: &Shared, api: &str, outcome: &str) {
    let help = "Requests with an idempotency key that were not simply carried out, by what became of them";
    let labels = [("api", api), ("outcome", outcome)];
    shared.meters.count("sluice_idempotency", help, &labels);
}
