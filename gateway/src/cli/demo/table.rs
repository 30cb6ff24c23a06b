//! What the demo prints: a line to try for each version.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use jiff::Timestamp;
use sluice_config::plan::{ApiPlan, Plan, Selector, VersionPlan};

use super::credentials::{Credentials, Proof};
use crate::lifecycle::standing;

/// The customer of the specification.
const CUSTOMER: &str = "cus_000017";
/// The version that the other ways of naming one are shown with.
const SHOWN: &str = "3.1";

/// The table, with the addresses that are served.
pub(super) fn write(plan: &Plan, backend: SocketAddr, now: Timestamp, credentials: &Credentials) -> String {
    let mut out = String::new();
    let (Some(api), Some(listen)) = (plan.apis.first(), plan.listen.first()) else {
        return out;
    };
    let base = format!("http://{}", reachable(*listen));
    let origin = api.version_name(api.origin);
    let _ = writeln!(
        out,
        "One backend speaks {origin}; every version reads the same customer from it.\n\n\
         Tokens are for versions with `Bearer`; this one is good for twelve hours, until the demo ends:\n\n  \
         TOKEN={}\n",
        credentials.token
    );
    for (version, standing) in api.versions.iter().zip(standing(api, now)) {
        let id = api.version(&version.name);
        let proof = id.map_or(Proof::None, |id| Credentials::for_version(api, id));
        let curl = curl_line(&url(&base, version), "", &proof);
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
        line(
            &mut out,
            "the console",
            &format!(
                "http://{}/console, with 90 days of traffic that is made up",
                reachable(admin)
            ),
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

/// A call, with a field that names the version and what proves who asks. The shell fills the token in.
fn curl_line(url: &str, field: &str, proof: &Proof) -> String {
    let joint = if url.contains('?') { '&' } else { '?' };
    let (credential, url) = match proof {
        Proof::None => (String::new(), url.to_owned()),
        Proof::Query(pair) => (String::new(), format!("{url}{joint}{pair}")),
        Proof::Field(text) => (format!("-H \"{text}\" "), url.to_owned()),
    };
    let field = if field.is_empty() {
        String::new()
    } else {
        format!("-H \"{field}\" ")
    };
    format!("curl {field}{credential}'{url}'")
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
    let proof = Credentials::for_version(api, api.version(SHOWN)?);
    match selector {
        Selector::Header(name) => {
            let field = format!("{}: {SHOWN}", spelled(name.as_str()));
            Some(("header", curl_line(&url, &field, &proof)))
        }
        Selector::MediaType {
            media_type,
            parameter,
        } => {
            let field = format!("Accept: {media_type};{parameter}={SHOWN}");
            Some(("media type", curl_line(&url, &field, &proof)))
        }
        Selector::Query(name) => Some(("query", curl_line(&format!("{url}?{name}={SHOWN}"), "", &proof))),
        // Acme is pinned to a version that takes its key.
        Selector::Pin => Some((
            "pin",
            curl_line(&url, "", &Proof::Field("x-api-key: demo-key-acme".to_owned())),
        )),
        Selector::Path => None,
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
