//! Limits that four gateways share through one `redis-server`, which is stopped and killed. Counts and completion are
//! asserted; times are printed (`--nocapture`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod limited;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use limited::redis::Redis;
use limited::{code, things_before, told, upstream};
use sluice_conformance::stage::{Client, PATIENCE, Setup, Stage, scripted};
use sluice_gateway::store::Store;

const NODES: usize = 4;

/// Of the store, where nothing but counts is looked at: a busy machine is no fault of it.
const PATIENT: &str = ", timeout: 1s";

/// Gateways that share a store. They all know of each other.
struct Fleet(Vec<Stage>);

impl Fleet {
    fn start(limits: &str, store: &str) -> Self {
        let setup = || things_before(limits, store, upstream());
        let stages = (0..NODES).map(|_| setup().start()).collect();
        let fleet = Self(stages);
        fleet.until("all gateways are known", |store| store.nodes() as usize == NODES);
        fleet
    }

    fn until(&self, what: &str, holds: impl Fn(&Store) -> bool) {
        let begun = Instant::now();
        while !self.0.iter().all(|stage| holds(&store(stage))) {
            assert!(begun.elapsed() < PATIENCE, "not reached: {what}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Floods all gateways while something goes on beside.
    fn flood(&self, name: &str, beside: impl FnOnce()) -> Flood {
        let over = AtomicBool::new(false);
        let begun = Instant::now();
        let mut flood = Flood::default();
        std::thread::scope(|scope| {
            let clients: Vec<_> = self.0.iter().flat_map(|stage| [stage, stage]).collect();
            let workers: Vec<_> = clients
                .into_iter()
                .map(|stage| scope.spawn(|| ask_until(stage.client(), &over)))
                .collect();
            beside();
            over.store(true, Ordering::SeqCst);
            for worker in workers {
                flood.add(worker.join().unwrap());
            }
        });
        flood.lasted = begun.elapsed();
        flood.print(name);
        flood
    }
}

fn store(stage: &Stage) -> Arc<Store> {
    let edition = stage.gateway().editions.current().unwrap();
    Arc::clone(edition.guard.store.as_ref().unwrap())
}

/// What came of a flood.
#[derive(Default)]
struct Flood {
    admitted: usize,
    refused: usize,
    times: Vec<Duration>,
    lasted: Duration,
}

impl Flood {
    fn add(&mut self, other: Self) {
        self.admitted += other.admitted;
        self.refused += other.refused;
        self.times.extend(other.times);
    }

    fn print(&mut self, name: &str) {
        self.times.sort_unstable();
        let at = |part: usize| {
            self.times
                .get(self.times.len() * part / 1000)
                .copied()
                .unwrap_or_default()
        };
        println!(
            "{name}: {} admitted, {} refused in {:.2?}; median {:.2?}, p99 {:.2?}, longest {:.2?}",
            self.admitted,
            self.refused,
            self.lasted,
            at(500),
            at(990),
            at(999)
        );
    }

    /// What a rate and a burst allow in the time that it took.
    fn bound(&self, rate: f64, burst: f64) -> f64 {
        burst + rate * self.lasted.as_secs_f64()
    }
}

/// Asks without a pause but a short one after each refusal.
fn ask_until(mut client: Client, over: &AtomicBool) -> Flood {
    let mut flood = Flood::default();
    while !over.load(Ordering::SeqCst) {
        let begun = Instant::now();
        let answer = client
            .exchange("GET", "/v2.0/things", &[], b"")
            .expect("an answer");
        flood.times.push(begun.elapsed());
        match answer.status {
            200 => flood.admitted += 1,
            429 => {
                flood.refused += 1;
                std::thread::sleep(Duration::from_millis(1));
            }
            status => panic!("{status}: {}", answer.text()),
        }
    }
    flood
}

fn pause(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}

#[test]
fn a_fleet_admits_no_more_than_its_bound_and_nearly_all_of_it() {
    let redis = Redis::start();
    let fleet = Fleet::start(
        "limits: [{name: all, rate: 200/s, burst: 100, where: fleet}]",
        &redis.store(PATIENT),
    );
    let flood = fleet.flood("four gateways", || pause(4_000));
    let bound = flood.bound(200.0, 100.0);
    println!("admitted {} of at most {bound:.0}", flood.admitted);
    assert!(flood.admitted as f64 <= bound, "{} > {bound}", flood.admitted);
    assert!(
        flood.admitted as f64 >= 0.9 * bound,
        "{} < 90 % of {bound}",
        flood.admitted
    );
}

#[test]
fn each_key_has_its_own_bucket_and_weights_count() {
    let redis = Redis::start();
    let limits = "limits: [{name: tenant, key: [\"header:x-tenant\"], rate: 1/h, burst: 40, where: fleet}]\nweights: {listThings: 4}";
    let fleet = Fleet::start(limits, &redis.store(PATIENT));
    for tenant in ["a", "b"] {
        let ask = |n: usize| {
            let stage = &fleet.0[n % NODES];
            stage.get("/v2.0/things", &[("x-tenant", tenant)])
        };
        let answers: Vec<_> = (0..60).map(ask).collect();
        let admitted = answers.iter().filter(|answer| answer.status == 200).count();
        // Tokens that one gateway holds are no use to the next: they are few, and none is spent twice.
        assert!((8..=10).contains(&admitted), "{admitted}");
        let refused = answers.last().unwrap();
        assert_eq!(refused.status, 429);
        assert!(told(refused, "ratelimit", "tenant", "t").unwrap() > 60);
    }
}

#[test]
fn an_exact_limit_is_exact() {
    let redis = Redis::start();
    let limits = "limits: [{name: all, rate: 1/h, burst: 300, where: fleet, exact: true}]";
    let fleet = Fleet::start(limits, &redis.store(PATIENT));
    let flood = fleet.flood("exact", || pause(2_500));
    assert_eq!(flood.admitted, 300);
}

#[test]
fn a_flood_of_refusals_costs_the_store_nothing() {
    let redis = Redis::start();
    let limits = "limits: [{name: all, rate: 1/h, burst: 4, where: fleet}]";
    let fleet = Fleet::start(limits, &redis.store(PATIENT));
    let used_up = fleet.flood("until used up", || pause(300));
    assert_eq!(used_up.admitted, 4);
    let before = redis.calls();
    let flood = fleet.flood("refusals", || pause(1_000));
    // Each gateway tells once a second that it lives.
    let calls = redis.calls() - before;
    assert!(
        calls <= 3 * NODES as u64,
        "{calls} calls for {} refusals",
        flood.refused
    );
    assert!(flood.refused > 100 && flood.admitted == 0);
}

/// Floods before, during and after an outage. The bucket is empty when it begins.
fn outage(fleet: &Fleet, redis: &mut Redis, begin: fn(&mut Redis), end: fn(&mut Redis)) {
    let (rate, burst) = (100.0, 400.0);
    let begun = Instant::now();
    let before = fleet.flood("before", || pause(1_500));
    assert!(before.refused > 0, "the burst is used up");
    begin(redis);
    let noticed = fleet.flood("while it is noticed", || {
        fleet.until("the fault is noticed", |store| !store.is_up());
    });
    let during = fleet.flood("during", || pause(2_500));
    assert!(during.admitted > 0, "requests go on");
    end(redis);
    let back = fleet.flood("until it is back", || {
        fleet.until("the store is back", Store::is_up);
    });
    let after = fleet.flood("after", || pause(2_000));
    let all = [&before, &noticed, &during, &back, &after];
    let admitted: usize = all.iter().map(|flood| flood.admitted).sum();
    let bound = burst + rate * begun.elapsed().as_secs_f64();
    println!(
        "admitted {admitted} of at most {bound:.0}: {:.2}",
        admitted as f64 / bound
    );
    assert!(admitted as f64 <= 1.25 * bound, "{admitted} > 1.25 * {bound}");
    let second = 1.25 * after.bound(rate, 0.0) + burst / 4.0;
    assert!(
        (after.admitted as f64) < second,
        "a second burst: {} >= {second}",
        after.admitted
    );
    assert!(after.admitted > 0, "the store counts again");
}

const SHARED: &str = "limits: [{name: all, rate: 100/s, burst: 400, where: fleet}]";

#[test]
fn a_store_that_hangs_neither_stops_requests_nor_doubles_a_limit() {
    let mut redis = Redis::start();
    let fleet = Fleet::start(SHARED, &redis.store(""));
    outage(&fleet, &mut redis, |redis| redis.stop(), |redis| redis.go_on());
}

#[test]
fn a_store_that_dies_and_forgets_neither_stops_requests_nor_doubles_a_limit() {
    let mut redis = Redis::start();
    let fleet = Fleet::start(SHARED, &redis.store(""));
    outage(&fleet, &mut redis, Redis::kill, Redis::start_again);
}

#[test]
fn without_a_store_each_limit_does_what_it_says() {
    let dead = format!("store: {{redis: \"redis://{}\", nodes: 4}}", scripted::nobody());
    let start = |on_failure: &str| {
        let limits =
            format!("limits: [{{name: all, rate: 1/h, burst: 8, where: fleet, on_failure: {on_failure}}}]");
        things_before(&limits, &dead, upstream()).start()
    };
    let closed = start("closed");
    let refused = closed.get("/v2.0/things", &[]).expect(503);
    assert_eq!(code(&refused), "limiter_unavailable");
    assert_eq!(refused.header("retry-after"), "1");
    let open = start("open");
    for _ in 0..20 {
        assert!(
            !open.get("/v2.0/things", &[]).expect(200).has("ratelimit"),
            "nothing is counted"
        );
    }
    let local = start("local");
    let statuses: Vec<_> = (0..4).map(|_| local.get("/v2.0/things", &[]).status).collect();
    assert_eq!(statuses, [200, 200, 429, 429], "a fourth of the burst");
    for stage in [closed, open, local] {
        let meters = &stage.gateway().shared.meters;
        assert_eq!(meters.value("sluice_limits_degraded", &[]), 1.0);
        let text = meters.render();
        assert!(text.contains("sluice_store_up{} 0.0"), "{text}");
    }
}

#[test]
fn a_closed_limit_opens_when_the_store_is_back() {
    let mut redis = Redis::start();
    let limits = "limits: [{name: all, rate: 1000/s, where: fleet, on_failure: closed, exact: true}]";
    let stage = things_before(limits, &redis.store(PATIENT), upstream()).start();
    let up = |stage: &Stage| stage.gateway().shared.meters.value("sluice_store_up", &[]);
    stage.get("/v2.0/things", &[]).expect(200);
    assert_eq!(up(&stage), 1.0);
    redis.kill();
    stage.get("/v2.0/things", &[]).expect(503);
    until(&stage, "the metric says so", |stage| up(stage) == 0.0);
    redis.start_again();
    until(&stage, "it is back", |stage| {
        stage.get("/v2.0/things", &[]).status == 200
    });
    until(&stage, "the metric says so", |stage| up(stage) == 1.0);
    assert_eq!(
        stage.gateway().shared.meters.value("sluice_limits_degraded", &[]),
        0.0
    );
}

#[test]
fn a_store_may_ask_for_a_password_that_nobody_sees() {
    const PASSWORD: &str = "planted-password-of-the-store";
    let redis = Redis::with_password(PASSWORD);
    let limits = "limits: [{name: all, rate: 1/h, where: fleet, on_failure: closed}]";
    let main = "store: {redis: \"${REDIS_URL}\", timeout: 1s}";
    let start = |password: &str| {
        let setup = things_before(limits, main, upstream());
        setup.variable("REDIS_URL", redis.address(password)).start()
    };
    let right = start(PASSWORD);
    assert!(store(&right).is_up());
    right.get("/v2.0/things", &[]).expect(200);
    let wrong = start("planted-password-of-another");
    assert!(!store(&wrong).is_up());
    let refused = wrong.get("/v2.0/things", &[]).expect(503);
    for stage in [&right, &wrong] {
        let edition = stage.gateway().editions.current().unwrap();
        let shown = format!(
            "{edition:?} {:?} {}",
            store(stage),
            stage.gateway().shared.meters.render()
        );
        assert!(!shown.contains("planted-password"));
    }
    assert!(!refused.text().contains("planted-password"));
}

fn until(stage: &Stage, what: &str, holds: impl Fn(&Stage) -> bool) {
    let begun = Instant::now();
    while !holds(stage) {
        assert!(begun.elapsed() < PATIENCE, "not reached: {what}");
        pause(20);
    }
}

#[test]
fn a_quota_is_counted_by_the_fleet_and_not_forgotten() {
    let mut redis = Redis::start();
    let limits = "limits: [{name: month, quota: 100/month, where: fleet}]";
    let fleet = Fleet::start(limits, &redis.store(PATIENT));
    let ask = |n: usize| fleet.0[n % NODES].get("/v2.0/things", &[]);
    let admitted = |answers: usize| (0..answers).filter(|n| ask(*n).status == 200).count();
    assert_eq!(admitted(60), 60);
    assert_eq!(told(&ask(0), "ratelimit", "month", "r"), Some(39));
    redis.kill();
    // Each gateway knows about what all had used, and spends a fourth of the rest.
    let alone = admitted(80);
    assert!((30..=45).contains(&alone), "{alone}");
    redis.start_again();
    fleet.until("the store is back", Store::is_up);
    // An empty store is told what was used: nothing is left but what four gateways did not know of each other.
    let rest = admitted(80);
    assert!(61 + alone + rest <= 125, "{alone} and {rest}");
    assert_eq!(admitted(8), 0);
}

#[test]
fn a_reload_keeps_leases_and_a_store_that_is_gone_from_the_configuration_is_let_go() {
    let redis = Redis::start();
    let limits = "limits: [{name: all, rate: 1/h, burst: 6, where: fleet}]";
    let setup = |limits: &str, main: &str| -> Setup { things_before(limits, main, upstream()) };
    let stage = setup(limits, &redis.store(PATIENT)).start();
    let kept = store(&stage);
    stage.get("/v2.0/things", &[]).expect(200);
    stage.publish(&setup(
        &format!("{limits}\nweights: {{readThing: 2}}"),
        &redis.store(PATIENT),
    ));
    assert!(Arc::ptr_eq(&kept, &store(&stage)), "the connection is kept");
    let statuses: Vec<_> = (0..6).map(|_| stage.get("/v2.0/things", &[]).status).collect();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429]);
    let gone = Arc::downgrade(&kept);
    drop(kept);
    stage.publish(&setup("", ""));
    // Each core lets go with its next request.
    until(&stage, "the store is let go", |stage| {
        stage
            .client()
            .exchange("GET", "/v2.0/things", &[], b"")
            .unwrap()
            .expect(200);
        gone.strong_count() == 0
    });
}
