//! The exchanges of `conformance/exchanges/*.json`, each file in front of the IntegrationHub example.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use sluice_conformance::stage::{Case, Stage};

fn run(text: &str) {
    let stage = Stage::integrationhub();
    let runs: usize = Case::all(text).iter().map(|case| case.run(&stage)).sum();
    assert!(runs > 0);
}

#[test]
fn selection() {
    run(include_str!("../exchanges/selection.json"));
}

#[test]
fn fields() {
    run(include_str!("../exchanges/fields.json"));
}

#[test]
fn paths() {
    run(include_str!("../exchanges/paths.json"));
}

#[test]
fn refusals() {
    run(include_str!("../exchanges/refusals.json"));
}

#[test]
fn writes() {
    run(include_str!("../exchanges/writes.json"));
}
