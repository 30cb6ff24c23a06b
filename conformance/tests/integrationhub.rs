//! IntegrationHub over real sockets: every endpoint in every version, judged by the oracle; and writers at the same time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::thread;

use serde_json::{Value, json};
use sluice_conformance::customers::{Awkward, Rng, awkward, customers};
use sluice_conformance::oracle::{self, Call, Endpoint, VERSIONS, equal};
use sluice_conformance::stage::{Answer, Setup, Stage};

fn stage(stored: Vec<Value>) -> Stage {
    Setup::integrationhub().customers(stored).start()
}

fn id(customer: &Value) -> &str {
    customer["id"].as_str().unwrap()
}

fn call(stage: &Stage, call: &Call, body: Option<&Value>) -> Answer {
    match body.or(call.body.as_ref()) {
        Some(body) => stage.write(call.method, &call.target, &[], body),
        None => stage.send(call.method, &call.target, &[], b""),
    }
}

#[track_caller]
fn same(about: &str, ours: &Value, wanted: &Value) {
    assert!(equal(ours, wanted), "{about}\n  ours: {ours}\nwanted: {wanted}");
}

#[test]
fn every_customer_is_read_in_every_version() {
    let mut stored = customers(101, 60);
    let mut rng = Rng::new(5);
    for (index, kind) in [
        Awkward::Region,
        Awkward::City,
        Awkward::Country,
        Awkward::Id,
        Awkward::Captured,
    ]
    .into_iter()
    .enumerate()
    {
        let mut customer = awkward(kind, &mut rng);
        if !matches!(kind, Awkward::Id) {
            customer["id"] = json!(format!("cus_{:06}", 900_000 + index));
        }
        stored.push(customer);
    }
    let stage = stage(stored.clone());
    for customer in &stored {
        for version in VERSIONS {
            let Some(read) = oracle::path(version, Endpoint::Read, id(customer)) else {
                continue;
            };
            let answer = call(&stage, &read, None);
            assert_eq!(answer.header("api-version"), version);
            match oracle::lower(version, customer).document() {
                Some(wanted) => same(
                    &format!("{version} reads {customer}"),
                    &answer.expect(200).json(),
                    &wanted,
                ),
                None => assert_eq!(answer.status, 502, "{version} reads {customer}\n{answer:?}"),
            }
        }
    }
}

#[test]
fn lists_are_paged_in_every_version() {
    let mut stored = customers(103, 30);
    stored.sort_by_key(|c| id(c).trim_start_matches("cus_").parse::<u64>().unwrap());
    let last = json!("cus_999999999");
    let mut nameless = awkward(Awkward::Country, &mut Rng::new(9));
    nameless["id"] = last;
    stored.push(nameless);
    let stage = stage(stored.clone());
    for version in VERSIONS {
        let list = oracle::path(version, Endpoint::List, "cus_000001").unwrap();
        let size =
            if stored.is_empty() || ["1.0", "1.1", "1.2", "2.0", "2.1", "2.1-megacorp"].contains(&version) {
                "per_page"
            } else {
                "page_size"
            };
        for page in 1..=4 {
            let answer = stage
                .get(&format!("{}?page={page}&{size}=10", list.target), &[])
                .expect(200);
            let from = (page - 1) * 10;
            let wanted = oracle::list(
                version,
                &stored[from.min(stored.len())..(from + 10).min(stored.len())],
                stored.len() as u64,
            );
            same(
                &format!("{version} lists page {page}"),
                &answer.json(),
                &wanted.body,
            );
            assert_eq!(
                answer.list("x-total-count"),
                wanted.total_count.map_or(String::new(), |t| t.to_string()),
                "{version}"
            );
            assert_eq!(
                answer.list("sluice-omitted"),
                if wanted.omitted == 0 {
                    String::new()
                } else {
                    wanted.omitted.to_string()
                }
            );
        }
    }
}

#[test]
fn customers_are_made_in_every_version() {
    let stage = stage(Vec::new());
    let mut rng = Rng::new(7);
    for customer in customers(107, 25) {
        for version in VERSIONS {
            let Some(mut sent) = oracle::lower(version, &customer).document() else {
                continue;
            };
            stage.backend().clear();
            let create = oracle::path(version, Endpoint::Create, id(&customer)).unwrap();
            let wanted = oracle::create(version, &sent).unwrap();
            let answer = call(&stage, &create, Some(&sent)).expect(create.success);
            let stored = stage.backend().customer(id(&customer)).unwrap();
            same(&format!("{version} creates {sent}"), &stored, &wanted);
            same(
                &format!("{version} is answered"),
                &answer.json(),
                &oracle::lower(version, &wanted).document().unwrap(),
            );
            let place = oracle::path(version, Endpoint::Read, id(&customer))
                .unwrap()
                .target;
            assert_eq!(
                answer.list("location"),
                if create.success == 201 {
                    place
                } else {
                    String::new()
                },
                "{version}"
            );

            stage.backend().clear();
            oracle::invalid_edit(version, &mut sent, &mut rng);
            refused_as_wanted(
                &stage,
                version,
                &create,
                &sent,
                oracle::create(version, &sent).map(|_| ()),
            );
            assert!(stage.backend().customer(id(&customer)).is_none());
        }
    }
}

