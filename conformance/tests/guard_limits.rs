//! Limits of one gateway: what each key counts apart, weights, quotas, requests in progress, sizes, and what answers say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod limited;

use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use limited::{code, things, things_before, told};
use sluice_conformance::stage::{Answer, Client, PATIENCE, Setup, Stage, scripted};
use sluice_gateway::auth::keys::Hasher;
use sluice_gateway::clock::Clock;

/// How many of these requests are answered 200; the others with 429.
fn admitted(stage: &Stage, requests: &[(&str, &[(&str, &str)])]) -> usize {
    let answers = requests
        .iter()
        .map(|(target, headers)| stage.get(target, headers));
    let statuses: Vec<_> = answers.map(|answer| answer.status).collect();
    assert!(
        statuses.iter().all(|status| matches!(status, 200 | 429)),
        "{statuses:?}"
    );
    statuses.iter().filter(|status| **status == 200).count()
}

#[test]
fn a_refusal_says_when_to_come_again() {
    let stage = things("limits: [{name: all, rate: 2/h, burst: 2}]").start();
    let first = stage.get("/v2.0/things", &[]).expect(200);
    assert_eq!(told(&first, "ratelimit-policy", "all", "q"), Some(2));
    assert_eq!(told(&first, "ratelimit-policy", "all", "w"), Some(3600));
    assert_eq!(told(&first, "ratelimit", "all", "r"), Some(1));
    assert_eq!(told(&first, "ratelimit", "all", "t"), Some(1800));
    stage.get("/v2.0/things", &[]).expect(200);
    let refused = stage.get("/v2.0/things", &[]).expect(429);
    assert_eq!(code(&refused), "rate_limited");
    assert_eq!(refused.json()["limit"], "all");
    let wait: i64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=1800).contains(&wait), "{wait}");
    assert_eq!(told(&refused, "ratelimit", "all", "r"), Some(0));
    assert_eq!(told(&refused, "ratelimit", "all", "t"), Some(wait));
    assert_eq!(refused.header("cache-control"), "no-store");
    let meters = &stage.gateway().shared.meters;
    let labels = [("api", "things"), ("limit", "all")];
    assert_eq!(meters.value("sluice_limits_refused", &labels), 1.0);
}

#[test]
fn a_refusal_is_told_in_the_words_of_the_clients_version() {
    for (version, path) in [
        ("1.0", "/api/v1.0/getCustomer?id=17"),
        ("2.0", "/v2.0/customers/cus_000017"),
        ("3.3", "/v3.3/customers/cus_000017"),
    ] {
        let limits = "limits: [{name: all, key: [version], rate: 1/h}]";
        let stage = Setup::integrationhub()
            .append("apis/customers/api.yaml", limits)
            .start();
        let own = stage.get(path, &[]).expect(200);
        let missing = stage.get(&path.replace("17", "999999"), &[]);
        let refused = if missing.status == 429 {
            missing
        } else {
            stage.get(path, &[])
        }
        .expect(429);
        let shape = |answer: &Answer| {
            answer
                .json()
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect::<Vec<_>>()
        };
        assert!(
            !refused.header("content-type").contains("problem"),
            "{version}: {}",
            refused.text()
        );
        assert_ne!(shape(&refused), shape(&own));
        assert!(
            refused.text().contains("the limit `all` is reached"),
            "{version}: {}",
            refused.text()
        );
        assert!(refused.has("retry-after") && refused.has("ratelimit"));
    }
}

#[test]
fn fields_can_be_left_out() {
    let stage = things("limits: [{name: all, rate: 1/h, fields: false}]").start();
    let answers = [
        stage.get("/v2.0/things", &[]).expect(200),
        stage.get("/v2.0/things", &[]).expect(429),
    ];
    assert!(
        answers
            .iter()
            .all(|a| !a.has("ratelimit") && !a.has("ratelimit-policy"))
    );
    assert!(answers[1].has("retry-after"));
}

#[test]
fn each_part_of_a_key_counts_apart() {
    const LIST: &str = "/v2.0/things";
    const READ: &str = "/v2.0/things/1";
    const OLD: &str = "/v1.0/things";
    let (a, b): (&[_], &[_]) = (&[("x-tenant", "a")], &[("x-tenant", "b")]);
    // Eight requests: of two operations, in two versions, by two tenants. All come from one address.
    let all = [
        (LIST, a),
        (LIST, b),
        (READ, a),
        (READ, b),
        (OLD, a),
        (OLD, b),
        (LIST, a),
        (READ, b),
    ];
    let cases = [
        ("[]", 1),
        ("[address]", 1),
        ("[consumer]", 1),
        ("[operation]", 2),
        ("[version]", 2),
        ("[\"header:X-Tenant\"]", 2),
        ("[operation, version]", 3),
        ("[version, \"header:x-tenant\"]", 4),
        ("[operation, version, \"header:x-tenant\", consumer, address]", 6),
    ];
    for (key, counts) in cases {
        let stage = things(&format!("limits: [{{name: one, key: {key}, rate: 1/h}}]")).start();
        assert_eq!(admitted(&stage, &all), counts, "{key}");
    }
}

