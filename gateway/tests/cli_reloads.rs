//! Two hundred reloads under load: no request is lost, and memory stays flat.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "cli/sluice.rs"]
mod binary;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::spawn;

use sluice_gateway::demo::issuer::Issuer;

use binary::{PATIENCE, Process, ask, example, free_address, get};

const RELOADS: usize = 200;
/// After so many the process has what it needs: pools, arenas, the largest edition.
const WARM: usize = 60;
/// How much memory may still grow; an edition of the example takes several MiB in a build for tests.
const GROWTH: usize = 24 << 20;
/// Outside of every brownout.
const NOON: &str = "2026-06-15T12:00:00Z";
const CHANGE: &str = "apis/customers/changes/3.0-3.1.yaml";

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        if from.is_dir() {
            copy(&from, &to)
        } else {
            fs::copy(from, to).map(drop).unwrap()
        }
    }
}

/// Reads one customer again and again on one connection, and counts; fails on any answer but 200.
/// A token that outlives the test.
fn issued(issuer: &Issuer) -> String {
    let (now, lasts) = (NOON.parse().unwrap(), jiff::SignedDuration::from_hours(12));
    let id = "https://id.integrationhub.example";
    issuer.token("initech", &["customers.read"], "customers", id, now, lasts)
}

fn read_on(address: SocketAddr, target: &str, fields: &str, stop: &AtomicBool) -> usize {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let request = format!("GET {target} HTTP/1.1\r\nHost: {address}\r\n{fields}\r\n");
    let mut answers = 0;
    while !stop.load(Ordering::Relaxed) {
        stream.write_all(request.as_bytes()).unwrap();
        let body = answer(&mut reader);
        assert!(body.contains("Ada Lovelace"), "{target}: {body}");
        answers += 1;
    }
    answers
}

fn answer(reader: &mut impl BufRead) -> String {
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        let start = head.len();
        assert!(
            reader.read_line(&mut head).unwrap() > 0,
            "the connection was closed: {head}"
        );
        if let Some(value) = head[start..].strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
    }
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    String::from_utf8(body).unwrap()
}

/// Bytes of memory that a process holds.
fn resident(process: u32) -> usize {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.split_whitespace().next().unwrap().parse::<usize>().unwrap() << 10
}

#[test]
fn reloads_under_load_lose_nothing_and_leave_memory_flat() {
    let directory = tempfile::tempdir().unwrap();
    copy(Path::new(&example("integrationhub")), directory.path());
    let (data, admin) = (free_address(), free_address());
    let backend = sluice_gateway::demo::backend::serve(([127, 0, 0, 1], 0).into()).unwrap();
    let issuer = Issuer::new();
    let key_set = directory.path().join("jwks.json");
    fs::write(&key_set, issuer.jwks().to_string()).unwrap();
    let environment = [
        ("CUSTOMERS_JWKS", key_set.display().to_string()),
        ("SLUICE_LISTEN", data.to_string()),
        ("SLUICE_ADMIN", admin.to_string()),
        ("CUSTOMERS_UPSTREAM", backend.addr.to_string()),
        ("RUST_LOG", "warn".to_owned()),
    ];
    let socket = directory.path().join("upgrade.sock");
    let arguments = [
        "run",
        directory.path().to_str().unwrap(),
        "--upgrade-socket",
        socket.to_str().unwrap(),
        // Outside of every brownout.
        "--now",
        NOON,
    ];
    let process = Process::start(&arguments, &environment);
    process.until("readiness", || {
        get(admin, "/readyz").is_some_and(|answer| answer.status == 200)
    });

    let stop = Arc::new(AtomicBool::new(false));
    let token = format!("Authorization: Bearer {}\r\n", issued(&issuer));
    let targets = [
        ("/api/v1.0/getCustomer?id=17&api_key=demo-key-acme", String::new()),
        (
            "/v2.1/customers/cus_000017",
            "X-API-Key: demo-key-acme\r\n".to_owned(),
        ),
        ("/v3.3/customers/cus_000017", token),
    ];
    let clients = targets.map(|(target, fields)| {
        let stop = Arc::clone(&stop);
        spawn(move || read_on(data, target, &fields, &stop))
    });
    let file = directory.path().join(CHANGE);
    let text = fs::read_to_string(&file).unwrap();
    let mut warm = 0;
    for reload in 0..RELOADS {
        fs::write(&file, text.replace("summary: ", &format!("summary: {reload} "))).unwrap();
        assert_eq!(
            ask(admin, "POST", "/reload", "", "").unwrap().status,
            200,
            "{}",
            process.err()
        );
        if reload == WARM {
            warm = resident(process.id());
        }
    }
    let grown = resident(process.id()).saturating_sub(warm);
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        assert!(client.join().unwrap() > 0);
    }
    let plan: serde_json::Value = serde_json::from_str(&get(admin, "/plan").unwrap().body).unwrap();
    assert!(plan["generation"].as_u64().unwrap() > RELOADS as u64);
    println!(
        "memory grew by {} KiB over {} reloads, from {} KiB",
        grown >> 10,
        RELOADS - WARM,
        warm >> 10
    );
    assert!(grown < GROWTH, "memory grew by {grown} bytes");
}
