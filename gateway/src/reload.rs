//! Reload is one function: read, compile beside the running edition, swap. On a fault the old edition serves on.
//!
//! What only a new process can change (addresses, cores, how it drains) stays as the process began with it. A plan that
//! changes such a setting is accepted all the same, since the rest of it may be urgent; [`Reloaded::Published`], the log
//! and the admin API name what waits for a restart or a hand-over.

mod history;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use jiff::Timestamp;
use serde_json::json;
use sluice_config::plan::Plan;
use sluice_config::{Code, Diagnostic, Environment, Loaded, Sources, load, render_all};

use crate::audit::{self, Event};
use crate::edition::Edition;
use crate::gateway::Gateway;

pub use history::History;

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
        /// Settings that wait for a restart or a hand-over.
        pending: Vec<&'static str>,
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
        /// The same as text, with the lines that they stand on.
        rendered: String,
    },
}

/// A reload that was refused.
#[derive(Clone, Debug)]
pub struct Refused {
    /// When.
    pub at: Timestamp,
    /// What it was for: a signal, a file, a call.
    pub why: String,
    /// Every fault.
    pub diagnostics: Vec<Diagnostic>,
}

/// Where a configuration is.
#[derive(Debug)]
enum Place {
    Directory(PathBuf),
    Memory(Sources),
}

/// Where the configuration is, and that only one reload goes on at a time.
#[derive(Debug)]
pub struct Reloader {
    place: Place,
    /// Stands before the environment.
    variables: BTreeMap<String, String>,
    turn: Mutex<()>,
    /// What the process began with: the first edition's.
    begun: OnceLock<Begun>,
    /// The last reload, if it was refused.
    refused: Mutex<Option<Refused>>,
    /// The state of changed files when they were looked at last.
    looked: Mutex<Option<[u8; 32]>>,
    /// The last reloads.
    history: History,
}

impl Reloader {
    /// A reloader of this directory.
    pub fn new(directory: &Path) -> Self {
        Self::of(Place::Directory(directory.to_owned()), BTreeMap::new())
    }

    /// A reloader of files in memory, with variables that stand before the environment's.
    pub fn embedded(sources: Sources, variables: BTreeMap<String, String>) -> Self {
        Self::of(Place::Memory(sources), variables)
    }

    fn of(place: Place, variables: BTreeMap<String, String>) -> Self {
        Self {
            place,
            variables,
            turn: Mutex::default(),
            begun: OnceLock::new(),
            refused: Mutex::default(),
            looked: Mutex::default(),
            history: History::default(),
        }
    }

    /// The directory that is read, unless the configuration is in memory.
    pub fn directory(&self) -> Option<&Path> {
        match &self.place {
            Place::Directory(directory) => Some(directory),
            Place::Memory(_) => None,
        }
    }

    /// Reads and compiles the configuration, and makes it the running one if it is sound. Startup, SIGHUP, file watch
    /// and the admin API all call this. It blocks: call it off the cores.
    pub fn reload(&self, gateway: &Gateway, why: &str) -> Reloaded {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let (sources, loaded) = self.load();
        let before = gateway.editions.current();
        let reloaded = match loaded {
            Err(diagnostics) => refused(diagnostics, &sources),
            Ok(loaded) if before.as_ref().is_some_and(|b| is_as_it_was(b, &loaded.plan)) => {
                Reloaded::Unchanged {
                    generation: before.as_ref().map_or(0, |b| b.generation),
                }
            }
            Ok(loaded) => self.publish(gateway, loaded, &sources),
        };
        let now = gateway.shared.clock.now();
        self.remember(&reloaded, now, why);
        if let Some(reload) = history::record(gateway, before.as_deref(), &reloaded, now, why) {
            gateway.shared.ledger.tell_reload(reload.clone());
            self.history.add(reload);
        }
        record(gateway, before.as_deref(), &reloaded, why);
        say(&reloaded, &sources, why, before.is_some());
        reloaded
    }