#[test]
fn a_limit_applies_to_what_it_names() {
    let all: [(&str, &[(&str, &str)]); 6] = [
        ("/v2.0/things", &[]),
        ("/v2.0/things", &[]),
        ("/v1.0/things", &[]),
        ("/v1.0/things", &[]),
        ("/v2.0/things/1", &[]),
        ("/v2.0/things/1", &[]),
    ];
    for (to, counts) in [
        ("operations: [readThing]", 5),
        ("versions: {to: \"1.0\"}", 5),
        ("versions: {only: [\"2.0\"]}, operations: [listThings]", 5),
        ("versions: {only: [\"2.0\"]}", 3),
    ] {
        let stage = things(&format!("limits: [{{name: some, rate: 1/h, {to}}}]")).start();
        assert_eq!(admitted(&stage, &all), counts, "{to}");
    }
}

const SECRET: &str = "a-secret-of-more-than-sixteen-bytes";

/// The API with two consumers, who use keys from 2.0 on; in 1.0 anyone may ask.
fn with_consumers(limits: &str) -> Stage {
    let hash = |key: &str| {
        let digits = Hasher::new(SECRET.as_bytes()).hash(key.as_bytes()).0;
        digits
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let consumer = |name: &str, groups: &str| {
        let hash = hash(name);
        format!("  {name}: {{keys: [{{hash: \"hmac-sha256:{hash}\"}}], groups: [{groups}]}}\n")
    };
    let consumers = consumer("acme", "partners") + &consumer("globex", "");
    let authentication = "authentication:\n  - {versions: {only: [\"1.0\"]}, open: true}\n  - schemes: [{api_key: {header: X-API-Key}}]";
    things(&format!("{limits}\n{authentication}"))
        .main(&format!("keys: {{secret: {SECRET}}}"))
        .file("consumers.yaml", format!("sluice: 1\nconsumers:\n{consumers}"))
        .start()
}

#[test]
fn consumers_count_apart_and_a_limit_may_be_for_some_of_them() {
    let acme: (&str, &[(&str, &str)]) = ("/v2.0/things", &[("x-api-key", "acme")]);
    let globex: (&str, &[(&str, &str)]) = ("/v2.0/things", &[("x-api-key", "globex")]);
    let nobody: (&str, &[(&str, &str)]) = ("/v1.0/things", &[]);
    let all = [acme, globex, nobody, acme, globex, nobody, acme, globex, nobody];
    for (limit, counts) in [
        ("key: [consumer], rate: 1/h", 3),
        ("key: [consumer], rate: 1/h, burst: 2", 6),
        ("rate: 1/h, consumers: [acme]", 7),
        ("key: [consumer], rate: 1/h, consumers: [acme, globex]", 5),
        ("rate: 1/h, groups: [partners]", 7),
        ("rate: 1/h, groups: [partners], consumers: [globex]", 4),
    ] {
        let stage = with_consumers(&format!("limits: [{{name: some, {limit}}}]"));
        assert_eq!(admitted(&stage, &all), counts, "{limit}");
    }
}

#[test]
fn a_refused_credential_costs_no_consumer_anything() {
    let stage = with_consumers("limits: [{name: each, key: [consumer], rate: 1/h}]");
    for key in ["wrong", "acm", ""] {
        stage.get("/v2.0/things", &[("x-api-key", key)]).expect(401);
    }
    stage.get("/v2.0/things", &[("x-api-key", "acme")]).expect(200);
}

#[test]
fn weights_count() {
    let stage = things("limits: [{name: all, rate: 1/h, burst: 10}]\nweights: {listThings: 4}").start();
    let left = |answer: &Answer| told(answer, "ratelimit", "all", "r").unwrap();
    assert_eq!(left(&stage.get("/v2.0/things", &[]).expect(200)), 6);
    assert_eq!(left(&stage.get("/v2.0/things/1", &[]).expect(200)), 5);
    assert_eq!(left(&stage.get("/v1.0/things", &[]).expect(200)), 1);
    stage.get("/v2.0/things", &[]).expect(429);
    assert_eq!(left(&stage.get("/v2.0/things/1", &[]).expect(200)), 0);
}

#[test]
fn the_narrowest_limit_comes_first_and_what_is_refused_is_not_counted() {
    let limits = "limits:\n  - {name: everyone, rate: 1/h, burst: 5}\n  - {name: tenant, key: [\"header:x-tenant\"], rate: 1/h, burst: 2}";
    let stage = things(limits).start();
    let ask = |tenant: &str| stage.get("/v2.0/things", &[("x-tenant", tenant)]);
    assert_eq!((0..10).filter(|_| ask("a").status == 200).count(), 2);
    assert_eq!((0..10).filter(|_| ask("b").status == 200).count(), 2);
    ask("c").expect(200);
    let refused = ask("c").expect(429);
    assert_eq!(
        refused.json()["limit"],
        "everyone",
        "8 + 8 refusals did not drain what all share"
    );
    // What the tenant's own limit had counted was taken back, so that it is not the one that refuses now.
    assert_eq!(ask("c").expect(429).json()["limit"], "everyone");
}

#[test]
fn by_address_alone_is_counted_on_arrival() {
    // A path that belongs to no operation counts too: it is judged before anything else is known.
    let stage = things("limits: [{name: each-address, key: [address], rate: 1/h, burst: 3}]").start();
    stage.get("/v2.0/nothing", &[]).expect(404);
    stage.get("/v9.9/things", &[]);
    stage.get("/v2.0/things", &[]).expect(200);
    let rest: Vec<_> = (0..3).map(|_| stage.get("/v2.0/things", &[]).status).collect();
    assert!(rest[1..].iter().all(|status| *status == 429), "{rest:?}");
}

#[test]
fn quotas_go_by_the_calendar() {
    let clock = Clock::Fixed("2026-11-20T12:00:00Z".parse().unwrap());
    for (quota, left) in [("3/day", 43_200), ("3/month", 10 * 86_400 + 43_200)] {
        let limits = format!("limits: [{{name: some, key: [consumer], quota: {quota}}}]");
        let stage = things(&limits).clock(clock).start();
        for rest in [2, 1, 0] {
            let answer = stage.get("/v2.0/things", &[]).expect(200);
            assert_eq!(told(&answer, "ratelimit", "some", "r"), Some(rest));
        }
        let refused = stage.get("/v2.0/things", &[]).expect(429);
        assert_eq!(code(&refused), "quota_exceeded");
        assert_eq!(refused.header("retry-after"), left.to_string());
        assert_eq!(told(&refused, "ratelimit", "some", "t"), Some(left));
    }
}

#[test]
fn a_quota_begins_anew_at_midnight() {
    let clock = Clock::starting_at("2026-11-20T23:59:57Z".parse().unwrap());
    let stage = things("limits: [{name: day, quota: 2/day}]").clock(clock).start();
    let ask = || stage.get("/v2.0/things", &[]).status;
    until(429, ask);
    until(200, ask);
    until(429, ask);
}

#[test]
fn what_is_in_progress_is_counted_over_both_cores_until_its_body_has_ended() {
    const CAP: usize = 4;
    let go_on = Arc::new(AtomicBool::new(false));
    let waits = Arc::clone(&go_on);
    let slow = scripted::upstream(move |mut stream, _| {
        while scripted::head(&mut stream).is_some() {
            let _lost = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfirst");
            while !waits.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(5));
            }
            let _lost = stream.write_all(b"after");
        }
    });
    let limits = format!("limits: [{{name: parallel, key: [consumer], concurrency: {CAP}}}]");
    let stage = things_before(&limits, "", slow).start();
    let mut clients: Vec<_> = (0..24).map(|_| stage.client()).collect();
    let statuses: Vec<_> = clients
        .iter_mut()
        .map(|client| client.request("GET", "/v2.0/things", &[], b"").head().unwrap())
        .collect();
    let served = |status: u16| statuses.iter().filter(|(s, _)| *s == status).count();
    assert_eq!((served(200), served(429)), (CAP, 24 - CAP));
    let refused = statuses.iter().find(|(status, _)| *status == 429).unwrap();
    assert_eq!(refused.1["retry-after"], "1");
    assert_eq!(refused.1["ratelimit"], "\"parallel\";r=0");
    let (_, head) = statuses.iter().find(|(status, _)| *status == 200).unwrap();
    assert_eq!(
        head["content-length"], "10",
        "a body that holds a place keeps its length"
    );
    go_on.store(true, Ordering::SeqCst);
    for ((status, _), client) in statuses.iter().zip(&mut clients) {
        if *status == 200 {
            assert_eq!(client.take(10), b"firstafter");
        }
    }
    until(200, || {
        stage
            .client()
            .exchange("GET", "/v2.0/things", &[], b"")
            .unwrap()
            .status
    });
}

