//! The ledger at its bound: 400,000 live counts (10,000 consumers, each in two versions and twenty operations), their memory,
//! and how fast the key question is answered over 90 days of them: 36 million rows of days, and as many of the last 24 hours as
//! there are counts in an hour. One day is added as a gateway adds it, the others are copied from it.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use sluice_config::plan::{NamedFile, Place, Plan, Retention, UsagePlan, UsageStore};
use sluice_config::{Sources, Span, load, render_all};
use sluice_gateway::background::Background;
use sluice_gateway::clock::Clock;
use sluice_gateway::ledger::batch::{Batch, Row};
use sluice_gateway::ledger::fact::{Counts, Fact, Kind, Who};
use sluice_gateway::ledger::names::Names;
use sluice_gateway::ledger::store::Store;
use sluice_gateway::ledger::told::{Told, Unknown};
use sluice_gateway::ledger::took::Times;
use sluice_gateway::ledger::{Gathered, Ledger, Metering};
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor, Row as _};

use crate::Fault;
use crate::figures::Figure;
use crate::process::own_cpu;

const CONSUMERS: usize = 10_000;
const VERSIONS: [&str; 2] = ["1.0", "2.0"];
const OPERATIONS: usize = 20;
const CORES: usize = 2;
const DAYS: i64 = 90;
const HOURS: i64 = 24;
/// The file of the key question.
const QUARTER: &str = "quarter.sqlite";

/// Measures and prints.
pub(crate) fn measure() -> Result<(), Fault> {
    let directory = tempfile::tempdir()?;
    let plan = plan(directory.path())?;
    let background = Background::start()?;
    println!(
        "\nThe ledger with {} live counts",
        CONSUMERS * VERSIONS.len() * OPERATIONS
    );
    memory(&plan, &background, directory.path())?;
    question(&background, directory.path())
}

/// What counting them, putting them together and keeping them takes.
fn memory(plan: &Plan, background: &Background, directory: &Path) -> Result<(), Fault> {
    let names = Names::of(plan, None);
    let before = resident("VmRSS")?;
    let ledger = Ledger::start(Clock::System, background, Metering::Kept);
    ledger.adopt(Some(&usage("live.sqlite")), Some(directory.to_owned()));
    let shards: Vec<_> = (0..CORES).filter_map(|_| ledger.shard()).collect();
    // Every core meets every key: the most that there can be.
    for shard in &shards {
        all(|version, operation, consumer| shard.count(&names, told(version, operation, consumer, "path")));
    }
    let counted = resident("VmRSS")?;
    let begun = Instant::now();
    while !ledger.flush() && begun.elapsed() < Duration::from_secs(120) {}
    let (peak, took) = (resident("VmHWM")?, begun.elapsed());
    println!(
        "  in {CORES} cores' tables                 {:6.0} MiB more than before",
        counted - before
    );
    println!(
        "  at most, until they were kept       {:6.0} MiB more than before; aim: at most 256",
        peak - before
    );
    println!(
        "  kept in SQLite within {:.1} s; {:?}",
        took.as_secs_f64(),
        ledger.state()
    );
    // As many again, and half of them are others: they are counted without their names.
    let shard = ledger.shard().ok_or("nothing is counted")?;
    for chosen_by in ["path", "header"] {
        all(|version, operation, consumer| {
            shard.count(&names, told(version, operation, consumer, chosen_by))
        });
    }
    ledger.drain();
    let most = resident("VmHWM")? - before;
    println!(
        "  twice as many on one core: {most:.0} MiB at most; {} exchanges lost",
        ledger.state().lost
    );
    Ok(())
}

