//! Limits: keys, rates, quotas, weights.

mod amount;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::num::NonZeroU32;

use http::HeaderName;

use super::is_name;
use super::judge::Judge;
use crate::diagnostic::Code;
use crate::plan::{Applies, KeyPart, LimitPlan, LimitsPlan, Measure, OnStoreFailure, Reach};
use crate::raw::{RawLimit, RawOnStoreFailure, RawWhere};
use crate::suggest;
use crate::yaml::push_key;

/// Judges it.
pub(super) fn build(judge: &mut Judge<'_>) -> Option<LimitsPlan> {
    let raw = judge.raw;
    let mut names = HashSet::new();
    let mut limits = Vec::new();
    for (i, limit) in raw.limits.iter().enumerate() {
        let pointer = format!("/limits/{i}");
        name(judge, &pointer, &limit.name, names.insert(&limit.name));
        limits.push(one(judge, &pointer, limit));
    }
    let limits: Option<Vec<_>> = limits.into_iter().collect();
    let weights = weights(judge, &raw.weights, limits.as_deref().unwrap_or_default());
    let bodies = bodies(judge, &raw.request_sizes);
    Some(LimitsPlan {
        limits: limits?,
        weights: weights?,
        bodies: bodies?,
    })
}

fn name(judge: &mut Judge<'_>, pointer: &str, name: &str, is_new: bool) {
    let at = format!("{pointer}/name");
    if !is_name(name) {
        let message = format!("`{}` is not a name for a limit", suggest::shorten(name));
        let hint = "use letters, digits, `-`, `_` and `.`, beginning with a letter or a digit";
        judge.fault(Code::BadName, &at, message, Some(hint.to_owned()));
    } else if !is_new {
        let message = format!("there are two limits `{name}`");
        let hint = "give each its own name: answers and counts tell them apart by it";
        judge.fault(Code::BadSettings, &at, message, Some(hint.to_owned()));
    }
}

fn one(judge: &mut Judge<'_>, pointer: &str, raw: &RawLimit) -> Option<LimitPlan> {
    let key = key(judge, pointer, &raw.key);
    let measure = measure(judge, pointer, raw);
    let reach = reach(judge, pointer, raw);
    let applies = applies(judge, pointer, raw);
    let (measure, reach) = (measure?, reach?);
    counted_there(judge, pointer, measure, reach)?;
    Some(LimitPlan {
        name: raw.name.clone(),
        key: key?,
        measure,
        reach,
        applies: applies?,
        fields: raw.fields,
    })
}

fn key(judge: &mut Judge<'_>, pointer: &str, parts: &[String]) -> Option<Vec<KeyPart>> {
    let mut all = Vec::new();
    for (i, text) in parts.iter().enumerate() {
        let at = format!("{pointer}/key/{i}");
        let part = part(text);
        match part {
            None => {
                let message = format!("`{}` is not a part of a key", judge.tree.shown(&at));
                let hint = "write `consumer`, `address`, `operation`, `version` or `header:NAME`";
                judge.fault(Code::BadSettings, &at, message, Some(hint.to_owned()));
            }
            Some(part) if all.contains(&part) => {
                let message = format!("`{}` stands twice in the key", judge.tree.shown(&at));
                judge.fault(Code::BadSettings, &at, message, Some("delete one".to_owned()));
            }
            Some(part) => all.push(part),
        }
    }
    (all.len() == parts.len()).then_some(all)
}

fn part(text: &str) -> Option<KeyPart> {
    match text {
        "consumer" => Some(KeyPart::Consumer),
        "address" => Some(KeyPart::Address),
        "operation" => Some(KeyPart::Operation),
        "version" => Some(KeyPart::Version),
        _ => text
            .strip_prefix("header:")
            .and_then(|name| name.trim().parse::<HeaderName>().ok())
            .map(KeyPart::Header),
    }
}

fn measure(judge: &mut Judge<'_>, pointer: &str, raw: &RawLimit) -> Option<Measure> {
    let given = [raw.rate.is_some(), raw.quota.is_some(), raw.concurrency.is_some()];
    if given.iter().filter(|is_given| **is_given).count() != 1 {
        let message = "a limit says one of `rate`, `quota` and `concurrency`";
        let hint = "write several limits where several hold".to_owned();
        judge.fault(Code::BadSettings, pointer, message, Some(hint));
        return None;
    }
    if raw.burst.is_some() && raw.rate.is_none() {
        let at = format!("{pointer}/burst");
        let hint = "delete it: a burst belongs to a rate".to_owned();
        judge.fault(Code::BadSettings, &at, "`burst` says nothing here", Some(hint));
        return None;
    }
    if let Some(text) = &raw.rate {
        return amount::rate(judge, pointer, text, raw.burst);
    }
    if let Some(text) = &raw.quota {
        return amount::quota(judge, pointer, text);
    }
    raw.concurrency
        .and_then(NonZeroU32::new)
        .map(Measure::Concurrency)
}

