//! The demo's backend over a real socket: what the gateway may rely on, and the faults that tests rely on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use http::{Method, StatusCode};
use serde_json::{Value, json};
use sluice_gateway::demo::backend::{Backend, Canned, Fault, Rule, Running};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const ADA: &str = "/customers/cus_000017";
const MERGE_PATCH: (&str, &str) = ("Content-Type", "application/merge-patch+json");

fn backend() -> Running {
    Backend::default()
        .at("2026-01-02T03:04:05Z")
        .body_cap(4096)
        .serve("127.0.0.1:0".parse().unwrap())
        .unwrap()
}

/// An answer as read from the socket.
struct Got {
    status: u16,
    head: String,
    body: String,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Code and field of an error.
    fn error(&self) -> (u16, String, Option<String>) {
        let error = &self.json()["error"];
        assert!(error["message"].is_string());
        (
            self.status,
            error["code"].as_str().unwrap().into(),
            error["field"].as_str().map(Into::into),
        )
    }
}

/// Sends bytes on a connection of their own and reads to the end.
fn raw(backend: &Running, request: &[u8]) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&backend.addr, Duration::from_secs(5))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(request)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn exchange(
    backend: &Running,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<Got> {
    let lines: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let length = body.len();
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n{lines}\r\n{body}"
    );
    let answer = raw(backend, request.as_bytes())?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or_else(|| io::Error::other("no head"))?;
    let status = head
        .get(9..12)
        .and_then(|code| code.parse().ok())
        .ok_or_else(|| io::Error::other("no status"))?;
    Ok(Got {
        status,
        head: head.into(),
        body: body.into(),
    })
}

