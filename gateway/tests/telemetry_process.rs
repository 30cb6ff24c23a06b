//! What the real binary tells of exchanges when it ends, and when nobody reads what it tells.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "cli/sluice.rs"]
mod binary;
#[path = "cli/collector.rs"]
mod collector;
#[path = "cli/todos.rs"]
#[allow(dead_code)]
mod todos;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use binary::{PATIENCE, Process, example, free_address, get};
use collector::Collector;
use serde_json::Value as Json;

/// The small example with more settings.
fn configuration(more: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for name in [
        "sluice.yaml",
        "apis/todos/api.yaml",
        "apis/todos/changes/1-2.yaml",
    ] {
        let to = directory.path().join(name);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(format!("{}/{name}", example("hello")), to).unwrap();
    }
    let main = directory.path().join("sluice.yaml");
    let text = fs::read_to_string(&main).unwrap();
    fs::write(&main, format!("{text}\n{more}\n")).unwrap();
    directory
}

fn environment(directory: &Path) -> (SocketAddr, SocketAddr, Vec<(&'static str, String)>) {
    let (data, admin, backend) = (free_address(), free_address(), todos::serve());
    let socket = directory.join("upgrade.sock").to_str().unwrap().to_owned();
    let environment = vec![
        ("SLUICE_LISTEN", data.to_string()),
        ("SLUICE_ADMIN", admin.to_string()),
        ("TODOS_UPSTREAM", backend.to_string()),
        ("SLUICE_UPGRADE_SOCKET", socket),
    ];
    (data, admin, environment)
}

#[test]
fn the_end_of_the_process_waits_for_spans_and_lines() {
    let collector = Collector::start();
    let directory = configuration(&format!(
        "drain: {{announce: 0s, grace: 5s}}\ntraces: {{collector: \"http://{}/v1/traces\", share: 1}}\naccess_log: {{to: {{file: access.jsonl}}}}",
        collector.address
    ));
    let (data, admin, environment) = environment(directory.path());
    let mut process = Process::start(&["run", directory.path().to_str().unwrap()], &environment);
    process.until("readiness", || {
        get(admin, "/readyz").is_some_and(|answer| answer.status == 200)
    });
    let answer = get(data, "/nowhere").unwrap();
    process.signal("TERM");
    assert!(process.end().success(), "{}", process.err());
    let access = fs::read_to_string(directory.path().join("access.jsonl")).unwrap();
    let line: Json = serde_json::from_str(access.trim_end()).unwrap();
    assert_eq!(
        (&line["path"], line["status"].as_u64()),
        (&"/nowhere".into(), Some(u64::from(answer.status)))
    );
    let traces = collector.text();
    assert!(traces.contains("canonicalise") && traces.contains(line["request_id"].as_str().unwrap()));
}

/// A process whose standard output is not read until the test does.
struct Unread(Child);

impl Drop for Unread {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// Sends so many requests over one connection, some at a time.
fn ask(address: SocketAddr, times: usize) {
    const AT_ONCE: usize = 100;
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let one = format!(
        "GET /nowhere HTTP/1.1\r\nhost: x\r\nuser-agent: {}\r\n\r\n",
        "x".repeat(200)
    );
    for _ in 0..times / AT_ONCE {
        stream.write_all(one.repeat(AT_ONCE).as_bytes()).unwrap();
        let (mut answered, mut kept, mut piece) = (0, Vec::new(), [0; 16 * 1024]);
        while answered < AT_ONCE {
            let count = stream.read(&mut piece).unwrap();
            assert!(count > 0, "the connection ended");
            kept.extend_from_slice(&piece[..count]);
            answered = kept.windows(11).filter(|bytes| *bytes == b"HTTP/1.1 40").count();
        }
    }
}

fn lost(admin: SocketAddr) -> u64 {
    let metrics = get(admin, "/metrics").unwrap().body;
    let told = |line: &&str| line.starts_with("sluice_access_log_lost_total");
    let line = metrics.lines().find(told).unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

/// Nobody reads standard output: exchanges go on, a bounded number of lines waits, and the rest is counted, and told once
/// somebody reads again.
#[test]
fn a_log_that_nobody_reads_costs_lines_and_nothing_else() {
    let directory = configuration("access_log: {to: stdout, request: [user-agent]}");
    let (data, admin, environment) = environment(directory.path());
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluice"));
    command.args(["run", directory.path().to_str().unwrap()]);
    command.envs(environment).env("RUST_LOG", "off");
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut unread = Unread(child.spawn().unwrap());
    let begun = Instant::now();
    while get(admin, "/readyz").is_none_or(|answer| answer.status != 200) {
        assert!(begun.elapsed() < PATIENCE);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    // More than wait in the queue, in the writer's hands and in the pipe.
    ask(data, 10_000);
    let missing = lost(admin);
    assert!((1..5_000).contains(&missing), "{missing}");
    let mut lines = BufReader::new(unread.0.stdout.take().unwrap()).lines();
    let mut told = 0;
    loop {
        let line: Json = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        if let Some(lost) = line["lost"].as_u64() {
            assert_eq!(lost, missing);
            break;
        }
        assert_eq!(line["path"], "/nowhere");
        told += 1;
    }
    assert!(told > 0);
    // What comes after the loss is told again: the line above was written before one of these.
    ask(data, 100);
    let after: Json = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(after["path"], "/nowhere");
}
