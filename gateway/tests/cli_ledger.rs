//! The ledger of the real binary: what a killed process has lost at most, a store that comes late, an end in good order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "cli/sluice.rs"]
mod binary;
#[allow(dead_code, reason = "each test file uses its part")]
#[path = "cli/todos.rs"]
mod todos;

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use binary::{Process, example, free_address, get};
use jiff::{SignedDuration, Timestamp};
use sluice_config::plan::UsagePlan;
use sluice_config::{Sources, load, render_all};
use sluice_gateway::ledger::fact::Kind;
use sluice_gateway::ledger::question::{Grain, Question};
use sluice_gateway::ledger::store::Store;
use tempfile::TempDir;

/// The small example with a ledger in a file.
struct Kept {
    directory: TempDir,
    backend: SocketAddr,
    data: SocketAddr,
    admin: SocketAddr,
}

impl Kept {
    /// `file` is where usage is kept.
    fn new(file: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        copy(Path::new(&example("hello")), directory.path());
        let main = directory.path().join("sluice.yaml");
        let text = fs::read_to_string(&main).unwrap();
        let usage = format!(
            "\nusage: {{store: {{sqlite: {file}}}, flush: 1s}}\ndrain: {{announce: 0s, grace: 5s}}\n"
        );
        fs::write(&main, text + &usage).unwrap();
        Self {
            directory,
            backend: todos::serve(),
            data: free_address(),
            admin: free_address(),
        }
    }

    fn start(&self) -> Process {
        self.start_with(&[])
    }

    fn start_with(&self, more: &[&str]) -> Process {
        let environment = [
            ("SLUICE_LISTEN", self.data.to_string()),
            ("SLUICE_ADMIN", self.admin.to_string()),
            ("TODOS_UPSTREAM", self.backend.to_string()),
            (
                "SLUICE_UPGRADE_SOCKET",
                self.directory.path().join("upgrade.sock").display().to_string(),
            ),
        ];
        let run = ["run", self.directory.path().to_str().unwrap()];
        let process = Process::start(&[&run, more].concat(), &environment);
        process.until("readiness", || {
            get(self.admin, "/readyz").is_some_and(|answer| answer.status == 200)
        });
        process
    }

    /// So many requests, each answered.
    fn ask(&self, count: u64) {
        for _ in 0..count {
            assert_eq!(get(self.data, "/v1/todos/1").unwrap().status, 200);
        }
    }

    fn plan(&self) -> UsagePlan {
        let sources = Sources::read(self.directory.path()).unwrap();
        let loaded = load(&sources, &|_: &str| None);
        loaded
            .unwrap_or_else(|faults| panic!("{}", render_all(&faults, &sources)))
            .plan
            .usage
            .unwrap()
    }

    /// How many requests are kept.
    fn kept(&self) -> u64 {
        self.kept_by(Grain::Day)
    }

    fn kept_by(&self, grain: Grain) -> u64 {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (plan, now) = (self.plan(), Timestamp::now());
        let known = runtime.block_on(async {
            let store = Store::open(&plan, Some(self.directory.path())).await.unwrap();
            let question = Question {
                kinds: &[Kind::Request],
                api: Some("todos"),
                version: Some("1"),
                who: None,
                grain,
                since: now.checked_sub(SignedDuration::from_hours(48)).unwrap(),
                until: now.checked_add(SignedDuration::from_hours(48)).unwrap(),
                by_time: false,
                most: 1_000,
            };
            store.ask(&question).await.unwrap()
        });
        known.iter().map(|row| row.counts.all()).sum()
    }

