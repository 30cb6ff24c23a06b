//! Every engine passes every file of the suite. The format is told in `conformance/README.md`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use sluice_conformance::transformations::{Engine, File, Reference, files, judge, walked};
use sluice_transforms::message_op::MESSAGE_OPERATORS;
use sluice_transforms::op::registry::OPERATORS;

/// The engines: each is given the same data.
const ENGINES: [&dyn Engine; 1] = [&Reference];

/// The failures of a file, and how many cases it has.
fn run(engine: &dyn Engine, file: &File) -> (usize, Vec<String>) {
    let mut roots = BTreeMap::from([(file.origin().to_owned(), file.compiled())]);
    let mut wrong = Vec::new();
    for case in &file.cases {
        let origin = case.origin.as_deref().unwrap_or(file.origin());
        let lineage = roots
            .entry(origin.to_owned())
            .or_insert_with(|| file.rerooted(origin));
        if let Err(why) = judge(engine, lineage, case) {
            wrong.push(format!("{}: {}\n{why}", file.name, case.name));
        }
    }
    (file.cases.len(), wrong)
}

#[test]
fn every_engine_passes_every_file() {
    let files = files();
    for engine in ENGINES {
        let done: Vec<_> = files.iter().map(|file| run(engine, file)).collect();
        let (cases, wrong): (Vec<usize>, Vec<Vec<String>>) = done.into_iter().unzip();
        println!(
            "{}: {} cases in {} files",
            engine.name(),
            cases.iter().sum::<usize>(),
            files.len()
        );
        let wrong = wrong.concat();
        assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n\n"));
    }
}

#[test]
fn every_operator_is_walked_over_in_both_directions() {
    let mut met = BTreeSet::new();
    for file in files() {
        let lineage = file.compiled();
        let own = file.cases.iter().filter(|case| case.origin.is_none());
        met.extend(own.flat_map(|case| walked(&lineage, case)));
    }
    let all = OPERATORS
        .iter()
        .map(|o| o.name)
        .chain(MESSAGE_OPERATORS.iter().map(|o| o.name));
    let missing: Vec<_> = all
        .flat_map(|name| [(name, "up"), (name, "down")])
        .filter(|way| !met.contains(way))
        .collect();
    assert!(missing.is_empty(), "no case walks over {missing:?}");
}

#[test]
fn the_same_mapping_makes_the_same_contracts_from_every_root() {
    for file in files() {
        let lineage = file.compiled();
        let rerooted: BTreeSet<_> = file
            .cases
            .iter()
            .filter_map(|case| case.origin.as_deref())
            .collect();
        for origin in rerooted {
            let other = file.rerooted(origin);
            for version in lineage.versions() {
                let names = |l: &sluice_transforms::lineage::Lineage| {
                    let contract = l.contract(version).expect("a version");
                    let fields = contract.types.iter().map(|(name, shape)| {
                        let fields: BTreeSet<_> = shape
                            .fields()
                            .iter()
                            .map(|f| (f.name.clone(), f.required))
                            .collect();
                        (name.clone(), fields)
                    });
                    fields.collect::<BTreeMap<_, _>>()
                };
                assert_eq!(
                    names(&lineage),
                    names(&other),
                    "{}: {version} from {origin}",
                    file.name
                );
            }
        }
    }
}
