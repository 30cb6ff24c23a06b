//! Whether a request is what the client's version declares, before it is lifted; and whether the upstream's answers are
//! what the origin declares.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value as Plain;
use sluice_config::plan::VersionId;
use sluice_transforms::contract::Operation;
use sluice_transforms::value::Value;
use sluice_transforms::walk::refuse_duplicates;

use super::documents;
use super::receive::Received;
use crate::edition::Edition;
use crate::fields::media;
use crate::fields::target::Pair;
use crate::refusal::{Kind, Refusal};
use crate::validation::parameter::Given;
use crate::validation::{BodyRule, RequestRules, Violation};

/// A request that is to be judged.
pub struct Judged<'a> {
    /// The edition.
    pub edition: &'a Arc<Edition>,
    /// The API.
    pub api: usize,
    /// The client's version.
    pub version: VersionId,
    /// The operation.
    pub operation: &'a Operation,
    /// The decoded segments of its path.
    pub segments: &'a [String],
    /// Its query, without selectors and credentials.
    pub query: &'a [Pair],
    /// Its fields.
    pub headers: &'a HeaderMap,
}

/// Judges parameters and body. A body that is judged is held whole.
///
/// # Errors
/// Every violation, up to a bound.
pub async fn request(judged: &Judged<'_>, received: &mut Received) -> Result<(), Refusal> {
    let validators = &judged.edition.guard.validators;
    let Some(rules) = validators.request(judged.api, judged.version, &judged.operation.id) else {
        return Ok(());
    };
    parameters(judged, rules)?;
    match &rules.body {
        // Boxed: what is not judged need not carry it.
        Some(body) => Box::pin(judged.body(body, rules.most, received)).await,
        None => Ok(()),
    }
}

fn parameters(judged: &Judged<'_>, rules: &RequestRules) -> Result<(), Refusal> {
    if rules.parameters.is_empty() {
        return Ok(());
    }
    let slots = judged.operation.path.matches(judged.segments).unwrap_or_default();
    let given = Given {
        slots: &slots,
        query: judged.query,
        headers: judged.headers,
    };
    let bad = rules.parameters.iter().filter_map(|rule| rule.judge(&given));
    let bad: Vec<_> = bad.take(rules.most).collect();
    let Some(first) = bad.first() else {
        return Ok(());
    };
    let all: Vec<Plain> = bad.iter().map(|parameter| parameter.to_json()).collect();
    Err(
        Refusal::new(Kind::InvalidParameter, and_more(first.sentence(), bad.len()))
            .with("parameter", first.name.clone())
            .with("violations", all),
    )
}

/// The largest document, in bytes, that is judged on a core.
const JUDGED_ON_A_CORE: usize = 32 * 1024;

impl Judged<'_> {
    async fn body(&self, rule: &BodyRule, most: usize, received: &mut Received) -> Result<(), Refusal> {
        let bounds = &self.edition.plan.bounds;
        let idle = self.edition.idle(self.api);
        let sent = received.hold(bounds.request, idle).await?;
        if sent.is_empty() {
            return match rule.required {
                true => Err(missing()),
                false => Ok(()),
            };
        }
        if !media::is_document(self.headers) {
            return Err(Refusal::new(
                Kind::UnsupportedMediaType,
                "this operation carries a JSON document",
            ));
        }
        let opened = documents::open(sent, self.headers, bounds).await;
        let opened = opened.map_err(|fault| fault.of_request())?;
        if opened.is_empty() {
            return Err(missing());
        }
        let document = self.document(rule, most, opened.clone()).await?;
        received.understood(document, opened.len());
        Ok(())
    }

    /// Parses and judges, off the core when the document is large.
    async fn document(&self, rule: &BodyRule, most: usize, opened: Bytes) -> Result<Value, Refusal> {
        let (edition, schema) = (Arc::clone(self.edition), Arc::clone(&rule.schema));
        let (api, version, operation) = (self.api, self.version, self.operation.id.clone());
        // Judging costs more than translating: what a schema asks of each number and text adds up.
        let large = opened.len() > edition.plan.bounds.offload.min(JUDGED_ON_A_CORE);
        let offload = edition.offload.clone();
        let work = move || {
            let depth = edition.plan.bounds.depth;
            let document = documents::document(&opened, depth).map_err(|fault| fault.of_request())?;
            unambiguous(&edition, api, version, &operation, &document)?;
            let violations = schema.judge(&document, most);
            match violations.first() {
                None => Ok(document),
                Some(first) => Err(invalid(first, &violations)),
            }
        };
        offload.run(large, work).await?
    }
}

fn missing() -> Refusal {
    Refusal::new(
        Kind::MalformedBody,
        "the body is missing: this operation needs a JSON document",
    )
}

/// A member that stands twice although its type knows it: two readers could see two documents.
fn unambiguous(
    edition: &Edition,
    api: usize,
    version: VersionId,
    operation: &str,
    document: &Value,
) -> Result<(), Refusal> {
    let contract = &edition.apis[api].versions[version.index()].lift.source;
    let payload = contract.operation(operation).and_then(|o| o.request.as_ref());
    let Some(payload) = payload else {
        return Ok(());
    };
    refuse_duplicates(document, &payload.shape, &contract.types).map_err(|fault| {
        Refusal::new(Kind::MalformedBody, fault.detail.clone()).at(fault.pointer.to_string())
    })
}

fn invalid(first: &Violation, all: &[Violation]) -> Refusal {
    let told: Vec<Plain> = all.iter().map(Violation::to_json).collect();
    Refusal::new(Kind::InvalidBody, and_more(first.sentence(), all.len()))
        .at(first.pointer.clone())
        .with("violations", told)
}

/// The first violation in words, and how many more are listed.
fn and_more(first: String, count: usize) -> String {
    match count {
        1 => first,
        2 => format!("{first}; and one more violation"),
        more => format!("{first}; and {} more violations", more - 1),
    }
}