    fn metric(&self, name: &str) -> f64 {
        let text = get(self.admin, "/metrics").unwrap().body;
        let line = text
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_else(|| panic!("no {name} in {text}"));
        line.rsplit_once(' ').unwrap().1.parse().unwrap()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_rehearsal_asks_the_store_and_leaves_it_as_it_is() {
    let kept = Kept::new("usage.sqlite");
    let mut process = kept.start();
    kept.ask(20);
    process.signal("TERM");
    assert_eq!(process.end().code(), Some(0), "{}", process.err());
    assert_eq!(kept.kept(), 20);
    // Minutes and hours of today are far too old then.
    let mut process = kept.start_with(&["--now", "2031-01-01T00:00:00Z"]);
    kept.ask(30);
    assert!(process.err().contains("usage_is_kept=false"), "{}", process.err());
    let counted = "http_server_request_duration_seconds_count{";
    process.until("the count", || kept.metric(counted) >= 30.0);
    let panel = get(kept.admin, "/console/api/who-uses.json?api=todos&version=1").unwrap();
    assert_eq!(panel.status, 200, "{}", panel.body);
    process.signal("TERM");
    assert_eq!(process.end().code(), Some(0), "{}", process.err());
    assert_eq!(kept.kept_by(Grain::Minute), 20);
    assert_eq!(kept.kept(), 20);
}

#[test]
fn a_killed_process_loses_what_it_had_not_flushed_and_nothing_else() {
    let kept = Kept::new("usage.sqlite");
    let mut known = 0;
    for round in 1..=4 {
        let mut process = kept.start();
        kept.ask(20 * round);
        process.until("the flush", || kept.kept() == known + 20 * round);
        // What comes now may have been flushed, or not.
        kept.ask(15);
        process.signal("KILL");
        assert_eq!(process.end().code(), None);
        let now = kept.kept();
        assert!(
            (known + 20 * round..=known + 20 * round + 15).contains(&now),
            "{known} {now}"
        );
        known = now;
    }
    let mut process = kept.start();
    kept.ask(7);
    process.signal("TERM");
    assert_eq!(process.end().code(), Some(0), "{}", process.err());
    assert_eq!(kept.kept(), known + 7, "an end in good order loses nothing");
}

#[test]
fn a_store_that_cannot_be_opened_is_told_and_tried_again() {
    let kept = Kept::new("later/usage.sqlite");
    let mut process = kept.start();
    kept.ask(9);
    process.until("the word about it", || {
        process.err().contains("usage figures cannot be kept now")
    });
    process.until("a flush that failed", || {
        kept.metric("sluice_ledger_pending_rows") > 0.0
    });
    assert_eq!(kept.metric("sluice_ledger_store_up"), 0.0);
    assert!(kept.metric("http_server_request_duration_seconds_count") >= 9.0);
    fs::create_dir(kept.directory.path().join("later")).unwrap();
    process.until("the store", || kept.metric("sluice_ledger_store_up") == 1.0);
    process.until("everything that waited", || {
        kept.metric("sluice_ledger_pending_rows") == 0.0
    });
    assert_eq!((kept.kept(), kept.metric("sluice_ledger_lost_total")), (9, 0.0));
    process.signal("TERM");
    assert_eq!(process.end().code(), Some(0));
}

#[test]
fn without_usage_nothing_is_written_and_metrics_are_there() {
    let kept = Kept::new("usage.sqlite");
    let main = kept.directory.path().join("sluice.yaml");
    let text = fs::read_to_string(&main).unwrap();
    let without: Vec<&str> = text.lines().filter(|line| !line.starts_with("usage:")).collect();
    fs::write(&main, without.join("\n")).unwrap();
    let mut process = kept.start();
    kept.ask(5);
    let text = get(kept.admin, "/metrics").unwrap().body;
    let labels = r#"{api="todos",version="1",operation="GET /todos/{id}",status_class="2xx"}"#;
    assert!(
        text.contains(&format!("http_server_request_duration_seconds_count{labels} 5")),
        "{text}"
    );
    assert!(
        text.contains(&format!("http_client_request_duration_seconds_count{labels} 5")),
        "{text}"
    );
    assert!(
        text.contains("sluice_transformation_duration_seconds_count{"),
        "{text}"
    );
    assert!(
        text.contains("sluice_generation{} 1") && text.ends_with("# EOF\n"),
        "{text}"
    );
    process.signal("TERM");
    assert_eq!(process.end().code(), Some(0));
    let written = fs::read_dir(kept.directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let written: Vec<_> = written
        .filter(|name| name.to_string_lossy().contains("usage"))
        .collect();
    assert!(written.is_empty(), "{written:?}");
}
