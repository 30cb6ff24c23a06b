//! What there is to tell of a request.

use http::{HeaderMap, Response};
use jiff::Timestamp;
use sluice_transforms::change::Action;
use sluice_transforms::lineage::{Chain, Lineage};
use sluice_transforms::parse::{DEPTH, parse};
use sluice_transforms::value::Value;

use super::request::Asked;
use super::steps::Taken;
use crate::body::Body;

/// What there is to tell, as far as the request came.
pub(super) struct Told {
    /// Method and target.
    pub(super) request: String,
    /// The time that was decided by.
    pub(super) now: Timestamp,
    /// The API.
    pub(super) api: Option<String>,
    /// The version, and how it was chosen.
    pub(super) version: Option<(String, &'static str)>,
    /// The operation's id.
    pub(super) operation: Option<String>,
    /// The changes on the way to the origin.
    pub(super) chain: Vec<Leg>,
    /// The request at the upstream.
    pub(super) upstream: Option<Upstream>,
    /// The document on its way to the origin.
    pub(super) lift: Option<Taken>,
    /// The answer's document on its way to the client.
    pub(super) lower: Option<Taken>,
    /// What else is worth knowing, in sentences.
    pub(super) notes: Vec<String>,
    /// What the client gets.
    pub(super) answer: Option<Answer>,
    /// Whether that is a refusal of the gateway.
    pub(super) refused: bool,
}

/// A change on the way.
pub(super) struct Leg {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) summary: String,
    /// Operator, and what it is done to.
    pub(super) steps: Vec<(&'static str, String)>,
}

/// A request at the upstream.
pub(super) struct Upstream {
    pub(super) name: String,
    pub(super) endpoints: Vec<String>,
    pub(super) method: String,
    pub(super) target: String,
    pub(super) body: Option<Value>,
}

/// An answer to the client.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Value>,
}

impl Told {
    /// Nothing yet.
    pub(super) fn new(asked: &Asked, now: Timestamp) -> Self {
        Self {
            request: format!("{} {}", asked.method, asked.uri),
            now,
            api: None,
            version: None,
            operation: None,
            chain: Vec::new(),
            upstream: None,
            lift: None,
            lower: None,
            notes: Vec::new(),
            answer: None,
            refused: false,
        }
    }

    /// Adds a sentence.
    pub(super) fn note(&mut self, sentence: impl Into<String>) {
        self.notes.push(sentence.into());
    }
}

impl Answer {
    /// What goes to the client.
    pub(super) fn of(answer: &Response<Body>) -> Self {
        let bytes = answer.body().bytes().unwrap_or_default();
        Self {
            status: answer.status().as_u16(),
            headers: texts(answer.headers()),
            body: parse(&bytes, DEPTH).ok(),
        }
    }
}

fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers
        .iter()
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect()
}

/// The changes of a chain with their steps in the order in which they are taken. Steps on the messages of other
/// operations are left out, once the operation is known.
pub(super) fn legs(lineage: &Lineage, chain: &Chain, operation: Option<&str>) -> Vec<Leg> {
    let others = |action: &Action| match (action, operation) {
        (Action::Message { operation: of, .. }, Some(id)) => of != "*" && of != id,
        _ => false,
    };
    let mut legs: Vec<(usize, Leg)> = Vec::new();
    for (pass, to) in chain.steps.iter().filter(|(pass, _)| !others(&pass.action)) {
        let step = (pass.action.name(), pass.action.subject().to_owned());
        match legs.last_mut() {
            Some((change, leg)) if *change == pass.change => leg.steps.push(step),
            _ => {
                let Some(change) = lineage.changes().get(pass.change) else {
                    continue;
                };
                let (from, to) = super::steps::ends(change, *to);
                let (from, to, summary) = (from.to_owned(), to.to_owned(), change.summary.clone());
                legs.push((
                    pass.change,
                    Leg {
                        from,
                        to,
                        summary,
                        steps: vec![step],
                    },
                ));
            }
        }
    }
    legs.into_iter().map(|(_, leg)| leg).collect()
}