#[test]
fn a_switched_connection_is_in_progress_until_it_ends() {
    let echo = scripted::upstream(|mut stream, _| {
        let _head = scripted::head(&mut stream);
        let _lost = stream
            .write_all(b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n");
        let mut buffer = [0; 64];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            let _lost = stream.write_all(&buffer[..count]);
        }
    });
    let stage = things_before("limits: [{name: one, concurrency: 1}]", "", echo).start();
    let upgrade = [("connection", "Upgrade"), ("upgrade", "echo")];
    let ask = |client: &mut Client| {
        client
            .request("GET", "/v2.0/things", &upgrade, b"")
            .head()
            .unwrap()
            .0
    };
    let mut first = stage.client();
    assert_eq!(ask(&mut first), 101);
    assert_eq!(first.write("ping").take(4), b"ping");
    assert_eq!(ask(&mut stage.client()), 429);
    first.finish();
    assert!(first.has_ended());
    until(101, || ask(&mut stage.client()));
}

#[test]
fn a_client_that_goes_away_gives_its_place_back() {
    let endless = scripted::upstream(|mut stream, _| {
        let _head = scripted::head(&mut stream);
        let _lost = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n");
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    });
    let stage = things_before("limits: [{name: one, concurrency: 1}]", "", endless).start();
    let ask = |client: &mut Client| client.request("GET", "/v2.0/things", &[], b"").head().unwrap().0;
    let mut first = stage.client();
    assert_eq!(ask(&mut first), 200);
    assert_eq!(ask(&mut stage.client()), 429);
    drop(first);
    until(200, || ask(&mut stage.client()));
}

