//! The files outside of the configuration that credentials are judged by: key sets, secrets, authorities. What was taken
//! out of one of them has to count with the next reload, although the plan is as it was.

use sluice_config::plan::{
    IntrospectionPlan, JwtPlan, KeySource, NamedFile, Plan, Remote, SchemePlan, Secret,
};

/// Every file that a plan's credentials name.
pub(super) fn named(plan: &Plan) -> Vec<&NamedFile> {
    let schemes = plan.apis.iter().flat_map(|api| &api.authentication.entries);
    let schemes = schemes.flat_map(|entry| &entry.schemes);
    let keys = plan.keys.iter().filter_map(|keys| secret(&keys.secret));
    schemes.flat_map(of).chain(keys).collect()
}

fn of(scheme: &SchemePlan) -> Vec<&NamedFile> {
    match scheme {
        SchemePlan::Jwt(JwtPlan { keys, .. }) => match &keys.source {
            KeySource::File(file) => vec![file],
            KeySource::Remote(remote) => authorities(remote).collect(),
        },
        SchemePlan::Introspection(IntrospectionPlan {
            remote, secret: of, ..
        }) => authorities(remote).chain(secret(of)).collect(),
        SchemePlan::ApiKey(_) | SchemePlan::Basic { .. } | SchemePlan::Certificate => Vec::new(),
    }
}

fn authorities(remote: &Remote) -> impl Iterator<Item = &NamedFile> {
    remote.authorities.iter()
}

fn secret(secret: &Secret) -> Option<&NamedFile> {
    match secret {
        Secret::File(file) => Some(file),
        Secret::Value(..) => None,
    }
}
