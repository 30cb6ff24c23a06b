//! Which members of old versions requests send and answers deliver. Nothing is made up here: the backend's customers are
//! carried through the plan's own lineage, and it tells the names that it tells of real traffic.

use std::collections::BTreeMap;
use std::sync::Arc;

use sluice_config::plan::ApiPlan;
use sluice_transforms::contract::{Operation, Place, Purpose};
use sluice_transforms::fault::Fault;
use sluice_transforms::lineage::Chain;
use sluice_transforms::message::{Argument, Request, Response};
use sluice_transforms::reference::Interpreter;
use sluice_transforms::value::{Member as Named, Object, Value};

use crate::demo::backend;
use crate::ledger::{Gathered, Member};

/// How many customers are carried: enough that members which only some have are met as often as they are.
const CUSTOMERS: usize = 12;
/// What a patch changes, in the names of any version.
const PATCHED: [&str; 3] = ["status", "tier", "name"];

/// What exchanges of a version carry, by operation.
pub(super) type Members = BTreeMap<String, Met>;

/// What exchanges of an operation carry.
#[derive(Clone, Debug, Default)]
pub(super) struct Met {
    /// In requests.
    pub(super) sent: Vec<Often>,
    /// In answers.
    pub(super) delivered: Vec<Often>,
}

/// A member, and how often it is met.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Often {
    /// The change that it went with, as `OLD..NEW`.
    pub(super) change: Arc<str>,
    /// The member, as `TYPE POINTER`.
    pub(super) what: Arc<str>,
    /// In how many of a million messages.
    pub(super) in_a_million: u64,
}

/// What exchanges of a version carry; nothing for one that the plan does not have.
pub(super) fn of(api: &ApiPlan, version: &str) -> Members {
    let origin = api.lineage.origin();
    let chains = api
        .lineage
        .chain(version, origin)
        .zip(api.lineage.chain(origin, version));
    let Some((lift, lower)) = chains else {
        return Members::new();
    };
    let carrier = Carrier {
        api,
        lift,
        lower,
        customers: customers(),
    };
    let operations = carrier.lower.target.operations.iter();
    operations
        .map(|operation| (operation.id.clone(), carrier.met(operation)))
        .collect()
}

fn customers() -> Vec<Value> {
    let all = backend::customers().into_iter().take(CUSTOMERS);
    all.map(|customer| Value::from_serde(&customer)).collect()
}

struct Carrier<'a> {
    api: &'a ApiPlan,
    lift: Chain,
    lower: Chain,
    customers: Vec<Value>,
}

impl Carrier<'_> {
    fn met(&self, operation: &Operation) -> Met {
        let (mut sent, mut delivered) = (Vec::new(), Vec::new());
        for stored in &self.customers {
            sent.push(self.sent(operation, stored).unwrap_or_default());
            delivered.push(self.delivered(&operation.id, stored).unwrap_or_default());
        }
        Met {
            sent: self.often(&sent),
            delivered: self.often(&delivered),
        }
    }

    /// What the answer to a request for this customer delivers; of a list, what one with this customer alone does.
    fn delivered(&self, operation: &str, stored: &Value) -> Result<Vec<Member>, Fault> {
        let mut seen = Gathered::default();
        self.lowering().lower(self.answer(operation, stored), &mut seen)?;
        Ok(seen.delivered)
    }

    fn answer(&self, operation: &str, stored: &Value) -> Response {
        let (status, body) = match operation {
            "listCustomers" => (200, Some(list(stored))),
            "createCustomer" => (201, Some(stored.clone())),
            "deleteCustomer" => (204, None),
            _ => (200, Some(stored.clone())),
        };
        Response {
            operation: operation.to_owned(),
            status,
            headers: Vec::new(),
            body,
        }
    }

    /// What a client sends that writes back what it was shown.
    fn sent(&self, operation: &Operation, stored: &Value) -> Result<Vec<Member>, Fault> {
        if operation.request.is_none() {
            return Ok(Vec::new());
        }
        let answer = self.answer("readCustomer", stored);
        let shown = self.lowering().lower(answer, &mut Gathered::default())?;
        let shown = shown.response.body.unwrap_or(Value::Null);
        let request = Request {
            operation: operation.id.clone(),
            arguments: arguments(operation, &shown),
            body: Some(body(&operation.id, shown)),
        };
        let mut seen = Gathered::default();
        let lifting = Interpreter::new(&self.api.lineage, &self.lift);
        let origin = self.lift.target.operation(&operation.id);
        match origin.map_or(Purpose::Create, Operation::purpose) {
            Purpose::Replace => lifting.put(request, Purpose::Replace, stored, &mut seen)?,
            purpose => lifting.lift(request, purpose, &mut seen)?,
        };
        Ok(seen.sent)
    }

    fn lowering(&self) -> Interpreter<'_> {
        Interpreter::new(&self.api.lineage, &self.lower)
    }

    /// Each member once, with the share of the messages that hold it.
    fn often(&self, messages: &[Vec<Member>]) -> Vec<Often> {
        let mut counts: BTreeMap<&Member, u64> = BTreeMap::new();
        for member in messages.iter().flatten() {
            *counts.entry(member).or_default() += 1;
        }
        let changes = self.api.lineage.changes();
        let all = messages.len().max(1) as u64;
        let often = counts.into_iter().filter_map(|(member, count)| {
            let change = changes.get(member.change)?;
            Some(Often {
                change: format!("{}..{}", change.old, change.new).into(),
                what: format!("{} {}", member.label, member.at).into(),
                in_a_million: count * 1_000_000 / all,
            })
        });
        often.collect()
    }
}