    fn publish(&self, gateway: &Gateway, loaded: Loaded, sources: &Sources) -> Reloaded {
        let Loaded { plan, mut warnings } = loaded;
        let (hash, now) = (plan.hash.to_string(), Begun::of(&plan));
        match gateway.editions.publish(plan, &gateway.shared) {
            Ok(generation) => {
                let running = gateway.editions.current();
                let more = running.iter().flat_map(|edition| edition.guard.tls.warnings());
                warnings.extend(more.cloned());
                let pending = self.begun.get_or_init(|| now.clone()).differs_from(&now);
                Reloaded::Published {
                    generation,
                    hash,
                    warnings,
                    pending,
                }
            }
            Err(diagnostics) => refused(diagnostics, sources),
        }
    }

    /// Whether a file that the running edition read, such as a certificate, has changed since, and since this was asked
    /// last: files that were refused are not tried again as they are.
    pub fn is_stale(&self, gateway: &Gateway) -> bool {
        let running = gateway.editions.current();
        let now = running.and_then(|edition| edition.changed());
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *looked, now);
        now.is_some() && now != before
    }

    /// The last reloads.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The last reload, if it was refused: what runs is not what the files say.
    pub fn last_refused(&self) -> Option<Refused> {
        self.refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn remember(&self, reloaded: &Reloaded, at: Timestamp, why: &str) {
        let refused = match reloaded {
            Reloaded::Refused { diagnostics, .. } => Some(Refused {
                at,
                why: why.to_owned(),
                diagnostics: diagnostics.clone(),
            }),
            Reloaded::Published { .. } | Reloaded::Unchanged { .. } => None,
        };
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = refused;
    }

    /// The settings of the running plan that wait for a restart or a hand-over.
    pub fn pending(&self, plan: &Plan) -> Vec<&'static str> {
        self.begun
            .get()
            .map_or_else(Vec::new, |begun| begun.differs_from(&Begun::of(plan)))
    }

    fn load(&self) -> (Sources, Result<Loaded, Vec<Diagnostic>>) {
        let lookup = |name: &str| {
            self.variables
                .get(name)
                .cloned()
                .or_else(|| std::env::var(name).ok())
        };
        let environment: &Environment<'_> = &lookup;
        let sources = match &self.place {
            Place::Directory(directory) => Sources::read(directory),
            Place::Memory(sources) => Ok(sources.clone()),
        };
        match sources {
            Ok(sources) => {
                let mut loaded = load(&sources, environment);
                if let (Err(diagnostics), Some(directory)) = (&mut loaded, self.directory()) {
                    place(diagnostics, directory);
                }
                (sources, loaded)
            }
            Err(diagnostics) => (Sources::default(), Err(diagnostics)),
        }
    }
}

/// Says in which directory a main file is missing, and where there is one above: a subdirectory may have been given.
pub(crate) fn place(diagnostics: &mut [Diagnostic], directory: &Path) {
    for missing in diagnostics.iter_mut().filter(|d| d.code == Code::NoMainFile) {
        missing.message = format!("{} in {}", missing.message, directory.display());
        let whole = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
        let mut above = whole.ancestors().skip(1).take(4);
        if let Some(parent) = above.find(|parent| parent.join("sluice.yaml").is_file()) {
            missing.hint = Some(format!(
                "give the directory above that has one: {}",
                parent.display()
            ));
        }
    }
}

/// Whether the running edition was made of this plan, and of the files that it names as they are.
fn is_as_it_was(running: &Edition, plan: &Plan) -> bool {
    running.plan.hash == plan.hash && running.changed().is_none()
}

fn refused(diagnostics: Vec<Diagnostic>, sources: &Sources) -> Reloaded {
    Reloaded::Refused {
        rendered: render_all(&diagnostics, sources),
        diagnostics,
    }
}

