//! The oracle against the specification's own documents, and against the laws that it must keep itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use sluice_conformance::customers::{Awkward, Rng, awkward, customers, number};
use sluice_conformance::oracle::*;
use sluice_gateway::demo::backend::check;
use std::fs;
use std::path::PathBuf;

/// For the laws of reading and writing.
const MANY: usize = 2_000;
/// For what each customer shows again.
const SOME: usize = 400;

/// The specification lies beside the workspace; a copy of the repository may be without it.
fn specification(file: &str) -> Option<Value> {
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

fn ada() -> Value {
    sluice_gateway::demo::backend::customers().remove(16)
}

fn document(version: &str, stored: &Value) -> Value {
    lower(version, stored)
        .document()
        .unwrap_or_else(|| panic!("{version} cannot show {stored}"))
}

#[track_caller]
fn same(left: &Value, right: &Value, about: &str) {
    assert!(equal(left, right), "{about}\n left: {left}\nright: {right}");
}

#[test]
fn each_version_sees_the_customer_of_the_specification() {
    for version in VERSIONS {
        if let Some(wanted) = specification(&format!("customers/{version}.json")) {
            assert_eq!(
                document(version, &ada()).to_string(),
                wanted.to_string(),
                "{version}"
            );
        }
    }
}

#[test]
fn the_countries_are_the_specifications() {
    let Some(countries) = specification("countries.json") else {
        return;
    };
    for (code, name) in countries.as_object().unwrap() {
        let mut customer = ada();
        customer["address"]["country"] = json!(code);
        assert_eq!(document("2.3", &customer)["address"]["country"], *name);
    }
}

#[test]
fn generated_customers_are_valid() {
    for customer in customers(1, SOME) {
        assert_eq!(check(&customer), Ok(()), "{customer}");
    }
}

#[test]
fn every_version_shows_every_generated_customer() {
    for customer in customers(2, SOME) {
        for version in VERSIONS {
            document(version, &customer);
        }
    }
}

#[test]
fn the_backends_version_sees_the_text_as_it_is() {
    for customer in customers(3, SOME) {
        assert_eq!(document("3.3", &customer).to_string(), customer.to_string());
    }
}

#[test]
fn no_op() {
    for stored in customers(4, MANY) {
        for version in VERSIONS {
            let put = replace(version, &stored, &document(version, &stored)).unwrap();
            same(&put, &stored, version);
            same(&patch_or(version, &stored, &json!({})), &stored, version);
        }
    }
}

/// Before 2.0 there is no PATCH.
fn patch_or(version: &str, stored: &Value, sent: &Value) -> Value {
    patch(version, stored, sent).unwrap_or_else(|refused| {
        assert_eq!(refused.status, 404, "{version} {sent} {stored}");
        stored.clone()
    })
}

#[test]
fn put_get() {
    let mut rng = Rng::new(5);
    for stored in customers(5, MANY) {
        for version in VERSIONS {
            let mut sent = document(version, &stored);
            edit(version, &mut sent, &mut rng);
            let put = replace(version, &stored, &sent)
                .unwrap_or_else(|refused| panic!("{version} {refused:?}\n{sent}"));
            assert_eq!(check(&put), Ok(()), "{put}");
            same(&document(version, &put), &sent, version);
        }
    }
}

#[test]
fn patch_law() {
    let mut rng = Rng::new(6);
    for stored in customers(6, SOME) {
        for version in VERSIONS.into_iter().filter(|version| !version.starts_with("1.")) {
            let shown = document(version, &stored);
            let mut wanted = shown.clone();
            edit(version, &mut wanted, &mut rng);
            let change = difference(&shown, &wanted);
            let put =
                patch(version, &stored, &change).unwrap_or_else(|why| panic!("{version} {why:?} {change}"));
            let seen = merged(&shown, &change);
            match seen.get("phone") {
                // A phone removed is a phone cleared, and shows as null.
                None if shown.get("phone").is_some() => {
                    assert_eq!(document(version, &put)["phone"], Value::Null)
                }
                _ => same(&document(version, &put), &seen, version),
            }
        }
    }
}

/// A merge patch from one document to another.
fn difference(from: &Value, to: &Value) -> Value {
    let (Some(from), Some(to)) = (from.as_object(), to.as_object()) else {
        return to.clone();
    };
    let gone = from
        .keys()
        .filter(|name| !to.contains_key(*name))
        .map(|name| (name.clone(), Value::Null));
    let changed = to
        .iter()
        .filter(|(name, value)| from.get(*name).is_none_or(|old| old != *value));
    let changed = changed.map(|(name, value)| {
        (
            name.clone(),
            difference(from.get(name).unwrap_or(&Value::Null), value),
        )
    });
    gone.chain(changed).collect()
}

#[test]
fn a_new_customer_is_seen_as_it_was_sent() {
    for stored in customers(7, SOME) {
        for version in VERSIONS {
            let sent = document(version, &stored);
            let created = create(version, &sent).unwrap();
            assert_eq!(check(&created), Ok(()), "{created}");
            same(&document(version, &created), &sent, version);
        }
    }
}

#[test]
fn what_a_version_hides_survives_its_edits() {
    let mut rng = Rng::new(8);
    for stored in customers(8, SOME) {
        for version in VERSIONS
            .into_iter()
            .filter(|version| !["3.3", "4.0-beta"].contains(version))
        {
            let mut sent = document(version, &stored);
            edit(version, &mut sent, &mut rng);
            let put = replace(version, &stored, &sent).unwrap();
            for hidden in ["/insights/churnRisk", "/createdAt", "/id"] {
                assert_eq!(put.pointer(hidden), stored.pointer(hidden), "{version} {hidden}");
            }
            if version.starts_with("1.0") || version == "1.1" {
                assert_eq!(put["consent"]["analytics"], stored["consent"]["analytics"]);
            }
        }
    }
}

#[test]
fn mistakes_are_refused_where_they_were_made() {
    let mut rng = Rng::new(9);
    for stored in customers(9, SOME) {
        for version in VERSIONS {
            let mut sent = document(version, &stored);
            let pointer = invalid_edit(version, &mut sent, &mut rng);
            for refused in [replace(version, &stored, &sent), create(version, &sent)] {
                let refused = refused.expect_err(&format!("{version} {pointer} {sent}"));
                assert_eq!(
                    (refused.status, refused.pointer.as_deref()),
                    (422, Some(pointer.as_str())),
                    "{version}"
                );
            }
        }
    }
}

#[test]
fn awkward_customers_are_refused_by_old_versions_alone() {
    let shown = |why| {
        let customer = awkward(why, &mut Rng::new(10));
        let shows = |version: &&str| lower(version, &customer) != Lowered::Refused;
        VERSIONS.into_iter().filter(shows).collect::<Vec<_>>()
    };
    assert_eq!(shown(Awkward::Id), VERSIONS[1..]);
    assert_eq!(shown(Awkward::City), VERSIONS[4..]);
    assert_eq!(shown(Awkward::Region), VERSIONS[4..]);
    assert_eq!(shown(Awkward::Country), ["3.0", "3.1", "3.2", "3.3", "4.0-beta"]);
    assert_eq!(shown(Awkward::Captured), ["3.3", "4.0-beta"]);
}

/// Edits in one version, and what must be stored afterwards.
#[test]
fn writes_lose_nothing() {
    let mut prospect = ada();
    prospect["status"] = json!("prospect");
    prospect["createdAt"] = json!("2018-03-01T09:30:00.125Z");
    for version in VERSIONS {
        let mut sent = document(version, &prospect);
        sent["tier"] = json!("free");
        let put = replace(version, &prospect, &sent).unwrap();
        let mut wanted = prospect.clone();
        wanted["tier"] = json!("free");
        same(&put, &wanted, version);
    }
    let mut sent = document("2.2", &ada());
    sent["phone"] = json!("+1");
    let put = replace("2.2", &ada(), &sent).unwrap();
    assert_eq!(put["phones"][0], json!({"kind": "mobile", "number": "+1"}));
    assert_eq!(put["phones"][1], ada()["phones"][1]);
    sent.as_object_mut().unwrap().shift_remove("phone");
    assert_eq!(replace("2.2", &ada(), &sent).unwrap()["phones"], json!([]));
}

#[test]
fn a_place_keeps_its_zone_only_while_it_is_the_same() {
    let mut sent = document("1.2", &ada());
    sent["addr"] = json!("1, Low Rd, Bath, SOM BA1 1AA, United Kingdom");
    let address = json!({"street": "1, Low Rd", "city": "Bath", "region": "SOM", "postalCode": "BA1 1AA", "country": "GB"});
    assert_eq!(replace("1.2", &ada(), &sent).unwrap()["address"], address);
    let put = patch("3.1", &ada(), &json!({"address": {"city": "Bath"}})).unwrap();
    assert_eq!(put["address"].get("geo"), None);
    assert_eq!(put["address"]["timezone"], "Europe/London");
    let put = patch("3.1", &ada(), &json!({"address": {"timezone": null}})).unwrap();
    assert_eq!(put["address"]["geo"], ada()["address"]["geo"]);
}

#[test]
fn a_segment_left_out_is_removed_and_empty_insights_with_it() {
    let mut stored = ada();
    let put = patch("3.2", &stored, &json!({"segment": null})).unwrap();
    assert_eq!(put["insights"], json!({"churnRisk": number("0.12")}));
    stored["insights"] = json!({"segment": "growth"});
    assert_eq!(
        patch("2.0", &stored, &json!({"segment": null}))
            .unwrap()
            .get("insights"),
        None
    );
    stored["insights"] = json!({});
    assert_eq!(
        patch("2.0", &stored, &json!({"segment": null})).unwrap()["insights"],
        json!({})
    );
}

#[test]
fn new_customers_get_the_defaults() {
    let mut sent = document("1.1", &ada());
    for name in ["id", "created", "segment"] {
        sent.as_object_mut().unwrap().shift_remove(name);
    }
    let created = create("1.1", &sent).unwrap();
    assert_eq!(created["consent"], json!({"marketing": true, "analytics": false}));
    assert_eq!(
        created["phones"],
        json!([{"kind": "main", "number": "+44 20 7946 0018"}])
    );
    assert_eq!(
        ["id", "createdAt", "insights"].map(|name| created.get(name)),
        [None; 3]
    );
}

#[test]
fn a_patch_names_no_member_of_another_version() {
    let cases = [
        ("3.2", json!({"insights": null}), "/insights"),
        ("3.0", json!({"address": {"timezone": null}}), "/address/timezone"),
        ("2.3", json!({"createdAt": "x"}), "/createdAt"),
        (
            "2.1-megacorp",
            json!({"address": {"postal_code": "x"}}),
            "/address/postal_code",
        ),
        ("4.0-beta", json!({"id": "cus_000017"}), "/id"),
        ("2.3", json!({"created_at": null}), "/created_at"),
        ("3.3", json!({"id": null}), "/id"),
        ("4.0-beta", json!({"customerId": "cus_000018"}), "/customerId"),
    ];
    for (version, change, pointer) in cases {
        let refused = patch(version, &ada(), &change).unwrap_err();
        assert_eq!(
            refused,
            Refused {
                status: 422,
                pointer: Some(pointer.into())
            },
            "{version} {change}"
        );
    }
}

#[test]
fn errors_are_lowered() {
    let stored = json!({"error": {"code": "invalid", "message": "No.", "field": "/address/postalCode"}});
    let cases = [
        ("1.0", json!({"error": "No."})),
        (
            "2.0",
            json!({"error": {"code": "invalid", "message": "No.", "field": "/address"}}),
        ),
        (
            "2.1-megacorp",
            json!({"error": {"code": "invalid", "message": "No.", "field": "/address/zip"}}),
        ),
        (
            "2.3",
            json!({"error": {"code": "invalid", "message": "No.", "field": "/address/postal_code"}}),
        ),
        ("3.3", stored.clone()),
        (
            "4.0-beta",
            json!({"type": "https://errors.integrationhub.example/invalid", "title": "Unprocessable Content",
                "status": 422, "detail": "No.", "errors": [{"pointer": "/addresses/0/postalCode", "detail": "No."}]}),
        ),
    ];
    for (version, wanted) in cases {
        assert_eq!(
            error(version, 422, &stored).to_string(),
            wanted.to_string(),
            "{version}"
        );
    }
}

#[test]
fn pointers_go_to_the_nearest_place() {
    let cases = [
        ("1.0", "/id", Some("/cust_id")),
        ("1.2", "/balance/amount", Some("/balance")),
        ("1.2", "/balance/currency", Some("/currency")),
        ("1.1", "/consent/marketing", Some("/marketing_opt_in")),
        ("1.1", "/consent/analytics", None),
        ("2.2", "/phones/1/kind", Some("/phone")),
        ("2.3", "/phones/1/kind", Some("/phones/1/kind")),
        ("3.1", "/address/geo/lat", Some("/address")),
        ("3.2", "/insights/segment", Some("/segment")),
        ("3.2", "/insights/churnRisk", None),
        ("4.0-beta", "/address", Some("/addresses/0")),
        ("2.0", "/crm/x", Some("/crm/x")),
    ];
    for (version, stored, wanted) in cases {
        assert_eq!(pointer(version, stored).as_deref(), wanted, "{version} {stored}");
    }
}

#[test]
fn lists_leave_out_what_cannot_be_shown() {
    let page = [ada(), awkward(Awkward::Country, &mut Rng::new(11))];
    let listed = list("2.1", &page, 7);
    assert_eq!(
        (
            listed.body.as_array().unwrap().len(),
            listed.total_count,
            listed.omitted
        ),
        (1, Some(7), 1)
    );
    let listed = list("2.2", &page, 7);
    assert_eq!(
        (listed.body["total"].clone(), listed.total_count, listed.omitted),
        (json!(7), None, 1)
    );
    assert_eq!(list("3.0", &page, 2).omitted, 0);
}

#[test]
fn endpoints() {
    let target = |version, endpoint| {
        path(version, endpoint, "cus_000017").map(|call| (call.method, call.target, call.success))
    };
    assert_eq!(
        target("1.0", Endpoint::Read),
        Some(("GET", "/api/v1.0/getCustomer?id=17".into(), 200))
    );
    assert_eq!(
        target("1.2", Endpoint::Read),
        Some(("GET", "/api/v1.2/getCustomer?id=cus_000017".into(), 200))
    );
    assert_eq!(
        target("1.1", Endpoint::Create),
        Some(("POST", "/api/v1.1/createCustomer".into(), 200))
    );
    assert_eq!(target("1.2", Endpoint::Patch), None);
    assert_eq!(
        target("2.1-megacorp", Endpoint::Replace),
        Some(("PUT", "/v2.1-megacorp/customers/cus_000017".into(), 200))
    );
    assert_eq!(
        target("3.3", Endpoint::Delete),
        Some(("DELETE", "/v3.3/customers/cus_000017".into(), 204))
    );
    let delete = path("1.0", Endpoint::Delete, "cus_000017").unwrap();
    assert_eq!(
        (delete.body, delete.answer),
        (Some(json!({"cust_id": 17})), Some(json!({"ok": true})))
    );
}