fn list(customer: &Value) -> Value {
    Value::Object(Object::new(vec![
        Named::own("data", Value::List(vec![customer.clone()])),
        Named::own("total", Value::number("1")),
    ]))
}

/// The id in the path, where the operation has one there.
fn arguments(operation: &Operation, shown: &Value) -> Vec<Argument> {
    let id = id(shown).and_then(|(_, value)| value.as_text().map(|text| text.into_owned()));
    let in_path = operation.parameters.iter().find(|p| p.place == Place::Path);
    let argument = in_path
        .zip(id)
        .map(|(p, id)| Argument::new(Place::Path, &p.name, id));
    argument.into_iter().collect()
}

/// The member that holds the id, as versions name it.
fn id(shown: &Value) -> Option<(&'static str, &Value)> {
    let object = shown.as_object()?;
    let names = ["id", "cust_id", "customerId"];
    names.into_iter().find_map(|name| Some((name, object.get(name)?)))
}

/// What is written of what was shown.
fn body(operation: &str, shown: Value) -> Value {
    let only = |names: &[&str]| {
        let members = names.iter().filter_map(|name| {
            let value = shown.as_object()?.get(name)?;
            Some(Named::own(name, value.clone()))
        });
        Value::Object(Object::new(members.collect()))
    };
    match operation {
        "patchCustomer" => only(&PATCHED),
        "deleteCustomer" => only(&["id", "cust_id"]),
        _ => shown,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::plan;
    use super::*;

    fn names(often: &[Often]) -> Vec<String> {
        let name = |member: &Often| format!("{} {}", member.change, member.what);
        often.iter().map(name).collect()
    }

    #[test]
    fn old_names_are_met_where_they_stand() {
        let plan = plan();
        let members = of(&plan.apis[0], "1.0");
        let read = names(&members["readCustomer"].delivered);
        for name in [
            "1.0..1.1 Customer /cust_id",
            "1.2..2.0 Customer /full_name",
            "2.2..2.3 Customer /phone",
        ] {
            assert!(read.iter().any(|known| known == name), "{name} in {read:?}");
        }
        assert!(members["readCustomer"].sent.is_empty());
        let sent = names(&members["replaceCustomer"].sent);
        assert!(
            sent.iter().any(|known| known == "1.2..2.0 Customer /addr"),
            "{sent:?}"
        );
        assert_eq!(
            names(&members["deleteCustomer"].sent),
            ["1.0..1.1 CustomerKey /cust_id"]
        );
    }

    #[test]
    fn what_only_some_customers_have_is_met_less_often() {
        let plan = plan();
        let members = of(&plan.apis[0], "3.2");
        let [segment] = &members["readCustomer"].delivered[..] else {
            panic!("{:?}", members["readCustomer"].delivered)
        };
        assert_eq!(
            (&*segment.change, &*segment.what),
            ("3.2..3.3", "Customer /segment")
        );
        assert!((1..1_000_000).contains(&segment.in_a_million));
    }

    #[test]
    fn the_origin_and_what_came_after_it_have_no_old_members() {
        let plan = plan();
        for version in ["3.3", "4.0-beta"] {
            let members = of(&plan.apis[0], version);
            assert_eq!(members.len(), 6, "{version}");
            for met in members.values() {
                assert!(
                    met.sent.is_empty() && met.delivered.is_empty(),
                    "{version}: {met:?}"
                );
            }
        }
    }
}
