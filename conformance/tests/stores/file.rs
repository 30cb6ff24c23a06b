//! What only a file can suffer: a killed process, a full disk, a path that is none.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, process};

use sluice_conformance::stage::PATIENCE;
use sluice_gateway::ledger::fact::Who;
use sluice_gateway::ledger::question::Grain;
use sluice_gateway::ledger::store::{Store, StoreFault};

use super::{At, all, batch, consumer, fact, now, plan, row, run, sqlite};

/// Tells the process that is killed where the store is, and which gateway it is.
const CHILD: &str = "SLUICE_TEST_STORE";

#[test]
fn a_killed_process_loses_nothing_that_was_added() {
    let at = At::file();
    let path = path(&at);
    let mut added = Vec::new();
    for round in 0..6_u64 {
        let gateway = format!("g{round}");
        // It is killed at another moment each time: early in a batch, late in it, while a log is written back.
        let numbers = kill_while_adding(&path, &gateway, Duration::from_millis(40 + 53 * round));
        added.extend(numbers.into_iter().map(|number| format!("{gateway} {number}")));
    }
    run(async {
        let known = at.open().await.ask(&all(Grain::Minute)).await.unwrap();
        let counts: BTreeMap<String, u64> = known
            .iter()
            .map(|known| match &known.fact.who {
                Who::Consumer(name) => (name.to_string(), known.counts.all()),
                who => panic!("{who:?}"),
            })
            .collect();
        println!("{} batches were told, {} are in", added.len(), counts.len() - 1);
        for batch in &added {
            assert_eq!(counts.get(batch), Some(&1), "{batch}");
        }
        // Each is in whole: what all have in common was counted once for each of them, told or not.
        let whole = counts.len() as u64 - 1;
        assert_eq!(counts["acme"], whole);
        assert!(
            added.len() as u64 + 6 >= whole,
            "at most one a round was not told"
        );
    });
}

/// The numbers of batches that a process told to be in before it was killed.
fn kill_while_adding(path: &Path, gateway: &str, after: Duration) -> Vec<i64> {
    let mut child = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "stores::file::adds_until_it_is_killed",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(CHILD, format!("{gateway} {}", path.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let number = |line: &str| {
        line.rsplit_once("added ")
            .map(|(_, number)| number.parse::<i64>().unwrap())
    };
    let first = lines.by_ref().find_map(|line| number(&line.unwrap()));
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    let rest = lines
        .map_while(Result::ok)
        .filter_map(|line| line.trim().strip_prefix("added ")?.parse().ok());
    first.into_iter().chain(rest).collect()
}

#[test]
#[ignore = "run by another test, as a process that is killed"]
fn adds_until_it_is_killed() {
    let Ok(told) = env::var(CHILD) else { return };
    let (gateway, path) = told.split_once(' ').unwrap();
    run(async {
        let store = Store::open(&plan(sqlite(Path::new(path))), None).await.unwrap();
        let minute = now().as_second() - 56;
        for number in 1.. {
            let mut own = consumer("1.0", 0);
            own.who = Who::Consumer(format!("{gateway} {number}").into());
            let rows = vec![
                row(own, [0, 1, 0, 0, 0], minute),
                row(fact("1.0"), [0, 1, 0, 0, 0], minute),
            ];
            store.add(&batch(gateway, number, minute, rows)).await.unwrap();
            println!("added {number}");
        }
    });
}

/// A new file becomes one with a write-ahead log, and the last who closes it cuts that log off: neither waits for others, and
/// others' attempts fail at once meanwhile.
#[test]
fn whoever_opens_a_new_file_meanwhile_waits() {
    for _ in 0..20 {
        let at = At::file();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    run(async {
                        for _ in 0..3 {
                            let store = at.open().await;
                            assert_eq!(store.is_demo().await, Ok(false));
                        }
                    });
                });
            }
        });
    }
}

#[test]
fn only_its_owner_reads_it() {
    let at = At::file();
    run(async {
        let _open = at.open().await;
        for file in fs::read_dir(path(&at).parent().unwrap()).unwrap() {
            let file = file.unwrap();
            let mode = file.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{}", file.path().display());
        }
    });
}

