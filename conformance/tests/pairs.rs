//! Version pairs of public APIs, translated by mappings of `lineages/`. The mappings were written from what each pair's
//! README says and from every third document; all documents judge them.
//!
//! `cargo test -p sluice-conformance --test pairs -- --nocapture` shows what cannot be said yet, and why.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;
use sluice_conformance::pairs::{VersionPair, place};

/// Runs a pair, and holds it to what was reached.
fn judge(pair: &str, reached: usize, type_of: impl Fn(&Value) -> String) {
    let Some(place) = place(pair) else {
        println!("skipped: there is no ../shared/pairs/{pair}");
        return;
    };
    let outcome = VersionPair::read(pair, &place).run(type_of);
    let (up, down) = (outcome.up, outcome.down);
    let (exact, of) = (outcome.exact(), up.of + down.of);
    println!(
        "{pair}: {exact} of {of} exact (up {} of {}, down {} of {})",
        up.exact, up.of, down.exact, down.of
    );
    for failure in &outcome.failures {
        println!("  {failure}");
    }
    assert!(exact >= reached, "{pair}: {exact} exact, {reached} were");
}

#[test]
fn kubernetes_ingress() {
    judge("k8s-ingress-v1beta1-v1", 71, |_| {
        "io.k8s.api.networking.v1.Ingress".to_owned()
    });
}

#[test]
fn kubernetes_autoscaler() {
    judge("k8s-hpa-v1-v2", 27, |_| {
        "io.k8s.api.autoscaling.v2beta2.HorizontalPodAutoscaler".to_owned()
    });
}

#[test]
fn cyclonedx() {
    judge("cyclonedx-1.4-1.6", 56, |_| "Document".to_owned());
}

#[test]
fn fhir() {
    judge("fhir-r3-r4", 9, |document| {
        document["resourceType"].as_str().unwrap_or_default().to_owned()
    });
}