/// How long the key question takes.
fn question(background: &Background, directory: &Path) -> Result<(), Fault> {
    let handle = background.handle();
    let store = handle.block_on(Store::open(&usage(QUARTER), Some(directory)))?;
    let now = Timestamp::now();
    handle.block_on(add(&store, &day_of(now), now))?;
    let begun = Instant::now();
    let rows = handle.block_on(copy(&directory.join(QUARTER)))?;
    let took = begun.elapsed().as_secs_f64();
    println!("  {DAYS} days of them: {rows} rows, copied in {took:.0} s");
    let mut times = Vec::new();
    for _ in 0..9 {
        let begun = Instant::now();
        let (seen, all) = handle.block_on(store.seen("notes", VERSIONS[0], now, 50, 0))?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        assert_eq!((seen.len(), all), (50, CONSUMERS as u64));
        let expected = [HOURS, 7, DAYS].map(|times| times as u64 * OPERATIONS as u64);
        assert_eq!([seen[0].day, seen[0].week, seen[0].quarter], expected);
    }
    println!(
        "  who uses a version, first page, ms  {}; aim: under 200",
        Figure::of(times)
    );
    Ok(())
}

/// Adds a day's rows, in large batches: those of a gateway have 4,096 at most.
async fn add(store: &Store, rows: &[Row], at: Timestamp) -> Result<(), Fault> {
    let (begun, used) = (Instant::now(), own_cpu()?);
    for (number, portion) in rows.chunks(50_000).enumerate() {
        let batch = Batch {
            gateway: "bench".to_owned(),
            number: number as i64 + 1,
            minute: at.as_second() - at.as_second().rem_euclid(60),
            rows: portion.to_vec(),
            lost: 0,
        };
        store.add(&batch).await?;
    }
    let (took, used) = (begun.elapsed().as_secs_f64(), own_cpu()? - used);
    println!(
        "  a day of them: {} rows added in {took:.1} s, {:.0} a second, {:.1} µs CPU each",
        rows.len(),
        rows.len() as f64 / took,
        used / rows.len() as f64
    );
    Ok(())
}

/// Copies the day to the days before it, and its hour to the hours before it: `add` would have written the same rows. Answers how
/// many days' rows there are then.
async fn copy(store: &Path) -> Result<i64, Fault> {
    let mut line = AnyConnection::connect(&format!("sqlite:{}", store.display())).await?;
    for (table, span, times) in [("sluice_days", 86_400, DAYS), ("sluice_hours", 3_600, HOURS)] {
        for before in (1..times).rev() {
            let copy = format!(
                "INSERT INTO {table} SELECT at - {}, fact, c1, c2, c3, c4, c5 FROM {table}
                 WHERE at = (SELECT MAX(at) FROM {table}) ORDER BY fact",
                span * before
            );
            line.execute(AssertSqlSafe(copy)).await?;
        }
    }
    let since = format!(
        "UPDATE sluice_facts SET first_seen = first_seen - {}",
        86_400 * (DAYS - 1)
    );
    line.execute(AssertSqlSafe(since)).await?;
    let rows = line.fetch_one("SELECT COUNT(*) FROM sluice_days").await?;
    line.close().await?;
    Ok(rows.try_get(0)?)
}

/// A day's rows: each count once, with its sums.
fn day_of(at: Timestamp) -> Vec<Row> {
    let row = |fact, count| Row {
        fact,
        counts: Counts([0, count, 0, 0, 0]),
        last_seen: at.as_second(),
    };
    let fact = |kind, version: usize, who, operation: &str| Fact {
        kind,
        api: Arc::from("notes"),
        version: Arc::from(VERSIONS[version]),
        who,
        operation: Arc::from(operation),
        chosen_by: Arc::from(if kind == Kind::Request { "path" } else { "" }),
        change: Arc::from(""),
        what: Arc::from(""),
    };
    let mut rows = Vec::new();
    all(|version, operation, consumer| {
        let who = Who::Consumer(Arc::from(format!("consumer-{consumer:05}")));
        if operation == 0 {
            rows.push(row(
                fact(Kind::ByConsumer, version, who.clone(), ""),
                OPERATIONS as u64,
            ));
        }
        rows.push(row(
            fact(Kind::Request, version, who, &format!("operation{operation}")),
            1,
        ));
    });
    for version in 0..VERSIONS.len() {
        let all = (CONSUMERS * OPERATIONS) as u64;
        rows.push(row(fact(Kind::ByVersion, version, Who::Everybody, ""), all));
    }
    rows
}

