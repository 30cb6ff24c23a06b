//! Reloads under load: no request is lost, memory stays flat, and a faulty configuration leaves the running edition.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use sluice_conformance::oracle::{self, Endpoint};
use sluice_conformance::stage::{PATIENCE, Setup, Stage, VERSIONS, example};
use sluice_gateway::reload::{Reloaded, Reloader};

const ID: &str = "cus_000017";
const MAIN: &str = "sluice.yaml";

/// The memory of the process now, in KiB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Reads and writes as every version, on its own connection, until told to stop. Gives the number of exchanges.
fn load(stage: &Stage, stop: &AtomicBool, done: &AtomicUsize) {
    let mut client = stage.client();
    while !stop.load(Ordering::Relaxed) {
        for version in VERSIONS {
            let target = oracle::path(version, Endpoint::Read, ID).unwrap().target;
            let answer = client.exchange("GET", &target, &[], b"").unwrap().expect(200);
            let call = oracle::path(version, Endpoint::Replace, ID).unwrap();
            let headers = [("content-type", "application/json")];
            let written = client
                .exchange(call.method, &call.target, &headers, &answer.body)
                .unwrap();
            // Several write at once, and what they keep is retried within a bound only.
            assert!(
                [200, 409, 412].contains(&written.status),
                "{version}: {}",
                written.text()
            );
            done.fetch_add(2, Ordering::Relaxed);
        }
    }
}

#[test]
fn two_hundred_reloads_under_load_lose_nothing() {
    let stage = Stage::integrationhub();
    let upstream = stage.backend().addr.to_string();
    // Another upstream each time: pools are made anew, and the old ones go with their last exchange.
    let plans = [15, 16].map(|s| {
        let timeouts = format!("timeouts: {{first_byte: {s}s}}");
        Setup::integrationhub()
            .upstream_setting(&timeouts)
            .plan(&upstream)
    });
    let (stop, done) = (AtomicBool::new(false), AtomicUsize::new(0));
    let editions = &stage.gateway().editions;
    let (early, late) = std::thread::scope(|scope| {
        (0..3).for_each(|_| drop(scope.spawn(|| load(&stage, &stop, &done))));
        let mut early = 0;
        for round in 0..200 {
            let (before, begun) = (done.load(Ordering::Relaxed), Instant::now());
            let shared = &stage.gateway().shared;
            editions.publish(plans[round % 2].clone(), shared).unwrap();
            // Each edition carries something.
            while done.load(Ordering::Relaxed) < before + 8 {
                assert!(begun.elapsed() < PATIENCE, "the load has stopped");
                std::thread::yield_now();
            }
            if round == 50 {
                early = resident();
            }
        }
        stop.store(true, Ordering::Relaxed);
        (early, resident())
    });
    assert_eq!(editions.current().unwrap().generation, 201);
    println!(
        "{} exchanges over 200 reloads; {early} KiB after 50, {late} KiB after 200",
        done.load(Ordering::Relaxed)
    );
    assert!(late < early + 16 * 1024, "memory grew from {early} to {late} KiB");
}

#[test]
fn an_exchange_sees_one_edition_from_beginning_to_end() {
    let stage = Stage::integrationhub();
    let slow = Duration::from_millis(500);
    stage
        .backend()
        .inject(sluice_gateway::demo::backend::Fault::Delay(slow));
    let mut client = stage.client();
    client.request("GET", "/v2.0/customers/cus_000017", &[], b"");
    while stage.backend().requests().is_empty() {
        std::thread::yield_now();
    }
    // The new edition's upstream is nobody; what is under way ends as it began.
    let nobody = sluice_conformance::stage::scripted::nobody().to_string();
    let plan = Setup::integrationhub().plan(&nobody);
    let gateway = stage.gateway();
    gateway.editions.publish(plan, &gateway.shared).unwrap();
    assert_eq!(stage.get("/v2.0/customers/cus_000017", &[]).status, 502);
    drop(client.answer("GET").unwrap().expect(200));
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

#[test]
fn a_faulty_configuration_leaves_the_running_edition() {
    let stage = Setup::guarded().start();
    let directory = tempfile::tempdir().unwrap();
    copy(&example(), directory.path());
    let main = directory.path().join(MAIN);
    let text = std::fs::read_to_string(&main).unwrap();
    let sound = text.replace(
        "${CUSTOMERS_UPSTREAM:-127.0.0.1:9100}",
        &stage.backend().addr.to_string(),
    );
    std::fs::write(&main, &sound).unwrap();
    let reloader = Reloader::new(directory.path());
    let reload = || reloader.reload(stage.gateway(), "test");
    let key = [("x-api-key", "demo-key-acme")];
    let serves = || drop(stage.get("/v2.0/customers/cus_000017", &key).expect(200));
    assert!(matches!(reload(), Reloaded::Unchanged { generation: 1, .. }));
    let sound = sound.replace("keep: read", "keep: read\n    retries: 7");
    std::fs::write(&main, &sound).unwrap();
    assert!(matches!(reload(), Reloaded::Published { generation: 2, .. }));
    serves();
    std::fs::write(&main, sound.replace("keep: read", "kept: read")).unwrap();
    let Reloaded::Refused { diagnostics, .. } = reload() else {
        panic!("a faulty configuration was taken")
    };
    assert!(
        json!(diagnostics.iter().map(|d| d.message.clone()).collect::<Vec<_>>())
            .to_string()
            .contains("kept")
    );
    assert_eq!(stage.gateway().editions.current().unwrap().generation, 2);
    serves();
    std::fs::write(&main, &sound).unwrap();
    assert!(matches!(reload(), Reloaded::Unchanged { generation: 2, .. }));
    serves();
}
