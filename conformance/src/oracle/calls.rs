//! The endpoints of each version, and the form of its lists.

use super::facts::Version;
use super::lower;
use serde_json::{Value, json};

/// What a client can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// One customer.
    Read,
    /// A page of them; parameters are the caller's to add.
    List,
    /// A new one.
    Create,
    /// The whole of one.
    Replace,
    /// A part of one: from 2.0 on.
    Patch,
    /// None of one.
    Delete,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Read,
        Self::List,
        Self::Create,
        Self::Replace,
        Self::Patch,
        Self::Delete,
    ];
}

/// How a version asks, with the version named in the path.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The method.
    pub method: &'static str,
    /// Path and query.
    pub target: String,
    /// The body, where the specification gives it: delete's, before 2.0.
    pub body: Option<Value>,
    /// The status of success.
    pub success: u16,
    /// The body of success, where it is not a customer: delete's, before 2.0.
    pub answer: Option<Value>,
}

/// How a version asks for something; `id` in the backend's form. None if it has no such endpoint, or no such id.
#[must_use]
pub fn path(version: &str, endpoint: Endpoint, id: &str) -> Option<Call> {
    let facts = Version::named(version);
    let (method, success) = match endpoint {
        Endpoint::Read | Endpoint::List => ("GET", 200),
        Endpoint::Create if facts.before_redesign() => ("POST", 200),
        Endpoint::Create => ("POST", 201),
        Endpoint::Replace | Endpoint::Delete if facts.before_redesign() => ("POST", 200),
        Endpoint::Replace => ("PUT", 200),
        Endpoint::Patch => ("PATCH", 200),
        Endpoint::Delete => ("DELETE", 204),
    };
    let (target, body) = if facts.before_redesign() {
        rpc(version, endpoint, id)?
    } else {
        (rest(version, endpoint, id), None)
    };
    let answer = body.is_some().then(|| json!({"ok": true}));
    Some(Call {
        method,
        target,
        body,
        success,
        answer,
    })
}

fn rest(version: &str, endpoint: Endpoint, id: &str) -> String {
    match endpoint {
        Endpoint::List | Endpoint::Create => format!("/v{version}/customers"),
        _ => format!("/v{version}/customers/{id}"),
    }
}

fn rpc(version: &str, endpoint: Endpoint, id: &str) -> Option<(String, Option<Value>)> {
    let own = if Version::named(version).integer_id() {
        lower::integer_id(&id.into())?
    } else {
        id.into()
    };
    let text = own.as_str().map_or_else(|| own.to_string(), str::to_owned);
    let name = Version::named(version).id();
    let (operation, body) = match endpoint {
        Endpoint::Read => (format!("getCustomer?id={text}"), None),
        Endpoint::List => ("listCustomers".into(), None),
        Endpoint::Create => ("createCustomer".into(), None),
        Endpoint::Replace => ("updateCustomer".into(), None),
        Endpoint::Delete => ("deleteCustomer".into(), Some(json!({name: own}))),
        Endpoint::Patch => return None,
    };
    Some((format!("/api/v{version}/{operation}"), body))
}

/// A list as a version sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The body.
    pub body: Value,
    /// `X-Total-Count`, where the body has no place for the total.
    pub total_count: Option<u64>,
    /// `Sluice-Omitted`, if not 0.
    pub omitted: usize,
}

/// One page of stored customers of `total` in all. Those that the version cannot show are left out; the total,
/// which the backend counted, stays.
#[must_use]
pub fn list(version: &str, page: &[Value], total: u64) -> Listed {
    let facts = Version::named(version);
    let data: Vec<Value> = page
        .iter()
        .filter_map(|stored| lower::show(facts, stored))
        .collect();
    let omitted = page.len() - data.len();
    if facts.bare_list() {
        return Listed {
            body: data.into(),
            total_count: Some(total),
            omitted,
        };
    }
    Listed {
        body: json!({"data": data, "total": total}),
        total_count: None,
        omitted,
    }
}
