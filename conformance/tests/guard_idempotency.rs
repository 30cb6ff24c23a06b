//! The same key, the same answer: what is sent again is not carried out again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sluice_conformance::oracle::{self, Endpoint, lower};
use sluice_conformance::stage::{Answer, PATIENCE, Setup, Stage, VERSIONS, scripted};
use sluice_gateway::clock::Clock;
use sluice_gateway::idempotency::fleet::Claim;
use sluice_gateway::idempotency::kept::{Loss, Outcome};
use sluice_gateway::idempotency::{Found, Standing};

const API: &str = "apis/customers/api.yaml";

/// The example with these settings.
fn keeping(settings: &str) -> Setup {
    Setup::integrationhub().replace(
        API,
        "additions: pass",
        &format!("additions: pass\nidempotency: {{operations: [createCustomer], {settings}}}"),
    )
}

fn customer(name: &str) -> Value {
    json!({"name": name, "email": "a@example.com", "status": "active", "tier": "free", "phones": [],
        "address": {"street": "1 A", "city": "B", "region": "C", "postalCode": "D", "country": "GB"},
        "balance": {"amount": 1, "currency": "GBP"}, "consent": {"marketing": false, "analytics": false}, "tags": []})
}

fn create(stage: &Stage, key: &str, document: &Value) -> Answer {
    stage.write("POST", "/v3.3/customers", &[("idempotency-key", key)], document)
}

fn posts(stage: &Stage) -> usize {
    let all = stage.backend().requests();
    all.iter().filter(|request| request.method == "POST").count()
}

/// What an answer is but for the fields that tell one exchange from another.
fn essence(answer: &Answer) -> (u16, Vec<u8>, BTreeMap<String, String>) {
    let own = ["x-request-id", "idempotency-replayed", "date"];
    let fields = answer
        .headers
        .iter()
        .filter(|(name, _)| !own.contains(&name.as_str()));
    let fields = fields.map(|(name, value)| (name.to_string(), format!("{value:?}")));
    (answer.status, answer.body.clone(), fields.collect())
}

#[test]
fn a_key_is_shared_by_nobody_whom_the_backend_tells_apart() {
    let stage = keeping("keep: 1h").start();
    let ask = |fields: &[(&str, &str)]| {
        let fields = [&[("idempotency-key", "\"one\"")], fields].concat();
        let answer = stage.write("POST", "/v3.3/customers", &fields, &customer("Ada"));
        answer.headers.contains_key("idempotency-replayed")
    };
    let clients = [
        &[][..],
        &[("authorization", "Bearer a")],
        &[("authorization", "Bearer b")],
        &[("cookie", "session=a")],
    ];
    for client in clients {
        assert!(!ask(client), "{client:?} got another's answer");
        assert!(ask(client), "{client:?} did not get its own");
    }
    assert_eq!(posts(&stage), clients.len());
}

#[test]
fn the_same_request_is_answered_again_in_every_version() {
    let stage = keeping("keep: 1h").start();
    for version in VERSIONS {
        let call = oracle::path(version, Endpoint::Create, "cus_000017").unwrap();
        let mut document = customer("Ada");
        document["id"] = json!("cus_700001");
        document["createdAt"] = json!("2020-01-01T00:00:00Z");
        let mut document = lower(version, &document).document().unwrap();
        for id in ["id", "cust_id", "customerId"] {
            document.as_object_mut().unwrap().remove(id);
        }
        let key = [("idempotency-key", "\"one\"")];
        let before = posts(&stage);
        let key = [(key[0].0, &*format!("\"{version}\""))];
        let first = stage
            .write(call.method, &call.target, &key, &document)
            .expect(call.success);
        let again = stage
            .write(call.method, &call.target, &key, &document)
            .expect(call.success);
        assert!(!first.has("idempotency-replayed"));
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(essence(&first), essence(&again), "{version}");
        assert_eq!(posts(&stage), before + 1, "{version}");
    }
}

