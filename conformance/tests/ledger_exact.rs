//! The ledger is exact: what four gateways counted into one database is what clients sent, also when the database goes away
//! in the middle.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use sluice_config::plan::UsagePlan;
use sluice_conformance::stage::http2::Http2;
use sluice_conformance::stage::postgres::{PASSWORD, Postgres};
use sluice_conformance::stage::{PATIENCE, Setup, Stage, noon, scripted};
use sluice_conformance::traffic::{Ask, operation, traffic};
use sluice_gateway::ledger::fact::{Kind, Who, class};
use sluice_gateway::ledger::question::{Grain, Known, Question};
use sluice_gateway::ledger::store::Store;
use tokio::runtime::Runtime;

/// By version, client and class of status.
type Tally = BTreeMap<(String, String, usize), u64>;

fn kept(store: &str) -> Setup {
    Setup::guarded().main(&format!("usage: {{store: {store}, flush: 1s}}"))
}

/// What a store knows of a kind.
fn ask(plan: &UsagePlan, kinds: &[Kind], grain: Grain) -> Vec<Known> {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let store = Store::open(plan, None).await.unwrap();
        let hours = |hours| SignedDuration::from_hours(hours);
        let question = Question {
            kinds,
            api: Some("customers"),
            version: None,
            who: None,
            grain,
            since: noon().checked_sub(hours(1)).unwrap(),
            until: noon().checked_add(hours(1)).unwrap(),
            by_time: false,
            most: 100_000,
        };
        store.ask(&question).await.unwrap()
    })
}

fn name(who: &Who) -> String {
    match who {
        Who::Everybody => "everybody".to_owned(),
        Who::Consumer(name) | Who::Unidentified(name) => name.to_string(),
        Who::Other => "other".to_owned(),
    }
}

fn tally(known: &[Known]) -> Tally {
    let mut tally = Tally::new();
    for row in known {
        for (class, count) in row.fact.who_counts(row) {
            *tally
                .entry((row.fact.version.to_string(), name(&row.fact.who), class))
                .or_default() += count;
        }
    }
    tally
}

/// The counts of a row by class, without those of nothing.
trait ByClass {
    fn who_counts(&self, row: &Known) -> Vec<(usize, u64)>;
}

impl ByClass for sluice_gateway::ledger::fact::Fact {
    fn who_counts(&self, row: &Known) -> Vec<(usize, u64)> {
        row.counts
            .0
            .into_iter()
            .enumerate()
            .filter(|(_, count)| *count > 0)
            .collect()
    }
}

/// Sends from several clients at once; what the clients saw. `at` is called once when so many were sent.
fn send(stages: &[Stage], asks: &[Ask], at: usize, then: impl FnOnce()) -> (Tally, BTreeMap<String, u64>) {
    let next = AtomicUsize::new(0);
    let clients = 8;
    let (tallies, operations) = std::thread::scope(|scope| {
        let client = |number: usize| {
            let next = &next;
            scope.spawn(move || {
                let (mut seen, mut operations) = (Tally::new(), BTreeMap::<String, u64>::new());
                while let Some(ask) = asks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let status = ask.send(&stages[number % stages.len()]).status;
                    let who = ask.who.unwrap_or("127.0.0.0/24 traffic").to_owned();
                    *seen
                        .entry((ask.version.to_owned(), who, class(status)))
                        .or_default() += 1;
                    // A request without a credential is refused before anybody looks which operation it is for.
                    let id = ask.who.map_or("", |_| operation(ask.endpoint));
                    *operations.entry(id.to_owned()).or_default() += 1;
                }
                (seen, operations)
            })
        };
        let running: Vec<_> = (0..clients).map(client).collect();
        while next.load(Ordering::Relaxed) < at {
            std::thread::sleep(Duration::from_millis(2));
        }
        then();
        let ended = running.into_iter().map(|client| client.join().unwrap());
        ended.fold(
            (Tally::new(), BTreeMap::new()),
            |(mut all, mut operations), (seen, own)| {
                add(&mut all, seen);
                add(&mut operations, own);
                (all, operations)
            },
        )
    });
    (tallies, operations)
}

