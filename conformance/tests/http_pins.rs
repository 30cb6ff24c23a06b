//! Versions that consumers are pinned to: a pin counts only when the request names none. Consumers come later; the
//! selection takes the pin as an argument.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use http::{HeaderMap, HeaderValue};
use sluice_conformance::stage::{Setup, VERSIONS};
use sluice_gateway::canonical;
use sluice_gateway::fields::target::pairs;
use sluice_gateway::refusal::Kind;
use sluice_gateway::stage::identify::{Request, identify};

/// How a request with this path and header is answered for a consumer with this pin: version and what chose it.
fn chosen(
    path: &str,
    header: Option<&'static str>,
    pin: Option<&str>,
) -> Result<(String, &'static str), Kind> {
    let plan = Setup::integrationhub().plan("127.0.0.1:1");
    let path = canonical::path(path).unwrap();
    let mut headers = HeaderMap::new();
    header
        .iter()
        .for_each(|value| drop(headers.insert("api-version", HeaderValue::from_static(value))));
    let request = Request {
        host: None,
        path: &path,
        query: &pairs("").unwrap(),
        headers: &headers,
    };
    let identified = identify(&plan, &request, pin).map_err(|none| none.refusal.kind())?;
    Ok((
        plan.apis[identified.api]
            .version_name(identified.version)
            .to_owned(),
        identified.chosen_by,
    ))
}

#[test]
fn a_pin_counts_when_the_request_names_no_version() {
    for version in VERSIONS {
        let found = chosen("/customers", None, Some(version));
        match version.starts_with('1') {
            true => assert_eq!(found, Err(Kind::NoVersion), "pins begin with 2.0"),
            false => assert_eq!(found, Ok((version.to_owned(), "pin"))),
        }
    }
}

#[test]
fn what_the_request_names_comes_before_a_pin() {
    assert_eq!(
        chosen("/customers", Some("3.1"), Some("2.0")),
        Ok(("3.1".to_owned(), "header"))
    );
    assert_eq!(
        chosen("/v3.0/customers", None, Some("2.0")),
        Ok(("3.0".to_owned(), "path"))
    );
    assert_eq!(
        chosen("/v3.0/customers", Some("3.0"), Some("2.0")),
        Ok(("3.0".to_owned(), "path"))
    );
}

#[test]
fn a_pin_to_no_version_is_no_pin() {
    assert_eq!(chosen("/customers", None, Some("9.9")), Err(Kind::NoVersion));
    assert_eq!(chosen("/customers", None, None), Err(Kind::NoVersion));
}