#[test]
fn another_request_needs_another_key() {
    let stage = keeping("keep: 1h").start();
    create(&stage, "\"k\"", &customer("Ada")).expect(201);
    let other = create(&stage, "\"k\"", &customer("Grace")).expect(422);
    assert_eq!(other.json()["error"]["code"], "idempotency_mismatch");
    let moved = stage.write(
        "POST",
        "/v3.2/customers",
        &[("idempotency-key", "\"k\"")],
        &customer("Ada"),
    );
    moved.expect(422);
    stage
        .write(
            "POST",
            "/v3.3/customers?x=1",
            &[("idempotency-key", "\"k\"")],
            &customer("Ada"),
        )
        .expect(422);
    create(&stage, "\"l\"", &customer("Grace")).expect(201);
    assert_eq!(posts(&stage), 2);
    // Other operations do not know the field.
    stage
        .get("/v3.3/customers", &[("idempotency-key", "no text")])
        .expect(200);
}

#[test]
fn a_key_is_a_text_and_may_be_required() {
    let stage = keeping("required: true").start();
    let missing = stage
        .write("POST", "/v3.3/customers", &[], &customer("Ada"))
        .expect(400);
    assert_eq!(missing.json()["error"]["code"], "idempotency_key_missing");
    let long = format!("\"{}\"", "k".repeat(256));
    for bad in ["k", "\"\"", "1", "\"a\", \"b\"", &long] {
        let answer = create(&stage, bad, &customer("Ada")).expect(400);
        assert_eq!(answer.json()["error"]["code"], "invalid_parameter", "{bad}");
    }
    let twice = [("idempotency-key", "\"a\""), ("idempotency-key", "\"a\"")];
    stage
        .write("POST", "/v3.3/customers", &twice, &customer("Ada"))
        .expect(400);
    assert_eq!(posts(&stage), 0);
    create(&stage, &format!("\"{}\"", "k".repeat(255)), &customer("Ada")).expect(201);
}

#[test]
fn of_many_at_once_one_is_carried_out() {
    let stage = keeping("keep: 1h").start();
    at_once(&[&stage], || posts(&stage));
}

