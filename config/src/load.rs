//! From sources to a plan: the one way in.

use std::collections::BTreeSet;

use crate::build::api::{Built, Surroundings};
use crate::build::{self, main::Main};
use crate::diagnostic::{self, Code, Diagnostic};
use crate::directory::{self, Directory, File};
use crate::environment::Environment;
use crate::fingerprint;
use crate::plan::{Consumers, Plan};
use crate::raw::RawMain;
use crate::source::Sources;
use crate::yaml::push_key;

/// A plan, and what somebody should look at.
#[derive(Debug, Clone)]
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
    match plan.filter(|_| !refused) {
        Some(plan) => Ok(Loaded {
            plan,
            warnings: faults,
        }),
        None => Err(faults),
    }
}

fn plan(sources: &Sources, directory: &Directory, faults: &mut Vec<Diagnostic>) -> Option<Plan> {
    let main = directory.main.as_ref();
    let built = apis(sources, directory, faults);
    if let Some(main) = main {
        unused_upstreams(main, directory, faults);
    }
    unused_files(sources, directory, faults);
    build::keep::judge(main, &built, faults);
    let consumers = consumers(directory, &built, faults);
    let plans: Vec<_> = built.iter().flatten().map(|built| &built.plan).collect();
    let main = build::main::build(main?, &plans, faults);
    let built = built.into_iter().collect::<Option<Vec<_>>>()?;
    let documents = built.iter().filter_map(|built| built.document.as_ref());
    let others = built
        .iter()
        .flat_map(|built| built.used.iter().cloned())
        .collect();
    let hash = fingerprint::hash(directory, documents, &others, sources);
    let apis = built.into_iter().map(|built| built.plan).collect();
    let Main {
        listen,
        admin,
        admin_access,
        keys,
        workers,
        upstreams,
        bounds,
        drain,
        tls,
        trusted,
        addresses,
        store,
        audit,
        usage,
        traces,
        access_log,
        notify,
    } = main?;
    Some(Plan {
        listen,
        admin,
        admin_access,
        keys,
        workers,
        upstreams,
        bounds,
        drain,
        tls,
        trusted,
        addresses,
        store,
        audit,
        usage,
        traces,
        access_log,
        notify,
        consumers: consumers?,
        apis,
        hash,
    })
}

fn consumers(
    directory: &Directory,
    built: &[Option<Built>],
    faults: &mut Vec<Diagnostic>,
) -> Option<Consumers> {
    let Some(file) = directory.consumers.as_ref().ok()? else {
        return Some(Consumers::default());
    };
    let apis: Vec<_> = built.iter().flatten().map(|built| &built.plan).collect();
    let around = build::consumers::Surroundings {
        apis: &apis,
        complete: apis.len() == built.len(),
        has_secret: directory.main.as_ref().is_none_or(|main| main.raw.keys.is_some()),
    };
    build::consumers::build(file, &around, faults)
}

/// Judges every API, and then all of them together.
fn apis(sources: &Sources, directory: &Directory, faults: &mut Vec<Diagnostic>) -> Vec<Option<Built>> {
    let names = |file: &File<RawMain>| file.raw.upstreams.keys().cloned().collect::<Vec<_>>();
    let upstreams = directory.main.as_ref().map(names);
    let consumers = directory.consumers.as_ref().ok().map(|file| match file {
        Some(file) => file.raw.consumers.keys().cloned().collect::<Vec<_>>(),
        None => Vec::new(),
    });
    let groups = directory.consumers.as_ref().ok().map(|file| {
        let all = file.iter().flat_map(|file| file.raw.consumers.values());
        let lists = all.filter_map(|consumer| consumer.get("groups")?.as_array());
        let names = lists.flatten().filter_map(|name| name.as_str());
        names.map(str::to_owned).collect::<Vec<_>>()
    });
    let around = Surroundings {
        sources,
        upstreams: upstreams.as_deref(),
        consumers: consumers.as_deref(),
        stored: directory.main.as_ref().map(|file| file.raw.store.is_some()),
        groups: groups.as_deref(),
    };
    let mut built = Vec::new();
    for files in &directory.apis {
        built.push(build::api::build(files, &around, faults));
    }
    let trees = directory
        .apis
        .iter()
        .map(|files| files.api.as_ref().map(|file| &file.tree));
    let judged = built
        .iter()
        .zip(trees)
        .filter_map(|(built, tree)| Some((&built.as_ref()?.plan, tree?)));
    build::routes::judge(judged, faults);
    built
}

/// YAML files that nothing reads.
fn unused_files(sources: &Sources, directory: &Directory, faults: &mut Vec<Diagnostic>) {
    // A file that is missing may be the one that nothing reads, under another name.
    let missing = |fault: &Diagnostic| matches!(fault.code, Code::MissingFile | Code::NoMainFile);
    if faults.iter().any(missing) {
        return;
    }
    let mut named = BTreeSet::new();
    for files in &directory.apis {
        // A file that could not be understood may name any file beside it.
        if files.api.is_none() || !files.all_changes_read {
            let beside = format!("apis/{}/", files.name);
            named.extend(
                sources
                    .paths()
                    .filter(|path| path.starts_with(&beside))
                    .map(str::to_owned),
            );
        }
        let document = files.api.as_ref().and_then(|file| file.raw.document.as_ref());
        named.extend(document.map(|name| format!("apis/{}/{name}", files.name)));
    }
    faults.extend(directory::unused(sources, &named));
}

fn unused_upstreams(main: &File<RawMain>, directory: &Directory, faults: &mut Vec<Diagnostic>) {
    let apis: Option<Vec<_>> = directory.apis.iter().map(|files| files.api.as_ref()).collect();
    let known = |file: &&File<_>| {
        let file: &File<crate::raw::RawApi> = file;
        main.raw.upstreams.contains_key(&file.raw.upstream)
    };
    // An API that could not be read, or that misspells its upstream, may use any of them.
    let Some(apis) = apis.filter(|apis| !apis.is_empty() && apis.iter().all(known)) else {
        return;
    };
    for name in main.raw.upstreams.keys() {
        if apis.iter().any(|file| file.raw.upstream == *name) {
            continue;
        }
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
