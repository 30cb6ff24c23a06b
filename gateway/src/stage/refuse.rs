//! A refusal in the shape that the client's version declares for errors.
//!
//! It is first written as an error of the version that the API names, then lowered like any error of the upstream.

use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Response};
use serde_json::Value as Json;
use sluice_config::plan::{ApiPlan, ErrorsPlan, Piece, Slot, Template, VersionId};
use sluice_transforms::lineage::Chain;
use sluice_transforms::message::Response as Lowering;
use sluice_transforms::reference::{Interpreter, Unobserved};
use sluice_transforms::value::Value;

use crate::body::Body;
use crate::edition::Edition;
use crate::refusal::Refusal;

/// The answer to a client of a known version.
pub fn answer(
    edition: &Edition,
    api: usize,
    version: VersionId,
    operation: &str,
    refusal: &Refusal,
) -> Response<Body> {
    let plan = &edition.plan.apis[api];
    let shaped = plan
        .errors
        .as_ref()
        .and_then(|errors| shaped(edition, api, plan, errors, version, operation, refusal));
    shaped.unwrap_or_else(|| refusal.answer())
}

fn shaped(
    edition: &Edition,
    api: usize,
    plan: &ApiPlan,
    errors: &ErrorsPlan,
    version: VersionId,
    operation: &str,
    refusal: &Refusal,
) -> Option<Response<Body>> {
    let chain = edition.apis[api].errors.get(version.index())?.as_ref()?;
    let answer = lowered(chain, plan, &fill(&errors.body, refusal)?, operation, refusal)?;
    // A version whose errors have no place for a pointer is told the place in words.
    let Some(pointer) = refusal.pointer().filter(|at| !told(&answer, at)) else {
        return Some(answer);
    };
    let worded = Refusal::new(refusal.kind(), format!("{pointer}: {}", refusal.detail()));
    lowered(chain, plan, &fill(&errors.body, &worded)?, operation, refusal)
}

/// Whether an answer's body holds a text.
fn told(answer: &Response<Body>, text: &str) -> bool {
    let body = answer.body().bytes().unwrap_or_default();
    let quoted = Json::from(text).to_string();
    String::from_utf8_lossy(&body).contains(&quoted)
}

fn lowered(
    chain: &Chain,
    plan: &ApiPlan,
    body: &Json,
    operation: &str,
    refusal: &Refusal,
) -> Option<Response<Body>> {
    let status = refusal.kind().status();
    let error = Lowering {
        operation: operation.to_owned(),
        status: status.as_u16(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: Some(Value::from_serde(body)),
    };
    // The pointer is in the client's own names already.
    let lowered = Interpreter::new(&plan.lineage, chain)
        .keeping_pointers()
        .lower(error, &mut Unobserved)
        .ok()?
        .response;
    let mut answer = Response::new(Body::full(lowered.body?.to_json()));
    *answer.status_mut() = status;
    for (name, value) in &lowered.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        answer
            .headers_mut()
            .insert(name, HeaderValue::from_str(value).ok()?);
    }
    if !answer.headers().contains_key(CONTENT_TYPE) {
        answer
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    refusal.mark(&mut answer);
    Some(answer)
}

/// Fills a template; a member that is nothing but a slot without a value is left out.
fn fill(template: &Template, refusal: &Refusal) -> Option<Json> {
    match template {
        Template::Fixed(value) => Some(value.clone()),
        Template::Slot(Slot::Status) => Some(refusal.kind().status().as_u16().into()),
        Template::Slot(slot) => text(*slot, refusal).map(Json::from),
        Template::Text(pieces) => Some(
            pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Text(text) => text.clone(),
                    Piece::Slot(slot) => text(*slot, refusal).unwrap_or_default(),
                })
                .collect::<String>()
                .into(),
        ),
        Template::List(items) => Some(
            items
                .iter()
                .filter_map(|item| fill(item, refusal))
                .collect::<Vec<_>>()
                .into(),
        ),
        Template::Object(members) => {
            let filled = members
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), fill(value, refusal)?)));
            Some(Json::Object(filled.collect()))
        }
    }
}

fn text(slot: Slot, refusal: &Refusal) -> Option<String> {
    match slot {
        Slot::Code => Some(refusal.kind().code().to_owned()),
        Slot::Title => Some(refusal.kind().title().to_owned()),
        Slot::Status => Some(refusal.kind().status().as_u16().to_string()),
        Slot::Detail => Some(refusal.detail().to_owned()),
        Slot::Pointer => refusal.pointer().map(str::to_owned),
    }
}
