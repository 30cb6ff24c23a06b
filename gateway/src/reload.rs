//! Reload is one function: read, compile beside the running edition, swap. On a fault the old edition serves on.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;

use sluice_config::{Diagnostic, Environment, Sources, load};

use crate::gateway::Gateway;

/// What a reload did.
#[derive(Clone, Debug)]
pub enum Reloaded {
    /// A new edition runs.
    Published {
        /// Its number.
        generation: u64,
        /// The hash of its plan.
        hash: String,
        /// What is worth saying, without being wrong.
        warnings: Vec<Diagnostic>,
    },
    /// The configuration is as it was.
    Unchanged {
        /// The number of the running edition.
        generation: u64,
    },
    /// The configuration is at fault; the old edition serves on.
    Refused {
        /// Every fault.
        diagnostics: Vec<Diagnostic>,
    },
}

/// Where the configuration is, and that only one reload goes on at a time.
#[derive(Debug)]
pub struct Reloader {
    directory: PathBuf,
    turn: Mutex<()>,
}

impl Reloader {
    /// A reloader of this directory.
    pub fn new(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), turn: Mutex::new(()) }
    }

    /// The directory that is read.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Reads and compiles the configuration, and makes it the running one if it is sound. Startup, SIGHUP, file watch
    /// and the admin API all call this. It blocks: call it off the cores.
    pub fn reload(&self, gateway: &Gateway, why: &str) -> Reloaded {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let environment = |name: &str| std::env::var(name).ok();
        let environment: &Environment<'_> = &environment;
        let loaded = Sources::read(&self.directory).and_then(|sources| load(&sources, environment));
        let before = gateway.editions.current();
        let reloaded = match loaded {
            Err(diagnostics) => Reloaded::Refused { diagnostics },
            Ok(loaded) if before.as_ref().is_some_and(|b| b.plan.hash == loaded.plan.hash) => {
                Reloaded::Unchanged { generation: before.map_or(0, |b| b.generation) }
            }
            Ok(loaded) => {
                let hash = loaded.plan.hash.to_string();
                let generation = gateway.editions.publish(loaded.plan);
                Reloaded::Published { generation, hash, warnings: loaded.warnings }
            }
        };
        say(&reloaded, why);
        reloaded
    }
}

fn say(reloaded: &Reloaded, why: &str) {
    match reloaded {
        Reloaded::Published { generation, hash, warnings } => {
            tracing::info!(generation, %hash, why, warnings = warnings.len(), "a new edition runs");
        }
        Reloaded::Unchanged { generation } => tracing::info!(generation, why, "the configuration is as it was"),
        Reloaded::Refused { diagnostics } => {
            let first = diagnostics.first().map(|d| d.message.clone()).unwrap_or_default();
            tracing::error!(faults = diagnostics.len(), why, first, "the configuration is at fault; the old edition serves on");
        }
    }
}
