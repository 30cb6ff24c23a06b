//! What the demo prints: a line to try for each version.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use jiff::Timestamp;
use sluice_config::plan::{ApiPlan, Plan, Selector, VersionPlan};

use crate::lifecycle::standing;

/// The customer of the specification.
const CUSTOMER: &str = "cus_000017";
/// The version that the other ways of naming one are shown with.
const SHOWN: &str = "3.1";

/// The table, with the addresses that are served.
pub(super) fn write(plan: &Plan, backend: SocketAddr, now: Timestamp) -> String {
    let mut out = String::new();
    let (Some(api), Some(listen)) = (plan.apis.first(), plan.listen.first()) else {
        return out;
    };
    let base = format!("http://{}", reachable(*listen));
    let origin = api.version_name(api.origin);
    let _ = writeln!(
        out,
        "One backend speaks {origin}; every version reads the same customer from it.\n"
    );
    for (version, standing) in api.versions.iter().zip(standing(api, now)) {
        let curl = format!("curl '{}'", url(&base, version));
        line(
            &mut out,
            &version.name,
            &format!("{:<11} {curl}", standing.state.name()),
        );
    }
    if let Some(resting) = standing(api, now)
        .iter()
        .find(|standing| standing.rests.is_some())
    {
        let next = resting.rests.unwrap_or(now);
        let _ = writeln!(
            out,
            "\nIt is {now:.0}; the next rehearsal of a sunset: {next} ({}).",
            resting.name
        );
    }
    let _ = writeln!(out, "\nThe same without a version in the path:\n");
    for selection in &api.select {
        if let Some((name, curl)) = elsewhere(&base, api, &selection.selector) {
            line(&mut out, name, &curl);
        }
    }
    let _ = writeln!(out);
    if let Some(admin) = plan.admin {
        line(
            &mut out,
            "admin",
            &format!("curl http://{}/plan", reachable(admin)),
        );
    }
    line(
        &mut out,
        "the backend",
        &format!("curl http://{}/customers/{CUSTOMER}", reachable(backend)),
    );
    let _ = writeln!(out, "\nCtrl-C ends the demo.");
    out
}

fn line(out: &mut String, name: &str, curl: &str) {
    let _ = writeln!(out, "  {name:<13} {curl}");
}

/// Reading the customer in a version. Versions with a path of their own are those of the first generation, which had a
/// path for each operation; 1.0 had numbers for ids.
fn url(base: &str, version: &VersionPlan) -> String {
    let path = version.path.as_ref().map_or("", |path| path.as_str());
    match (version.name.as_str(), path.starts_with("/api/")) {
        ("1.0", true) => format!("{base}{path}/getCustomer?id=17"),
        (_, true) => format!("{base}{path}/getCustomer?id={CUSTOMER}"),
        _ => format!("{base}{path}/customers/{CUSTOMER}"),
    }
}

fn elsewhere(base: &str, api: &ApiPlan, selector: &Selector) -> Option<(&'static str, String)> {
    let url = format!("{base}{}/customers/{CUSTOMER}", api.unversioned);
    match selector {
        Selector::Header(name) => Some((
            "header",
            format!("curl -H '{}: {SHOWN}' '{url}'", spelled(name.as_str())),
        )),
        Selector::MediaType {
            media_type,
            parameter,
        } => Some((
            "media type",
            format!("curl -H 'Accept: {media_type};{parameter}={SHOWN}' '{url}'"),
        )),
        Selector::Query(name) => Some(("query", format!("curl '{url}?{name}={SHOWN}'"))),
        Selector::Path | Selector::Pin => None,
    }
}

/// A header's name as the specification writes it: `API-Version`.
fn spelled(name: &str) -> String {
    let word = |word: &str| match word {
        "api" => "API".to_owned(),
        _ => word
            .get(..1)
            .map_or_else(String::new, |first| first.to_uppercase() + &word[1..]),
    };
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}

/// An address that a client on this machine can call: one that means every interface is none.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, address.port())
}
