//! Exchanges as data: `conformance/exchanges/*.json`, each a list of cases.
//!
//! ```json
//! {
//!   "name": "the header names the version",
//!   "versions": ["2.0", "3.3"],
//!   "request": {"target": "/customers", "headers": {"api-version": "{version}"}},
//!   "answer": {"status": 200, "headers": {"api-version": "{version}"}, "without": ["etag"]},
//!   "upstream": {"method": "GET", "target": "/customers", "without": ["api-version"]}
//! }
//! ```
//!
//! A case runs once for each of its `versions` (`"all"`, or a list; once without), and `{version}` stands for the
//! version in every text, `{customers}` for the path of the collection and `{customer}` for that of `cus_000017`.
//! `upstream: null` says that nothing reaches the backend. `body` is the whole document, `has` some members of it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use sluice_gateway::demo::backend::{self, Recorded};

use super::{Answer, Stage, VERSIONS};
use crate::oracle::{self, Endpoint};

/// One case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What holds, as a sentence.
    pub name: String,
    /// For which versions; once, without a version, if there are none.
    #[serde(default)]
    pub versions: Versions,
    /// What the client sends.
    pub request: Message,
    /// What it gets.
    pub answer: Expected,
    /// What the backend gets last; nothing is said of it if this is absent.
    #[serde(default, deserialize_with = "given")]
    pub upstream: Option<Option<Expected>>,
}

/// The versions of a case.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Versions {
    /// `all`.
    All(All),
    /// These.
    These(Vec<String>),
}

impl Default for Versions {
    fn default() -> Self {
        Self::These(Vec::new())
    }
}

/// The word `all`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum All {
    /// Every version of the example.
    All,
}

/// What is sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// `GET` if absent.
    pub method: Option<String>,
    /// Path and query.
    pub target: String,
    /// Fields.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// A document, or a text that is sent as it is.
    pub body: Option<Value>,
}

/// What is expected.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The status of an answer.
    pub status: Option<u16>,
    /// The method of a request.
    pub method: Option<String>,
    /// Path and query of a request.
    pub target: Option<String>,
    /// Fields with their values.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Fields that are absent.
    #[serde(default)]
    pub without: Vec<String>,
    /// The whole document.
    pub body: Option<Value>,
    /// Members, by JSON Pointer.
    #[serde(default)]
    pub has: BTreeMap<String, Value>,
}

fn given<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<Expected>>, D::Error> {
    Option::deserialize(from).map(Some)
}

impl Case {
    /// The cases of a file.
    ///
    /// # Panics
    /// It is no list of cases.
    #[must_use]
    pub fn all(text: &str) -> Vec<Self> {
        serde_json::from_str(text).expect("a list of cases")
    }

    /// Runs the case, for each of its versions, with the seeded customers. Gives the number of runs.
    ///
    /// # Panics
    /// Something is not as expected.
    pub fn run(&self, stage: &Stage) -> usize {
        let versions: Vec<&str> = match &self.versions {
            Versions::All(_) => VERSIONS.to_vec(),
            Versions::These(these) if these.is_empty() => vec![""],
            Versions::These(these) => these.iter().map(String::as_str).collect(),
        };
        versions.iter().for_each(|version| self.run_in(stage, version));
        versions.len()
    }

    fn run_in(&self, stage: &Stage, version: &str) {
        let at = format!("{} ({version})", self.name);
        let fill = |text: &str| filled(text, version);
        stage.backend().clear();
        backend::customers()
            .into_iter()
            .for_each(|customer| stage.backend().put(customer));
        stage.backend().forget();
        let headers: Vec<_> = self
            .request
            .headers
            .iter()
            .map(|(n, v)| (n.as_str(), fill(v)))
            .collect();
        let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let body = match &self.request.body {
            None => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(document) => document.to_string(),
        };
        let method = self.request.method.as_deref().unwrap_or("GET");
        let answer = stage.send(method, &fill(&self.request.target), &headers, body);
        self.answer.judge_answer(&answer, &fill, &at);
        let requests = stage.backend().requests();
        match &self.upstream {
            None => {}
            Some(None) => assert!(requests.is_empty(), "{at}: {requests:?}"),
            Some(Some(expected)) => {
                let last = requests
                    .last()
                    .unwrap_or_else(|| panic!("{at}: nothing reached the backend"));
                expected.judge_request(last, &fill, &at);
            }
        }
    }
}

impl Expected {
    fn judge_answer(&self, answer: &Answer, fill: &dyn Fn(&str) -> String, at: &str) {
        if let Some(status) = self.status {
            assert_eq!(answer.status, status, "{at}: {answer:?}\n{}", answer.text());
        }
        self.judge_fields(&answer.headers, fill, at);
        self.judge_body(&answer.body, fill, at);
    }

    fn judge_request(&self, asked: &Recorded, fill: &dyn Fn(&str) -> String, at: &str) {
        if let Some(method) = &self.method {
            assert_eq!(asked.method.as_str(), method, "{at}");
        }
        if let Some(target) = &self.target {
            assert_eq!(asked.target, fill(target), "{at}");
        }
        self.judge_fields(&asked.headers, fill, at);
        self.judge_body(&asked.body, fill, at);
    }

    fn judge_fields(&self, headers: &http::HeaderMap, fill: &dyn Fn(&str) -> String, at: &str) {
        for (name, value) in &self.headers {
            let lines: Vec<_> = headers
                .get_all(name)
                .iter()
                .map(|v| String::from_utf8_lossy(v.as_bytes()))
                .filter(|line| !is_announcement(name, line))
                .collect();
            assert_eq!(lines.join(", "), fill(value), "{at}: {name}");
        }
        for name in &self.without {
            assert!(!headers.contains_key(name), "{at}: {name} in {headers:?}");
        }
    }

    fn judge_body(&self, body: &[u8], fill: &dyn Fn(&str) -> String, at: &str) {
        let document = || backend::exact(body).unwrap_or_else(|fault| panic!("{at}: {fault:?}"));
        match &self.body {
            None => {}
            Some(Value::String(text)) => assert_eq!(String::from_utf8_lossy(body), *text, "{at}"),
            Some(whole) => assert!(
                oracle::equal(&document(), &filled_in(whole, fill)),
                "{at}: {}",
                document()
            ),
        }
        for (pointer, value) in &self.has {
            let found = document();
            assert_eq!(
                found.pointer(pointer),
                Some(&filled_in(value, fill)),
                "{at}: {pointer} in {found}"
            );
        }
    }
}

/// Whether a line links to where clients of what goes read on: those are judged in `guard_lifecycle`.
fn is_announcement(name: &str, line: &str) -> bool {
    let relations = ["deprecation", "sunset", "successor-version"];
    let told = |relation| line.contains(&format!("rel=\"{relation}\""));
    name.eq_ignore_ascii_case("link") && relations.into_iter().any(told)
}

fn filled(text: &str, version: &str) -> String {
    if version.is_empty() {
        return text.to_owned();
    }
    let target =
        |endpoint| oracle::path(version, endpoint, "cus_000017").map_or_else(String::new, |call| call.target);
    text.replace("{version}", version)
        .replace("{customers}", &target(Endpoint::List))
        .replace("{customer}", &target(Endpoint::Read))
}

fn filled_in(value: &Value, fill: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => fill(text).into(),
        Value::Array(items) => items.iter().map(|item| filled_in(item, fill)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(n, v)| (n.clone(), filled_in(v, fill)))
            .collect(),
        other => other.clone(),
    }
}