/// Adds what was seen later.
fn add<K: Ord>(all: &mut BTreeMap<K, u64>, more: BTreeMap<K, u64>) {
    more.into_iter()
        .for_each(|(key, count)| *all.entry(key).or_default() += count);
}

/// Waits until everything that was counted is kept.
fn settle(stage: &Stage) {
    let ledger = &stage.gateway().shared.ledger;
    let begun = Instant::now();
    while !(ledger.flush() && ledger.state().waiting == 0) {
        assert!(begun.elapsed() < PATIENCE, "{:?}", ledger.state());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(ledger.state().lost, 0);
}

fn judge(plan: &UsagePlan, seen: &Tally, operations: &BTreeMap<String, u64>) {
    for grain in [Grain::Minute, Grain::Hour, Grain::Day] {
        assert_eq!(&tally(&ask(plan, &[Kind::Request], grain)), seen, "{grain:?}");
        assert_eq!(&tally(&ask(plan, &[Kind::ByConsumer], grain)), seen, "{grain:?}");
    }
    let mut counted = BTreeMap::new();
    for row in ask(plan, &[Kind::Request], Grain::Day) {
        assert_eq!(&*row.fact.chosen_by, "path");
        *counted.entry(row.fact.operation.to_string()).or_default() += row.counts.all();
    }
    assert_eq!(&counted, operations);
}

/// Ends a gateway: what is kept then is what was seen.
fn ends_exact([stage]: [Stage; 1], plan: &UsagePlan, seen: &Tally) {
    settle(&stage);
    assert_eq!(tally(&ask(plan, &[Kind::Request], Grain::Day)), *seen);
    stage.shutdown();
}

#[test]
fn four_gateways_and_a_database_that_restarts_give_exactly_what_was_sent() {
    let Some(mut server) = Postgres::start() else {
        return;
    };
    let url = server.url();
    let setup = || kept("{postgres: \"${USAGE_DATABASE}\"}").variable("USAGE_DATABASE", &url);
    let stages: Vec<Stage> = (0..4).map(|_| setup().start()).collect();
    let plan = setup().plan("127.0.0.1:1").usage.unwrap();
    let asks = traffic(4, 1_200);
    // Killed, so that transactions are cut off; then stopped in good order while more comes.
    let (mut seen, mut operations) = send(&stages, &asks, 300, || {
        server.kill();
        std::thread::sleep(Duration::from_millis(1_500));
        server.go();
    });
    let (more, own) = send(&stages, &traffic(5, 1_200), 300, || server.restart());
    add(&mut seen, more);
    add(&mut operations, own);
    stages.iter().for_each(settle);
    judge(&plan, &seen, &operations);
    assert_eq!(seen.values().sum::<u64>(), 2_400);
    stages.into_iter().for_each(Stage::shutdown);
}

#[test]
fn a_password_that_changed_is_read_again() {
    let Some(server) = Postgres::start() else {
        return;
    };
    server.sql(
        "postgres",
        "CREATE USER gateway PASSWORD 'one'; GRANT ALL ON SCHEMA public TO gateway",
    );
    let url = |password: &str| {
        let own = format!("sluice:{PASSWORD}");
        server.url().replace(&own, &format!("gateway:{password}"))
    };
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("database");
    std::fs::write(&file, url("one")).unwrap();
    let setup = || kept(&format!("{{postgres_file: \"{}\"}}", file.display()));
    let stage = [setup().start()];
    let (mut seen, _) = send(&stage, &traffic(7, 40), 0, || ());
    settle(&stage[0]);
    // Who is connected stays so until it is cut off.
    server.sql("postgres", "ALTER USER gateway PASSWORD 'two'");
    server.sql(
        "postgres",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'gateway'",
    );
    let (more, _) = send(&stage, &traffic(8, 40), 0, || ());
    add(&mut seen, more);
    let begun = Instant::now();
    let refused = |fault: &String| fault.contains("refused");
    while !stage[0]
        .gateway()
        .shared
        .ledger
        .state()
        .fault
        .as_ref()
        .is_some_and(refused)
    {
        assert!(begun.elapsed() < PATIENCE, "it is not refused");
        std::thread::sleep(Duration::from_millis(50));
    }
    std::fs::write(&file, url("two")).unwrap();
    ends_exact(stage, &setup().plan("127.0.0.1:1").usage.unwrap(), &seen);
}

#[test]
fn counts_are_taken_on_time_while_a_server_takes_long() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let url = server.url();
    let setup = || kept("{postgres: \"${USAGE_DATABASE}\"}").variable("USAGE_DATABASE", &url);
    let stage = [setup().start()];
    let ledger = &stage[0].gateway().shared.ledger;
    let (mut seen, _) = send(&stage, &traffic(9, 40), 0, || ());
    settle(&stage[0]);
    // Somebody else holds what a batch needs.
    let hold = "BEGIN; LOCK TABLE sluice_facts IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(15); COMMIT";
    let held = "SELECT COUNT(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'sluice_facts'::regclass";
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let holder = scope.spawn(|| server.sql("postgres", hold));
        while server.sql("postgres", held) == "0" {
            assert!(begun.elapsed() < PATIENCE, "it is not held");
        }
        for (seed, counted) in [(10, 80), (11, 120)] {
            let (more, _) = send(&stage, &traffic(seed, 40), 0, || ());
            add(&mut seen, more);
            // Nobody takes them here: the flush does, also while it waits for the server.
            while ledger.series().exchanges(None) < counted {
                assert!(begun.elapsed() < PATIENCE, "{counted}");
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        assert!(!holder.is_finished(), "they were taken after it");
        assert!(ledger.state().waiting > 0);
    });
    ends_exact(stage, &setup().plan("127.0.0.1:1").usage.unwrap(), &seen);
}

