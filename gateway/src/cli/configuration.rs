//! A configuration directory as a plan, for commands that only look at it.

use std::path::Path;

use sluice_config::plan::{ApiPlan, Plan};
use sluice_config::{Diagnostic, Sources, load, render_all};

use super::{Failure, output};
use crate::reload;

/// A directory that was read, and what it came to.
pub(super) struct Configuration {
    /// The files.
    pub(super) sources: Sources,
    /// The plan, if no fault stops it.
    pub(super) plan: Option<Plan>,
    /// Every fault, warnings among them.
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// A directory, or the command cannot be carried out.
pub(super) fn expect_directory(path: &Path) -> Result<(), Failure> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(Failure::new(format!("{} is not a directory", path.display()))),
        Err(error) => Err(Failure::new(format!("{}: {error}", path.display()))),
    }
}

/// Reads a directory and judges it.
pub(super) fn read(path: &Path) -> Result<Configuration, Failure> {
    expect_directory(path)?;
    let sources = match Sources::read(path) {
        Ok(sources) => sources,
        Err(diagnostics) => {
            return Ok(Configuration {
                sources: Sources::default(),
                plan: None,
                diagnostics,
            });
        }
    };
    let (plan, diagnostics) = match load(&sources, &|name| std::env::var(name).ok()) {
        Ok(loaded) => (Some(loaded.plan), loaded.warnings),
        Err(mut diagnostics) => {
            reload::place(&mut diagnostics, path);
            (None, diagnostics)
        }
    };
    Ok(Configuration {
        sources,
        plan,
        diagnostics,
    })
}

/// The plan of a directory; `None` when it is at fault, which was told on standard error then.
pub(super) fn plan(path: &Path) -> Result<Option<Plan>, Failure> {
    let Configuration {
        sources,
        plan,
        diagnostics,
    } = read(path)?;
    if plan.is_none() {
        output::complain(render_all(&diagnostics, &sources).trim_end());
    }
    Ok(plan)
}

/// The API of that name.
pub(super) fn api<'p>(plan: &'p Plan, name: &str) -> Result<&'p ApiPlan, Failure> {
    plan.apis.iter().find(|api| api.name == name).ok_or_else(|| {
        let names: Vec<&str> = plan.apis.iter().map(|api| api.name.as_str()).collect();
        Failure::new(format!(
            "there is no API `{name}`; there are: {}",
            names.join(", ")
        ))
    })
}
