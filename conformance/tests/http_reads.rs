//! Reads over real sockets: every version sees every seeded customer as the specification says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use sluice_conformance::oracle::{self, Endpoint};
use sluice_conformance::stage::{Stage, VERSIONS};
use sluice_gateway::demo::backend;

#[test]
fn every_version_reads_every_customer() {
    let stage = Stage::integrationhub();
    for stored in backend::customers() {
        let id = stored["id"].as_str().unwrap();
        for version in VERSIONS {
            let Some(call) = oracle::path(version, Endpoint::Read, id) else {
                continue;
            };
            let answer = stage.get(&call.target, &[]);
            match oracle::lower(version, &stored).document() {
                Some(document) => {
                    assert_eq!(answer.expect(200).text(), document.to_string(), "{version} {id}")
                }
                None => drop(answer.expect(502)),
            }
        }
    }
}
