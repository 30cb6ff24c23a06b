//! No path leads to two versions: over all APIs, a host and a prefix belong to one of them.

use std::collections::HashMap;

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{ApiPlan, Selector};
use crate::yaml::Tree;

/// Judges all APIs together.
///
/// Longer prefixes come before shorter ones, and an API that names its hosts comes before one for
/// every host; what remains the same is ambiguous.
pub(crate) fn judge<'a>(
    apis: impl IntoIterator<Item = (&'a ApiPlan, &'a Tree)>,
    faults: &mut Vec<Diagnostic>,
) {
    let mut taken: HashMap<(String, String), String> = HashMap::new();
    for (api, tree) in apis {
        for (prefix, pointer, what) in prefixes(api) {
            for host in hosts(api) {
                if let Some(other) = taken.get(&(host.clone(), prefix.clone())) {
                    let message = format!("the path prefix `{}` is that of {other} too", shown(&prefix));
                    faults.push(tree.fault(Code::AmbiguousPath, &pointer, message));
                    break;
                }
                taken.insert((host, prefix.clone()), what.clone());
            }
        }
    }
}

fn shown(prefix: &str) -> &str {
    if prefix.is_empty() { "/" } else { prefix }
}

fn hosts(api: &ApiPlan) -> Vec<String> {
    if api.hosts.is_empty() {
        vec![String::new()]
    } else {
        api.hosts.clone()
    }
}

/// Every prefix under which an API is served, where it stands, and whose it is.
fn prefixes(api: &ApiPlan) -> Vec<(String, String, String)> {
    let version = |(i, version): (usize, &crate::plan::VersionPlan)| {
        let what = format!("version `{}` of `{}`", version.name, api.name);
        Some((version.path.as_ref()?.to_string(), format!("/versions/{i}"), what))
    };
    let mut prefixes: Vec<_> = api.versions.iter().enumerate().filter_map(version).collect();
    if api
        .select
        .iter()
        .any(|selection| selection.selector != Selector::Path)
    {
        let what = format!("the unversioned paths of `{}`", api.name);
        prefixes.push((api.unversioned.to_string(), "/unversioned".to_owned(), what));
    }
    prefixes
}
