//! From sources to a plan: the one way in.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use crate::build::api::{Built, Surroundings};
use crate::build::{self};
use crate::diagnostic::{self, Code, Diagnostic};
use crate::directory::{self, Directory, File};
use crate::environment::Environment;
use crate::operators::Operators;
use crate::plan::{Plan, PlanHash};
use crate::raw::RawMain;
use crate::source::Sources;
use crate::yaml::{Tree, push_key};

/// A plan, and what somebody should look at.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The plan.
    pub plan: Plan,
    /// Faults that do not stop it.
    pub warnings: Vec<Diagnostic>,
}

/// Makes a plan from the files and the environment. Pure: the same input gives the same plan.
///
/// # Errors
/// Every fault that can be told apart, warnings among them, in the order of files and places.
pub fn load(sources: &Sources, env: &Environment<'_>) -> Result<Loaded, Vec<Diagnostic>> {
    let mut faults = Vec::new();
    let directory = directory::read(sources, env, &mut faults);
    let plan = plan(sources, &directory, &mut faults);
    let refused = faults.iter().any(Diagnostic::is_error);
    diagnostic::sort(&mut faults);
    match plan {
        Some(plan) if !refused => Ok(Loaded {
            plan,
            warnings: faults,
        }),
        _ => Err(faults),
    }
}

fn plan(sources: &Sources, directory: &Directory, faults: &mut Vec<Diagnostic>) -> Option<Plan> {
    let main = directory.main.as_ref();
    let names: Option<Vec<String>> = main.map(|file| file.raw.upstreams.keys().cloned().collect());
    let operators = Operators::new(OPERATORS);
    let around = Surroundings {
        sources,
        upstreams: names.as_deref(),
        operators: &operators,
    };
    let built: Vec<_> = directory
        .apis
        .iter()
        .map(|files| build::api::build(files, &around, faults))
        .collect();

    let trees = directory
        .apis
        .iter()
        .map(|files| files.api.as_ref().map(|file| &file.tree));
    let judged = built
        .iter()
        .zip(trees)
        .filter_map(|(built, tree)| Some((&built.as_ref()?.plan, tree?)));
    build::routes::judge(judged, faults);
    if let Some(main) = main {
        unused_upstreams(main, directory, faults);
    }
    let documents: Vec<&Tree> = built
        .iter()
        .flatten()
        .filter_map(|built| built.document.as_ref())
        .collect();
    let named = directory.apis.iter().filter_map(|files| {
        let name = files.api.as_ref()?.raw.document.as_ref()?;
        Some(format!("apis/{}/{name}", files.name))
    });
    // A file that is missing may be the one that nothing reads, under another name.
    if !faults
        .iter()
        .any(|fault| matches!(fault.code, Code::MissingFile | Code::NoMainFile))
    {
        faults.extend(directory::unused(sources, &named.collect::<BTreeSet<_>>()));
    }
    let hash = hash(directory, &documents);

    let main = build::main::build(main?, faults)?;
    let apis = built
        .into_iter()
        .map(|built| built.map(|built: Built| built.plan))
        .collect::<Option<_>>()?;
    let build::main::Main {
        listen,
        admin,
        workers,
        upstreams,
        bounds,
        drain,
    } = main;
    Some(Plan {
        listen,
        admin,
        workers,
        upstreams,
        bounds,
        drain,
        apis,
        hash,
    })
}

fn unused_upstreams(main: &File<RawMain>, directory: &Directory, faults: &mut Vec<Diagnostic>) {
    // An API that could not be read, or that misspells its upstream, may use any of them.
    let Some(apis) = directory
        .apis
        .iter()
        .map(|files| files.api.as_ref())
        .collect::<Option<Vec<_>>>()
    else {
        return;
    };
    let known = |name: &String| main.raw.upstreams.contains_key(name);
    if apis.is_empty() || !apis.iter().all(|file| known(&file.raw.upstream)) {
        return;
    }
    for name in main
        .raw
        .upstreams
        .keys()
        .filter(|name| !apis.iter().any(|file| file.raw.upstream == **name))
    {
        let mut pointer = "/upstreams".to_owned();
        push_key(&mut pointer, name);
        let span = Some(main.tree.key_span(&pointer));
        let message = format!("no API uses the upstream `{name}`");
        faults.push(Diagnostic::new(
            Code::UnusedUpstream,
            &main.tree.file,
            span,
            message,
        ));
    }
}

/// SHA-256 over paths and contents, each with its length before it.
fn hash(directory: &Directory, documents: &[&Tree]) -> PlanHash {
    let main = directory.main.iter().map(|file| &file.tree);
    let apis = directory
        .apis
        .iter()
        .flat_map(|files| files.api.iter().map(|file| &file.tree));
    let changes = directory
        .apis
        .iter()
        .flat_map(|files| files.changes.iter().map(|file| &file.tree));
    let mut hash = Sha256::new();
    for tree in main.chain(apis).chain(changes).chain(documents.iter().copied()) {
        for part in [&tree.file, &tree.value.to_string()] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
    }
    PlanHash(hash.finalize().into())
}

/// The engine's operators.
const OPERATORS: &[&str] = &[
    "rename",
    "move",
    "hoist",
    "add",
    "remove",
    "constant",
    "values",
    "convert",
    "pattern",
    "text_to_object",
    "group",
    "ungroup",
    "derived",
    "list_to_single",
    "list_to_map",
    "rename_case",
    "default",
    "when",
    "script",
    "operation",
    "parameter",
    "status",
    "envelope",
    "answer",
    "media_type",
    "status_to_body",
];