fn all(mut each: impl FnMut(usize, usize, usize)) {
    for version in 0..VERSIONS.len() {
        for operation in 0..OPERATIONS {
            (0..CONSUMERS).for_each(|consumer| each(version, operation, consumer));
        }
    }
}

fn told(version: usize, operation: usize, consumer: usize, chosen_by: &'static str) -> Told<'static> {
    Told {
        api: Some(0),
        version: Some(version),
        operation: Some(operation),
        chosen_by,
        consumer: Some(consumer),
        client: Unknown::default(),
        status: 200,
        refused: None,
        times: Times::default(),
        gathered: Gathered::default(),
    }
}

fn usage(file: &str) -> UsagePlan {
    let place = Place {
        file: String::new(),
        span: Span::START,
    };
    UsagePlan {
        store: UsageStore::Sqlite(NamedFile {
            path: file.into(),
            place: place.clone(),
        }),
        flush: Duration::from_secs(60),
        keys: 400_000,
        unidentified: 1_000,
        retention: Retention {
            minutes: Duration::from_secs(48 * 3_600),
            hours: Duration::from_secs(90 * 86_400),
            days: None,
        },
        place,
    }
}

/// A configuration with so many consumers, versions and operations.
fn plan(directory: &Path) -> Result<Plan, Fault> {
    let api = directory.join("apis/notes");
    fs::create_dir_all(api.join("changes"))?;
    let main = "sluice: 1\nlisten: [\"127.0.0.1:0\"]\nupstreams: {notes: {endpoints: [\"127.0.0.1:1\"]}}\n";
    fs::write(directory.join("sluice.yaml"), main)?;
    let mut consumers = "sluice: 1\nconsumers:\n".to_owned();
    for consumer in 0..CONSUMERS {
        writeln!(consumers, "  consumer-{consumer:05}: {{subjects: [s{consumer}]}}")?;
    }
    fs::write(directory.join("consumers.yaml"), consumers)?;
    let settings = "sluice: 1\napi: notes\nupstream: notes\norigin: \"2.0\"\nadditions: pass\ndocument: openapi.yaml\nselect: [{path: {template: \"/v{version}\"}}]\nversions: [{name: \"1.0\"}, {name: \"2.0\"}]\n";
    fs::write(api.join("api.yaml"), settings)?;
    let change = "sluice: 1\nbetween: [\"1.0\", \"2.0\"]\nsummary: A title became a name.\ntypes: {Note: [{rename: {from: /title, to: /name}}]}\n";
    fs::write(api.join("changes/1.0-2.0.yaml"), change)?;
    fs::write(api.join("openapi.yaml"), document()?)?;
    let sources = Sources::read(directory).map_err(|_| "the configuration cannot be read")?;
    let loaded = load(&sources, &|_: &str| None).map_err(|faults| render_all(&faults, &sources))?;
    Ok(loaded.plan)
}

fn document() -> Result<String, Fault> {
    let mut text = "openapi: 3.1.0\ninfo: {title: Notes, version: \"2.0\"}\npaths:\n".to_owned();
    for operation in 0..OPERATIONS {
        writeln!(
            text,
            "  /notes{operation}:\n    get:\n      operationId: operation{operation}\n      responses: {{\"200\": {{description: it, content: {{application/json: {{schema: {{$ref: \"#/components/schemas/Note\"}}}}}}}}}}"
        )?;
    }
    text.push_str("components: {schemas: {Note: {type: object, properties: {name: {type: string}}}}}\n");
    Ok(text)
}

/// A figure of this process's memory in MiB (proc(5), `/proc/self/status`).
fn resident(what: &str) -> Result<f64, Fault> {
    let text = fs::read_to_string("/proc/self/status")?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(what)?.strip_prefix(':'));
    let kib: f64 = line
        .and_then(|line| line.split_whitespace().next())
        .ok_or("no such figure")?
        .parse()?;
    Ok(kib / 1024.0)
}
