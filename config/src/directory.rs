//! Which file is which: the sources as the raw files of a configuration directory.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::diagnostic::{Code, Diagnostic};
use crate::environment::{self, Environment};
use crate::raw::{RawApi, RawChange, RawConsumers, RawMain};
use crate::source::Sources;
use crate::yaml::Tree;
use crate::{structure, suggest, yaml};

const MAIN: &str = "sluice.yaml";
const CONSUMERS: &str = "consumers.yaml";

/// A file: as it was written, and as it is understood.
pub(crate) struct File<T> {
    pub(crate) tree: Tree,
    pub(crate) raw: T,
}

/// A file that is there and could not be understood; why was told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unreadable;

/// The files of one API.
pub(crate) struct ApiFiles {
    /// The API's directory under `apis/`.
    pub(crate) name: String,
    pub(crate) api: Option<File<RawApi>>,
    pub(crate) changes: Vec<File<RawChange>>,
    /// Whether every change could be read; if not, what seems to be missing may be in one that could not.
    pub(crate) all_changes_read: bool,
}

/// The files of a configuration directory, as far as they can be understood.
pub(crate) struct Directory {
    pub(crate) main: Option<File<RawMain>>,
    /// `Err` when there is such a file and it could not be read.
    pub(crate) consumers: Result<Option<File<RawConsumers>>, Unreadable>,
    pub(crate) apis: Vec<ApiFiles>,
}

/// Reads every file that has its place in a configuration directory.
pub(crate) fn read(sources: &Sources, env: &Environment<'_>, faults: &mut Vec<Diagnostic>) -> Directory {
    let mut reader = Reader { sources, env, faults };
    let main = reader.main();
    let consumers = reader.consumers();
    let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, path) in sources.paths().filter_map(|path| Some((api_of(path)?, path))) {
        names.entry(name).or_default().push(path);
    }
    if names.is_empty() && main.is_some() {
        reader.faults.push(
            Diagnostic::new(Code::NoApis, "", None, "there is no API").hint("add `apis/NAME/api.yaml`"),
        );
    }
    let apis = names
        .iter()
        .map(|(name, paths)| reader.api(name, paths))
        .collect();
    Directory {
        main,
        consumers,
        apis,
    }
}

/// The API in whose directory a file lies.
fn api_of(path: &str) -> Option<&str> {
    path.strip_prefix("apis/")?.split_once('/').map(|(name, _)| name)
}

fn is_yaml(path: &str) -> bool {
    path.ends_with(".yaml") || path.ends_with(".yml")
}

struct Reader<'a> {
    sources: &'a Sources,
    env: &'a Environment<'a>,
    faults: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    fn main(&mut self) -> Option<File<RawMain>> {
        if !self.sources.contains(MAIN) {
            let top = self.sources.paths().filter(|path| !path.contains('/'));
            let fault = Diagnostic::new(Code::NoMainFile, "", None, format!("there is no `{MAIN}`"));
            self.faults.push(
                fault.hint_if(suggest::nearest(MAIN, top).map(|n| format!("rename `{n}` to `{MAIN}`"))),
            );
        }
        self.file(MAIN, true)
    }

    fn consumers(&mut self) -> Result<Option<File<RawConsumers>>, Unreadable> {
        if !self.sources.contains(CONSUMERS) {
            return Ok(None);
        }
        self.file(CONSUMERS, true).map(Some).ok_or(Unreadable)
    }

    fn api(&mut self, name: &str, paths: &[&str]) -> ApiFiles {
        let path = format!("apis/{name}/api.yaml");
        let changes = format!("apis/{name}/changes/");
        if !self.sources.contains(&path) {
            let fault = Diagnostic::new(
                Code::MissingFile,
                &path,
                None,
                format!("the API `{name}` has no `api.yaml`"),
            );
            let near = suggest::nearest(&path, paths.iter().copied());
            self.faults
                .push(fault.hint_if(near.map(|near| format!("rename `{near}` to `{path}`"))));
        }
        let is_change = |path: &&&str| {
            path.strip_prefix(&changes)
                .is_some_and(|rest| !rest.contains('/') && is_yaml(rest))
        };
        let read: Vec<_> = paths
            .iter()
            .filter(is_change)
            .map(|path| self.file(path, false))
            .collect();
        let all_changes_read = read.iter().all(Option::is_some);
        let changes = read.into_iter().flatten().collect();
        ApiFiles {
            name: name.to_owned(),
            api: self.file(&path, true),
            changes,
            all_changes_read,
        }
    }

    /// Reads one file. What does not depend on the machine must not depend on its environment:
    /// contracts are locked, so changes do not read it.
    fn file<T: JsonSchema + DeserializeOwned>(&mut self, path: &str, reads_env: bool) -> Option<File<T>> {
        let mut tree = tree(self.sources, path, self.faults)?;
        let before = self.faults.len();
        if reads_env {
            environment::substitute(&mut tree, self.env, self.faults);
        }
        let raw = structure::read(&mut tree, self.faults)?;
        (self.faults.len() == before).then_some(File { tree, raw })
    }
}

/// Reads a YAML or JSON file that exists.
pub(crate) fn tree(sources: &Sources, path: &str, faults: &mut Vec<Diagnostic>) -> Option<Tree> {
    match yaml::read(path, sources.get(path)?) {
        Ok(tree) => Some(tree),
        Err(found) => {
            faults.extend(found);
            None
        }
    }
}

/// YAML files that nothing reads. Locked contracts are read by `sluice lock`.
pub(crate) fn unused(sources: &Sources, used: &BTreeSet<String>) -> Vec<Diagnostic> {
    let unread = |path: &&str| is_yaml(path) && !is_read(path) && !used.contains(*path);
    let stray = sources
        .paths()
        .filter(unread)
        .filter(|path| !path.split('/').any(|part| part == "contracts"));
    stray
        .map(|path| {
            Diagnostic::new(Code::UnusedFile, path, None, "nothing reads this file").hint_if(home(path))
        })
        .collect()
}

fn is_read(path: &str) -> bool {
    let inside =
        api_of(path).and_then(|name| path.strip_prefix("apis/")?.strip_prefix(name)?.strip_prefix('/'));
    let change = inside.and_then(|rest| rest.strip_prefix("changes/"));
    path == MAIN
        || path == CONSUMERS
        || inside == Some("api.yaml")
        || change.is_some_and(|rest| !rest.contains('/'))
}

fn home(path: &str) -> Option<String> {
    let name = api_of(path)?;
    Some(format!(
        "changes are read from `apis/{name}/changes/`; other files where `api.yaml` or a change names them"
    ))
}
