//! Identity servers as they are: they rotate keys, are down, slow, redirect, answer too much or nonsense. Real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::future::Future;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sluice_config::plan::{
    Algorithm, ClaimsPlan, IntrospectionPlan, JwtPlan, KeySetPlan, KeySource, Place, Remote, Secret,
};
use sluice_config::{Code, Span};
use sluice_conformance::stage::{Answer, Setup, Stage, noon, scripted};
use sluice_gateway::auth::found::{Found, Who};
use sluice_gateway::auth::token::{Introspection, Jwt};
use sluice_gateway::clock::Clock;
use sluice_gateway::demo::issuer::Issuer;
use sluice_gateway::shared::Shared;

const HOUR: Duration = Duration::from_secs(3600);
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that answers every request with the same bytes, and remembers what it was asked.
#[derive(Clone)]
struct Server {
    address: SocketAddr,
    answer: Arc<Mutex<Vec<u8>>>,
    asked: Arc<Mutex<Vec<String>>>,
    pause: Arc<Mutex<Duration>>,
}

impl Server {
    fn new(answer: Vec<u8>) -> Self {
        Self::at(TcpListener::bind("127.0.0.1:0").unwrap(), answer)
    }

    fn at(listener: TcpListener, answer: Vec<u8>) -> Self {
        let server = Self {
            address: listener.local_addr().unwrap(),
            answer: Arc::new(Mutex::new(answer)),
            asked: Arc::default(),
            pause: Arc::default(),
        };
        let own = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = own.clone();
                std::thread::spawn(move || own.serve(stream));
            }
        });
        server
    }

    fn serve(&self, mut stream: TcpStream) {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let Some(request) = request(&mut stream) else {
            return;
        };
        self.asked.lock().unwrap().push(request);
        let pause = *self.pause.lock().unwrap();
        std::thread::sleep(pause);
        let answer = self.answer.lock().unwrap().clone();
        let _gone = stream.write_all(&answer);
    }

    fn now_answers(&self, answer: Vec<u8>) {
        *self.answer.lock().unwrap() = answer;
    }

    fn now_waits(&self, pause: Duration) {
        *self.pause.lock().unwrap() = pause;
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

/// A request with its body, or nothing when the connection ends.
fn request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        bytes.push(byte[0]);
    }
    let head = String::from_utf8(bytes).unwrap();
    let length = head.lines().find_map(|line| {
        line.to_ascii_lowercase()
            .strip_prefix("content-length: ")?
            .parse()
            .ok()
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    Some(head + std::str::from_utf8(&body).unwrap())
}

fn ok(body: &Value) -> Vec<u8> {
    let body = body.to_string();
    format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn status(line: &str) -> Vec<u8> {
    format!("HTTP/1.1 {line}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

fn shared() -> Arc<Shared> {
    Arc::new(Shared::start(Clock::System, None).unwrap())
}

fn place() -> Place {
    Place {
        file: "apis/x/api.yaml".to_owned(),
        span: Span::START,
    }
}

fn remote(url: String) -> Remote {
    Remote {
        url,
        timeout: Duration::from_secs(5),
        authorities: None,
        plain_http: false,
        link_local: false,
        place: place(),
    }
}

fn claims() -> ClaimsPlan {
    ClaimsPlan {
        issuer: Some("https://id.example".to_owned()),
        audience: vec!["customers".to_owned()],
        leeway: Duration::from_secs(60),
        subject: "sub".to_owned(),
        scopes: None,
    }
}

fn jwt_plan(address: SocketAddr, refresh: Duration, unknown_key: Duration) -> JwtPlan {
    let source = KeySource::Remote(remote(format!("http://{address}/jwks.json?key=planted-query")));
    JwtPlan {
        keys: KeySetPlan {
            source,
            refresh,
            unknown_key,
        },
        claims: claims(),
        algorithms: vec![Algorithm::ES256],
    }
}

fn token(issuer: &Issuer) -> String {
    let lasts = SignedDuration::from_secs(300);
    issuer.token(
        "acme",
        &["customers.read"],
        "customers",
        "https://id.example",
        Timestamp::now(),
        lasts,
    )
}

/// On a runtime of one thread, as a core is.
fn on_a_core<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(work)
}

fn judge(jwt: &Jwt, token: &str) -> Found {
    on_a_core(jwt.judge(token, Timestamp::now()))
}

/// Asks until it is so; there is a deadline.
#[track_caller]
fn until(what: &str, is: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is() {
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn is_proved(found: &Found) -> bool {
    matches!(found, Found::Proved(proof) if proof.who == Who::Subject("acme".to_owned()))
}

fn is_wrong(found: &Found, why: &str) -> bool {
    matches!(found, Found::Wrong(text) if text.contains(why))
}

fn is_unavailable(found: &Found) -> bool {
    matches!(found, Found::Unavailable(_))
}

fn readings(shared: &Shared, address: SocketAddr, outcome: &str) -> f64 {
    let host = format!("{address}/jwks.json");
    shared
        .meters
        .value("sluice_jwks_refresh", &[("jwks", &host), ("outcome", outcome)])
}

#[test]
fn keys_rotate_in_the_background() {
    let (old, new) = (Issuer::new(), Issuer::new());
    let server = Server::new(ok(&old.jwks()));
    let shared = shared();
    let plan = jwt_plan(
        server.address,
        Duration::from_millis(100),
        Duration::from_millis(50),
    );
    let jwt = Jwt::compile(&plan, None, &shared).unwrap();
    let (of_old, of_new) = (token(&old), token(&new));
    until("the first reading", || is_proved(&judge(&jwt, &of_old)));
    server.now_answers(ok(
        &json!({"keys": [new.jwks()["keys"][0], old.jwks()["keys"][0]]}),
    ));
    until("both keys", || is_proved(&judge(&jwt, &of_new)));
    assert!(is_proved(&judge(&jwt, &of_old)));
    server.now_answers(ok(&new.jwks()));
    until("a withdrawn key counts no more, remembered or not", || {
        is_wrong(&judge(&jwt, &of_old), "not known")
    });
    assert!(is_proved(&judge(&jwt, &of_new)));
    assert!(readings(&shared, server.address, "new") >= 3.0);
    until("a reading without news", || {
        readings(&shared, server.address, "same") >= 1.0
    });
    let text = shared.meters.render();
    assert!(
        text.contains(&format!(
            "sluice_jwks_keys{{jwks=\"{}/jwks.json\"}} 1",
            server.address
        )),
        "{text}"
    );
    assert!(!text.contains("planted-query"), "{text}");
}

#[test]
fn what_was_read_is_kept_when_a_reading_fails() {
    let issuer = Issuer::new();
    let server = Server::new(ok(&issuer.jwks()));
    let shared = shared();
    let plan = jwt_plan(
        server.address,
        Duration::from_millis(20),
        Duration::from_millis(20),
    );
    let jwt = Jwt::compile(&plan, None, &shared).unwrap();
    let good = token(&issuer);
    until("the first reading", || is_proved(&judge(&jwt, &good)));
    let endless = b"HTTP/1.1 200 OK\r\n\r\n"
        .iter()
        .copied()
        .chain(std::iter::repeat_n(b' ', 2 << 20))
        .collect();
    for (answer, outcome) in [
        (status("503 Service Unavailable"), "status"),
        (status("302 Found\r\nLocation: http://127.0.0.1:1/"), "status"),
        (ok(&json!({"keys": "none"})), "malformed"),
        (
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\n<p>oops\r\n".to_vec(),
            "malformed",
        ),
        (endless, "too_large"),
        (b"SSH-2.0-x\r\n".to_vec(), "unreachable"),
        (Vec::new(), "unreachable"),
    ] {
        server.now_answers(answer);
        let before = readings(&shared, server.address, outcome);
        until(outcome, || readings(&shared, server.address, outcome) > before);
        assert!(is_proved(&judge(&jwt, &good)), "{outcome}");
    }
    server.now_answers(ok(&json!({"keys": []})));
    until("no key at all is an answer", || {
        is_wrong(&judge(&jwt, &good), "not known")
    });
}

#[test]
fn a_new_key_is_found_by_the_first_token_that_has_it() {
    let (old, new) = (Issuer::new(), Issuer::new());
    let server = Server::new(ok(&old.jwks()));
    let shared = shared();
    let jwt = Jwt::compile(
        &jwt_plan(server.address, HOUR, Duration::from_millis(100)),
        None,
        &shared,
    )
    .unwrap();
    until("the first reading", || is_proved(&judge(&jwt, &token(&old))));
    std::thread::sleep(Duration::from_millis(300));
    server.now_answers(ok(&new.jwks()));
    assert!(
        is_proved(&judge(&jwt, &token(&new))),
        "it waits for the reading that it causes"
    );
    assert_eq!(server.asked(), 2);
}

#[test]
fn a_storm_of_unknown_keys_is_one_reading_an_interval() {
    let issuer = Issuer::new();
    let server = Server::new(ok(&issuer.jwks()));
    let shared = shared();
    let interval = Duration::from_millis(400);
    let jwt = Jwt::compile(&jwt_plan(server.address, HOUR, interval), None, &shared).unwrap();
    until("the first reading", || is_proved(&judge(&jwt, &token(&issuer))));
    let (begin, judged) = (Instant::now(), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (jwt, issuer, judged) = (&jwt, &issuer, &judged);
            scope.spawn(move || {
                let claims = json!({"sub": "acme", "exp": Timestamp::now().as_second() + 300});
                while begin.elapsed() < 4 * interval {
                    let tokens: Vec<_> = (0..50)
                        .map(|n| {
                            issuer.sign(
                                &json!({"alg": "ES256", "kid": format!("../{thread}-{n}")}),
                                &claims,
                            )
                        })
                        .collect();
                    on_a_core(futures_util::future::join_all(tokens.iter().map(|token| async {
                        let found = jwt.judge(token, Timestamp::now()).await;
                        assert!(is_wrong(&found, "not known"), "{found:?}");
                        judged.fetch_add(1, Ordering::Relaxed);
                    })));
                    assert!(is_proved(&judge(jwt, &token(issuer))), "others are served");
                }
            });
        }
    });
    let most = 2 + (begin.elapsed().as_millis() / interval.as_millis()) as usize;
    let (asked, judged) = (server.asked(), judged.into_inner());
    println!(
        "{judged} tokens of unknown keys in {:?}: the key set was read {asked} times",
        begin.elapsed()
    );
    assert!(
        judged > 200 && (2..=most).contains(&asked),
        "{judged} tokens, {asked} readings, {most} at most"
    );
}

#[test]
fn without_keys_at_the_start_every_token_waits_for_them() {
    let issuer = Issuer::new();
    let address = scripted::nobody();
    let shared = shared();
    let jwt = Jwt::compile(
        &jwt_plan(address, HOUR, Duration::from_millis(100)),
        None,
        &shared,
    )
    .unwrap();
    let good = token(&issuer);
    until("a reading that failed", || {
        readings(&shared, address, "unreachable") >= 1.0
    });
    assert!(is_unavailable(&judge(&jwt, &good)));
    assert!(
        is_unavailable(&judge(&jwt, "a.b.c")),
        "no token is judged without keys"
    );
    assert!(
        shared
            .meters
            .render()
            .contains(&format!("sluice_jwks_keys{{jwks=\"{address}/jwks.json\"}} 0"))
    );
    let _server = Server::at(TcpListener::bind(address).unwrap(), ok(&issuer.jwks()));
    until("the server is up", || is_proved(&judge(&jwt, &good)));
}

#[test]
fn an_address_that_leads_on_or_never_ends_gives_no_keys() {
    let issuer = Issuer::new();
    let target = Server::new(ok(&issuer.jwks()));
    let redirect = Server::new(status(&format!(
        "307 Temporary Redirect\r\nLocation: http://{}/jwks.json",
        target.address
    )));
    let slow = Server::new(ok(&issuer.jwks()));
    slow.now_waits(PATIENCE);
    let trickle = scripted::upstream(|mut stream, _| {
        let _head = scripted::head(&mut stream);
        let _open = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
        while stream.write_all(b" ").is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    for (address, outcome) in [
        (redirect.address, "status"),
        (slow.address, "timeout"),
        (trickle, "timeout"),
    ] {
        let shared = shared();
        let mut plan = jwt_plan(address, HOUR, HOUR);
        if let KeySource::Remote(remote) = &mut plan.keys.source {
            remote.timeout = Duration::from_millis(300);
        }
        let jwt = Jwt::compile(&plan, None, &shared).unwrap();
        until(outcome, || readings(&shared, address, outcome) >= 1.0);
        assert!(is_unavailable(&judge(&jwt, &token(&issuer))));
    }
    assert_eq!(target.asked(), 0, "a redirect is not followed");
}

#[test]
fn a_reload_leaves_no_gap_and_schemes_share_a_key_set() {
    let issuer = Issuer::new();
    let server = Server::new(ok(&issuer.jwks()));
    let shared = shared();
    let plan = jwt_plan(server.address, HOUR, HOUR);
    let first = Jwt::compile(&plan, None, &shared).unwrap();
    let second = Jwt::compile(&plan, None, &shared).unwrap();
    until("the first reading", || is_proved(&judge(&first, &token(&issuer))));
    assert!(is_proved(&judge(&second, &token(&issuer))));
    server.now_answers(status("500 Internal Server Error"));
    // Another place in the file, another leeway, another interval: the keys are those that were read.
    let mut moved = plan.clone();
    moved.claims.leeway = Duration::ZERO;
    moved.keys.refresh = HOUR / 2;
    if let KeySource::Remote(remote) = &mut moved.keys.source {
        remote.place.span.line = 7;
    }
    let third = Jwt::compile(&moved, Some(&first), &shared).unwrap();
    drop((first, second));
    assert!(is_proved(&judge(&third, &token(&issuer))));
    assert_eq!(server.asked(), 1);
}

#[test]
fn no_token_and_no_slip_leads_to_the_metadata_of_a_cloud() {
    let shared = shared();
    for host in [
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "[::ffff:169.254.169.254]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[64:ff9b::a9fe:a9fe]",
    ] {
        for scheme in ["http", "https"] {
            let mut plan = jwt_plan(([127, 0, 0, 1], 1).into(), HOUR, HOUR);
            let mut remote = remote(format!("{scheme}://{host}/latest/meta-data"));
            remote.plain_http = true;
            plan.keys.source = KeySource::Remote(remote);
            let fault = Jwt::compile(&plan, None, &shared).unwrap_err().remove(0);
            assert!(
                fault.code == Code::BadUrl && fault.message.contains("link-local"),
                "{host}: {fault:?}"
            );
        }
    }
}

// Introspection.

const SECRET: &str = "planted:secret with/ü";

fn asking(address: SocketAddr, cache: Duration) -> IntrospectionPlan {
    let mut remote = remote(format!("http://{address}/introspect"));
    remote.timeout = Duration::from_millis(800);
    IntrospectionPlan {
        remote,
        client: "gate way".to_owned(),
        secret: Secret::Value(SECRET.into(), place()),
        cache,
        claims: ClaimsPlan {
            issuer: None,
            audience: Vec::new(),
            ..claims()
        },
    }
}

fn ask(introspection: &Introspection, token: &str, now: Timestamp) -> Found {
    on_a_core(introspection.judge(token, now))
}

fn active() -> Value {
    json!({"active": true, "sub": "acme", "scope": "a b", "client_id": "app", "username": "eve"})
}

fn counted(shared: &Shared, address: SocketAddr, outcome: &str) -> f64 {
    shared.meters.value(
        "sluice_introspection",
        &[
            ("at", format!("{address}/introspect").as_str()),
            ("outcome", outcome),
        ],
    )
}

#[test]
fn the_server_is_asked_as_rfc_7662_says_and_once() {
    let server = Server::new(ok(&active()));
    let shared = shared();
    let introspection = Introspection::compile(&asking(server.address, HOUR), None, &shared).unwrap();
    let now = Timestamp::now();
    server.now_waits(Duration::from_millis(100));
    let found = on_a_core(futures_util::future::join_all(
        (0..50).map(|_| introspection.judge("a+b/~c==", now)),
    ));
    assert!(found.iter().all(is_proved), "{found:?}");
    assert!(matches!(&found[0], Found::Proved(proof) if proof.scopes == ["a", "b"]));
    assert!(is_proved(&ask(
        &introspection,
        "a+b/~c==",
        now + SignedDuration::from_mins(59)
    )));
    assert_eq!(server.asked(), 1, "fifty at once and one later are one question");
    let request = server.asked.lock().unwrap()[0].clone();
    assert!(request.starts_with("POST /introspect HTTP/1.1\r\n"), "{request}");
    assert!(
        request.ends_with("\r\n\r\ntoken=a%2Bb%2F%7Ec%3D%3D&token_type_hint=access_token"),
        "{request}"
    );
    let credential = STANDARD.encode("gate%20way:planted%3Asecret%20with%2F%C3%BC");
    let lower = request.to_ascii_lowercase();
    assert!(
        lower.contains(&format!("authorization: basic {credential}").to_ascii_lowercase()),
        "{request}"
    );
    assert!(
        lower.contains("content-type: application/x-www-form-urlencoded\r\n")
            && lower.contains("accept: application/json\r\n")
    );
    assert!(is_proved(&ask(
        &introspection,
        "a+b/~c==",
        now + SignedDuration::from_mins(61)
    )));
    assert_eq!(
        (server.asked(), counted(&shared, server.address, "active")),
        (2, 2.0),
        "after its time it is asked again"
    );
    let shown = format!("{introspection:?} {}", shared.meters.render());
    assert!(!shown.contains("planted") && !shown.contains("a+b"), "{shown}");
    let again = Introspection::compile(&asking(server.address, HOUR), Some(&introspection), &shared).unwrap();
    assert!(Arc::ptr_eq(&again, &introspection));
}

#[test]
fn an_answer_is_believed_no_longer_than_its_token_lasts() {
    let server = Server::new(Vec::new());
    let introspection = Introspection::compile(&asking(server.address, HOUR), None, &shared()).unwrap();
    let now: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
    let after = |seconds| now + SignedDuration::from_secs(seconds);
    server.now_answers(ok(&{
        let mut answer = active();
        answer["exp"] = json!(now.as_second() + 10);
        answer
    }));
    assert!(is_proved(&ask(&introspection, "t", now)) && is_proved(&ask(&introspection, "t", after(9))));
    assert_eq!(server.asked(), 1);
    server.now_answers(ok(&json!({"active": false})));
    assert!(is_wrong(&ask(&introspection, "t", after(10)), "not active"));
    assert_eq!(server.asked(), 2);
    assert!(is_wrong(&ask(&introspection, "t", after(14)), "not active"));
    assert_eq!(server.asked(), 2, "a refusal is kept for seconds");
    server.now_answers(ok(&active()));
    assert!(is_proved(&ask(&introspection, "t", after(16))));
}

#[test]
fn what_the_server_says_of_a_token_is_judged() {
    let server = Server::new(Vec::new());
    let shared = shared();
    let now = Timestamp::now();
    let mut plan = asking(server.address, Duration::ZERO);
    plan.claims = claims();
    let strict = Introspection::compile(&plan, None, &shared).unwrap();
    let with = |name: &str, value: Value| {
        let mut answer = active();
        answer["iss"] = json!("https://id.example");
        answer["aud"] = json!(["customers"]);
        answer[name] = value;
        server.now_answers(ok(&answer));
        ask(&strict, "t", now)
    };
    assert!(is_proved(&with("jti", json!("1"))));
    for (name, value, why) in [
        ("iss", json!("https://evil.example"), "issuer"),
        ("aud", json!("orders"), "audience"),
        ("exp", json!(now.as_second() - 100), "expired"),
        ("nbf", json!(now.as_second() + 100), "not valid yet"),
        ("sub", json!(7), "`sub`"),
        ("scope", json!({"a": 1}), "`scope`"),
        ("active", json!(false), "not active"),
    ] {
        let found = with(name, value);
        assert!(is_wrong(&found, why), "{found:?}");
    }
    for name in ["client_id", "username"] {
        plan.claims.subject = name.to_owned();
        server.now_answers(ok(&json!({"active": true, "client_id": "acme", "username": "acme", "iss": "https://id.example", "aud": "customers"})));
        assert!(is_proved(&ask(
            &Introspection::compile(&plan, None, &shared).unwrap(),
            "t",
            now
        )));
    }
    let asked = server.asked();
    for bad in ["a b", "a\r\nb", "a&token=b", "ü", "", "=", &"a".repeat(9000)] {
        assert!(matches!(ask(&strict, bad, now), Found::Wrong(_)));
    }
    assert_eq!(server.asked(), asked, "what is no token is not asked about");
}

#[test]
fn a_server_that_fails_lets_nobody_in_and_is_left_alone() {
    let shared = shared();
    let now = Timestamp::now();
    let server = Server::new(Vec::new());
    let target = Server::new(ok(&active()));
    let huge = json!({"active": true, "sub": "acme", "pad": "x".repeat(100_000)});
    for (answer, outcome) in [
        (status("500 Internal Server Error"), "status"),
        (status("401 Unauthorized"), "status"),
        (status(&format!("307 Temporary Redirect\r\nLocation: http://{}/", target.address)), "status"),
        (ok(&json!({"active": "true", "sub": "acme"})), "malformed"),
        (ok(&json!({"sub": "acme"})), "malformed"),
        (ok(&json!([true])), "malformed"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 30\r\n\r\n{\"active\":false,\"active\":true}".to_vec(), "malformed"),
        (ok(&huge), "too_large"),
        (Vec::new(), "unreachable"),
    ] {
        server.now_answers(answer);
        let fresh = Introspection::compile(&asking(server.address, HOUR), None, &shared).unwrap();
        let before = counted(&shared, server.address, outcome);
        let found = ask(&fresh, "t", now);
        assert!(is_unavailable(&found), "{outcome}: {found:?}");
        assert_eq!(counted(&shared, server.address, outcome), before + 1.0);
    }
    assert_eq!(target.asked(), 0);
    // A token that the server alone chokes on is no server that is down.
    server.now_answers(status("400 Bad Request"));
    let introspection = Introspection::compile(&asking(server.address, HOUR), None, &shared).unwrap();
    let before = server.asked();
    for n in 0..20 {
        assert!(is_unavailable(&ask(&introspection, &format!("t{n}"), now)));
    }
    assert_eq!(server.asked() - before, 20);
    server.now_answers(status("503 Service Unavailable"));
    let introspection = Introspection::compile(&asking(server.address, HOUR), None, &shared).unwrap();
    let before = server.asked();
    for n in 0..100 {
        assert!(is_unavailable(&ask(&introspection, &format!("t{n}"), now)));
    }
    let asked = server.asked() - before;
    println!("a server that is down: 100 tokens, asked {asked} times");
    assert!(
        (5..20).contains(&asked) && counted(&shared, server.address, "broken") >= 80.0,
        "{asked}"
    );
    server.now_answers(ok(&active()));
    until("it is tried again", || is_proved(&ask(&introspection, "t", now)));
}

#[test]
fn a_slow_server_holds_nobody_up_for_long() {
    let server = Server::new(ok(&active()));
    server.now_waits(PATIENCE);
    let shared = shared();
    let introspection = Introspection::compile(&asking(server.address, HOUR), None, &shared).unwrap();
    let begin = Instant::now();
    let tokens: Vec<String> = (0..2000).map(|n| format!("t{n}")).collect();
    let now = Timestamp::now();
    let found = on_a_core(futures_util::future::join_all(
        tokens.iter().map(|token| introspection.judge(token, now)),
    ));
    assert!(found.iter().all(is_unavailable));
    assert!(begin.elapsed() < PATIENCE / 2, "{:?}", begin.elapsed());
    println!(
        "2000 tokens at once, no answer: {} questions, all refused in {:?}",
        server.asked(),
        begin.elapsed()
    );
    assert!(
        server.asked() <= 64 && counted(&shared, server.address, "full") > 0.0,
        "{}",
        server.asked()
    );
}

// On the wire.

const API: &str = "apis/customers/api.yaml";
const CONSUMERS: &str = "sluice: 1\nconsumers:\n  acme: {subjects: [acme]}\n";

fn guarded(scheme: &str) -> Setup {
    let entry = format!(
        "authentication:\n  - versions: {{from: \"3.1\"}}\n    schemes: [{scheme}]\n    scopes: [{{operations: \
         [listCustomers, readCustomer], need: [customers.read]}}, {{need: [customers.write]}}]\n  - open: true"
    );
    Setup::integrationhub()
        .append(API, &entry)
        .file("consumers.yaml", CONSUMERS)
}

fn by_jwt(jwks: &str) -> Setup {
    guarded(&format!(
        "{{jwt: {{jwks: \"{jwks}\", issuer: \"https://id.example\", audience: [customers], algorithms: [ES256]}}}}"
    ))
}

fn bearer(stage: &Stage, token: &str) -> Answer {
    stage.get(
        "/v3.1/customers/cus_000017",
        &[("authorization", &format!("Bearer {token}"))],
    )
}

fn at_noon(issuer: &Issuer, scopes: &[&str]) -> String {
    let lasts = SignedDuration::from_secs(300);
    issuer.token("acme", scopes, "customers", "https://id.example", noon(), lasts)
}

#[test]
fn a_token_opens_the_versions_that_ask_for_one() {
    let issuer = Issuer::new();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("jwks.json");
    std::fs::write(&file, issuer.jwks().to_string()).unwrap();
    let stage = by_jwt(file.to_str().unwrap()).start();
    let good = at_noon(&issuer, &["customers.read"]);
    bearer(&stage, &good).expect(200);
    bearer(&stage, &good).expect(200);
    assert_eq!(
        stage
            .get("/v3.1/customers/cus_000017", &[])
            .expect(401)
            .header("www-authenticate"),
        "Bearer realm=\"customers\""
    );
    let refused = bearer(&stage, &format!("{good}A")).expect(401);
    assert!(
        refused
            .header("www-authenticate")
            .contains("error=\"invalid_token\"")
    );
    let text = String::from_utf8_lossy(&refused.body).into_owned();
    assert!(!text.contains(&good[..20]), "{text}");
    let foreign = Issuer::new();
    bearer(&stage, &at_noon(&foreign, &["customers.read"])).expect(401);
    let narrow = bearer(&stage, &at_noon(&issuer, &["customers.write"])).expect(403);
    assert!(
        narrow.header("www-authenticate").contains("insufficient_scope"),
        "{narrow:?}"
    );
    let late = issuer.token(
        "acme",
        &["customers.read"],
        "customers",
        "https://id.example",
        noon() - SignedDuration::from_hours(2),
        SignedDuration::from_hours(1),
    );
    bearer(&stage, &late).expect(401);
    // Larger than a token may be, smaller than a head may be; and larger than a head may be.
    bearer(&stage, &"a".repeat(9000)).expect(401);
    let huge = bearer(&stage, &"a".repeat(1 << 20));
    assert!([400, 431].contains(&huge.status), "{}", huge.status);
    assert_eq!(
        stage.backend().requests().len(),
        2,
        "nothing that was refused reaches the backend"
    );
    assert!(
        !stage
            .backend()
            .requests()
            .iter()
            .any(|request| format!("{request:?}").contains(&good[..20]))
    );
}

#[test]
fn without_keys_or_a_judge_nobody_is_let_in() {
    let issuer = Issuer::new();
    let stage = by_jwt(&format!("http://{}/jwks.json", scripted::nobody())).start();
    let down = bearer(&stage, &at_noon(&issuer, &["customers.read"])).expect(503);
    assert_eq!(down.json()["error"]["code"], "authentication_unavailable");
    stage.get("/v2.0/customers/cus_000017", &[]).expect(200);
    let address = scripted::nobody();
    let scheme = format!(
        "{{introspection: {{url: \"http://{address}/introspect\", client: gateway, secret: \"${{NO_SUCH_SECRET:-planted-secret}}\"}}}}"
    );
    let stage = guarded(&scheme).start();
    let down = bearer(&stage, "opaque").expect(503);
    assert!(!format!("{down:?}").contains("planted-secret") && !format!("{down:?}").contains("opaque"));
    let up = Server::at(
        TcpListener::bind(address).unwrap(),
        ok(&json!({"active": true, "sub": "acme", "scope": "customers.read"})),
    );
    bearer(&stage, "opaque").expect(200);
    up.now_answers(ok(&json!({"active": false})));
    bearer(&stage, "other").expect(401);
    assert_eq!(counted(&stage.gateway().shared, address, "unreachable"), 1.0);
}

/// The figures are of this build, whose cryptography is as fast as that of a release; nothing is asserted of them.
#[test]
fn what_a_token_costs() {
    let issuer = Issuer::new();
    let server = Server::new(ok(&issuer.jwks()));
    let jwt = Jwt::compile(&jwt_plan(server.address, HOUR, HOUR), None, &shared()).unwrap();
    let tokens: Vec<String> = (0..500).map(|_| token(&issuer)).collect();
    until("the first reading", || is_proved(&judge(&jwt, &token(&issuer))));
    for what in ["the first time, its signature verified", "again, remembered"] {
        let begin = Instant::now();
        on_a_core(async {
            for token in &tokens {
                assert!(is_proved(&jwt.judge(token, Timestamp::now()).await));
            }
        });
        let each = begin.elapsed() / u32::try_from(tokens.len()).unwrap();
        println!("an ES256 token of {} bytes, {what}: {each:?}", tokens[0].len());
    }
}
