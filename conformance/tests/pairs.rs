//! Version pairs of public APIs, translated by mappings of `lineages/`. The mappings were written from what each pair's
//! README says and from a minority of the documents; all documents judge them.
//!
//! `cargo test -p sluice-conformance --test pairs -- --nocapture` shows what does not come out, and what is said in
//! scripts because no operator says it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;
use sluice_conformance::pairs::{VersionPair, place};

/// What is known of a pair.
struct Known {
    /// How many documents come out exactly, and how many come back as they were.
    reached: (usize, usize),
    /// Documents that do not, by the beginning of their names, and why.
    beyond: &'static [(&'static str, &'static str)],
    /// What is said in scripts, and the operator that would say it.
    wanted: &'static [&'static str],
}

/// Runs a pair, and holds it to what was reached.
fn judge(pair: &str, known: &Known, type_of: impl Fn(&Value) -> String) {
    let Some(place) = place(pair) else {
        println!("skipped: there is no ../shared/pairs/{pair}");
        return;
    };
    let outcome = VersionPair::read(pair, &place).run(type_of);
    let (up, down, back) = (outcome.up, outcome.down, outcome.back);
    let (exact, of) = (outcome.exact(), up.of + down.of);
    println!(
        "{pair}: {exact} of {of} exact (up {}, down {})",
        up.exact, down.exact
    );
    println!("  {} of {} come back as they were", back.exact, back.of);
    for failure in &outcome.failures {
        println!("  {failure}");
        let why = known.beyond.iter().find(|(case, _)| failure.starts_with(case));
        why.iter().for_each(|(_, why)| println!("    {why}"));
    }
    known
        .wanted
        .iter()
        .for_each(|wanted| println!("  in a script: {wanted}"));
    assert!(
        exact >= known.reached.0,
        "{pair}: {exact} exact, {} were",
        known.reached.0
    );
    assert!(
        back.exact >= known.reached.1,
        "{pair}: {} come back, {} did",
        back.exact,
        known.reached.1
    );
}

#[test]
fn kubernetes_ingress() {
    let known = Known {
        reached: (71, 70),
        beyond: &[],
        wanted: &[],
    };
    judge("k8s-ingress-v1beta1-v1", &known, |_| {
        "io.k8s.api.networking.v1.Ingress".to_owned()
    });
}

#[test]
fn kubernetes_autoscaler() {
    let known = Known {
        reached: (27, 23),
        beyond: &[],
        wanted: &[
            "a member is the element of a list that its tags select, other elements beside it: `tagged_element`",
            "a value is JSON in a text: `json_text`",
            "a member moves into a map under a fixed name: `move` into a map",
        ],
    };
    judge("k8s-hpa-v1-v2", &known, |_| {
        "io.k8s.api.autoscaling.v2beta2.HorizontalPodAutoscaler".to_owned()
    });
}

#[test]
fn cyclonedx() {
    let known = Known {
        reached: (56, 0),
        beyond: &[(
            "get_bom_with_component_setuptools_with_release_notes up",
            "The old document does not hold the properties of the new one: the same values stand elsewhere in it.",
        )],
        wanted: &[
            "the new side decides alone between a list and an object of lists, which are joined and sorted: `join`",
            "what refers to an element that was left out goes with it: `references`",
            "members go from an object that has no named type, among alternatives: `each` into alternatives",
        ],
    };
    judge("cyclonedx-1.4-1.6", &known, |_| "Document".to_owned());
}

#[test]
fn fhir() {
    let known = Known {
        reached: (17, 0),
        beyond: &[
            (
                "medication_request-up",
                "The published new document is none of 4.0: its doses stand twice, the first time where 3.0 has them.",
            ),
            (
                "medication_request-down",
                "The published new document is none of 4.0: it has 3.0's `context`, which is refused as captured.",
            ),
            (
                "0_allergy",
                "The publisher writes the verification status as the clinical one, too.",
            ),
            (
                "1_allergy",
                "The publisher writes the verification status as the clinical one, too.",
            ),
            (
                "0_device",
                "The definition does not follow from the old document.",
            ),
            (
                "1_device",
                "The definition does not follow from the old document.",
            ),
        ],
        wanted: &[
            "a member is the element of a list that its tags select, other elements beside it: `tagged_element`",
            "several members become one by a table of their values, and back: `combine`",
            "a list goes to the end of another: `append`",
            "a type stands where a member names it, in a place without a type: discriminators of untyped places",
        ],
    };
    let type_of = |document: &Value| document["resourceType"].as_str().unwrap_or_default().to_owned();
    judge("fhir-r3-r4", &known, type_of);
}
