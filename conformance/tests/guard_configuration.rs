//! Configurations made to hurt: each reload ends in a diagnostic, soon, and the last good edition serves on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};

use sluice_conformance::stage::{Stage, example};
use sluice_gateway::reload::{Reloaded, Reloader};

/// Generous: it is printed, and a second is meant.
const SOON: Duration = Duration::from_secs(15);

const MAIN: &str = "sluice.yaml";
const API: &str = "apis/customers/api.yaml";

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// Each alias stands for nine of the one before it: 9^30 values.
fn alias_bomb() -> String {
    let mut text = "sluice: 1\nbounds:\n  a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let before = format!("*a{}", level - 1);
        let all = [before.as_str(); 9].join(", ");
        text.push_str(&format!("  a{level}: &a{level} [{all}]\n"));
    }
    text
}

/// What is wrong, and how a sound directory becomes so.
type Fault = (&'static str, fn(&Path));

fn append(at: &Path, text: &str) {
    let before = fs::read_to_string(at).unwrap();
    fs::write(at, before + text).unwrap();
}

#[test]
fn the_last_good_edition_serves_on() {
    let stage = Stage::integrationhub();
    let faults: [Fault; 9] = [
        ("an alias bomb", |d| {
            fs::write(d.join(MAIN), alias_bomb()).unwrap()
        }),
        ("an alias of itself", |d| {
            fs::write(d.join(MAIN), "sluice: 1\nbounds: &a {a: *a}\n").unwrap()
        }),
        ("a key twice", |d| {
            append(&d.join(MAIN), "\nlisten: [\"127.0.0.1:1\"]\n")
        }),
        ("a key twice in an API", |d| {
            append(&d.join(API), "\norigin: \"2.0\"\n")
        }),
        ("a file of 100 MB", |d| {
            File::create(d.join(MAIN)).unwrap().set_len(100 << 20).unwrap()
        }),
        ("another file of 100 MB", |d| {
            File::create(d.join("apis/customers/changes/big.yaml"))
                .unwrap()
                .set_len(100 << 20)
                .unwrap();
        }),
        ("a directory within itself", |d| {
            std::os::unix::fs::symlink("..", d.join("apis/customers/changes/again")).unwrap();
        }),
        ("a file that names itself", |d| {
            fs::remove_file(d.join(MAIN)).unwrap();
            std::os::unix::fs::symlink(MAIN, d.join(MAIN)).unwrap();
        }),
        ("brackets without an end", |d| {
            fs::write(d.join(MAIN), "[".repeat(4 << 20)).unwrap()
        }),
    ];
    for (name, break_it) in faults {
        let directory = tempfile::tempdir().unwrap();
        copy(&example(), directory.path());
        break_it(directory.path());
        let begun = Instant::now();
        let reloaded = Reloader::new(directory.path()).reload(stage.gateway(), "test");
        println!("{name}: {:?}", begun.elapsed());
        let Reloaded::Refused { diagnostics, .. } = reloaded else {
            panic!("{name} was taken");
        };
        assert!(diagnostics.iter().any(|d| d.is_error()), "{name}");
        assert!(begun.elapsed() < SOON, "{name}: {:?}", begun.elapsed());
        assert_eq!(
            stage.gateway().editions.current().unwrap().generation,
            1,
            "{name}"
        );
        drop(stage.get("/v2.0/customers/cus_000017", &[]).expect(200));
    }
}
