//! What only a server can suffer: it is stopped and killed while gateways add, hangs, is not there, refuses.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sluice_conformance::stage::postgres::{PASSWORD, Postgres};
use sluice_conformance::stage::{PATIENCE, scripted};
use sluice_gateway::ledger::batch::Batch;
use sluice_gateway::ledger::question::Grain;
use sluice_gateway::ledger::store::{Store, StoreFault};

use super::{all, batch, consumer, now, plan, postgres, row, run};

const GATEWAYS: u64 = 4;
const BATCHES: u64 = 60;
const CONSUMERS: u64 = 50;

/// Known counts, which differ from batch to batch and from consumer to consumer.
fn known_batch(gateway: u64, number: u64) -> Batch {
    let minute = now().as_second() - 56 - 60 * (number % 5) as i64;
    let rows = (0..CONSUMERS).filter(|n| !(n + number + gateway).is_multiple_of(3));
    let rows = rows.map(|n| {
        row(
            consumer("1.0", n),
            [0, count(gateway, number, n), 0, 0, 1],
            minute,
        )
    });
    batch(&format!("g{gateway}"), number as i64, minute, rows.collect())
}

fn count(gateway: u64, number: u64, n: u64) -> u64 {
    1 + (gateway * 7 + number * 3 + n) % 11
}

fn expected() -> Vec<(String, [u64; 5])> {
    let mut expected = vec![[0; 5]; CONSUMERS as usize];
    for (gateway, number) in
        (0..GATEWAYS).flat_map(|gateway| (1..=BATCHES).map(move |number| (gateway, number)))
    {
        for n in (0..CONSUMERS).filter(|n| !(n + number + gateway).is_multiple_of(3)) {
            expected[n as usize][1] += count(gateway, number, n);
            expected[n as usize][4] += 1;
        }
    }
    let mut named: Vec<_> = (0..)
        .zip(expected)
        .map(|(n, counts)| (format!("{:?}", consumer("", n).who), counts))
        .collect();
    named.sort();
    named
}

