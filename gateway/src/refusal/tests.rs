//! What refusals become.

use std::collections::HashSet;

use super::*;

#[test]
fn codes_are_unique_and_statuses_are_errors() {
    let codes: HashSet<_> = Kind::ALL.iter().map(|kind| kind.code()).collect();
    assert_eq!(codes.len(), Kind::ALL.len());
    assert!(
        Kind::ALL
            .iter()
            .all(|kind| kind.status().is_client_error() || kind.status().is_server_error())
    );
}

#[test]
fn a_problem_has_the_members_of_rfc_9457() {
    let refusal = Refusal::new(Kind::UnknownVersion, "there is no version 9.0")
        .at("/version")
        .with("versions", json!(["1.0", "2.0"]));
    let (status, problem) = refusal.to_problem();
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(
        problem,
        json!({
            "type": "urn:sluice:problem:unknown_version",
            "title": "There is no such version",
            "status": 400,
            "detail": "there is no version 9.0",
            "code": "unknown_version",
            "pointer": "/version",
            "versions": ["1.0", "2.0"],
        })
    );
}

#[test]
fn a_405_names_what_is_allowed() {
    let answer = Refusal::method_not_allowed(&Method::PUT, [Method::GET, Method::POST]).answer();
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.headers()[ALLOW], "GET, POST");
    assert_eq!(answer.headers()[CONTENT_TYPE], MEDIA_TYPE);
}

#[test]
fn an_endpoint_is_not_told_to_clients() {
    let fault = upstream::Fault::Reset {
        endpoint: "10.0.0.7:9100".into(),
    };
    assert!(!Refusal::from(&fault).detail().contains("10.0.0.7"));
}
