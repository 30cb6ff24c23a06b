//! By what names an exchange is known, for what is told of it.

use sluice_config::plan::ApiPlan;

use crate::edition::Edition;
use crate::identity::Identity;
use crate::stage::identify::Identified;
use crate::telemetry::Facts;

/// The names of what is known by now: the API, what the request was identified as, who asks, and the operation with its
/// place in the version's contract.
pub(super) fn facts(
    edition: &Edition,
    (api, identified): (Option<usize>, Option<&Identified>),
    who: &Identity,
    (operation, number): (&str, Option<usize>),
) -> Facts {
    let api = api.map(|index| &edition.plan.apis[index]);
    let version = |api: &ApiPlan| Some(api.version_name(identified?.version).to_owned());
    Facts {
        api: api.map_or_else(String::new, |api| api.name.clone()),
        version: api.and_then(version).unwrap_or_default(),
        chosen_by: identified.map_or("", |identified| identified.chosen_by),
        consumer: who.name.clone(),
        operation: operation.to_owned(),
        route: route(edition, identified, number).unwrap_or_default(),
    }
}

/// The path that the operation has in the client's version, with its prefix.
fn route(edition: &Edition, identified: Option<&Identified>, number: Option<usize>) -> Option<String> {
    let identified = identified?;
    let version = &edition.apis[identified.api].versions[identified.version.index()];
    let operation = version.lift.source.operations.get(number?)?;
    Some(format!("{}{}", identified.prefix, operation.path))
}
