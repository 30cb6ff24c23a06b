//! Who breaks, by traffic that is made from a known list of who does what.

use super::super::given;
use super::*;

fn rows(known: Vec<given::Given>) -> Vec<Known> {
    known.into_iter().map(Into::into).collect()
}

fn refused(who: &Who, operation: &str, code: &str, count: u64) -> given::Given {
    given::row(Kind::Refused, "2.0", who, [operation, "", code], count)
}

fn names(known: &[Known], target: Target<'_>) -> Vec<(String, u64)> {
    let all = breaks(known, target, Way::Off, None, &Consumers::default());
    all.into_iter().map(|one| (one.who, one.requests)).collect()
}

fn traffic() -> Vec<Known> {
    let (acme, megacorp) = (given::consumer("acme"), given::consumer("megacorp"));
    let (curl, denied) = (
        given::unidentified("203.0.113.0/24 curl"),
        given::unidentified("198.51.100.0/24 bot"),
    );
    rows(vec![
        given::request("2.0", &acme, "getCustomer", 50).chosen_by("path"),
        given::request("2.0", &acme, "getCustomer", 7).chosen_by("header"),
        given::request("2.0", &acme, "putCustomer", 10),
        refused(&acme, "putCustomer", "rate_limited", 4),
        given::request("2.0", &megacorp, "putCustomer", 90),
        given::request("2.0", &curl, "getCustomer", 3),
        given::request("2.0", &Who::Other, "", 1),
        given::request("2.0", &denied, "getCustomer", 40),
        refused(&denied, "getCustomer", "unauthenticated", 40),
        given::request("3.0", &denied, "getCustomer", 400),
        given::sent("2.0", &megacorp, "putCustomer", "2.0..2.1", "Customer /name", 90),
        given::sent("2.0", &acme, "putCustomer", "2.0..2.1", "Customer /city", 6),
        given::sent("3.0", &acme, "putCustomer", "", "Customer /name", 6),
        given::delivered("2.0", &acme, "getCustomer", "2.0..2.1", "Customer /name", 57),
    ])
}

fn listed<const N: usize>(expected: [(&str, u64); N]) -> Vec<(String, u64)> {
    expected.map(|(who, count)| (who.to_owned(), count)).to_vec()
}

#[test]
fn a_version_breaks_whoever_was_served_in_it() {
    let expected = listed([
        ("megacorp", 90),
        ("acme", 63),
        ("203.0.113.0/24 curl", 3),
        ("other", 1),
    ]);
    assert_eq!(names(&traffic(), Target::Version("2.0")), expected);
    assert!(names(&traffic(), Target::Version("1.0")).is_empty());
}

#[test]
fn an_operation_breaks_whoever_was_served_by_it() {
    let target = |operation| Target::Operation {
        version: "2.0",
        operation,
    };
    assert_eq!(
        names(&traffic(), target("putCustomer")),
        listed([("megacorp", 90), ("acme", 6)])
    );
    assert_eq!(
        names(&traffic(), target("getCustomer")),
        listed([("acme", 57), ("203.0.113.0/24 curl", 3)])
    );
}

#[test]
fn a_member_breaks_whoever_sends_it() {
    let target = Target::Member {
        version: "2.0",
        member: "Customer /name",
    };
    assert_eq!(names(&traffic(), target), listed([("megacorp", 90)]));
}

#[test]
fn exemptions_hold_against_a_sunset_alone() {
    let until: Timestamp = "2028-01-01T00:00:00Z".parse().unwrap_or_default();
    let before = until
        .checked_sub(jiff::SignedDuration::from_hours(1))
        .unwrap_or_default();
    assert!(Way::Sunset(before).spares(Some(until)));
    assert!(!Way::Sunset(until).spares(Some(until)));
    assert!(!Way::Sunset(before).spares(None));
    assert!(!Way::Off.spares(Some(until)));
}