/// A refusal has the status and the place that the oracle says, in the shape of the version.
fn refused_as_wanted(
    stage: &Stage,
    version: &str,
    to: &Call,
    sent: &Value,
    wanted: Result<(), oracle::Refused>,
) {
    let answer = call(stage, to, Some(sent));
    let refused = wanted.expect_err("the edit is wrong");
    assert_eq!(
        answer.status,
        refused.status,
        "{version} sends {sent}\n{}",
        answer.text()
    );
    let body = answer.json();
    let at = match version {
        "1.0" | "1.1" | "1.2" => {
            assert!(body["error"].is_string(), "{version}: {body}");
            return;
        }
        "4.0-beta" => body["errors"][0]["pointer"].as_str().map(str::to_owned),
        _ => body["error"]["field"].as_str().map(str::to_owned),
    };
    assert_eq!(at, refused.pointer, "{version} sends {sent}\n{body}");
}

#[test]
fn replaces_and_patches_lose_nothing_in_any_version() {
    let stored = customers(109, 25);
    let stage = stage(stored.clone());
    let mut rng = Rng::new(11);
    for customer in &stored {
        for version in VERSIONS {
            let Some(mut sent) = oracle::lower(version, customer).document() else {
                continue;
            };
            for endpoint in [Endpoint::Replace, Endpoint::Patch] {
                let Some(write) = oracle::path(version, endpoint, id(customer)) else {
                    continue;
                };
                stage.backend().put(customer.clone());
                oracle::edit(version, &mut sent, &mut rng);
                let (body, wanted) = if endpoint == Endpoint::Replace {
                    (sent.clone(), oracle::replace(version, customer, &sent))
                } else {
                    let patch = json!({"name": "Patched", "tags": ["p"], "phone": null, "phones": []});
                    let patch = only_known(&patch, &sent);
                    (patch.clone(), oracle::patch(version, customer, &patch))
                };
                let Ok(wanted) = wanted else {
                    refused_as_wanted(&stage, version, &write, &body, wanted.map(|_| ()));
                    continue;
                };
                let answer = call(&stage, &write, Some(&body)).expect(write.success);
                let now = stage.backend().customer(id(customer)).unwrap();
                same(
                    &format!("{version} {endpoint:?} {body}\nover {customer}"),
                    &now,
                    &wanted,
                );
                same(
                    &format!("{version} is answered"),
                    &answer.json(),
                    &oracle::lower(version, &now).document().unwrap(),
                );
            }
            stage.backend().put(customer.clone());
            stage.backend().forget();
            let Some(write) = oracle::path(version, Endpoint::Replace, id(customer)) else {
                continue;
            };
            let mut wrong = oracle::lower(version, customer).document().unwrap();
            oracle::invalid_edit(version, &mut wrong, &mut rng);
            refused_as_wanted(
                &stage,
                version,
                &write,
                &wrong,
                oracle::replace(version, customer, &wrong).map(|_| ()),
            );
            same(
                "nothing was stored",
                &stage.backend().customer(id(customer)).unwrap(),
                customer,
            );
        }
    }
}

/// The members of a patch that the version knows.
fn only_known(patch: &Value, shown: &Value) -> Value {
    let known = patch
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| shown.get(*name).is_some());
    Value::Object(known.map(|(n, v)| (n.clone(), v.clone())).collect())
}

#[test]
fn customers_go_in_every_version() {
    let customer = customers(113, 1).remove(0);
    let stage = stage(Vec::new());
    for version in VERSIONS {
        stage.backend().put(customer.clone());
        let delete = oracle::path(version, Endpoint::Delete, id(&customer)).unwrap();
        let answer = call(&stage, &delete, None).expect(delete.success);
        assert_eq!(
            delete.answer.map_or(String::new(), |a| a.to_string()),
            answer.text(),
            "{version}"
        );
        assert!(stage.backend().customer(id(&customer)).is_none());
        let read = oracle::path(version, Endpoint::Read, id(&customer)).unwrap();
        let answer = call(&stage, &read, None).expect(404);
        let error = stage
            .get(&format!("/v3.3/customers/{}", id(&customer)), &[])
            .json();
        same(version, &answer.json(), &oracle::error(version, 404, &error));
    }
}

/// A customer with everything that older versions cannot see.
fn rich() -> Value {
    json!({
        "id": "cus_000017", "name": "Ada", "email": "a@example.com", "status": "prospect", "tier": "t",
        "phones": [{"kind": "mobile", "number": "1"}, {"kind": "main", "number": "2"}],
        "address": {"street": "Flat 2, 12 St", "city": "London", "region": "LND", "postalCode": "SW1Y 4JH", "country": "GB",
            "timezone": "Europe/London", "geo": {"lat": 1.5, "lon": -0.5}},
        "balance": {"amount": 1234567, "currency": "USD"}, "consent": {"marketing": true, "analytics": true},
        "createdAt": "2018-03-01T09:30:00.125Z", "insights": {"segment": "growth", "churnRisk": 0.5}, "tags": ["vip"]
    })
}

