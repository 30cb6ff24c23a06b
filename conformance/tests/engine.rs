//! The engine along IntegrationHub's lineage, judged by the oracle: documents that no mapping was written from.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use sluice_conformance::customers::{Awkward, Rng, awkward, customers};
use sluice_conformance::engine::{Between, integrationhub};
use sluice_conformance::oracle::{self, Refused, VERSIONS, equal};
use sluice_gateway::demo::backend::check;
use sluice_transforms::fault::FaultKind;

const MANY: usize = 250;

fn shared(file: &str) -> Option<Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/integrationhub")
        .join(file);
    match fs::read_to_string(&path) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(_) => {
            eprintln!("skipped: there is no ../shared/integrationhub/{file}");
            None
        }
    }
}

#[test]
fn the_specifications_customer_is_seen_by_every_version() {
    let Some(stored) = shared("customers/3.3.json") else {
        return;
    };
    let lineage = integrationhub();
    for version in VERSIONS {
        let wanted = shared(&format!("customers/{version}.json")).unwrap();
        let (lowered, _) = Between::new(&lineage, version)
            .lower("readCustomer", 200, &stored)
            .unwrap();
        assert_eq!(lowered.body.unwrap().to_json(), wanted.to_string(), "{version}");
    }
}

#[test]
fn every_version_sees_generated_customers_as_the_oracle_says() {
    let lineage = integrationhub();
    for stored in customers(7, 2_000) {
        for version in VERSIONS {
            let lowered = Between::new(&lineage, version).lower("readCustomer", 200, &stored);
            match (lowered, oracle::lower(version, &stored).document()) {
                (Ok((answer, _)), Some(wanted)) => {
                    assert_eq!(
                        answer.body.unwrap().to_json(),
                        wanted.to_string(),
                        "{version} of {stored}"
                    );
                }
                (Err(_), None) => {}
                (lowered, wanted) => panic!("{version} of {stored}:\n{lowered:?}\n{wanted:?}"),
            }
        }
    }
}

#[test]
fn what_cannot_be_shown_is_not_shown() {
    let lineage = integrationhub();
    let mut rng = Rng::new(3);
    let kinds = [
        Awkward::Region,
        Awkward::City,
        Awkward::Country,
        Awkward::Id,
        Awkward::Captured,
    ];
    for round in 0..200 {
        let stored = awkward(kinds[round % kinds.len()], &mut rng);
        for version in VERSIONS {
            let lowered = Between::new(&lineage, version).lower("readCustomer", 200, &stored);
            let wanted = oracle::lower(version, &stored).document();
            assert_eq!(
                lowered.is_ok(),
                wanted.is_some(),
                "{version} of {stored}\n{lowered:?}\n{wanted:?}"
            );
        }
    }
}

/// The engine's fault, or the backend's, as the client is told.
fn judged(
    between: &Between<'_>,
    operation: &str,
    done: Result<Value, sluice_transforms::fault::Fault>,
) -> Result<Value, Option<String>> {
    match done {
        Err(fault) if fault.kind == FaultKind::Stored => Err(None),
        Err(fault) => Err((!fault.pointer.is_root()).then(|| fault.pointer.to_string())),
        Ok(document) => match check(&document) {
            Err(breach) => Err(between.pointer(operation, &breach.field)),
            Ok(()) => Ok(document),
        },
    }
}

#[track_caller]
fn agree(about: &str, ours: &Result<Value, Option<String>>, wanted: &Result<Value, Refused>) {
    let same = match (ours, wanted) {
        (Ok(a), Ok(b)) => equal(a, b),
        (Err(at), Err(refused)) => *at == refused.pointer,
        _ => false,
    };
    assert!(same, "{about}\n   ours: {ours:?}\n wanted: {wanted:?}");
}

#[test]
fn creates_reach_the_backend_as_the_oracle_says() {
    let lineage = integrationhub();
    let mut rng = Rng::new(11);
    for stored in customers(13, MANY) {
        for version in VERSIONS {
            let between = Between::new(&lineage, version);
            let Some(mut sent) = oracle::lower(version, &stored).document() else {
                continue;
            };
            let wanted = oracle::create(version, &sent);
            agree(
                &format!("{version} creates {sent}"),
                &judged(&between, "createCustomer", between.create(&sent)),
                &wanted,
            );
            let at = oracle::invalid_edit(version, &mut sent, &mut rng);
            let ours = judged(&between, "createCustomer", between.create(&sent));
            agree(
                &format!("{version} creates {sent}, wrong at {at}"),
                &ours,
                &oracle::create(version, &sent),
            );
        }
    }
}

