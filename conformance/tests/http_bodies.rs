//! Bodies: opened within caps where they are translated, untouched where they are not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Read, Write};
use std::net::SocketAddr;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::json;
use sluice_conformance::customers::Rng;
use sluice_conformance::oracle::{self, Endpoint};
use sluice_conformance::stage::http2::Http2;
use sluice_conformance::stage::scripted::{head, upstream};
use sluice_conformance::stage::{Setup, Stage, VERSIONS};
use sluice_gateway::demo::backend::{Canned, Fault};

const ID: &str = "cus_000017";
const JSON: (&str, &str) = ("content-type", "application/json");

fn encoded(coding: &str, plain: &[u8]) -> Vec<u8> {
    match coding {
        "gzip" => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(plain).unwrap();
            encoder.finish().unwrap()
        }
        "deflate" => {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(plain).unwrap();
            encoder.finish().unwrap()
        }
        "br" => {
            let mut out = Vec::new();
            brotli::CompressorWriter::new(&mut out, 4096, 9, 22)
                .write_all(plain)
                .unwrap();
            out
        }
        other => panic!("{other}"),
    }
}

fn read(version: &str) -> String {
    oracle::path(version, Endpoint::Read, ID).unwrap().target
}

/// The next answer of the backend.
fn answered(stage: &Stage, coding: &'static str, body: Vec<u8>) {
    let mut canned = Canned::new(StatusCode::OK, "application/json", body);
    canned.headers.insert(
        HeaderName::from_static("content-encoding"),
        HeaderValue::from_static(coding),
    );
    stage.backend().inject(Fault::Answer(canned));
}

#[test]
fn answers_are_opened_and_translated() {
    let stage = Stage::integrationhub();
    let stored = stage.backend().customer(ID).unwrap();
    for version in VERSIONS {
        for coding in ["gzip", "deflate", "br"] {
            let body = encoded(coding, stored.to_string().as_bytes());
            answered(&stage, coding, body.clone());
            let answer = stage
                .get(&read(version), &[("accept-encoding", coding)])
                .expect(200);
            if version == "3.3" {
                assert_eq!(
                    (answer.body, answer.headers["content-encoding"].to_str().unwrap()),
                    (body, coding)
                );
                continue;
            }
            assert_eq!(
                Some(answer.json()),
                oracle::lower(version, &stored).document(),
                "{version} {coding}"
            );
            assert!(!answer.has("content-encoding"));
        }
    }
}

#[test]
fn requests_are_opened_and_translated() {
    let stage = Stage::integrationhub();
    for version in VERSIONS {
        for coding in ["gzip", "deflate", "br"] {
            let mut document = stage.get(&read(version), &[]).expect(200).json();
            document["tier"] = json!(format!("{version} {coding}"));
            let call = oracle::path(version, Endpoint::Replace, ID).unwrap();
            let body = encoded(coding, document.to_string().as_bytes());
            let answer = stage.send(
                call.method,
                &call.target,
                &[JSON, ("content-encoding", coding)],
                body,
            );
            if version == "3.3" {
                // Nothing is opened where nothing is translated, and the demo backend reads plain JSON only.
                assert_eq!(answer.status, 400);
                continue;
            }
            assert_eq!(
                answer.expect(200).json()["tier"],
                document["tier"],
                "{version} {coding}"
            );
        }
    }
}

#[test]
fn bombs_are_refused() {
    let stage = Stage::integrationhub();
    let bomb = format!("{{\"name\":\"{}\"}}", " ".repeat(32 << 20));
    for coding in ["gzip", "deflate", "br"] {
        let body = encoded(coding, bomb.as_bytes());
        assert!(body.len() < 200_000);
        for version in ["1.0", "2.3", "4.0-beta"] {
            let call = oracle::path(version, Endpoint::Create, ID).unwrap();
            stage.backend().forget();
            let sent = stage.send(
                call.method,
                &call.target,
                &[JSON, ("content-encoding", coding)],
                &body,
            );
            assert_eq!(sent.status, 413, "{version} {coding}: {}", sent.text());
            assert!(stage.backend().requests().is_empty());
            answered(&stage, coding, body.clone());
            let answer = stage.get(&read(version), &[]);
            assert_eq!(answer.status, 502, "{version} {coding}: {}", answer.text());
        }
    }
}

#[test]
fn codings_that_cannot_be_opened_are_refused() {
    let stage = Stage::integrationhub();
    for coding in ["zstd", "gzip, gzip", "compress"] {
        let sent = stage.send(
            "POST",
            "/v2.0/customers",
            &[JSON, ("content-encoding", coding)],
            "{}",
        );
        assert_eq!(sent.status, 415, "{coding}: {}", sent.text());
        answered(&stage, coding, b"{}".to_vec());
        drop(stage.get("/v2.0/customers/cus_000017", &[]).expect(502));
    }
    for coding in ["gzip", "deflate", "br"] {
        let sent = stage.send(
            "POST",
            "/v2.0/customers",
            &[JSON, ("content-encoding", coding)],
            "{}{}{}{}",
        );
        assert_eq!(sent.status, 400, "{coding}: {}", sent.text());
    }
}

