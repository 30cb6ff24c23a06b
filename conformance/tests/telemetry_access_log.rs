//! The access log over real sockets: one JSON object a line, of what is listed and nothing else, whatever clients send.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use http::HeaderName;
use serde_json::{Value, json};
use sluice_config::plan::{AccessLogPlan, AccessLogTo, NamedFile, Place};
use sluice_config::{Code, Diagnostic, Plan, Span};
use sluice_conformance::stage::http2::Http2;
use sluice_conformance::stage::{PATIENCE, Setup, Stage, noon, scripted};
use sluice_gateway::demo::backend::Fault;

const ID: &str = "cus_000017";

fn place() -> Place {
    Place {
        file: "sluice.yaml".to_owned(),
        span: Span::START,
    }
}

/// Everything is told, with a few fields and parameters.
fn log(path: &Path) -> AccessLogPlan {
    let names = |names: &[&'static str]| names.iter().copied().map(HeaderName::from_static).collect();
    AccessLogPlan {
        to: AccessLogTo::File {
            file: NamedFile {
                path: path.to_owned(),
                place: place(),
            },
            rotate: 1 << 20,
            keep: 3,
        },
        share: 1.0,
        request: names(&["user-agent", "x-forwarded-for"]),
        answer: names(&["content-type", "etag"]),
        query: vec!["page".to_owned()],
        place: place(),
    }
}

struct Logged {
    stage: Stage,
    directory: tempfile::TempDir,
}

impl Logged {
    fn start(setup: Setup, change: impl FnOnce(&mut AccessLogPlan)) -> Self {
        let (stage, directory) = (setup.start(), tempfile::tempdir().unwrap());
        let logged = Self { stage, directory };
        let mut log = log(&logged.path());
        change(&mut log);
        logged.publish(|plan| plan.access_log = Some(log)).unwrap();
        logged
    }

    fn publish(&self, change: impl FnOnce(&mut Plan)) -> Result<u64, Vec<Diagnostic>> {
        let mut plan = self.stage.setup().plan(self.stage.upstream());
        change(&mut plan);
        let gateway = self.stage.gateway();
        gateway.editions.publish(plan, &gateway.shared)
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("access.jsonl")
    }

    /// The lines as soon as there are so many.
    #[track_caller]
    fn lines(&self, count: usize) -> Vec<Value> {
        let begun = Instant::now();
        loop {
            self.stage.gateway().shared.access.flush();
            let text = fs::read_to_string(self.path()).unwrap_or_default();
            let lines: Vec<Value> = text
                .lines()
                .map(|line| serde_json::from_str(line).expect(line))
                .collect();
            if lines.len() >= count {
                assert_eq!(lines.len(), count, "{lines:#?}");
                return lines;
            }
            assert!(begun.elapsed() < PATIENCE, "{lines:#?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

#[test]
fn a_line_tells_who_asked_for_what_and_what_became_of_it() {
    let logged = Logged::start(Setup::guarded(), |_| {});
    let fields = [
        ("x-api-key", "demo-key-acme"),
        ("user-agent", "tests/1"),
        ("x-request-id", "ours-1"),
        (
            "traceparent",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ),
    ];
    let target = format!("/v2.0/customers/{ID}");
    logged.stage.get(&target, &fields).expect(200);
    logged.stage.get(&target, &[]).expect(401);
    let lines = logged.lines(2);
    let line = &lines[0];
    let expected = [
        (
            "/time",
            json!(noon().strftime("%Y-%m-%dT%H:%M:%S.000000Z").to_string()),
        ),
        ("/request_id", json!("ours-1")),
        ("/trace_id", json!("4bf92f3577b34da6a3ce929d0e0e4736")),
        ("/client", json!("127.0.0.1")),
        ("/method", json!("GET")),
        ("/path", json!(target)),
        ("/api", json!("customers")),
        ("/version", json!("2.0")),
        ("/chosen_by", json!("path")),
        ("/consumer", json!("acme")),
        ("/operation", json!("readCustomer")),
        ("/status", json!(200)),
        ("/generation", json!(2)),
        ("/request", json!({"user-agent": "tests/1"})),
    ];
    for (pointer, value) in expected {
        assert_eq!(line.pointer(pointer), Some(&value), "{pointer}: {line}");
    }
    let names: Vec<&String> = line["answer"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["content-type", "etag"]);
    assert!(line.get("query").is_none() && line.get("code").is_none() && line.get("ended").is_none());
    assert!(line["answer_bytes"].as_u64().unwrap() > 100);
    let ms = |part: &str| {
        line["ms"][part]
            .as_f64()
            .unwrap_or_else(|| panic!("{part}: {line}"))
    };
    assert!(ms("total") > 0.0 && ms("gateway") >= 0.0 && ms("transformation") > 0.0 && ms("upstream") > 0.0);
    let denied = &lines[1];
    assert_eq!(
        (&denied["status"], denied["code"].is_string()),
        (&json!(401), true),
        "{denied}"
    );
    assert!(denied.get("consumer").is_none());
}

/// Of a query the names are told, and values of what is listed; never what names the version.
#[test]
fn parameters_are_told_by_name() {
    let logged = Logged::start(Setup::integrationhub(), |_| {});
    let agents = [("user-agent", "a"), ("user-agent", "b")];
    let ask = |target: &str| logged.stage.get(target, &agents);
    ask("/v3.3/customers?page=2&page_size=3&q=a%20b&access_token=x").expect(200);
    ask("/customers?api-version=3.3&page=1").expect(200);
    ask("/nowhere?page=1&page=%22&page=");
    let lines = logged.lines(3);
    let first = json!({"page": "2", "page_size": null, "q": null});
    assert_eq!(lines[0]["query"], first);
    assert_eq!(lines[0]["request"], json!({"user-agent": ["a", "b"]}));
    assert_eq!(lines[1]["query"], json!({"page": "1"}));
    assert_eq!(lines[1]["chosen_by"], "query");
    assert_eq!(lines[2]["query"], json!({"page": ["1", "\"", ""]}));
}

/// Refusals name the request, so that whoever is told of one can be helped.
#[test]
fn a_refusal_names_the_request() {
    let logged = Logged::start(Setup::integrationhub(), |_| {});
    let answer = logged.stage.get("/nowhere", &[]);
    let problem = answer.json();
    assert_eq!(problem["request_id"], answer.header("x-request-id"), "{problem}");
    assert_eq!(logged.lines(1)[0]["request_id"], problem["request_id"]);
    assert_eq!(logged.lines(1)[0]["code"], problem["code"]);
}

/// Bytes that no text has, quotes, line ends in escapes, and names without end.
#[test]
fn hostile_requests_are_one_valid_line_each() {
    let logged = Logged::start(Setup::integrationhub(), |_| {});
    let long = "x".repeat(6_000);
    let heads: Vec<Vec<u8>> = vec![
        b"GET /v2.0/customers HTTP/1.1\r\nhost: x\r\nuser-agent: \x80\xff\"\\ \tend\r\n".to_vec(),
        b"GET /v2.0/customers?page=%22%5C%0A%0D%00&%22%7D=1 HTTP/1.1\r\nhost: x\r\n".to_vec(),
        b"GET /v2.0/%22%5C%7B%7D%0a HTTP/1.1\r\nhost: x\r\n".to_vec(),
        b"GET /v2.0/%22%7B%E2%80%A8 HTTP/1.1\r\nhost: x\r\n".to_vec(),
        b"GET /v2.0/\x80\xff HTTP/1.1\r\nhost: x\r\n".to_vec(),
        format!("GET /v2.0/customers?page={long} HTTP/1.1\r\nhost: x\r\nuser-agent: {long}\r\n").into_bytes(),
        format!(
            "GET /v2.0/customers?{} HTTP/1.1\r\nhost: x\r\n",
            "a=1&".repeat(1_000)
        )
        .into_bytes(),
        format!("GET /{long} HTTP/1.1\r\nhost: x\r\n").into_bytes(),
        b"A'{}|~!#$%&*+.^_` /v2.0/customers HTTP/1.1\r\nhost: x\r\n".to_vec(),
        b"GET /v2.0/customers HTTP/1.1\r\nhost: x\r\nx-request-id: \xff\"\\\r\nx-forwarded-for: \"\r\n"
            .to_vec(),
        b"GET /v2.0/customers HTTP/1.1\r\nhost: x\r\ntraceparent: \"}\r\n".to_vec(),
        b"TRACE / HTTP/1.1\r\nhost: \"\r\n".to_vec(),
        b"GET * HTTP/1.1\r\nhost: x\r\n".to_vec(),
        b"GET /v2.0/customers HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n".to_vec(),
    ];
    let count = heads.len();
    for head in heads {
        let mut socket = TcpStream::connect(logged.stage.address()).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket
            .write_all(&[&*head, b"connection: close\r\n\r\n"].concat())
            .unwrap();
        let mut answer = Vec::new();
        let _reset = socket.read_to_end(&mut answer);
        let shown = String::from_utf8_lossy(&answer).into_owned();
        assert!(
            answer.starts_with(b"HTTP/1.1 "),
            "{}: {shown}",
            String::from_utf8_lossy(&head)
        );
    }
    let lines = logged.lines(count);
    let text = fs::read_to_string(logged.path()).unwrap();
    assert!(text.lines().all(|line| line.len() < 6_000), "a line is bounded");
    assert_eq!(lines[0]["request"]["user-agent"], "\u{fffd}\u{fffd}\"\\ \tend");
    assert_eq!(lines[1]["query"]["page"], "\"\\\n\r\0");
    for line in &lines {
        for name in [
            "time",
            "client",
            "method",
            "status",
            "answer_bytes",
            "ms",
            "generation",
        ] {
            assert!(line.get(name).is_some(), "{name}: {line}");
        }
    }
}

/// Credentials cannot be listed: not even when a plan lists them.
#[test]
fn no_secret_is_in_a_line() {
    let listed = |log: &mut AccessLogPlan| {
        let names = [
            "authorization",
            "proxy-authorization",
            "cookie",
            "x-api-key",
            "user-agent",
        ];
        log.request = names.map(HeaderName::from_static).into();
        log.answer = ["set-cookie", "content-type"].map(HeaderName::from_static).into();
        log.query = vec!["api_key".to_owned(), "page".to_owned()];
    };
    let planted = [
        ("x-api-key", "plantedKey"),
        ("authorization", "Bearer plantedToken"),
        ("proxy-authorization", "Basic plantedProxy"),
        ("cookie", "session=plantedCookie"),
        ("x-anything", "plantedField"),
        ("content-type", "application/json"),
    ];
    for setup in [Setup::guarded(), Setup::guarded().upstream(scripted::nobody())] {
        let logged = Logged::start(setup, listed);
        let query = "api_key=plantedInQuery&q=plantedValue";
        let targets = [
            format!("/api/v1.0/getCustomer?id=17&{query}"),
            format!("/v2.0/customers/{ID}?{query}"),
            format!("/v3.3/customers/{ID}?{query}"),
            format!("/nowhere?{query}"),
            format!("/v2.0/../plantedPath?{query}"),
        ];
        for target in &targets {
            for (method, body) in [
                ("GET", ""),
                ("POST", "{\"name\": \"plantedBody\"}"),
                ("PUT", "plantedBody"),
            ] {
                logged.stage.send(method, target, &planted, body);
            }
        }
        logged.lines(15);
        let text = fs::read_to_string(logged.path()).unwrap();
        assert!(!text.contains("planted"), "{text}");
        assert!(!text.contains("api_key"), "{text}");
        assert!(text.contains("\"q\":null"), "{text}");
    }
}

#[test]
fn a_share_is_told_and_all_that_fails() {
    let logged = Logged::start(Setup::integrationhub(), |log| log.share = 0.0);
    let target = format!("/v2.0/customers/{ID}");
    for _ in 0..5 {
        logged.stage.get(&target, &[]).expect(200);
        logged.stage.get("/v2.0/nothing", &[]).expect(404);
    }
    logged.stage.backend().inject(Fault::Fail);
    logged.stage.get("/v3.3/customers", &[]).expect(500);
    logged.stage.backend().inject(Fault::Garbage(b"x".to_vec()));
    logged.stage.get(&target, &[]).expect(502);
    let lines = logged.lines(2);
    assert_eq!(
        (&lines[0]["status"], &lines[1]["status"]),
        (&json!(500), &json!(502))
    );
    assert_eq!(lines[1]["code"], "upstream_garbage");
    assert!(lines[0].get("code").is_none(), "the upstream's own");
}

/// Many clients at once, on two cores: a line for each exchange, and none is torn or told twice.
#[test]
fn every_exchange_has_its_own_line() {
    let logged = Logged::start(Setup::integrationhub(), |_| {});
    let (clients, each) = (4, 250);
    std::thread::scope(|scope| {
        for client in 0..clients {
            let stage = &logged.stage;
            scope.spawn(move || {
                for number in 0..each {
                    let id = format!("{client}-{number}");
                    let target = format!("/v3.3/customers/{ID}");
                    stage.get(&target, &[("x-request-id", &id)]).expect(200);
                }
            });
        }
    });
    let lines = logged.lines(clients * each);
    let told: BTreeSet<&str> = lines
        .iter()
        .map(|line| line["request_id"].as_str().unwrap())
        .collect();
    assert_eq!(told.len(), clients * each);
}

#[test]
fn how_an_exchange_ended_is_told() {
    let logged = Logged::start(Setup::integrationhub(), |_| {});
    logged.stage.backend().inject(Fault::CutAfter(10));
    let _cut = logged
        .stage
        .try_send("GET", &format!("/v3.3/customers/{ID}"), &[], b"");
    let line = logged.lines(1).remove(0);
    assert_eq!(
        (&line["ended"], &line["answer_bytes"]),
        (&json!("answer_broken"), &json!(10)),
        "{line}"
    );
    logged
        .stage
        .backend()
        .inject(Fault::Delay(Duration::from_secs(20)));
    let seen = logged.stage.backend().seen();
    let target = format!("/v2.0/customers/{ID}");
    leave(&logged.stage, &target, || logged.stage.backend().seen() > seen);
    let line = logged.lines(2).remove(1);
    assert_eq!(
        (&line["ended"], line.get("status")),
        (&json!("client_gone"), None),
        "{line}"
    );
    assert_eq!(line["operation"], "readCustomer");
    let length = logged
        .stage
        .get(&format!("/v3.3/customers/{ID}"), &[])
        .expect(200)
        .body
        .len();
    assert_eq!(logged.lines(3)[2]["answer_bytes"], length);
    logged
        .stage
        .send("HEAD", &format!("/v3.3/customers/{ID}"), &[], b"")
        .expect(200);
    let line = logged.lines(4).remove(3);
    assert_eq!(
        (line.get("ended"), &line["answer_bytes"]),
        (None, &json!(0)),
        "{line}"
    );
}

/// A client that goes away as soon as something holds. Over HTTP/2, which says so: HTTP/1.1 serves a connection that is
/// closed on one side.
fn leave(stage: &Stage, target: &str, holds: impl Fn() -> bool) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let client = Http2::connect(stage.address()).await;
        let patience = tokio::time::timeout(PATIENCE, async {
            while !holds() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        tokio::select! {
            answer = client.send("GET", target, &[], b"") => panic!("{answer:?}"),
            held = patience => held.unwrap(),
        }
    });
}

#[test]
fn a_log_that_is_full_is_put_aside() {
    let logged = Logged::start(Setup::integrationhub(), |log| {
        if let AccessLogTo::File { rotate, keep, .. } = &mut log.to {
            (*rotate, *keep) = (4_096, 2);
        }
    });
    for _ in 0..40 {
        logged
            .stage
            .get(&format!("/v3.3/customers/{ID}"), &[])
            .expect(200);
    }
    logged.stage.gateway().shared.access.flush();
    for name in ["access.jsonl", "access.jsonl.1", "access.jsonl.2"] {
        let text = fs::read_to_string(logged.directory.path().join(name)).unwrap();
        assert!(
            text.len() <= 4_096 && text.ends_with('\n'),
            "{name}: {}",
            text.len()
        );
        assert!(
            text.lines()
                .all(|line| serde_json::from_str::<Value>(line).is_ok())
        );
    }
    assert!(!logged.directory.path().join("access.jsonl.3").exists());
}

#[test]
fn a_log_follows_the_plan_and_one_that_cannot_be_written_is_refused() {
    let logged = Logged::start(Setup::integrationhub(), |_| {});
    let ask = || {
        drop(
            logged
                .stage
                .get(&format!("/v3.3/customers/{ID}"), &[])
                .expect(200),
        )
    };
    ask();
    let other = logged.directory.path().join("other.jsonl");
    logged
        .publish(|plan| plan.access_log = Some(log(&other)))
        .unwrap();
    ask();
    logged.stage.gateway().shared.access.flush();
    assert_eq!(logged.lines(1)[0]["generation"], 2);
    let moved: Value = serde_json::from_str(fs::read_to_string(&other).unwrap().trim()).unwrap();
    assert_eq!(moved["generation"], 3);
    let missing = logged.directory.path().join("missing/access.jsonl");
    for bad in [missing.as_path(), logged.directory.path()] {
        let faults = logged
            .publish(|plan| plan.access_log = Some(log(bad)))
            .unwrap_err();
        assert_eq!(
            (faults[0].code, &*faults[0].file),
            (Code::UnwritableFile, "sluice.yaml")
        );
    }
    ask();
    logged.publish(|plan| plan.access_log = None).unwrap();
    ask();
    logged.stage.gateway().shared.access.flush();
    assert_eq!(fs::read_to_string(&other).unwrap().lines().count(), 2);
}