#[test]
fn fifty_writers_of_fourteen_versions_lose_no_field() {
    let stage = Setup::integrationhub()
        .upstream_setting("retries: 100")
        .customers(vec![rich()])
        .start();
    thread::scope(|scope| {
        for writer in 0..50 {
            let stage = &stage;
            let version = VERSIONS[writer % VERSIONS.len()];
            scope.spawn(move || {
                let read = oracle::path(version, Endpoint::Read, "cus_000017").unwrap();
                let mut document = call(stage, &read, None).expect(200).json();
                let name = if version.starts_with("1.") {
                    "full_name"
                } else {
                    "name"
                };
                document[name] = json!(format!("writer {writer}"));
                let replace = oracle::path(version, Endpoint::Replace, "cus_000017").unwrap();
                call(stage, &replace, Some(&document)).expect(200);
            });
        }
    });
    let mut now = stage.backend().customer("cus_000017").unwrap();
    assert!(now["name"].as_str().unwrap().starts_with("writer "));
    now["name"] = json!("Ada");
    same("hidden fields", &now, &rich());
}

#[test]
fn patches_at_the_same_time_all_stay() {
    let stage = Setup::integrationhub()
        .upstream_setting("retries: 100")
        .customers(vec![rich()])
        .start();
    let versions: Vec<&str> = VERSIONS
        .iter()
        .copied()
        .filter(|v| !v.starts_with("1."))
        .collect();
    thread::scope(|scope| {
        for writer in 0..50 {
            let (stage, version) = (&stage, versions[writer % versions.len()]);
            scope.spawn(move || {
                let patch = oracle::path(version, Endpoint::Patch, "cus_000017").unwrap();
                let mut body = json!({format!("x-writer-{writer}"): writer});
                // A phone text, and an address text, can only be written over what is stored.
                if matches!(version, "2.0" | "2.1" | "2.2") {
                    body["phone"] = json!(format!("+{writer}"));
                }
                call(stage, &patch, Some(&body)).expect(200);
            });
        }
    });
    let now = stage.backend().customer("cus_000017").unwrap();
    for writer in 0..50 {
        assert_eq!(now[format!("x-writer-{writer}")], json!(writer), "{now}");
    }
    assert_eq!(now["phones"][0]["kind"], "mobile");
    assert_eq!(now["phones"][1], rich()["phones"][1]);
    assert_eq!(now["insights"], rich()["insights"]);
    assert_eq!(now["address"], rich()["address"]);
}

#[test]
fn another_writer_between_read_and_write_is_not_undone() {
    use sluice_gateway::demo::backend::{Fault, Rule};
    let stage = stage(vec![rich()]);
    let race = Fault::Race {
        id: "cus_000017".to_owned(),
        patch: json!({"insights": {"churnRisk": 0.75}}),
    };
    stage
        .backend()
        .inject(Rule::from(race).on(http::Method::PUT, "/customers/cus_000017"));
    let read = oracle::path("1.0", Endpoint::Read, "cus_000017").unwrap();
    let mut document = call(&stage, &read, None).expect(200).json();
    document["full_name"] = json!("Grace");
    let replace = oracle::path("1.0", Endpoint::Replace, "cus_000017").unwrap();
    call(&stage, &replace, Some(&document)).expect(200);
    let now = stage.backend().customer("cus_000017").unwrap();
    assert_eq!(now["name"], "Grace");
    assert_eq!(now["insights"]["churnRisk"].to_string(), "0.75");
}

#[test]
fn without_entity_tags_a_write_is_refused_or_opted_into() {
    use sluice_gateway::demo::backend::{Fault, Rule};
    for (keep, status) in [("read", 502), ("unsafe_read", 200)] {
        let stage = Setup::integrationhub().keep(keep).customers(vec![rich()]).start();
        stage.backend().inject(Rule::from(Fault::DropEtag).always());
        let mut document = oracle::lower("1.0", &rich()).document().unwrap();
        document["full_name"] = json!("Grace");
        let replace = oracle::path("1.0", Endpoint::Replace, "cus_000017").unwrap();
        let answer = call(&stage, &replace, Some(&document));
        assert_eq!(answer.status, status, "{keep}: {}", answer.text());
        let name = if status == 200 { "Grace" } else { "Ada" };
        assert_eq!(stage.backend().customer("cus_000017").unwrap()["name"], name);
    }
}

#[test]
fn an_exchange_has_one_id_everywhere() {
    let stage = stage(vec![rich()]);
    for (sent, version) in [(None, "1.0"), (Some("from-the-client"), "3.3"), (None, "3.3")] {
        stage.backend().forget();
        let read = oracle::path(version, Endpoint::Read, "cus_000017").unwrap();
        let own: Vec<(&str, &str)> = sent.map(|id| ("x-request-id", id)).into_iter().collect();
        let answer = stage.get(&read.target, &own).expect(200);
        let id = answer.header("x-request-id").to_owned();
        assert!(!id.is_empty() && sent.is_none_or(|sent| sent == id));
        assert_eq!(stage.backend().requests()[0].headers["x-request-id"], id.as_str());
    }
}
