//! How long it takes: printed, not asserted. `cargo test -p sluice-conformance --test ledger_store -- --ignored measure
//! --nocapture`, best with `--release`; `SLUICE_MEASURE_OTHERS=380000` adds as many facts a day that are not asked for.

use std::env;
use std::time::Instant;

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
    let (mut rows, begun) = (0, Instant::now());
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
    let took = begun.elapsed();
    println!(
        "{rows} rows added in {took:.1?}: {:.0} a second",
        rows as f64 / took.as_secs_f64()
    );
    let last = Timestamp::from_second(today + 3_600).unwrap();
    for most in [50, 50, 50, 500, 10_000] {
        let begun = Instant::now();
        let (seen, all) = store.seen("customers", "1.0", last, most, 0).await.unwrap();
        println!(
            "{} of {all} consumers told in {:.0?}",
            seen.len(),
            begun.elapsed()
        );
        assert_eq!((seen.len() as u64, all), (u64::from(most), CONSUMERS));
    }
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