/// What a process cannot change while it runs, in a form that can be compared.
#[derive(Clone, Debug)]
struct Begun([(&'static str, String); 6]);

impl Begun {
    fn of(plan: &Plan) -> Self {
        // The order of addresses means nothing.
        let written = |listen: &[SocketAddr]| {
            let mut listen = listen.to_vec();
            listen.sort_unstable();
            format!("{listen:?}")
        };
        let tls = plan.tls.as_ref();
        Self([
            ("listen", written(&plan.listen)),
            ("tls.listen", written(tls.map_or(&[][..], |tls| &tls.listen))),
            ("tls.admin", format!("{:?}", tls.is_some_and(|tls| tls.admin))),
            ("admin", format!("{:?}", plan.admin)),
            ("workers", format!("{:?}", plan.workers)),
            ("drain", format!("{:?}", plan.drain)),
        ])
    }

    fn differs_from(&self, now: &Self) -> Vec<&'static str> {
        let pairs = self.0.iter().zip(&now.0);
        pairs
            .filter(|(begun, now)| begun != now)
            .map(|(begun, _)| begun.0)
            .collect()
    }
}

/// Tells the audit log what was changed, and by what.
fn record(gateway: &Gateway, before: Option<&Edition>, reloaded: &Reloaded, why: &str) {
    let hash = |edition: Option<&Edition>| edition.map(|e| e.plan.hash.to_string());
    let event = |what, details| Event {
        what,
        who: why.to_owned(),
        from: String::new(),
        details,
    };
    let audit = &gateway.shared.audit;
    let mut details = vec![("hash_before", json!(hash(before)))];
    match reloaded {
        Reloaded::Published { generation, .. } => {
            let Some(after) = gateway.editions.current() else {
                return;
            };
            details.push(("hash", json!(hash(Some(&after)))));
            details.push(("generation", json!(generation)));
            details.push(("changes", audit::changes(before, &after).into()));
            audit.record(&event("reload", details));
            for (consumer, added, removed) in audit::keys(before.map(|b| &b.plan), &after.plan) {
                let details = vec![
                    ("consumer", json!(consumer)),
                    ("added", json!(added)),
                    ("removed", json!(removed)),
                ];
                audit.record(&event("keys_changed", details));
            }
        }
        Reloaded::Unchanged { .. } => audit.record(&event("reload_unchanged", details)),
        Reloaded::Refused { diagnostics, .. } => {
            // Places alone: what a fault says may repeat what was written.
            let place = |d: &Diagnostic| format!("{} {}", d.code, d.file);
            let faults: Vec<String> = diagnostics.iter().filter(|d| d.is_error()).map(place).collect();
            details.push(("faults", faults.into()));
            audit.record(&event("reload_refused", details));
        }
    }
}

/// Tells the log. `serves`: whether there is an edition that serves on.
fn say(reloaded: &Reloaded, sources: &Sources, why: &str, serves: bool) {
    match reloaded {
        Reloaded::Published {
            generation,
            hash,
            warnings,
            pending,
        } => {
            tracing::info!(generation, %hash, why, warnings = warnings.len(), "a new edition runs");
            for warning in warnings {
                tracing::warn!("{}", warning.render(sources).trim_end());
            }
            if !pending.is_empty() {
                let settings = pending.join(", ");
                tracing::warn!(
                    settings,
                    "these stay as the process began with them until a restart or a hand-over (sluice run --upgrade)"
                );
            }
        }
        Reloaded::Unchanged { generation } => {
            tracing::info!(generation, why, "the configuration is as it was")
        }
        Reloaded::Refused {
            diagnostics,
            rendered,
        } => {
            let faults = diagnostics.iter().filter(|d| d.is_error()).count();
            let warnings = diagnostics.len() - faults;
            let so = if serves {
                "nothing was changed"
            } else {
                "nothing is served"
            };
            tracing::error!(
                faults,
                warnings,
                why,
                "the configuration is at fault; {so}\n{}",
                rendered.trim_end()
            );
        }
    }
}
