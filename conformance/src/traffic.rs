//! Traffic of the example's consumers: generated requests in many versions, the same for the same seed, that can be sent again.

use serde_json::Value;
use sluice_gateway::demo::backend;

use crate::customers::Rng;
use crate::oracle::{self, Endpoint};
use crate::stage::{Answer, Stage};

/// One request.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The consumer; none sends no credential, and is refused.
    pub who: Option<&'static str>,
    /// The version.
    pub version: &'static str,
    /// What is asked for.
    pub endpoint: Endpoint,
    /// The method.
    pub method: &'static str,
    /// Path and query.
    pub target: String,
    /// Its fields.
    pub headers: Vec<(String, String)>,
    /// Its document.
    pub body: Option<Value>,
}

/// Those whose key is known, and the versions that each uses: what needs no token.
const USES: [(Option<&str>, &[&str]); 5] = [
    (Some("megacorp"), &["1.0", "1.2", "2.0", "2.1-megacorp"]),
    (Some("acme"), &["2.0", "2.1", "2.3"]),
    (Some("globex"), &["2.2", "2.3", "3.0"]),
    (Some("acme"), &["1.1", "3.0-hotfix"]),
    (None, &["2.0", "2.3"]),
];

/// Members that a backend gives a customer, in the names of all versions.
const GIVEN: [&str; 4] = ["id", "cust_id", "created_at", "createdAt"];

/// The id by which the operation of an endpoint is known in every version.
#[must_use]
pub fn operation(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Read => "readCustomer",
        Endpoint::List => "listCustomers",
        Endpoint::Create => "createCustomer",
        Endpoint::Replace => "replaceCustomer",
        Endpoint::Patch => "patchCustomer",
        Endpoint::Delete => "deleteCustomer",
    }
}

/// So many requests.
#[must_use]
pub fn traffic(seed: u64, count: usize) -> Vec<Ask> {
    let mut rng = Rng::new(seed);
    let documents = backend::customers();
    let mut asks = Vec::with_capacity(count);
    while asks.len() < count {
        asks.extend(ask(&mut rng, &documents));
    }
    asks
}

/// One request; none where the version has no such endpoint, or no form of the document.
fn ask(rng: &mut Rng, documents: &[Value]) -> Option<Ask> {
    let (who, versions) = rng.pick(&USES);
    let version = rng.pick(versions);
    let endpoint = match rng.below(10) {
        0..=4 => Endpoint::Read,
        5 | 6 => Endpoint::List,
        7 => Endpoint::Create,
        8 => Endpoint::Replace,
        _ => Endpoint::Patch,
    };
    let id = format!("cus_{:06}", 1 + rng.below(30));
    let call = oracle::path(version, endpoint, &id)?;
    let body = match endpoint {
        Endpoint::Create | Endpoint::Replace | Endpoint::Patch => {
            let stored = documents.iter().find(|one| one["id"] == id.as_str())?;
            let mut shown = oracle::lower(version, stored).document()?;
            oracle::edit(version, &mut shown, rng);
            if endpoint != Endpoint::Replace {
                // The backend gives these, and keeps them.
                let members = shown.as_object_mut()?;
                GIVEN.iter().for_each(|name| drop(members.shift_remove(*name)));
            }
            Some(shown)
        }
        _ => call.body,
    };
    let (target, headers) = credential(who, version, call.target);
    Some(Ask {
        who,
        version,
        endpoint,
        method: call.method,
        target,
        headers,
        body,
    })
}

/// Version 1.0 takes keys in the query, all others here in a field.
fn credential(who: Option<&str>, version: &str, target: String) -> (String, Vec<(String, String)>) {
    let agent = ("user-agent".to_owned(), "traffic/1".to_owned());
    let Some(who) = who else {
        return (target, vec![agent]);
    };
    let key = format!("demo-key-{who}");
    if version == "1.0" {
        let joint = if target.contains('?') { '&' } else { '?' };
        return (format!("{target}{joint}api_key={key}"), vec![agent]);
    }
    (target, vec![agent, ("x-api-key".to_owned(), key)])
}

impl Ask {
    /// Sends it.
    #[must_use]
    pub fn send(&self, stage: &Stage) -> Answer {
        let headers: Vec<(&str, &str)> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        match &self.body {
            None => stage.send(self.method, &self.target, &headers, b""),
            Some(body) => stage.write(self.method, &self.target, &headers, body),
        }
    }
}
