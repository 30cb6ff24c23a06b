//! What was authorised is what is sent: whatever stands in an id, the forwarded path is one segment below the collection.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use proptest::prelude::*;
use sluice_conformance::stage::Stage;
use sluice_gateway::canonical;

const NONE: &AsciiSet = NON_ALPHANUMERIC;

/// Ids made of what paths are broken with, and of anything else.
fn odd_ids() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("..".to_owned()),
        Just(".".to_owned()),
        Just("/".to_owned()),
        Just("%2e".to_owned()),
        Just("%2f".to_owned()),
        Just("\\".to_owned()),
        Just("%".to_owned()),
        Just(" ".to_owned()),
        Just("?".to_owned()),
        Just("#".to_owned()),
        Just("&".to_owned()),
        Just(";".to_owned()),
        Just("+".to_owned()),
        Just("é".to_owned()),
        Just("\u{202e}".to_owned()),
        Just("\0".to_owned()),
        Just("\r\n".to_owned()),
        Just("customers".to_owned()),
        any::<char>().prop_map(String::from),
        "[a-z0-9_]{1,6}",
    ];
    proptest::collection::vec(piece, 1..5).prop_map(|pieces| pieces.concat())
}

/// The requests that name this id: in a path slot and in the query, translated and not.
fn targets(id: &str) -> [String; 4] {
    let escaped = utf8_percent_encode(id, NONE);
    [
        format!("/v3.3/customers/{escaped}"),
        format!("/v2.0/customers/{escaped}"),
        format!("/v4.0-beta/customers/{escaped}"),
        format!("/api/v1.1/getCustomer?id={escaped}"),
    ]
}

#[test]
fn an_id_never_leaves_its_place() {
    let stage = Stage::integrationhub();
    let mut config = ProptestConfig::with_cases(400);
    config.failure_persistence = None;
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let run = runner.run(&odd_ids(), |id| {
        for target in targets(&id) {
            stage.backend().forget();
            let answer = stage.get(&target, &[]);
            let requests = stage.backend().requests();
            let Some(asked) = requests.first() else {
                prop_assert!([400, 422].contains(&answer.status), "{target}: {}", answer.status);
                continue;
            };
            prop_assert!(!asked.target.contains('?'), "{target} -> {}", asked.target);
            let canonical = canonical::path(&asked.target);
            prop_assert_eq!(
                canonical.as_ref().map(canonical::CanonicalPath::as_str),
                Ok(asked.target.as_str())
            );
            let below = asked.target.strip_prefix("/customers/").unwrap_or_default();
            prop_assert!(!below.contains('/'), "{target} -> {}", asked.target);
            prop_assert_eq!(percent_decode_str(below).decode_utf8_lossy(), id.as_str());
        }
        Ok(())
    });
    run.unwrap();
}

#[test]
fn hosts_and_targets_that_two_would_read_differently_are_refused() {
    let stage = Stage::integrationhub();
    let heads = [
        "GET /v3.3/customers HTTP/1.1\r\n\r\n",
        "GET /v3.3/customers HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n",
        "GET /v3.3/customers HTTP/1.1\r\nhost: a b\r\n\r\n",
        "GET /v3.3/customers HTTP/1.1\r\nhost: a:x\r\n\r\n",
        "GET http://b/v3.3/customers HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET /v3.3/./customers HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET /v3.3\\customers HTTP/1.1\r\nhost: a\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n",
        "CONNECT a:80 HTTP/1.1\r\nhost: a:80\r\n\r\n",
    ];
    for head in heads {
        let answer = stage.client().write(head).answer("GET");
        let answer = answer.unwrap_or_else(|broken| panic!("{head}: {broken:?}"));
        assert!([400, 405].contains(&answer.status), "{head}: {answer:?}");
        assert!(stage.backend().requests().is_empty(), "{head}");
    }
    let same = "GET http://a/v3.3/customers HTTP/1.1\r\nhost: a\r\n\r\n";
    drop(stage.client().write(same).answer("GET").unwrap().expect(200));
}
