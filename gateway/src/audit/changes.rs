//! What a reload changed, in words.

use std::collections::BTreeMap;
use std::fmt::Debug;

use sha2::{Digest, Sha256};
use sluice_config::plan::{ApiPlan, ConsumerPlan, Plan};

use crate::edition::Edition;

/// What differs between two editions.
pub fn changes(before: Option<&Edition>, after: &Edition) -> Vec<String> {
    let Some(before) = before else {
        return vec!["the first edition".to_owned()];
    };
    let mut words = Words::default();
    let (old, new) = (&before.plan, &after.plan);
    settings(&mut words, old, new);
    words.named(
        "upstream",
        &by_name(&old.upstreams, |u| &u.name),
        &by_name(&new.upstreams, |u| &u.name),
    );
    consumers(&mut words, old, new);
    apis(&mut words, before, after);
    if words.0.is_empty() && old.hash != new.hash {
        words
            .0
            .push("something that is not shown, such as a secret or a file".to_owned());
    }
    words.0
}

fn settings(words: &mut Words, old: &Plan, new: &Plan) {
    words.value("listen", &old.listen, &new.listen);
    words.value("admin", &old.admin, &new.admin);
    words.value("admin_access", &old.admin_access, &new.admin_access);
    words.value("keys", &old.keys, &new.keys);
    words.value("workers", &old.workers, &new.workers);
    words.value("bounds", &old.bounds, &new.bounds);
    words.value("drain", &old.drain, &new.drain);
    words.value("tls", &old.tls, &new.tls);
    words.value("trusted", &old.trusted, &new.trusted);
    words.value("store", &old.store, &new.store);
    words.value("audit", &old.audit, &new.audit);
    words.value("usage", &old.usage, &new.usage);
    words.value("traces", &old.traces, &new.traces);
    words.value("access_log", &old.access_log, &new.access_log);
    words.value("notify", &old.notify, &new.notify);
}

fn consumers(words: &mut Words, old: &Plan, new: &Plan) {
    let of = |plan: &'_ Plan| -> BTreeMap<String, [u8; 32]> {
        let known = plan.consumers.iter();
        known.map(|(_, c)| (c.name.to_string(), digest(c))).collect()
    };
    words.named("consumer", &of(old), &of(new));
    for (id, consumer) in new.consumers.iter() {
        let was = old
            .consumers
            .named(&consumer.name)
            .and_then(|id| old.consumers.get(id));
        if consumer.off && was.is_some_and(|was| !was.off) {
            words.0.push(format!("consumer {} switched off", consumer.name));
        }
        debug_assert!(new.consumers.get(id).is_some());
    }
}

fn apis(words: &mut Words, before: &Edition, after: &Edition) {
    let names = |edition: &Edition| -> BTreeMap<String, [u8; 32]> {
        let apis = edition.plan.apis.iter();
        apis.map(|api| (api.name.clone(), [0; 32])).collect()
    };
    words.named("API", &names(before), &names(after));
    for (index, new) in after.plan.apis.iter().enumerate() {
        let at = before.plan.apis.iter().position(|old| old.name == new.name);
        let Some(at) = at else { continue };
        let old = &before.plan.apis[at];
        let prefix = format!("API {}: ", new.name);
        let marks = |edition: &Edition, at: usize| -> BTreeMap<String, [u8; 32]> {
            let plan = &edition.plan.apis[at];
            let versions = plan.versions.iter().zip(&edition.apis[at].versions);
            versions
                .map(|(plan, made)| (plan.name.clone(), digest(&(&made.mark, &plan.path))))
                .collect()
        };
        let mut own = Words::default();
        own.named("version", &marks(before, at), &marks(after, index));
        api(&mut own, old, new);
        words
            .0
            .extend(own.0.into_iter().map(|word| prefix.clone() + &word));
    }
}

fn api(words: &mut Words, old: &ApiPlan, new: &ApiPlan) {
    words.value("hosts", &old.hosts, &new.hosts);
    words.value("base", &old.base, &new.base);
    words.value("selectors", &old.select, &new.select);
    words.value("errors", &old.errors, &new.errors);
    words.value("authentication", &old.authentication, &new.authentication);
    words.value("lifecycle", &old.lifecycle, &new.lifecycle);
    words.value("limits", &old.limits, &new.limits);
    words.value("validation", &old.validation, &new.validation);
    words.value("idempotency", &old.idempotency, &new.idempotency);
    words.value("edge", &old.edge, &new.edge);
}

#[derive(Default)]
struct Words(Vec<String>);

impl Words {
    fn value(&mut self, name: &str, old: &impl Debug, new: &impl Debug) {
        if digest(old) != digest(new) {
            self.0.push(format!("{name} changed"));
        }
    }

    fn named(&mut self, what: &str, old: &BTreeMap<String, [u8; 32]>, new: &BTreeMap<String, [u8; 32]>) {
        for (name, content) in new {
            match old.get(name) {
                None => self.0.push(format!("{what} {name} added")),
                Some(was) if was != content => self.0.push(format!("{what} {name} changed")),
                Some(_) => {}
            }
        }
        let gone = old.keys().filter(|name| !new.contains_key(*name));
        self.0.extend(gone.map(|name| format!("{what} {name} removed")));
    }
}

fn by_name<T: Debug>(all: &[T], name: impl Fn(&T) -> &String) -> BTreeMap<String, [u8; 32]> {
    all.iter().map(|one| (name(one).clone(), digest(one))).collect()
}

/// What tells a part of a plan from another: of what its Debug form shows, which holds no secrets. Where in a file
/// something stands is no part of it.
fn digest(part: &impl Debug) -> [u8; 32] {
    Sha256::digest(without_places(&format!("{part:?}"))).into()
}

fn without_places(shown: &str) -> String {
    let mut out = String::with_capacity(shown.len());
    let mut rest = shown;
    while let Some((before, place)) = rest.split_once("Place { file: ") {
        out.push_str(before);
        // It ends with its span's brace and its own.
        rest = place.split_once("} }").map_or("", |(_, after)| after);
    }
    out + rest
}

/// How the keys of consumers changed: the consumer, how many came, how many went. Hashes stay where they are.
pub fn keys(before: Option<&Plan>, after: &Plan) -> Vec<(String, usize, usize)> {
    let held = |plan: Option<&Plan>, name: &str| -> Vec<[u8; 32]> {
        let consumer = plan.and_then(|p| p.consumers.get(p.consumers.named(name)?));
        consumer.map(key_hashes).unwrap_or_default()
    };
    let mut names: Vec<String> = after.consumers.iter().map(|(_, c)| c.name.to_string()).collect();
    let gone = before.into_iter().flat_map(|plan| plan.consumers.iter());
    names.extend(gone.map(|(_, c)| c.name.to_string()));
    names.sort_unstable();
    names.dedup();
    let changed = names.into_iter().map(|name| {
        let (old, new) = (held(before, &name), held(Some(after), &name));
        let came = new.iter().filter(|key| !old.contains(key)).count();
        let went = old.iter().filter(|key| !new.contains(key)).count();
        (name, came, went)
    });
    changed.filter(|(_, came, went)| came + went > 0).collect()
}

/// The hashes of a consumer's keys and passwords.
fn key_hashes(consumer: &ConsumerPlan) -> Vec<[u8; 32]> {
    let keys = consumer.keys.iter().map(|key| key.hash.0);
    let passwords = consumer.passwords.iter();
    let passwords = passwords.map(|password| Sha256::digest(password.hash.as_bytes()).into());
    keys.chain(passwords).collect()
}
