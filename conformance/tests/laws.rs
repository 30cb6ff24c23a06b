//! The laws of IntegrationHub's lineage over documents that are generated from its schemas.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use sluice_conformance::engine::integrationhub;
use sluice_transforms::check::laws;
use sluice_transforms::generate::Generator;
use sluice_transforms::value::Value;

fn texts(values: &[&str]) -> Vec<Value> {
    values.iter().map(|v| Value::text(v)).collect()
}

/// What no schema says: which countries there are, and what an address text can carry.
fn generator(seed: u64, countries: &[&str]) -> Generator {
    Generator::new(seed)
        .table("Country", texts(countries))
        .table("Address/region", texts(&["LND", "NY", "13", "東京都"]))
        .table("Address/city", texts(&["London", "São Paulo"]))
        .table("Address/postalCode", texts(&["SW1Y 4JH", "10118"]))
        .table(
            "Address/street",
            texts(&["Flat 2, 12 St James Square", "1", "a,b"]),
        )
}

#[track_caller]
fn hold(mut generator: Generator) {
    let report = laws(&integrationhub(), &mut generator, 40, &mut |_, _| {});
    println!(
        "{} documents tried, {} reasons to refuse",
        report.tried,
        report.refused.len()
    );
    for (refused, count) in &report.refused {
        println!("{count:5} {refused:?}");
    }
    for broken in &report.broken {
        let law = format!("{} in {} of {}", broken.law, broken.version, broken.operation);
        println!(
            "{law}\n given {}\nwanted {}\n found {}\n",
            broken.given, broken.wanted, broken.found
        );
    }
    assert!(report.tried > 1_000);
    assert!(
        report.broken.is_empty(),
        "{} laws are broken",
        report.broken.len()
    );
}

#[test]
fn no_law_is_broken_where_countries_are_codes() {
    hold(generator(41, &["GB", "US", "DE", "FR", "CI"]));
}

#[test]
fn no_law_is_broken_where_countries_are_names() {
    hold(generator(43, &["United Kingdom", "Germany", "Côte d'Ivoire"]));
}
