//! Parts of a version that go by themselves: operations and members, as far as a client uses them.

use std::sync::Arc;

use serde::Serialize;
use sluice_config::plan::{ApiPlan, Course, VersionId};

use crate::ledger::report::who_uses::{ConsumerUse, MemberUse};

/// What goes, apart from its version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// What its names are of.
    pub of: Of,
    /// Those that the client used: ids of operations, or members as `TYPE POINTER`.
    pub names: Vec<String>,
    /// All that go together, used or not. They tell one part from another, so that a message is not sent again whenever
    /// somebody uses more of it, or less.
    #[serde(skip)]
    pub all: Vec<String>,
    /// What becomes of it.
    #[serde(skip)]
    pub course: Arc<Course>,
}

/// What a part consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// Operations.
    Operations,
    /// Members. A client that was only given one may not use it: that is unknown.
    Members,
}

/// Whether parts of a version go by themselves.
pub fn goes(api: &ApiPlan, id: VersionId) -> bool {
    !declared(api, id).is_empty()
}

/// Those that a client used, by what is known of it.
pub fn used(api: &ApiPlan, id: VersionId, used: &ConsumerUse) -> Vec<Part> {
    let parts = declared(api, id).into_iter();
    let parts = parts.map(|part| Part {
        names: part
            .all
            .iter()
            .filter(|name| uses(used, part.of, name))
            .cloned()
            .collect(),
        ..part
    });
    parts.filter(|part| !part.names.is_empty()).collect()
}

/// Leaves of what a client uses only what belongs to a part.
pub fn confine(used: &mut ConsumerUse, part: &Part) {
    let is_of = |of: Of, name: &str| part.of == of && part.all.iter().any(|known| known == name);
    used.operations
        .retain(|one| is_of(Of::Operations, &one.operation));
    for members in [&mut used.sent, &mut used.delivered] {
        members.retain(|one| by_lifecycle(one) && is_of(Of::Members, &one.member));
    }
}

fn uses(used: &ConsumerUse, of: Of, name: &str) -> bool {
    match of {
        Of::Operations => used.operations.iter().any(|one| one.operation == name),
        Of::Members => {
            let mut met = used.sent.iter().chain(&used.delivered);
            met.any(|one| by_lifecycle(one) && one.member == name)
        }
    }
}

/// A member that goes with a change is told with its version.
fn by_lifecycle(member: &MemberUse) -> bool {
    member.change.is_empty()
}

/// What is declared: operations that go together, and members with the same dates.
fn declared(api: &ApiPlan, id: VersionId) -> Vec<Part> {
    let operations = api.lifecycle.operations.iter();
    let operations = operations.filter(|one| one.versions.contains(id));
    let mut parts: Vec<Part> = operations
        .map(|one| part(Of::Operations, one.operations.clone(), &one.course))
        .collect();
    let members = api.lifecycle.members.iter();
    for member in members.filter(|one| one.versions.contains(id)) {
        let name = format!("{} {}", member.label, member.at);
        let mut same = parts.iter_mut();
        match same.find(|part| part.of == Of::Members && part.course == member.course) {
            Some(part) => part.all.push(name),
            None => parts.push(part(Of::Members, vec![name], &member.course)),
        }
    }
    parts
}

