//! Told to machines.

use serde_json::{Map, Value as Json, json};
use sluice_transforms::value::Value;

use super::super::Failure;
use super::super::document::difference;
use super::steps::Taken;
use super::told::{Answer, Leg, Told, Upstream};

/// What there is to tell, as one JSON object. Numbers keep their text.
pub(super) fn write(told: &Told) -> Result<String, Failure> {
    let json = json!({
        "request": told.request,
        "now": told.now.to_string(),
        "api": told.api,
        "version": told.version.as_ref().map(|(version, _)| version),
        "chosen_by": told.version.as_ref().map(|(_, by)| by),
        "operation": told.operation,
        "chain": told.chain.iter().map(leg).collect::<Vec<_>>(),
        "lift": told.lift.as_ref().map(taken),
        "upstream": told.upstream.as_ref().map(upstream),
        "lower": told.lower.as_ref().map(taken),
        "notes": told.notes,
        "refused": told.refused,
        "answer": told.answer.as_ref().map(answer),
    });
    let text = serde_json::to_string_pretty(&json).map_err(|error| Failure::new(error.to_string()))?;
    Ok(text + "\n")
}

fn leg(leg: &Leg) -> Json {
    let steps: Vec<Json> = leg
        .steps
        .iter()
        .map(|(operator, of)| json!({"operator": operator, "subject": of}))
        .collect();
    json!({"from": leg.from, "to": leg.to, "summary": leg.summary, "steps": steps})
}

fn taken(taken: &Taken) -> Json {
    let steps = taken.pairs().map(|(before, step)| {
        json!({
            "from": step.from,
            "to": step.to,
            "operator": step.operator,
            "subject": step.subject,
            "place": step.place,
            "difference": difference(before, step.document.as_ref()),
            "document": step.document.as_ref().map(document),
        })
    });
    let steps: Vec<Json> = steps.collect();
    json!({"before": taken.before.as_ref().map(document), "steps": steps})
}

fn upstream(upstream: &Upstream) -> Json {
    json!({
        "name": upstream.name,
        "endpoints": upstream.endpoints,
        "method": upstream.method,
        "target": upstream.target,
        "body": upstream.body.as_ref().map(document),
    })
}

fn answer(answer: &Answer) -> Json {
    let headers: Map<String, Json> = answer
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    json!({"status": answer.status, "headers": headers, "body": answer.body.as_ref().map(document)})
}

/// A document that was parsed here is JSON to serde_json too.
fn document(value: &Value) -> Json {
    serde_json::from_str(&value.to_json()).unwrap_or_default()
}