fn ask(backend: &Running, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Got {
    exchange(backend, method, target, headers, body).unwrap()
}

fn get(backend: &Running, target: &str) -> Got {
    ask(backend, "GET", target, &[], "")
}

fn ada(backend: &Running) -> Value {
    backend.customer("cus_000017").unwrap()
}

#[test]
fn reads() {
    let backend = backend();
    let got = get(&backend, ADA);
    assert_eq!((got.status, got.body.clone()), (200, ada(&backend).to_string()));
    assert_eq!(got.header("content-type"), Some("application/json"));
    assert_eq!(got.header("etag"), backend.etag("cus_000017").as_deref());
    let head = ask(&backend, "HEAD", ADA, &[], "");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(
        head.header("content-length"),
        Some(got.body.len().to_string().as_str())
    );
    assert_eq!(
        get(&backend, "/customers/cus_999999").error(),
        (404, "not_found".into(), None)
    );
    for nowhere in [
        "/",
        "/customers/",
        "/customer",
        "/customers/cus_000017/x",
        "/customers/%ff",
    ] {
        assert_eq!(get(&backend, nowhere).status, 404, "{nowhere}");
    }
    assert_eq!(get(&backend, "/customers/cus_0000%317").status, 200);
}

#[test]
fn lists() {
    let backend = backend();
    let first = get(&backend, "/customers");
    assert_eq!(first.json()["data"].as_array().unwrap().len(), 20);
    assert_eq!(first.json()["total"], 41);
    assert_eq!(first.json()["data"][16], ada(&backend));
    assert_eq!(
        first.header("link"),
        Some("</customers?page=2&page_size=20>; rel=\"next\"")
    );
    assert_eq!(
        get(&backend, "/customers?page=3").json()["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(get(&backend, "/customers?page=4").json()["data"], json!([]));
    assert_eq!(
        get(&backend, "/customers?page_size=100").json()["data"]
            .as_array()
            .unwrap()
            .len(),
        41
    );
    assert_eq!(
        get(&backend, "/customers?page=x").error(),
        (400, "malformed".into(), None)
    );
    assert_eq!(
        get(&backend, "/customers?page_size=101").error(),
        (422, "invalid".into(), None)
    );
}

#[test]
fn creates() {
    let backend = backend();
    let mut sent = ada(&backend);
    for assigned in ["id", "createdAt"] {
        sent.as_object_mut().unwrap().shift_remove(assigned);
    }
    let got = ask(&backend, "POST", "/customers", &[], &sent.to_string());
    assert_eq!(
        (got.status, got.header("location")),
        (201, Some("/customers/cus_000042"))
    );
    assert_eq!(got.header("etag"), backend.etag("cus_000042").as_deref());
    assert_eq!(got.json()["createdAt"], "2026-01-02T03:04:05Z");
    let again = ask(&backend, "POST", "/customers", &[], &got.body);
    assert_eq!(again.error(), (409, "exists".into(), Some("/id".into())));
    sent["id"] = json!("cus_1234567");
    assert_eq!(
        ask(&backend, "POST", "/customers", &[], &sent.to_string()).status,
        201
    );
    sent["id"] = json!("17");
    let bad = ask(&backend, "POST", "/customers", &[], &sent.to_string());
    assert_eq!(bad.error(), (422, "invalid".into(), Some("/id".into())));
}

#[test]
fn keeps_other_members_to_the_letter() {
    let backend = backend();
    let text = ada(&backend)
        .to_string()
        .replace("\"tags\"", "\"n\":[1.50,1e400,1E2,12345678901234567890],\"tags\"");
    assert_eq!(ask(&backend, "PUT", ADA, &[], &text).body, text);
    assert_eq!(get(&backend, ADA).body, text);
}

#[test]
fn replaces_and_patches() {
    let backend = backend();
    let mut sent = ada(&backend);
    sent["name"] = json!("Ada King");
    let got = ask(&backend, "PUT", ADA, &[], &sent.to_string());
    assert_eq!((got.status, got.json()), (200, sent.clone()));
    let change = r#"{"status":"closed","insights":{"churnRisk":null}}"#;
    let got = ask(&backend, "PATCH", ADA, &[MERGE_PATCH], change);
    assert_eq!(
        (got.status, got.json()["insights"].clone()),
        (200, json!({"segment": "growth"}))
    );
    assert_eq!(
        ask(
            &backend,
            "PATCH",
            ADA,
            &[("Content-Type", "application/json")],
            change
        )
        .status,
        415
    );
    assert_eq!(
        ask(&backend, "PUT", "/customers/cus_999999", &[], &sent.to_string()).status,
        404
    );
    for (change, field) in [
        (r#"{"createdAt":"2020-01-01T00:00:00Z"}"#, "/createdAt"),
        (r#"{"id":null}"#, "/id"),
        (r#"{"address":{"geo":{"lat":null}}}"#, "/address/geo/lat"),
        (r#"{"balance":{"amount":1.5}}"#, "/balance/amount"),
    ] {
        let got = ask(&backend, "PATCH", ADA, &[MERGE_PATCH], change);
        assert_eq!(
            got.error(),
            (422, "invalid".into(), Some(field.into())),
            "{change}"
        );
    }
    assert_eq!(
        ask(&backend, "PATCH", ADA, &[MERGE_PATCH], "[]").error(),
        (422, "invalid".into(), None)
    );
}

#[test]
fn preconditions() {
    let backend = backend();
    let etag = backend.etag("cus_000017").unwrap();
    let body = ada(&backend).to_string();
    let status =
        |method: &str, name: &str, value: &str| ask(&backend, method, ADA, &[(name, value)], &body).status;
    assert_eq!(status("GET", "If-None-Match", &format!("\"x\", W/{etag}")), 304);
    assert_eq!(status("GET", "If-Match", "\"x\""), 412);
    assert_eq!(status("PUT", "If-Match", &format!("W/{etag}")), 412);
    assert_eq!(status("PUT", "If-None-Match", "*"), 412);
    assert_eq!(status("PUT", "If-Match", "nonsense"), 400);
    assert_eq!(backend.etag("cus_000017").unwrap(), etag);
    assert_eq!(status("PUT", "If-Match", &format!("\"x\", {etag}")), 200);
    assert_eq!(status("PUT", "If-Match", &etag), 412);
    assert_eq!(status("DELETE", "If-Match", &etag), 412);
    assert_eq!(status("DELETE", "If-Match", "*"), 204);
    assert_eq!(status("DELETE", "If-Match", "*"), 404);
}

#[test]
fn refuses_what_it_cannot_read() {
    let backend = backend();
    let deep = "[".repeat(3000);
    for body in ["", "{", "nul", "{\"a\":1}x", "\u{1}", deep.as_str()] {
        assert_eq!(
            ask(&backend, "POST", "/customers", &[], body).error().0,
            400,
            "{body}"
        );
    }
    assert_eq!(
        ask(
            &backend,
            "POST",
            "/customers",
            &[("Content-Type", "text/xml")],
            "{}"
        )
        .status,
        415
    );
    assert_eq!(
        ask(&backend, "POST", "/customers", &[], &" ".repeat(5000))
            .error()
            .0,
        413
    );
    assert_eq!(
        ask(&backend, "POST", "/customers", &[], "7").error(),
        (422, "invalid".into(), None)
    );
    let got = ask(&backend, "PUT", "/customers", &[], "");
    assert_eq!((got.status, got.header("allow")), (405, Some("GET, HEAD, POST")));
    let got = ask(&backend, "OPTIONS", ADA, &[], "");
    assert_eq!(
        (got.status, got.header("allow")),
        (405, Some("GET, HEAD, PUT, PATCH, DELETE"))
    );
    raw(&backend, b"\x00\xff\r\n\r\n").unwrap();
    assert_eq!(get(&backend, ADA).status, 200);
}

#[test]
fn remembers_what_was_asked() {
    let backend = backend();
    ask(
        &backend,
        "PATCH",
        "/customers/cus_000017?x=%20",
        &[MERGE_PATCH, ("X-Consumer", "acme")],
        "{}",
    );
    let asked = backend.requests().pop().unwrap();
    assert_eq!(
        (asked.method, asked.target.as_str()),
        (Method::PATCH, "/customers/cus_000017?x=%20")
    );
    assert_eq!(
        (&asked.headers["x-consumer"], &asked.body[..]),
        (&"acme".parse().unwrap(), &b"{}"[..])
    );
    assert_eq!(backend.seen(), 1);
    for _ in 0..40 {
        get(&backend, ADA);
    }
    backend.forget();
    assert_eq!((backend.requests().len(), backend.seen()), (0, 41));
}

#[test]
fn faults_strike_once_and_where_told() {
    let backend = backend();
    backend.inject(Fault::Fail);
    assert_eq!(get(&backend, ADA).error().0, 500);
    assert_eq!(get(&backend, ADA).status, 200);
    backend.inject(Rule::from(Fault::DropEtag).on(Method::GET, ADA).times(2));
    assert!(get(&backend, "/customers/cus_000001").header("etag").is_some());
    for there in [false, false, true] {
        assert_eq!(get(&backend, ADA).header("etag").is_some(), there);
    }
    let canned = Canned::new(StatusCode::IM_A_TEAPOT, "text/plain", "short and stout");
    backend.inject(Rule::from(Fault::Answer(canned)).method(Method::GET).always());
    for _ in 0..2 {
        let got = get(&backend, ADA);
        assert_eq!((got.status, got.body.as_str()), (418, "short and stout"));
    }
    backend.heal();
    assert_eq!(get(&backend, ADA).status, 200);
}

#[test]
fn faults_below_http() {
    let backend = backend();
    let whole = get(&backend, ADA).body;
    for fault in [Fault::Reset, Fault::LoseAnswer] {
        backend.inject(fault);
        assert!(exchange(&backend, "DELETE", "/customers/cus_000003", &[], "").is_err());
    }
    assert!(
        backend.customer("cus_000003").is_none(),
        "done, though the answer is lost"
    );
    backend.inject(Fault::Garbage(b"\x16\x03\x01 no HTTP".to_vec()));
    assert_eq!(
        raw(&backend, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap(),
        "\u{16}\u{3}\u{1} no HTTP"
    );
    backend.inject(Fault::CutAfter(10));
    let got = get(&backend, ADA);
    assert_eq!(
        (got.header("content-length"), got.body.as_str()),
        (Some(whole.len().to_string().as_str()), &whole[..10])
    );
    backend.inject(Fault::Chunked(7));
    let got = get(&backend, ADA);
    assert_eq!(
        (got.header("transfer-encoding"), got.header("content-length")),
        (Some("chunked"), None)
    );
    assert!(got.body.starts_with("7\r\n{\"id\":\"\r\n"), "{}", got.body);
}

#[test]
fn faults_in_time() {
    let backend = backend();
    let wait = Duration::from_millis(50);
    for fault in [Fault::Delay(wait), Fault::Pause { after: 5, wait }] {
        backend.inject(fault);
        let begun = Instant::now();
        assert_eq!(get(&backend, ADA).body, ada(&backend).to_string());
        assert!(begun.elapsed() >= wait);
    }
    let etag = backend.etag("cus_000017").unwrap();
    let race = || Fault::Race {
        id: "cus_000017".into(),
        patch: json!({"tier": "raced"}),
    };
    backend.inject(race());
    let lost = ask(
        &backend,
        "PUT",
        ADA,
        &[("If-Match", &etag)],
        &ada(&backend).to_string(),
    );
    assert_eq!(
        (lost.error().0, ada(&backend)["tier"].clone()),
        (412, json!("raced"))
    );
}

#[test]
fn stops_when_told() {
    let backend = backend();
    let addr = backend.addr;
    backend.shutdown();
    let gone = || TcpStream::connect_timeout(&addr, Duration::from_millis(200)).is_err();
    assert!((0..50).any(|_| gone() || {
        std::thread::sleep(Duration::from_millis(20));
        false
    }));
}

#[tokio::test]
async fn runs_on_a_runtime_that_is_there() {
    let backend = Backend::default()
        .customers(vec![json!({"id": "odd"})])
        .spawn("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    let got = tokio::task::spawn_blocking(move || {
        let got = get(&backend, "/customers/odd").json();
        backend.clear();
        (got, get(&backend, "/customers").json()["total"].clone())
    });
    assert_eq!(got.await.unwrap(), (json!({"id": "odd"}), json!(0)));
}