fn part(of: Of, all: Vec<String>, course: &Arc<Course>) -> Part {
    Part {
        of,
        names: Vec::new(),
        all,
        course: Arc::clone(course),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use jiff::Timestamp;
    use sluice_config::plan::{MemberCourse, OperationCourse, VersionSet};
    use sluice_config::{Sources, load};
    use sluice_transforms::pointer::Pointer;

    use super::*;
    use crate::ledger::report::client::Asker;
    use crate::ledger::report::fields::Verdict;
    use crate::ledger::report::who_uses::OperationUse;

    fn course(sunset: &str) -> Arc<Course> {
        Arc::new(Course {
            sunset: Some(sunset.parse().unwrap()),
            ..Course::default()
        })
    }

    /// Two operations and three members of 2.0 go; two of the members together.
    fn api() -> (ApiPlan, VersionId) {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/examples/integrationhub");
        let sources = Sources::read(std::path::Path::new(directory)).unwrap();
        let mut api = load(&sources, &|_| None).unwrap().plan.apis.remove(0);
        let id = api.version("2.0").unwrap();
        api.lifecycle.operations = vec![OperationCourse {
            operations: vec!["deleteCustomer".to_owned(), "listCustomers".to_owned()],
            versions: VersionSet::of([id]),
            course: course("2027-12-31T00:00:00Z"),
        }];
        let member = |at: &str, sunset: &str| MemberCourse {
            label: "Customer".to_owned(),
            at: Pointer::parse(at).unwrap(),
            versions: VersionSet::of([id]),
            course: course(sunset),
            trials: Vec::new(),
        };
        api.lifecycle.members = vec![
            member("/fax", "2027-06-30T00:00:00Z"),
            member("/telex", "2027-06-30T00:00:00Z"),
            member("/pager", "2027-09-30T00:00:00Z"),
        ];
        (api, id)
    }

    fn client(operations: &[&str], sent: &[(&str, &str)], delivered: &[(&str, &str)]) -> ConsumerUse {
        let seen = Timestamp::from_second(1_800_000_000).unwrap();
        let members = |all: &[(&str, &str)], verdict: Verdict| {
            let all = all.iter().map(|(change, member)| MemberUse {
                change: (*change).to_owned(),
                member: (*member).to_owned(),
                verdict,
                exchanges: 3,
                last_seen: seen,
            });
            all.collect()
        };
        let operations = operations.iter().map(|operation| OperationUse {
            operation: (*operation).to_owned(),
            requests: 5,
        });
        ConsumerUse {
            asker: Asker {
                who: "acme".to_owned(),
                identified: true,
                configured: true,
                contact: None,
                last_24_hours: 0,
                last_7_days: 0,
                last_90_days: 8,
                first_seen: seen,
                last_seen: seen,
            },
            operations: operations.collect(),
            sent: members(sent, Verdict::Used),
            delivered: members(delivered, Verdict::Unknown),
        }
    }

    #[test]
    fn a_part_is_of_what_a_client_used() {
        let (api, id) = api();
        let named = |client: &ConsumerUse| {
            let parts = used(&api, id, client).into_iter();
            parts.map(|part| part.names.join(", ")).collect::<Vec<_>>()
        };
        assert_eq!(named(&client(&["readCustomer"], &[], &[])), Vec::<String>::new());
        assert_eq!(
            named(&client(&["readCustomer", "listCustomers"], &[], &[])),
            ["listCustomers"]
        );
        // What is only delivered may not be used, and is told all the same.
        let given = client(
            &[],
            &[("", "Customer /telex")],
            &[("", "Customer /fax"), ("", "Customer /pager")],
        );
        assert_eq!(
            named(&given),
            ["Customer /fax, Customer /telex", "Customer /pager"]
        );
        // A member that goes with a change is told with the version.
        assert_eq!(
            named(&client(&[], &[("2.0..2.1", "Customer /fax")], &[])),
            Vec::<String>::new()
        );
        assert!(goes(&api, id) && !goes(&api, api.version("3.3").unwrap()));
    }

    #[test]
    fn a_message_tells_of_its_part_alone() {
        let (api, id) = api();
        let mut client = client(
            &["readCustomer", "listCustomers"],
            &[("", "Customer /fax"), ("2.0..2.1", "Customer /fax")],
            &[("", "Customer /pager")],
        );
        let parts = used(&api, id, &client);
        assert_eq!(parts.len(), 3);
        confine(&mut client, &parts[1]);
        assert_eq!(
            (client.operations.len(), client.sent.len(), client.delivered.len()),
            (0, 1, 0)
        );
    }
}
