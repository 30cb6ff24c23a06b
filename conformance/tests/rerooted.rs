//! The same changes with another version at the root: IntegrationHub's backend speaks 2.3, or 4.0-beta.
//!
//! A gateway whose upstream speaks 2.3 stands in front of one whose upstream speaks 3.3: what the first forwards in 2.3,
//! the second takes under `/v2.3`. Together they must do what one gateway does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use serde_json::{Value, json};
use sluice_config::Sources;
use sluice_conformance::customers::{Rng, customers};
use sluice_conformance::engine::{Between, plan, rerooted};
use sluice_conformance::oracle::{self, Endpoint, VERSIONS, equal};
use sluice_conformance::stage::{Setup, Stage};

const ORIGINS: [&str; 2] = ["2.3", "4.0-beta"];

#[test]
fn every_version_is_seen_from_another_root() {
    for origin in ORIGINS {
        let lineage = Arc::clone(&plan(&rerooted(origin)).apis[0].lineage);
        assert_eq!(lineage.origin(), origin);
        for customer in customers(211, 150) {
            let Some(stored) = oracle::lower(origin, &customer).document() else {
                continue;
            };
            // What a backend of that version cannot hold, nobody sees.
            let known = oracle::create(origin, &stored).unwrap();
            for version in VERSIONS {
                let ours = Between::new(&lineage, version).lower("readCustomer", 200, &stored);
                match (ours, oracle::lower(version, &known).document()) {
                    (Ok((answer, _)), Some(wanted)) => {
                        let ours = sluice_conformance::engine::json(&answer.body.unwrap());
                        assert!(equal(&ours, &wanted), "{version} from {origin}\n{ours}\n{wanted}");
                    }
                    (Err(_), None) => {}
                    (ours, wanted) => panic!("{version} from {origin} of {stored}\n{ours:?}\n{wanted:?}"),
                }
            }
        }
    }
}

#[test]
fn writes_from_another_root_lose_nothing() {
    for origin in ORIGINS {
        let lineage = Arc::clone(&plan(&rerooted(origin)).apis[0].lineage);
        let mut rng = Rng::new(13);
        for customer in customers(223, 80) {
            let Some(stored) = oracle::lower(origin, &customer).document() else {
                continue;
            };
            for version in VERSIONS {
                let between = Between::new(&lineage, version);
                let Ok((shown, _)) = between.lower("readCustomer", 200, &stored) else {
                    continue;
                };
                let shown = sluice_conformance::engine::json(&shown.body.unwrap());
                let unchanged = between.replace(&stored, &shown).unwrap();
                assert!(
                    equal(&unchanged, &stored),
                    "{version} over {origin}: put(s, lower s) = s\n{unchanged}\n{stored}"
                );
                let mut sent = shown.clone();
                oracle::edit(version, &mut sent, &mut rng);
                if let Ok(put) = between.replace(&stored, &sent) {
                    let (again, _) = between.lower("readCustomer", 200, &put).unwrap();
                    let again = sluice_conformance::engine::json(&again.body.unwrap());
                    assert!(
                        alike(&again, &sent),
                        "{version} over {origin}: lower(put(s, v)) = v\n{again}\n{sent}"
                    );
                }
            }
        }
    }
}

/// Up to what the changes declare: a missing phone shows as null, money has two decimals, a hint is always empty, an
/// empty `insights` is none, and a prospect is active where the root knows no prospects.
fn alike(a: &Value, b: &Value) -> bool {
    let plain = |value: &Value| {
        let mut value = value.clone();
        if let Some(object) = value.as_object_mut() {
            object.retain(|name, value| !value.is_null() && *value != json!({}) && name != "password_hint");
        }
        if value["status"] == "prospect" {
            value["status"] = json!("active");
        }
        let amount = value
            .pointer("/balance/amount")
            .and_then(Value::as_str)
            .and_then(|a| a.parse::<f64>().ok());
        if let (Some(amount), Some(place)) = (amount, value.pointer_mut("/balance/amount")) {
            *place = json!(format!("{amount:.2}"));
        }
        value
    };
    equal(&plain(a), &plain(b))
}

/// A gateway at this root, in front of the example's.
fn in_front(behind: &Stage, origin: &str) -> Stage {
    let sources: Sources = rerooted(origin);
    let mut setup = Setup::integrationhub().upstream(behind.address());
    for path in sources.paths() {
        setup = setup.file(path, sources.get(path).unwrap());
    }
    setup
        .open()
        .replace(
            "apis/customers/api.yaml",
            "upstream: customers",
            &format!("upstream: customers\nbase: /v{origin}"),
        )
        .start()
}

#[test]
fn two_gateways_do_what_one_does() {
    for origin in ORIGINS {
        let behind = Setup::integrationhub().customers(Vec::new()).start();
        let stage = in_front(&behind, origin);
        let mut rng = Rng::new(31);
        for customer in customers(227, 12) {
            let id = customer["id"].as_str().unwrap();
            for version in VERSIONS {
                let Some(shown) = oracle::lower(version, &customer).document() else {
                    continue;
                };
                if oracle::lower(origin, &customer).document().is_none() {
                    continue;
                }
                behind.backend().put(customer.clone());
                let read = oracle::path(version, Endpoint::Read, id).unwrap();
                let answer = stage.get(&read.target, &[]).expect(200).json();
                // Behind 2.3, what 3.x added is not there to be seen; those versions are judged by their own laws above.
                let older =
                    origin == "4.0-beta" || sluice_transforms::version::compare(version, "2.4").is_lt();
                if !older {
                    continue;
                }
                assert!(
                    equal(&answer, &shown),
                    "{version} through {origin}\n{answer}\n{shown}"
                );
                let mut sent = shown;
                oracle::edit(version, &mut sent, &mut rng);
                let replace = oracle::path(version, Endpoint::Replace, id).unwrap();
                let Ok(wanted) = oracle::replace(version, &customer, &sent) else {
                    continue;
                };
                stage
                    .write(replace.method, &replace.target, &[], &sent)
                    .expect(200);
                let now = behind.backend().customer(id).unwrap();
                assert!(
                    equal(&now, &wanted),
                    "{version} through {origin} puts {sent}\nover {customer}\n{now}\n{wanted}"
                );
            }
        }
    }
}