#[test]
fn large_bodies_are_refused() {
    let stage = Stage::integrationhub();
    let large = format!("{{\"name\":\"{}\"}}", "x".repeat(1 << 20));
    for version in VERSIONS.into_iter().filter(|version| *version != "3.3") {
        let call = oracle::path(version, Endpoint::Create, ID).unwrap();
        stage.backend().forget();
        drop(stage.send(call.method, &call.target, &[JSON], &large).expect(413));
        let mut chunked = format!("{:x}\r\n", large.len()).into_bytes();
        chunked.extend_from_slice(large.as_bytes());
        chunked.extend_from_slice(b"\r\n0\r\n\r\n");
        drop(
            stage
                .send(
                    call.method,
                    &call.target,
                    &[JSON, ("transfer-encoding", "chunked")],
                    chunked,
                )
                .expect(413),
        );
        assert!(stage.backend().requests().is_empty());
        let answer = format!("{{\"name\":\"{}\"}}", "x".repeat(9 << 20));
        stage.backend().inject(Fault::Answer(Canned::new(
            StatusCode::OK,
            "application/json",
            answer,
        )));
        drop(stage.get(&read(version), &[]).expect(502));
    }
}

#[test]
fn hostile_documents_are_refused() {
    let stage = Stage::integrationhub();
    let deep = "[".repeat(100_000);
    let keys: String = (0..50_000).map(|at| format!("\"k{at}\":0,")).collect();
    let bodies: [(&str, Vec<u8>, u16); 6] = [
        ("deep", deep.into_bytes(), 400),
        ("utf-8", b"{\"name\":\"\xff\"}".to_vec(), 400),
        ("surrogate", b"{\"id\":\"\\ud800\"}".to_vec(), 400),
        ("mark", b"\xef\xbb\xbf{}".to_vec(), 400),
        ("two", b"{}{}".to_vec(), 400),
        ("keys", format!("{{{keys}\"a\":1}}").into_bytes(), 422),
    ];
    for version in ["1.0", "2.1", "3.2", "4.0-beta"] {
        let call = oracle::path(version, Endpoint::Create, ID).unwrap();
        for (name, body, status) in &bodies {
            let answer = stage.send(call.method, &call.target, &[JSON], body);
            assert_eq!(answer.status, *status, "{version} {name}: {}", answer.text());
        }
    }
}

/// An upstream that answers each request with what it got: head and body, byte for byte, chunked with a trailer.
fn mirror() -> SocketAddr {
    upstream(|mut stream, _| {
        while let Some(head) = head(&mut stream) {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
            stream.read_exact(&mut body).unwrap();
            let mut answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntrailer: x-sum\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
            if !body.is_empty() {
                answer.extend(format!("{:x}\r\n", body.len()).bytes());
                answer.extend_from_slice(&body);
                answer.extend_from_slice(b"\r\n");
            }
            answer.extend_from_slice(b"0\r\nx-sum: 17\r\n\r\n");
            if stream.write_all(&answer).is_err() {
                return;
            }
        }
    })
}

const ODD: &str =
    " {\n\t\"a\" :1.0 , \"a\":1e400,\"b\":12345678901234567890, \"b\" : -0 ,\"\\u0061\":\"\\/\" }\r\n ";

#[test]
fn what_needs_no_translation_is_not_touched() {
    let stage = Setup::integrationhub().upstream(mirror()).start();
    let bodies: [&[u8]; 4] = [
        ODD.as_bytes(),
        b"not JSON at all",
        b"\xff\xfe\x00",
        b"\xef\xbb\xbf{}",
    ];
    for body in bodies {
        let answer = stage
            .send("PUT", "/v3.3/customers/x", &[JSON, ("te", "trailers")], body)
            .expect(200);
        assert_eq!(answer.body, body);
        assert_eq!(answer.trailers["x-sum"], "17");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http_2_comes_in() {
    let stage = Setup::integrationhub().upstream(mirror()).start();
    let client = Http2::connect(stage.address()).await;
    let answer = client
        .send("PUT", "/v3.3/customers/x", &[JSON], ODD.as_bytes())
        .await
        .unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, ODD.as_bytes()));
    assert_eq!(answer.trailers["x-sum"], "17");
    let stage = Stage::integrationhub();
    let client = Http2::connect(stage.address()).await;
    for version in VERSIONS {
        let answer = client
            .send("GET", &read(version), &[("te", "trailers")], b"")
            .await
            .unwrap();
        assert_eq!((answer.status, answer.header("api-version")), (200, version));
        let asked = stage.backend().requests().pop().unwrap();
        assert_eq!(asked.headers["via"], "2 sluice");
        assert_eq!(asked.headers["x-forwarded-host"], stage.address().to_string());
    }
    let traced = client.send("TRACE", "/v3.3/customers", &[], b"").await.unwrap();
    assert_eq!(traced.status, 405);
}