/// Asks until it is answered so.
fn until(status: u16, ask: impl Fn() -> u16) {
    let begun = Instant::now();
    while ask() != status {
        assert!(begun.elapsed() < PATIENCE, "no {status}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_rate_holds_for_the_process_under_load_from_both_cores() {
    let stage = things("limits: [{name: all, rate: 1/h, burst: 100}]").start();
    let (threads, each) = (8, 50);
    let together = Barrier::new(threads);
    let all: usize = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    together.wait();
                    (0..each)
                        .filter(|_| stage.get("/v2.0/things", &[]).status == 200)
                        .count()
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    assert_eq!(all, 100);
}

#[test]
fn a_reload_keeps_what_was_counted_unless_the_limit_changed() {
    let text = "limits: [{name: all, rate: 1/h, burst: 3}, {name: day, key: [version], quota: 5/day}]";
    let setup = things(text);
    let stage = setup.start();
    stage.get("/v2.0/things", &[]).expect(200);
    stage.get("/v2.0/things", &[]).expect(200);
    // The same limits in another order, one with other fields, beside a new one.
    let again = "limits: [{name: day, key: [version], quota: 5/day}, {name: new, key: [operation], rate: 100/s}, {name: all, rate: 1/h, burst: 3, fields: false}]";
    stage.publish(&things(again));
    let third = stage.get("/v2.0/things", &[]).expect(200);
    assert_eq!(told(&third, "ratelimit", "day", "r"), Some(2));
    assert_eq!(stage.get("/v2.0/things", &[]).expect(429).json()["limit"], "all");
    stage.publish(&things("limits: [{name: all, rate: 2/h, burst: 3}]"));
    let anew = stage.get("/v2.0/things", &[]).expect(200);
    assert_eq!(told(&anew, "ratelimit", "all", "r"), Some(2));
}

#[test]
fn an_operation_can_bound_its_requests() {
    let stage = things("request_sizes: {createThing: 100B}").start();
    let body = |size: usize| format!("{{\"name\":\"{}\"}}", "x".repeat(size - 11));
    let json = [("content-type", "application/json")];
    stage.send("POST", "/v2.0/things", &json, body(100)).expect(200);
    let refused = stage.send("POST", "/v2.0/things", &json, body(101)).expect(413);
    assert_eq!(code(&refused), "too_large");
    stage.send("POST", "/v1.0/things", &json, body(101)).expect(413);
    let chunked = |size: usize| {
        let headers = [
            ("content-type", "application/json"),
            ("transfer-encoding", "chunked"),
        ];
        let body = format!("{size:x}\r\n{}\r\n0\r\n\r\n", body(size));
        stage
            .client()
            .exchange("POST", "/v2.0/things", &headers, body.as_bytes())
            .unwrap()
    };
    chunked(101).expect(413);
}