/// Four gateways add what is known, each batch until it is in, while something happens to the server.
fn add_while(mut server: Postgres, happens: impl Fn(&mut Postgres, &dyn Fn(u64))) {
    let url = server.url();
    let (added, failed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    run(async {
        let mut adding = tokio::task::JoinSet::new();
        for gateway in 0..GATEWAYS {
            let store = Store::open(&plan(postgres(&url)), None).await.unwrap();
            let (added, failed) = (Arc::clone(&added), Arc::clone(&failed));
            adding.spawn(async move {
                for number in 1..=BATCHES {
                    let batch = known_batch(gateway, number);
                    while let Err(fault) = store.add(&batch).await {
                        assert!(
                            matches!(fault, StoreFault::Down(_) | StoreFault::Busy(_)),
                            "{fault:?}"
                        );
                        failed.fetch_add(1, Ordering::SeqCst);
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                    added.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let until = |number: u64| {
            let begun = Instant::now();
            while added.load(Ordering::SeqCst) < number {
                assert!(begun.elapsed() < PATIENCE * 2, "{added:?} of {number}");
                std::thread::sleep(Duration::from_millis(1));
            }
        };
        tokio::task::block_in_place(|| happens(&mut server, &until));
        while let Some(ended) = adding.join_next().await {
            ended.unwrap();
        }
        println!(
            "{} batches, {} attempts failed",
            GATEWAYS * BATCHES,
            failed.load(Ordering::SeqCst)
        );
        let store = Store::open(&plan(postgres(&url)), None).await.unwrap();
        for grain in [Grain::Minute, Grain::Hour, Grain::Day] {
            let known = store.ask(&all(grain)).await.unwrap();
            let mut known: Vec<_> = known
                .iter()
                .map(|known| (format!("{:?}", known.fact.who), known.counts.0))
                .collect();
            known.sort();
            assert_eq!(known, expected(), "{grain:?}");
        }
    });
}

#[test]
fn counts_are_exact_when_the_server_restarts_in_the_middle() {
    let Some(server) = Postgres::start() else { return };
    add_while(server, |server, until| {
        until(GATEWAYS * BATCHES / 3);
        server.restart();
    });
}

#[test]
fn counts_are_exact_when_the_server_is_killed_again_and_again() {
    let Some(server) = Postgres::start() else { return };
    add_while(server, |server, until| {
        for number in 1..=5 {
            until(number * 35);
            server.kill();
            server.go();
        }
    });
}

#[test]
fn a_server_that_is_not_there_or_refuses_is_told_without_a_password() {
    let nobody = format!("postgres://sluice:{PASSWORD}@{}/usage", scripted::nobody());
    run(async {
        let fault = Store::open(&plan(postgres(&nobody)), None).await.unwrap_err();
        assert!(matches!(fault, StoreFault::Down(_)), "{fault:?}");
        for wrong in [
            format!("mysql://sluice:{PASSWORD}@127.0.0.1/usage"),
            format!("postgres://sluice:{PASSWORD}@127.0.0.1:port/usage"),
            format!("postgres://sluice:{PASSWORD}@127.0.0.1:1/usage?sslmode={PASSWORD}"),
        ] {
            let fault = Store::open(&plan(postgres(&wrong)), None).await.unwrap_err();
            assert!(matches!(fault, StoreFault::Address(_)), "{fault:?}");
            assert!(!format!("{fault} {fault:?}").contains("planted"), "{fault}");
        }
    });
    let Some(server) = Postgres::start() else { return };
    run(async {
        let wrong = server.url().replace(PASSWORD, "planted-password-of-another");
        let missing = server.url_of("missing");
        for url in [wrong, missing] {
            let fault = Store::open(&plan(postgres(&url)), None).await.unwrap_err();
            assert!(matches!(fault, StoreFault::Refused(_)), "{fault:?}");
            assert!(!format!("{fault} {fault:?}").contains("planted"), "{fault}");
        }
        let store = Store::open(&plan(postgres(&server.url())), None).await.unwrap();
        assert!(!format!("{store:?}").contains("planted"));
    });
}

#[test]
fn a_server_that_hangs_is_waited_for_within_a_bound() {
    let Some(server) = Postgres::start() else { return };
    run(async {
        let store = Store::open(&plan(postgres(&server.url())), None).await.unwrap();
        server.hang();
        let fault = store.lost().await.unwrap_err();
        assert!(
            matches!(fault, StoreFault::Late(_) | StoreFault::Down(_)),
            "{fault:?}"
        );
        server.go_on();
        let begun = Instant::now();
        while store.lost().await.is_err() {
            assert!(begun.elapsed() < PATIENCE, "it does not come back");
        }
    });
}

#[test]
fn a_user_who_may_only_read_and_write_is_enough_once_there_are_tables() {
    let Some(server) = Postgres::start() else { return };
    run(async {
        drop(Store::open(&plan(postgres(&server.url())), None).await.unwrap());
        server.sql(
            "postgres",
            "CREATE USER lesser PASSWORD 'lesser';
            GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO lesser",
        );
        let url = server
            .url()
            .replace(&format!("sluice:{PASSWORD}"), "lesser:lesser");
        let store = Store::open(&plan(postgres(&url)), None).await.unwrap();
        store.add(&known_batch(1, 1)).await.unwrap();
        assert!(!store.ask(&all(Grain::Day)).await.unwrap().is_empty());
    });
}

#[test]
fn what_is_staged_does_not_pile_up() {
    let Some(server) = Postgres::start() else { return };
    run(async {
        let store = Store::open(&plan(postgres(&server.url())), None).await.unwrap();
        for number in 1..=40 {
            let minute = now().as_second() - 56;
            let rows = (0..1_000).map(|n| row(consumer("1.0", n), [0, 1, 0, 0, 0], minute));
            store
                .add(&batch("g", number, minute, rows.collect()))
                .await
                .unwrap();
        }
        let sizes = "SELECT COUNT(*), COALESCE(SUM(pg_relation_size(oid)), 0) FROM pg_class WHERE relname = 'sluice_batch'";
        let told = server.sql("postgres", sizes);
        let (tables, size) = told.split_once('|').unwrap();
        assert!(tables.parse::<u64>().unwrap() > 0, "{told}");
        assert!(size.parse::<u64>().unwrap() < 1_000_000, "{told}");
    });
}