#[test]
fn what_is_no_store_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let text = directory.path().join("notes.txt");
    fs::write(
        &text,
        "this is no database, and nobody wants it to become one\n".repeat(40),
    )
    .unwrap();
    let missing = directory.path().join("missing/usage.db");
    run(async {
        for (path, why) in [
            (directory.path(), "it is no regular file"),
            (&missing, "No such file or directory"),
            (&text, "file is not a database"),
        ] {
            let fault = Store::open(&plan(sqlite(path)), None).await.unwrap_err();
            let told = fault.to_string();
            assert!(
                told.contains(&format!("`{}`", path.display())) && told.contains(why),
                "{told}"
            );
        }
    });
    assert!(
        fs::read_to_string(&text)
            .unwrap()
            .starts_with("this is no database")
    );
}

#[test]
fn a_relative_path_is_meant_from_the_directory() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let plan = plan(sqlite(Path::new("usage.db")));
        Store::open(&plan, Some(directory.path())).await.unwrap();
    });
    assert!(directory.path().join("usage.db").is_file());
}

#[test]
fn a_full_disk_is_told_and_goes_on_when_there_is_room() {
    let Some(mut disk) = Disk::mount(3) else { return };
    run(async {
        let store = Store::open(&plan(sqlite(&disk.path.join("usage.db"))), None)
            .await
            .unwrap();
        let minute = now().as_second() - 56;
        let give = |number: i64| {
            let facts = (0..400)
                .map(|n| consumer("1.0", 1_000 * number as u64 + n))
                .chain([fact("1.0")]);
            batch(
                "g",
                number,
                minute,
                facts.map(|fact| row(fact, [0, 1, 0, 0, 0], minute)).collect(),
            )
        };
        let mut number = 0;
        let fault = loop {
            number += 1;
            match store.add(&give(number)).await {
                Ok(()) => assert!(number < 1_000, "it never becomes full"),
                Err(fault) => break fault,
            }
        };
        println!("batch {number}: {fault}");
        assert!(matches!(fault, StoreFault::Full(_)), "{fault:?}");
        assert!(number > 3, "{number}");
        for _ in 0..3 {
            let fault = store.add(&give(number)).await.unwrap_err();
            assert!(matches!(fault, StoreFault::Full(_)), "{fault:?}");
        }
        let whole = async |batches: i64| {
            let known = store.ask(&all(Grain::Minute)).await.unwrap();
            assert_eq!(
                known.len() as i64,
                400 * batches + 1,
                "each batch is in whole, or not at all"
            );
            assert_eq!(known[0].counts.all() as i64, batches);
        };
        whole(number - 1).await;
        disk.remount("size=16m");
        for number in number..number + 3 {
            store.add(&give(number)).await.unwrap();
            whole(number).await;
        }
    });
}

#[test]
fn a_disk_that_may_only_be_read_is_told() {
    let Some(mut disk) = Disk::mount(8) else { return };
    let plan = plan(sqlite(&disk.path.join("usage.db")));
    run(async { drop(Store::open(&plan, None).await.unwrap()) });
    disk.remount("ro");
    run(async {
        let fault = Store::open(&plan, None).await.unwrap_err();
        assert!(matches!(fault, StoreFault::ReadOnly(_)), "{fault:?}");
        disk.remount("rw");
        Store::open(&plan, None).await.unwrap();
    });
}

fn path(at: &At) -> PathBuf {
    at.directory.as_ref().unwrap().path().join("usage store?#%.db")
}

/// A small disk in memory. It is unmounted with this value.
struct Disk {
    path: PathBuf,
}

impl Disk {
    /// One of so many MiB, where this process may mount any.
    fn mount(size: u32) -> Option<Self> {
        let path = env::temp_dir().join(format!("sluice-disk-{}-{size}", process::id()));
        fs::create_dir(&path).unwrap();
        let options = format!("size={size}m");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "sluice"])
            .arg(&path)
            .output();
        if mounted.is_ok_and(|mounted| mounted.status.success()) {
            return Some(Self { path });
        }
        println!("skipped: this process may not mount a disk");
        fs::remove_dir(&path).unwrap();
        None
    }

    /// Changes its options. A file that is just being closed is waited for.
    fn remount(&mut self, options: &str) {
        let begun = Instant::now();
        let remount = || {
            let options = format!("remount,{options}");
            Command::new("mount")
                .args(["-o", &options])
                .arg(&self.path)
                .output()
                .unwrap()
        };
        while !remount().status.success() {
            assert!(begun.elapsed() < PATIENCE, "{:?}", remount());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let begun = Instant::now();
        let unmount = || Command::new("umount").arg(&self.path).output();
        while !unmount().is_ok_and(|done| done.status.success()) && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(50));
        }
        let _removed = fs::remove_dir(&self.path);
    }
}