/// Many clients with one key, over these gateways: one request reaches the backend.
fn at_once(stages: &[&Stage], posts: impl Fn() -> usize) {
    let many = 24;
    let start = Barrier::new(many);
    let answers: Vec<Answer> = thread::scope(|scope| {
        let one = |i: usize| {
            let start = &start;
            let stage = stages[i % stages.len()];
            scope.spawn(move || {
                start.wait();
                create(stage, "\"same\"", &customer("Ada"))
            })
        };
        let all: Vec<_> = (0..many).map(one).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(posts(), 1);
    let fresh = answers
        .iter()
        .filter(|a| a.status == 201 && !a.has("idempotency-replayed"));
    assert_eq!(fresh.count(), 1);
    for answer in &answers {
        match answer.status {
            201 => {}
            409 => {
                assert_eq!(answer.json()["error"]["code"], "idempotency_in_flight");
                assert_eq!(answer.header("retry-after"), "1");
            }
            other => panic!("{other}: {}", answer.text()),
        }
    }
    let last = create(stages[0], "\"same\"", &customer("Ada")).expect(201);
    assert_eq!(last.header("idempotency-replayed"), "true");
    assert_eq!(posts(), 1);
}

#[test]
fn what_never_left_leaves_the_key_free() {
    let judged = keeping("keep: 1h").replace(API, "additions: pass", "additions: pass\nvalidation: {}");
    let stage = judged.start();
    create(&stage, "\"k\"", &json!({"name": 1})).expect(422);
    create(&stage, "\"k\"", &customer("Ada")).expect(201);
    let down = keeping("keep: 1h").upstream(scripted::nobody()).start();
    for _ in 0..2 {
        let answer = create(&down, "\"k\"", &customer("Ada")).expect(502);
        assert_eq!(answer.json()["error"]["code"], "upstream_unreachable");
    }
}

/// Reads one request with its body.
fn request(stream: &mut TcpStream) -> Option<String> {
    let head = scripted::head(stream)?;
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.trim().parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(head)
}

fn answer(stream: &mut TcpStream, body: &str) {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(head.as_bytes()).unwrap();
}

#[test]
fn what_was_sent_and_not_answered_is_never_sent_again() {
    let seen = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&seen);
    let upstream = scripted::upstream(move |mut stream, _| {
        if request(&mut stream).is_some() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    let stage = keeping("keep: 1h").upstream(upstream).start();
    let first = create(&stage, "\"k\"", &customer("Ada")).expect(502);
    assert_eq!(first.json()["error"]["code"], "upstream_reset");
    let again = create(&stage, "\"k\"", &customer("Ada")).expect(409);
    assert_eq!(again.json()["error"]["code"], "idempotency_unknown");
    create(&stage, "\"k\"", &customer("Grace")).expect(422);
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}

#[test]
fn a_request_that_is_not_idempotent_is_written_once_even_when_kept_connections_close() {
    let posts = Arc::new(AtomicUsize::new(0));
    let puts = Arc::new(AtomicUsize::new(0));
    let (post, put) = (Arc::clone(&posts), Arc::clone(&puts));
    // A first answer on each connection, so that it is kept; whatever comes then is read and the connection closed.
    let upstream = scripted::upstream(move |mut stream, _| {
        let mut first = true;
        while let Some(head) = request(&mut stream) {
            let counter = if head.starts_with("post") { &post } else { &put };
            if !head.starts_with("get") {
                counter.fetch_add(1, Ordering::SeqCst);
                if !first {
                    return;
                }
            }
            first = false;
            answer(&mut stream, "{}");
        }
    });
    let stage = Setup::integrationhub()
        .upstream(upstream)
        .serve(|s| s.workers = 1)
        .start();
    for round in 1..=5 {
        stage.get("/v3.3/customers", &[]);
        let lost = stage
            .write("POST", "/v3.3/customers", &[], &customer("Ada"))
            .expect(502);
        assert_eq!(lost.json()["error"]["code"], "upstream_reset");
        assert_eq!(posts.load(Ordering::SeqCst), round, "a POST was sent twice");
    }
    // What is idempotent, and here in whole, is sent once more on a new connection.
    let stage = Setup::integrationhub()
        .replace(API, "additions: pass", "additions: pass\nvalidation: {}")
        .upstream(upstream)
        .serve(|s| s.workers = 1)
        .start();
    stage.get("/v3.3/customers", &[]);
    stage
        .write("PUT", "/v3.3/customers/cus_000017", &[], &customer("Ada"))
        .expect(201);
    assert_eq!(puts.load(Ordering::SeqCst), 2);
}

#[test]
fn a_client_that_has_gone_finds_its_answer() {
    let seen = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&seen);
    let upstream = scripted::upstream(move |mut stream, _| {
        while request(&mut stream).is_some() {
            counted.fetch_add(1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(500));
            answer(&mut stream, "{\"made\":true}");
        }
    });
    let stage = keeping("keep: 1h").upstream(upstream).start();
    let mut client = stage.client();
    let body = customer("Ada").to_string();
    let headers = [("idempotency-key", "\"k\""), ("content-type", "application/json")];
    client.request("POST", "/v3.3/customers", &headers, body.as_bytes());
    wait(|| seen.load(Ordering::SeqCst) == 1);
    drop(client);
    let meanwhile = create(&stage, "\"k\"", &customer("Ada")).expect(409);
    assert_eq!(meanwhile.json()["error"]["code"], "idempotency_in_flight");
    let mut kept = None;
    wait(|| {
        let again = create(&stage, "\"k\"", &customer("Ada"));
        let found = again.status == 201;
        kept = Some(again).filter(|_| found);
        found
    });
    let kept = kept.unwrap();
    assert_eq!(kept.header("idempotency-replayed"), "true");
    assert_eq!(kept.text(), "{\"made\":true}");
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}

fn wait(mut until: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !until() {
        assert!(begin.elapsed() < PATIENCE, "it does not come");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn answers_that_are_too_large_pass_and_are_not_kept() {
    let stage = keeping("answer: 64B").start();
    let first = create(&stage, "\"k\"", &customer("Ada")).expect(201);
    assert_eq!(first.header("content-length"), first.body.len().to_string());
    assert_eq!(first.json()["name"], "Ada");
    let again = create(&stage, "\"k\"", &customer("Ada")).expect(409);
    assert_eq!(again.json()["error"]["code"], "idempotency_unknown");
    assert_eq!(posts(&stage), 1);
    // Without a length, and larger than is kept.
    let upstream = scripted::upstream(|mut stream, _| {
        while request(&mut stream).is_some() {
            let chunk = "x".repeat(50);
            let mut all = "HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n".to_owned();
            (0..10).for_each(|_| all.push_str(&format!("32\r\n{chunk}\r\n")));
            stream.write_all(format!("{all}0\r\n\r\n").as_bytes()).unwrap();
        }
    });
    let stage = keeping("answer: 64B").upstream(upstream).start();
    let first = create(&stage, "\"k\"", &customer("Ada")).expect(201);
    assert_eq!(first.body.len(), 500);
    create(&stage, "\"k\"", &customer("Ada")).expect(409);
    let wide = keeping("answer: 1KiB").upstream(upstream).start();
    let first = create(&wide, "\"k\"", &customer("Ada")).expect(201);
    let again = create(&wide, "\"k\"", &customer("Ada")).expect(201);
    assert_eq!((first.body.len(), &first.body), (500, &again.body));
    assert_eq!(again.header("content-length"), "500");
}

#[test]
fn refusals_of_the_upstream_are_kept_but_not_that_it_is_busy() {
    let upstream = scripted::upstream(|mut stream, _| {
        while let Some(head) = request(&mut stream) {
            let status = if head.contains("busy") {
                "503 Busy"
            } else {
                "500 Broken"
            };
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\n{{}}");
            stream.write_all(head.as_bytes()).unwrap();
        }
    });
    let stage = keeping("keep: 1h").upstream(upstream).start();
    let send =
        |key: &str, target: &str| stage.write("POST", target, &[("idempotency-key", key)], &customer("Ada"));
    assert!(
        !send("\"a\"", "/v3.3/customers")
            .expect(500)
            .has("idempotency-replayed")
    );
    assert!(
        send("\"a\"", "/v3.3/customers")
            .expect(500)
            .has("idempotency-replayed")
    );
    assert!(
        !send("\"b\"", "/v3.3/customers?busy")
            .expect(503)
            .has("idempotency-replayed")
    );
    assert!(
        !send("\"b\"", "/v3.3/customers?busy")
            .expect(503)
            .has("idempotency-replayed")
    );
}

#[test]
fn answers_outlive_a_reload_and_not_their_time() {
    let stage = keeping("keep: 1h").clock(Clock::System).start();
    create(&stage, "\"k\"", &customer("Ada")).expect(201);
    stage.publish(&keeping("keep: 1s, entries: 5"));
    let again = create(&stage, "\"k\"", &customer("Ada")).expect(201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    create(&stage, "\"short\"", &customer("Ada")).expect(201);
    assert_eq!(posts(&stage), 2);
    wait(|| {
        let again = create(&stage, "\"short\"", &customer("Ada")).expect(201);
        !again.has("idempotency-replayed")
    });
    assert_eq!(posts(&stage), 3);
}

/// A store of its own, which ends with the test.
struct Redis {
    child: Child,
    port: u16,
}

impl Redis {
    fn start() -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let command = Command::new("redis-server")
            .args([
                "--port",
                &port.to_string(),
                "--save",
                "",
                "--appendonly",
                "no",
                "--bind",
                "127.0.0.1",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(child) = command else {
            println!("skipped: there is no redis-server");
            return None;
        };
        let redis = Self { child, port };
        let address: SocketAddr = ([127, 0, 0, 1], port).into();
        wait(|| TcpStream::connect(address).is_ok());
        Some(redis)
    }

    fn setup(&self, settings: &str) -> Setup {
        let port = self.port;
        keeping(&format!("where: fleet, {settings}")).main(&format!(
            "store: {{redis: \"redis://127.0.0.1:{port}\", timeout: 500ms}}"
        ))
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ended = (self.child.kill(), self.child.wait());
    }
}

#[test]
fn a_fleet_shares_its_answers() {
    let Some(redis) = Redis::start() else { return };
    let first = redis.setup("keep: 1h").start();
    let second = redis.setup("keep: 1h").upstream(first.backend().addr).start();
    let made = create(&first, "\"k\"", &customer("Ada")).expect(201);
    let again = create(&second, "\"k\"", &customer("Ada")).expect(201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(essence(&made), essence(&again));
    create(&second, "\"k\"", &customer("Grace")).expect(422);
    assert_eq!(posts(&first), 1);
    let short = redis.setup("keep: 1s").upstream(first.backend().addr).start();
    create(&short, "\"short\"", &customer("Ada")).expect(201);
    wait(|| {
        !create(&short, "\"short\"", &customer("Ada"))
            .expect(201)
            .has("idempotency-replayed")
    });
}

#[test]
fn of_many_at_once_over_a_fleet_one_is_carried_out() {
    let Some(redis) = Redis::start() else { return };
    let first = redis.setup("keep: 1h").start();
    let second = redis.setup("keep: 1h").upstream(first.backend().addr).start();
    at_once(&[&first, &second], || posts(&first));
}

#[test]
fn without_its_store_a_fleet_refuses_or_passes_as_it_is_told() {
    let Some(mut redis) = Redis::start() else { return };
    let closed = redis.setup("keep: 1h").start();
    let open = redis.setup("on_failure: open").start();
    create(&closed, "\"k\"", &customer("Ada")).expect(201);
    create(&open, "\"k\"", &customer("Ada"));
    redis.child.kill().unwrap();
    redis.child.wait().unwrap();
    wait(|| {
        let answer = create(&closed, "\"k\"", &customer("Ada"));
        answer.status == 503
    });
    let refused = create(&closed, "\"new\"", &customer("Ada")).expect(503);
    assert_eq!(refused.json()["error"]["code"], "idempotency_unavailable");
    assert_eq!(refused.header("retry-after"), "1");
    let before = posts(&open);
    create(&open, "\"new\"", &customer("Ada")).expect(201);
    create(&open, "\"new\"", &customer("Ada")).expect(201);
    assert_eq!(posts(&open), before + 2);
    let counted = closed.gateway().shared.meters.value(
        "sluice_idempotency",
        &[("api", "customers"), ("outcome", "unavailable")],
    );
    assert!(counted >= 2.0, "{counted}");
    // Requests without a key are none of the store's business.
    closed
        .write("POST", "/v3.3/customers", &[], &customer("Ada"))
        .expect(201);
}

/// What a gateway that died has claimed goes by itself.
#[test]
fn a_claim_that_nobody_ends_goes_by_itself() {
    let Some(redis) = Redis::start() else { return };
    let stage = redis.setup("keep: 1h").start();
    let edition = stage.gateway().editions.current().unwrap();
    let store = edition.guard.store.as_ref().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (id, print) = ([1; 32], [2; 32]);
        let claim = || Claim::new(store, id, print);
        let lease = Duration::from_millis(400);
        assert!(matches!(claim().begin(lease).await, Ok(Found::First)));
        assert!(matches!(
            claim().begin(lease).await,
            Ok(Found::Known(Standing::InFlight))
        ));
        let other = Claim::new(store, id, [3; 32]);
        assert!(matches!(other.begin(lease).await, Ok(Found::Other)));
        // Who comes late ends nothing that is not its own.
        claim().end(&Outcome::Free, lease).await.unwrap();
        claim().end(&Outcome::Lost(Loss::Unknown), lease).await.unwrap();
        assert!(matches!(
            claim().begin(lease).await,
            Ok(Found::Known(Standing::InFlight))
        ));
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(matches!(claim().begin(lease).await, Ok(Found::First)));
    });
}

#[test]
fn a_store_that_hangs_is_not_waited_for_and_leaves_no_claim() {
    let Some(redis) = Redis::start() else { return };
    let stage = redis.setup("keep: 1h").start();
    create(&stage, "\"a\"", &customer("Ada")).expect(201);
    let signal = |name: &str| {
        let pid = redis.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &pid])
                .status()
                .unwrap()
                .success()
        );
    };
    signal("-STOP");
    create(&stage, "\"b\"", &customer("Ada")).expect(503);
    signal("-CONT");
    wait(|| {
        let answer = create(&stage, "\"b\"", &customer("Ada"));
        assert!(matches!(answer.status, 201 | 409 | 503), "{}", answer.text());
        answer.status == 201
    });
    assert_eq!(posts(&stage), 2);
}