#[test]
fn replaces_lose_nothing() {
    let lineage = integrationhub();
    let mut rng = Rng::new(17);
    for stored in customers(19, MANY) {
        for version in VERSIONS {
            let between = Between::new(&lineage, version);
            let Some(mut sent) = oracle::lower(version, &stored).document() else {
                continue;
            };
            let unchanged = between.replace(&stored, &sent).unwrap();
            assert!(
                equal(&unchanged, &stored),
                "{version}: put(s, lower s) = s\n{unchanged}\n{stored}"
            );
            for _ in 0..2 {
                oracle::edit(version, &mut sent, &mut rng);
                let ours = judged(&between, "replaceCustomer", between.replace(&stored, &sent));
                agree(
                    &format!("{version} puts {sent}\nover {stored}"),
                    &ours,
                    &oracle::replace(version, &stored, &sent),
                );
            }
            oracle::invalid_edit(version, &mut sent, &mut rng);
            let ours = judged(&between, "replaceCustomer", between.replace(&stored, &sent));
            agree(
                &format!("{version} puts {sent}\nover {stored}"),
                &ours,
                &oracle::replace(version, &stored, &sent),
            );
        }
    }
}

/// The merge patch between two documents of a client.
fn difference(from: &Value, to: &Value) -> Value {
    let (Some(old), Some(new)) = (from.as_object(), to.as_object()) else {
        return to.clone();
    };
    let mut patch = serde_json::Map::new();
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        patch.insert(name.clone(), Value::Null);
    }
    for (name, value) in new {
        match old.get(name) {
            Some(before) if equal(before, value) => {}
            Some(before) if before.is_object() && value.is_object() => {
                drop(patch.insert(name.clone(), difference(before, value)))
            }
            _ => drop(patch.insert(name.clone(), value.clone())),
        }
    }
    Value::Object(patch)
}

#[test]
fn patches_follow_the_same_rule() {
    let lineage = integrationhub();
    let mut rng = Rng::new(23);
    let (mut direct, mut read) = (0, 0);
    for stored in customers(29, MANY) {
        for version in VERSIONS.iter().filter(|v| !v.starts_with("1.")) {
            let between = Between::new(&lineage, version);
            let Some(shown) = oracle::lower(version, &stored).document() else {
                continue;
            };
            let mut sent = shown.clone();
            oracle::edit(version, &mut sent, &mut rng);
            let patch = difference(&shown, &sent);
            let done = between.patch(&stored, &patch);
            match &done {
                Ok((_, true)) => direct += 1,
                _ => read += 1,
            }
            let ours = judged(&between, "patchCustomer", done.map(|(after, _)| after));
            agree(
                &format!("{version} patches {patch}\nover {stored}"),
                &ours,
                &oracle::patch(version, &stored, &patch),
            );
            let ours = judged(&between, "patchCustomer", between.patch_on(&stored, &patch));
            agree(
                &format!("{version} patches {patch} on\n{stored}"),
                &ours,
                &oracle::patch(version, &stored, &patch),
            );
        }
    }
    println!("patches: {direct} translated at once, {read} on what is stored");
    assert!(direct > 0 && read > 0);
}

#[test]
fn lists_leave_out_what_cannot_be_shown() {
    let lineage = integrationhub();
    let mut rng = Rng::new(31);
    for round in 0..30 {
        let mut page = customers(37 + round, 12);
        page.insert(3, awkward(Awkward::Country, &mut rng));
        let answer = format!("{{\"data\":{},\"total\":99}}", Value::Array(page.clone()));
        for version in VERSIONS {
            let (ours, omitted) = Between::new(&lineage, version)
                .lower_text("listCustomers", 200, &answer)
                .unwrap();
            let wanted = oracle::list(version, &page, 99);
            // The other library writes exponents anew; both sides go through it.
            let again = |text: &str| serde_json::from_str::<Value>(text).unwrap().to_string();
            assert_eq!(
                again(&ours.body.as_ref().unwrap().to_json()),
                again(&wanted.body.to_string()),
                "{version}"
            );
            assert_eq!(
                ours.header("x-total-count").map(str::to_owned),
                wanted.total_count.map(|t| t.to_string()),
                "{version}"
            );
            assert_eq!(omitted, wanted.omitted, "{version}");
        }
    }
}

#[test]
fn errors_come_in_the_clients_shape_and_names() {
    let lineage = integrationhub();
    let fields = [
        "/id",
        "/name",
        "/status",
        "/phones",
        "/phones/0/number",
        "/phones/3/kind",
        "/address",
        "/address/geo/lat",
        "/address/postalCode",
        "/address/country",
        "/balance/amount",
        "/balance/currency",
        "/consent/marketing",
        "/createdAt",
        "/insights/segment",
        "/insights/churnRisk",
        "/tags/0",
        "/x/y",
        "/balance",
        "/consent",
        "/insights",
        "/email",
    ];
    for field in fields {
        for version in VERSIONS {
            let error = json!({"error": {"code": "invalid", "message": "no", "field": field}});
            let (ours, _) = Between::new(&lineage, version)
                .lower("replaceCustomer", 422, &error)
                .unwrap();
            let ours = sluice_conformance::engine::json(&ours.body.unwrap());
            let wanted = oracle::error(version, 422, &error);
            assert!(equal(&ours, &wanted), "{version} {field}\n{ours}\n{wanted}");
        }
    }
}