#[test]
fn trailers_of_a_request_reach_the_upstream() {
    let (heard, hears) = std::sync::mpsc::channel();
    let address = upstream(move |mut stream, _| {
        let head = head(&mut stream).unwrap();
        let mut rest = vec![0; 64];
        let mut got = Vec::new();
        while !got.ends_with(b"\r\n\r\n") {
            let count = stream.read(&mut rest).unwrap();
            got.extend_from_slice(&rest[..count]);
        }
        heard.send((head, String::from_utf8(got).unwrap())).unwrap();
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            .unwrap();
    });
    let stage = Setup::integrationhub().upstream(address).start();
    let fields = [("transfer-encoding", "chunked"), ("trailer", "x-sum")];
    drop(
        stage
            .send(
                "PUT",
                "/v3.3/customers/x",
                &fields,
                "3\r\nabc\r\n0\r\nx-sum: 17\r\n\r\n",
            )
            .expect(200),
    );
    let (head, body) = hears.recv().unwrap();
    assert!(head.contains("trailer: x-sum"), "{head}");
    assert!(body.to_ascii_lowercase().contains("x-sum: 17"), "{body}");
}

#[test]
fn a_connection_is_upgraded_where_nothing_is_translated() {
    let address = upstream(|mut stream, _| {
        let asked = head(&mut stream).unwrap();
        if !asked.contains("upgrade: echo") {
            let body = "{}";
            let _ended = stream.write_all(
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes(),
            );
            return;
        }
        stream
            .write_all(b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nhi ")
            .unwrap();
        let mut buffer = [0; 64];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            stream.write_all(&buffer[..count]).unwrap();
        }
    });
    let stage = Setup::integrationhub().upstream(address).start();
    let upgrade = [("connection", "Upgrade"), ("upgrade", "echo")];
    let mut client = stage.client();
    let answer = client
        .exchange("GET", "/v3.3/customers/x", &upgrade, b"")
        .unwrap()
        .expect(101);
    assert_eq!(
        (answer.header("upgrade"), answer.header("api-version")),
        ("echo", "3.3")
    );
    client.write("ping");
    assert_eq!(client.take(7), b"hi ping");
    client.finish();
    assert!(client.has_ended());
    // A document is not translated inside of a tunnel: the upgrade goes no further.
    let plain = stage.send("GET", "/v2.0/customers/x", &upgrade, "");
    assert_ne!(plain.status, 101);
}

#[test]
fn an_answer_before_the_body_is_read_does_not_make_the_body_a_request() {
    let stage = Stage::integrationhub();
    let inner = "GET /v3.3/customers/cus_000001 HTTP/1.1\r\nhost: a\r\n\r\n".repeat(2000);
    let mut client = stage.client();
    client.request(
        "POST",
        "/v2.0/customers",
        &[("content-type", "text/xml")],
        inner.as_bytes(),
    );
    client.request("GET", "/v2.0/customers/cus_000017", &[], b"");
    assert_eq!(client.answer("POST").unwrap().status, 415);
    // The next answer is that of the next request, or the connection has ended.
    if let Ok(answer) = client.answer("GET") {
        assert_eq!((answer.status, answer.header("api-version")), (200, "2.0"));
    }
    assert!(
        stage
            .backend()
            .requests()
            .iter()
            .all(|asked| asked.target == "/customers/cus_000017")
    );
}

/// The document with a few of its bytes removed, doubled or replaced.
fn mangled(rng: &mut Rng, document: &str) -> Vec<u8> {
    let mut bytes = document.as_bytes().to_vec();
    for _ in 0..=rng.below(3) {
        let at = rng.below(bytes.len());
        let end = (at + rng.below(12)).min(bytes.len());
        match rng.below(4) {
            0 => drop(bytes.drain(at..end)),
            1 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again).for_each(drop);
            }
            2 => bytes[at] = rng.pick(b"{}[]\",:0123456789eE.-\\/ntu\0\xff "),
            _ => drop(
                bytes.splice(
                    at..end,
                    rng.pick(&["null", "-0", "1e999", "\"\"", "{}", "[]", "\"\\ud83d\""])
                        .bytes(),
                ),
            ),
        }
        if bytes.is_empty() {
            return b"x".to_vec();
        }
    }
    bytes
}

#[test]
fn mangled_documents_never_make_the_gateway_fail() {
    let stage = Stage::integrationhub();
    let mut rng = Rng::new(17);
    for version in VERSIONS.into_iter().filter(|version| *version != "3.3") {
        let document = stage.get(&read(version), &[]).expect(200).text();
        for endpoint in [Endpoint::Create, Endpoint::Replace] {
            let call = oracle::path(version, endpoint, ID).unwrap();
            for _ in 0..60 {
                let body = mangled(&mut rng, &document);
                stage.backend().forget();
                let answer = stage.send(call.method, &call.target, &[JSON], &body);
                let told = String::from_utf8_lossy(&body);
                assert!(
                    [200, 201, 400, 404, 409, 422].contains(&answer.status),
                    "{version} {told}\n{}",
                    answer.text()
                );
                if answer.status == 400 {
                    let wrote = stage
                        .backend()
                        .requests()
                        .into_iter()
                        .any(|asked| asked.method != "GET");
                    assert!(
                        !wrote || answer.text().contains("body is"),
                        "{version} {told}\n{}",
                        answer.text()
                    );
                }
            }
        }
    }
}