fn reach(judge: &mut Judge<'_>, pointer: &str, raw: &RawLimit) -> Option<Reach> {
    if raw.place == Some(RawWhere::Fleet) {
        let on_failure = match raw.on_failure {
            None | Some(RawOnStoreFailure::Local) => OnStoreFailure::Local,
            Some(RawOnStoreFailure::Closed) => OnStoreFailure::Closed,
            Some(RawOnStoreFailure::Open) => OnStoreFailure::Open,
        };
        judge.needs_store(&format!("{pointer}/where"), "a limit of the whole fleet")?;
        let exact = raw.exact.unwrap_or_default();
        return Some(Reach::Fleet { exact, on_failure });
    }
    let idle = [
        ("exact", raw.exact.is_some()),
        ("on_failure", raw.on_failure.is_some()),
    ];
    for (key, _) in idle.iter().filter(|(_, given)| *given) {
        let message = format!("`{key}` says nothing here: this limit needs no store");
        let hint = "write `where: fleet`, or delete it".to_owned();
        judge.fault(
            Code::BadSettings,
            &format!("{pointer}/{key}"),
            message,
            Some(hint),
        );
    }
    Some(Reach::Local)
}

/// Whether this can be counted there.
fn counted_there(judge: &mut Judge<'_>, pointer: &str, measure: Measure, reach: Reach) -> Option<()> {
    match (measure, reach) {
        (Measure::Concurrency(_), Reach::Fleet { .. }) => {
            let message = "what is in progress is counted in one gateway, not by the fleet";
            let hint = "delete `where`, and divide the number by the gateways".to_owned();
            judge.fault(
                Code::NotSupported,
                &format!("{pointer}/where"),
                message,
                Some(hint),
            );
            None
        }
        (Measure::Quota { .. }, Reach::Local) => {
            let message =
                "this quota is forgotten when the gateway restarts, and each gateway counts its own";
            let hint = "write `where: fleet`, which needs `store` in sluice.yaml".to_owned();
            judge.fault(Code::LocalQuota, &format!("{pointer}/quota"), message, Some(hint));
            Some(())
        }
        _ => Some(()),
    }
}

fn applies(judge: &mut Judge<'_>, pointer: &str, raw: &RawLimit) -> Option<Applies> {
    let versions = match &raw.versions {
        Some(range) => Some(judge.range(&format!("{pointer}/versions"), range)?),
        None => None,
    };
    let operations: Vec<_> = raw
        .operations
        .iter()
        .enumerate()
        .map(|(i, id)| judge.operation(&format!("{pointer}/operations/{i}"), id))
        .collect();
    let consumers: Vec<_> = raw
        .consumers
        .iter()
        .enumerate()
        .map(|(i, name)| judge.consumer(&format!("{pointer}/consumers/{i}"), name))
        .collect();
    for (i, group) in raw.groups.iter().enumerate() {
        judge.group(&format!("{pointer}/groups/{i}"), group);
    }
    Some(Applies {
        versions,
        operations: operations.into_iter().collect::<Option<BTreeSet<_>>>()?,
        consumers: consumers.into_iter().collect::<Option<Vec<_>>>()?,
        groups: raw.groups.clone(),
    })
}

/// What requests count. One that counts more than a burst could never be let in.
fn weights(
    judge: &mut Judge<'_>,
    raw: &BTreeMap<String, u32>,
    limits: &[LimitPlan],
) -> Option<BTreeMap<String, NonZeroU32>> {
    let mut all = BTreeMap::new();
    for (id, weight) in raw {
        let mut pointer = "/weights".to_owned();
        push_key(&mut pointer, id);
        let id = judge.operation(&pointer, id);
        let bound = limits.iter().filter_map(|limit| {
            let counts = limit.applies.operations.is_empty()
                || id
                    .as_ref()
                    .is_some_and(|id| limit.applies.operations.contains(id));
            Some((most_at_once(&limit.measure)?, &limit.name)).filter(|_| counts)
        });
        if let Some((bound, name)) = bound.min().filter(|(bound, _)| u64::from(*weight) > *bound) {
            let message = format!(
                "a request that counts {weight} never fits the limit `{name}`, which allows {bound} at once"
            );
            judge.fault(
                Code::OutOfRange,
                &pointer,
                message,
                Some("raise its `burst`, or lower the weight".to_owned()),
            );
        }
        all.insert(id?, NonZeroU32::new(*weight)?);
    }
    Some(all)
}

fn most_at_once(measure: &Measure) -> Option<u64> {
    match measure {
        Measure::Rate { burst, .. } => Some(u64::from(burst.get())),
        Measure::Quota { count, .. } => Some(*count),
        Measure::Concurrency(_) => None,
    }
}

fn bodies(judge: &mut Judge<'_>, raw: &BTreeMap<String, String>) -> Option<BTreeMap<String, usize>> {
    let mut all = BTreeMap::new();
    for (id, size) in raw {
        let mut pointer = "/request_sizes".to_owned();
        push_key(&mut pointer, id);
        let id = judge.operation(&pointer, id);
        let size = judge.size(&pointer, size);
        all.insert(id?, size?);
    }
    Some(all)
}
