//! How long it takes: printed, not asserted. `cargo test -p sluice-conformance --test ledger_store -- --ignored measure
//! --nocapture`, best with `--release`; `SLUICE_MEASURE_OTHERS=380000` adds as many facts a day that are not asked for.

use std::time::Instant;
use std::{env, fs};

use jiff::Timestamp;
use sluice_gateway::ledger::fact::Fact;
use sluice_gateway::ledger::question::Grain;

use super::{At, DAY, batch, consumer, fact, now, row};

const CONSUMERS: u64 = 10_000;
const DAYS: i64 = 90;

async fn measure(at: At) {
    let others: u64 = env::var("SLUICE_MEASURE_OTHERS").map_or(0, |number| number.parse().unwrap());
    let store = at.open().await;
    let today = Grain::Day.floor(now().as_second());
    let (mut rows, begun, idle) = (0, Instant::now(), busy());
    for day in 0..DAYS {
        let second = today - (DAYS - 1 - day) * DAY + 3_600;
        let of = |version: &'static str| (0..CONSUMERS).map(move |n| consumer(version, n));
        let other = (0..others).map(|n| Fact {
            operation: format!("operation-{}", n % 20).into(),
            who: consumer("", n / 20).who,
            ..fact(["1.0", "2.0"][n as usize % 2])
        });
        let facts = of("1.0").chain(of("2.0")).chain(other).zip(0..);
        let given = facts
            .map(|(fact, n)| row(fact, [0, 1 + (n + day as u64) % 200, 0, n % 3, 0], second))
            .collect();
        let given = batch("g", day, second, given);
        rows += given.rows.len();
        store.add(&given).await.unwrap();
    }
    let (took, busy_for) = (begun.elapsed(), busy() - idle);
    let rate = rows as f64 / busy_for;
    println!("{rows} rows added in {took:.1?}, {busy_for:.1} s of CPU: {rate:.0} a second of it");
    let last = Timestamp::from_second(today + 3_600).unwrap();
    for most in [50, 50, 50, 500, 10_000] {
        let (begun, idle) = (Instant::now(), busy());
        let (seen, all) = store.seen("customers", "1.0", last, most, 0).await.unwrap();
        let (told, took, busy_for) = (seen.len(), begun.elapsed(), busy() - idle);
        println!("{told} of {all} consumers told in {took:.0?}, {busy_for:.2} s of CPU");
        assert_eq!((seen.len() as u64, all), (u64::from(most), CONSUMERS));
    }
}

/// Seconds of CPU that this process has used: others may be at work beside it.
fn busy() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
    let ticks = fields
        .split(' ')
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

#[test]
#[ignore = "it measures"]
fn measure_sqlite() {
    super::on_file(measure);
}

#[test]
#[ignore = "it measures"]
fn measure_postgres() {
    super::on_server(measure);
}