#[test]
fn one_gateway_and_a_file_give_exactly_what_was_sent() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("usage.sqlite");
    let setup = || kept(&format!("{{sqlite: \"{}\"}}", file.display()));
    let stage = [setup().start()];
    let plan = setup().plan("127.0.0.1:1").usage.unwrap();
    let (seen, operations) = send(&stage, &traffic(6, 800), 100, || {
        // A reload in the middle with other names of consumers loses nothing.
        let other = setup().append("consumers.yaml", "  newcomer:\n    subjects: [newcomer]\n");
        assert_eq!(stage[0].publish(&other), 2);
    });
    settle(&stage[0]);
    judge(&plan, &seen, &operations);
    // What was sent and delivered of old versions is told apart.
    let sent = ask(&plan, &[Kind::Sent], Grain::Day);
    let delivered = ask(&plan, &[Kind::Delivered], Grain::Day);
    let has = |known: &[Known], what: &str| known.iter().any(|row| &*row.fact.what == what);
    assert!(
        has(&sent, "Customer /cust_name") || has(&sent, "Customer /full_name"),
        "{sent:?}"
    );
    assert!(!delivered.is_empty() && sent.iter().all(|row| &*row.fact.operation != "readCustomer"));
    let [stage] = stage;
    stage.shutdown();
}

#[test]
fn an_exchange_whose_client_has_gone_counts_once() {
    // An upstream that takes requests and never answers.
    let silent = scripted::upstream(|mut stream, _| while scripted::head(&mut stream).is_some() {});
    let stage = Setup::integrationhub().upstream(silent).start();
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let client = Http2::connect(stage.address()).await;
        for version in ["2.0", "3.3"] {
            let target = format!("/v{version}/customers/cus_000017");
            let asked =
                tokio::time::timeout(Duration::from_millis(500), client.send("GET", &target, &[], b""));
            assert!(asked.await.is_err(), "the upstream never answers");
        }
    });
    // The connection goes with its runtime.
    drop(runtime);
    let begun = Instant::now();
    let place = |version: &str| {
        (
            "customers".to_owned(),
            version.to_owned(),
            "readCustomer".to_owned(),
        )
    };
    while stage.counted().len() < 2 {
        assert!(begun.elapsed() < PATIENCE, "{:?}", stage.counted());
        std::thread::sleep(Duration::from_millis(20));
    }
    let counted = stage.counted();
    assert_eq!(
        (counted[&place("2.0")], counted[&place("3.3")]),
        (1, 1),
        "{counted:?}"
    );
    let series = stage.gateway().shared.ledger.series();
    assert_eq!(
        (series.exchanges(Some(class(499))), series.exchanges(None)),
        (2, 2)
    );
    stage.shutdown();
}
