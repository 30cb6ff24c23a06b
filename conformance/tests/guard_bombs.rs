//! Bodies that open to more than anybody may hold, and documents made to be large: refused in bounded memory. Alone in
//! its process, since it reads the process's size.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use flate2::{Compress, Compression, FlushCompress};
use sluice_conformance::stage::{Setup, Stage};

const JSON: (&str, &str) = ("content-type", "application/json");
/// What refusing a bomb may take of memory, in KiB: far less than what it opens to.
const MEMORY_KIB: usize = 96 * 1024;
/// Generous: what counts is that it ends.
const PATIENCE: Duration = Duration::from_secs(20);

/// The most memory that the process has had, in KiB.
fn high_water() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// About ten megabytes of gzip that open to ten gigabytes of spaces: one block of a mebibyte, ten thousand times.
fn ten_gigabytes() -> Vec<u8> {
    let mut deflate = Compress::new(Compression::best(), false);
    let mut block = Vec::with_capacity(1 << 20);
    deflate
        .compress_vec(&vec![b' '; 1 << 20], &mut block, FlushCompress::Full)
        .unwrap();
    let head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let times = 10_240;
    let mut all = Vec::with_capacity(head.len() + block.len() * times);
    all.extend_from_slice(&head);
    (0..times).for_each(|_| all.extend_from_slice(&block));
    all
}

fn stage() -> Stage {
    Setup::integrationhub()
        .main("bounds: {request: 32MiB, decoded: 16MiB, ratio: 10000}")
        .start()
}

#[test]
fn bombs_and_giants_end_in_a_refusal_and_take_little() {
    let bomb = ten_gigabytes();
    println!("a bomb of {} bytes", bomb.len());
    assert!((5 << 20..20 << 20).contains(&bomb.len()), "{}", bomb.len());
    let usual = Setup::integrationhub().main("bounds: {request: 32MiB}").start();
    let lenient = stage();
    drop(lenient.get("/v2.0/customers", &[]).expect(200));
    let before = high_water();
    // With the usual ratio, and where nearly any ratio is allowed.
    for stage in [&usual, &lenient] {
        stage.backend().forget();
        let begun = Instant::now();
        let fields = [JSON, ("content-encoding", "gzip")];
        let answer = stage.send("POST", "/v2.0/customers", &fields, &bomb).expect(413);
        println!("a bomb: {:?}, {}", begun.elapsed(), answer.text());
        assert!(begun.elapsed() < PATIENCE);
        assert!(stage.backend().requests().is_empty());
    }
    let grown = high_water() - before;
    println!("{grown} KiB more");
    assert!(grown < MEMORY_KIB, "{grown} KiB");
    giants(&Stage::integrationhub());
}

/// Documents made to be large; each is answered, and a healthy request after it.
fn giants(stage: &Stage) {
    let keys: String = (0..1_000_000).map(|at| format!("\"k{at}\":0,")).collect();
    let bodies = [
        ("100,000 brackets", "[".repeat(100_000), [400].as_slice()),
        (
            "closed brackets",
            "[".repeat(100_000) + &"]".repeat(100_000),
            &[400],
        ),
        (
            "an integer of a million digits",
            format!("{{\"name\": {}}}", "1".repeat(1_000_000)),
            &[201, 400, 413, 422],
        ),
        ("a million keys", format!("{{{keys}\"a\":1}}"), &[413]),
        (
            "one key twice",
            "{\"name\":\"a\",\"name\":\"b\"}".to_owned(),
            &[400],
        ),
    ];
    for (name, body, statuses) in bodies {
        let before = high_water();
        let begun = Instant::now();
        let answer = stage.send("POST", "/v2.0/customers", &[JSON], &body);
        let grown = high_water() - before;
        println!(
            "{name}: {} in {:?}, {grown} KiB more",
            answer.status,
            begun.elapsed()
        );
        assert!(statuses.contains(&answer.status), "{name}: {}", answer.text());
        assert!(begun.elapsed() < PATIENCE, "{name}");
        assert!(grown < 1024 * 1024, "{name}: {grown} KiB");
        drop(stage.get("/v2.0/customers/cus_000017", &[]).expect(200));
    }
}
