//! An authorization server that is asked about tokens (RFC 7662), and that fails.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sluice_config::plan::{ClaimsPlan, IntrospectionPlan, Secret};
use sluice_gateway::auth::token::Introspection;

use super::*;

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

pub(crate) fn counted(shared: &Shared, address: SocketAddr, outcome: &str) -> f64 {
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
