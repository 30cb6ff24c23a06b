//! Messages and the changes that they pass, in the example's tree.

use std::collections::BTreeSet;

use sluice_config::{Sources, load};

use super::super::given;
use super::*;
use crate::ledger::fact::Who;

fn lineage() -> std::sync::Arc<Lineage> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/examples/integrationhub");
    let sources = Sources::read(std::path::Path::new(directory)).unwrap();
    load(&sources, &|_| None).unwrap().plan.apis.remove(0).lineage
}

fn counted(kind: Kind, version: &str, operation: &str, change: &str, what: &str, count: u64) -> Known {
    given::row(kind, version, &Who::Everybody, [operation, change, what], count).into()
}

#[test]
fn a_message_passes_every_change_on_its_way() {
    let lineage = lineage();
    let rows = [
        counted(Kind::Lifted, "1.0", "putCustomer", "", "", 3),
        counted(Kind::Lifted, "1.0", "createCustomer", "", "", 2),
        counted(Kind::Lowered, "3.1", "getCustomer", "", "", 40),
        counted(Kind::Lowered, "2.1-megacorp", "getCustomer", "", "", 100),
        counted(Kind::Lowered, "0.9", "getCustomer", "", "", 1_000),
    ];
    let changes = judge(&lineage, &rows);
    let of = |name: &str| changes.iter().find(|c| c.change == name).unwrap();
    assert_eq!((of("1.0..1.1").lifted, of("1.0..1.1").lowered), (5, 0));
    assert_eq!((of("3.1..3.2").lifted, of("3.1..3.2").lowered), (5, 140));
    assert_eq!(of("2.1-megacorp..2.1").lowered, 100);
    assert_eq!(
        of("2.1-megacorp..2.1").lifted,
        0,
        "a branch is no part of the trunk's way"
    );
    assert_eq!(of("2.1..2.2").lowered, 100);
    // Every change once, whatever was counted.
    assert_eq!(changes.len(), lineage.changes().len());
    let names: BTreeSet<_> = changes.iter().map(|c| &c.change).collect();
    assert_eq!(names.len(), changes.len());
}

#[test]
fn failures_belong_to_their_change_and_place() {
    let lineage = lineage();
    let change = "2.0..2.1";
    let mut rows = vec![
        counted(Kind::Faulted, "1.0", "putCustomer", change, "/address", 3),
        counted(Kind::Faulted, "1.0", "createCustomer", change, "/address", 4),
        counted(Kind::Faulted, "2.0", "putCustomer", change, "/address", 5),
        counted(Kind::Lost, "2.0", "listCustomers", change, "Customer", 6),
        counted(Kind::Faulted, "2.0", "putCustomer", "0.8..0.9", "/address", 7),
    ];
    let many = (0..20).map(|n| counted(Kind::Faulted, "2.0", "put", change, &format!("/m{n}"), 1));
    rows.extend(many);
    let changes = judge(&lineage, &rows);
    let health = changes.iter().find(|c| c.change == change).unwrap();
    assert_eq!((health.failures, health.losses), (32, 6));
    assert_eq!(health.pointers.len(), PLACES);
    let first = &health.pointers[0];
    assert_eq!(
        (first.pointer.as_str(), first.version.as_str(), first.failures),
        ("/address", "1.0", 7)
    );
    assert_eq!(
        (health.pointers[1].version.as_str(), health.pointers[1].failures),
        ("2.0", 5)
    );
    let others: u64 = changes
        .iter()
        .filter(|c| c.change != change)
        .map(|c| c.failures + c.losses)
        .sum();
    assert_eq!(others, 0);
}
