//! Whether `keep: patch` can keep what older versions cannot see: only where one merge patch, made without looking at
//! what is stored, says all that a replace means.

use sluice_transforms::contract::{Operation, Purpose};
use sluice_transforms::lineage::Chain;
use sluice_transforms::op::Stored;
use sluice_transforms::reference::Interpreter;

use super::api::Built;
use crate::diagnostic::{Code, Diagnostic};
use crate::directory::File;
use crate::plan::ApiPlan;
use crate::raw::RawMain;
use crate::yaml::push_key;

/// Judges every API whose upstream keeps by merge patches.
pub(crate) fn judge(main: Option<&File<RawMain>>, apis: &[Option<Built>], faults: &mut Vec<Diagnostic>) {
    let Some(main) = main else { return };
    for (position, (name, upstream)) in main.raw.upstreams.iter().enumerate() {
        if upstream.get("keep").and_then(serde_json::Value::as_str) != Some("patch") {
            continue;
        }
        let served = apis
            .iter()
            .flatten()
            .filter(|built| built.plan.upstream.index() == position);
        let mut pointer = "/upstreams".to_owned();
        push_key(&mut pointer, name);
        pointer.push_str("/keep");
        for (version, operation, why) in served.flat_map(|built| needs(&built.plan)) {
            let message =
                format!("`{operation}` of version {version} cannot be kept by a merge patch: {why}");
            let fault = main.tree.fault(Code::KeepNeedsRead, &pointer, message);
            faults.push(fault.hint("write `keep: read`"));
        }
    }
}

/// The first operation of each version that has to look at what is stored.
fn needs(api: &ApiPlan) -> Vec<(String, String, &'static str)> {
    let lineage = &api.lineage;
    let first = |version: &String| {
        let chain = lineage.chain(version, lineage.origin())?;
        let replaces = chain
            .target
            .operations
            .iter()
            .filter(|o| o.purpose() == Purpose::Replace);
        let (operation, why) = replaces.clone().find_map(|o| Some((o, need(api, &chain, o)?)))?;
        Some((version.clone(), operation.id.clone(), why))
    };
    lineage.versions().iter().filter_map(first).collect()
}

fn need(api: &ApiPlan, chain: &Chain, operation: &Operation) -> Option<&'static str> {
    let patched = chain
        .target
        .operations
        .iter()
        .any(|o| o.method == "PATCH" && o.path == operation.path);
    match Interpreter::new(&api.lineage, chain).stored(&operation.id) {
        Stored::Never => None,
        Stored::Consulted => Some("what is kept depends on what is stored"),
        Stored::Kept if patched => None,
        Stored::Kept => Some("the API has no PATCH on that path"),
    }
}
