//! What is held against the schemas.

use std::collections::BTreeMap;

use jsonschema::PatternOptions;
use serde_json::{Value, json};
use sluice_transforms::export;
use sluice_transforms::lineage::Lineage;

use super::judge::Judge;
use crate::diagnostic::Code;
use crate::plan::{AnswersPlan, RequestsPlan, ValidationPlan};
use crate::raw::RawAnswers;
use crate::suggest;

/// Of a million answers, how many are judged where nothing is said.
const SAMPLE: f64 = 0.01;

/// Judges it.
pub(super) fn build(judge: &mut Judge<'_>) -> Option<ValidationPlan> {
    let Some(raw) = &judge.raw.validation else {
        return Some(ValidationPlan::default());
    };
    let before = judge.faults.len();
    if judge.raw.document.is_none() {
        let message = "nothing says what is valid: the API has no document";
        let hint = "name the origin's OpenAPI document in `document`, or delete `validation`";
        judge.fault(Code::NotSupported, "/validation", message, Some(hint.to_owned()));
    }
    let answers = raw
        .answers
        .as_ref()
        .and_then(|a| answers(judge, a, raw.violations));
    if let Some(lineage) = judge.lineage {
        patterns(judge, lineage);
    }
    (judge.faults.len() == before).then(|| ValidationPlan {
        requests: raw.requests.then_some(RequestsPlan {
            violations: raw.violations,
        }),
        answers,
        place: Some(judge.place("/validation")),
    })
}

fn answers(judge: &mut Judge<'_>, raw: &RawAnswers, violations: usize) -> Option<AnswersPlan> {
    let sample = raw.sample.unwrap_or(if raw.enforce { 1.0 } else { SAMPLE });
    if raw.enforce && sample < 1.0 {
        let message = "an answer that is not looked at cannot be refused: `enforce` judges every answer";
        let hint = "write `sample: 1`, or leave `sample` out";
        judge.fault(
            Code::BadSettings,
            "/validation/answers/sample",
            message,
            Some(hint.to_owned()),
        );
        return None;
    }
    (sample > 0.0).then_some(AnswersPlan {
        // The schema bounds it: 0 to 1.
        sample: ((sample * 1e6).ceil()).clamp(0.0, 1e6) as u32,
        enforce: raw.enforce,
        violations,
    })
}

/// Patterns are matched in linear time, whatever a client sends: what cannot be is told here.
fn patterns(judge: &mut Judge<'_>, lineage: &Lineage) {
    let mut found = BTreeMap::new();
    for version in judge.versions {
        if let Some(contract) = lineage.contract(&version.name) {
            let document = export::openapi(contract, "", &version.name);
            gather(&document, &version.name, &mut found);
        }
    }
    for (pattern, version) in found {
        let schema = json!({"type": "string", "pattern": pattern});
        let built = jsonschema::options()
            .with_pattern_options(PatternOptions::regex())
            .build(&schema);
        if built.is_err() {
            let message = format!(
                "the pattern `{}` in the types of version {version} cannot be matched in linear time",
                suggest::shorten(&pattern)
            );
            let hint = "write it without looking around (`(?=`, `(?<`) and without going back (`\\1`)";
            judge.fault(
                Code::UnmatchablePattern,
                "/validation",
                message,
                Some(hint.to_owned()),
            );
        }
    }
}

/// Every pattern of a document, with the first version that has it.
fn gather(schema: &Value, version: &str, found: &mut BTreeMap<String, String>) {
    let mut add = |pattern: &str| {
        found
            .entry(pattern.to_owned())
            .or_insert_with(|| version.to_owned());
    };
    match schema {
        Value::Object(members) => {
            if let Some(Value::String(pattern)) = members.get("pattern") {
                add(pattern);
            }
            if let Some(Value::Object(patterns)) = members.get("patternProperties") {
                patterns.keys().for_each(|pattern| add(pattern));
            }
            members.values().for_each(|member| gather(member, version, found));
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, version, found)),
        _ => {}
    }
}
