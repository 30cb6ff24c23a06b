//! Classes of attacks on the wire: smuggling, early answers, premature upgrades, expectations, slow clients.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};
use sluice_conformance::stage::scripted::{head, upstream};
use sluice_conformance::stage::{Broken, Client, PATIENCE, Setup, Stage};

const GET: &str = "GET /v3.3/customers/cus_000017 HTTP/1.1\r\nhost: a\r\n\r\n";
/// A version that passes, and one that is translated.
const CREATE: [&str; 2] = ["/v3.3/customers", "/v2.0/customers"];
/// An API of which every path passes.
const ANY: &str = "sluice: 1\napi: any\nupstream: customers\norigin: \"1\"\nadditions: pass\nunmentioned: pass\n\
                   select:\n  - path: {template: \"/v{version}\"}\n\
                   versions:\n  - {name: \"1\", path: /any}\n";

/// The request of a case as it is sent here: the paths are changed, not their lengths.
fn raw(case: &Value) -> String {
    let raw = case["raw"].as_str().unwrap();
    raw.replace("/outer", "/any/o").replace("/smuggled", "/any/smug")
}

/// How many requests an origin counts that reads strictly, and what became of them.
fn origin() -> (std::net::SocketAddr, Receiver<String>) {
    let (tell, told) = channel();
    let address = upstream(move |mut stream, _| {
        while let Some(head) = head(&mut stream) {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let chunked = head.contains("\r\ntransfer-encoding: chunked\r\n");
            assert!(!(length.is_some() && chunked), "two lengths: {head}");
            let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
            if stream.read_exact(&mut body).is_err() || (chunked && !chunks(&mut stream)) {
                return;
            }
            tell.send(head).unwrap();
            if stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                .is_err()
            {
                return;
            }
        }
    });
    (address, told)
}

/// Reads a chunked body to its end.
fn chunks(stream: &mut std::net::TcpStream) -> bool {
    let mut got = Vec::new();
    let mut byte = [0];
    while !got.ends_with(b"0\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => got.push(byte[0]),
            _ => return false,
        }
    }
    true
}

#[test]
fn known_smuggling_requests_are_refused_or_read_in_one_way() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/suites/smuggling/cases.json");
    let Ok(text) = fs::read_to_string(&path) else {
        println!("skipped: {} is not there", path.display());
        return;
    };
    let all: Value = serde_json::from_str(&text).unwrap();
    let (address, told) = origin();
    let stage = Setup::integrationhub()
        .upstream(address)
        .file("apis/any/api.yaml", ANY)
        .start();
    let (mut refused, mut read) = (0, 0);
    for case in all["cases"].as_array().unwrap() {
        let at = format!("{}: {:?}", case["id"], raw(case));
        let mut client = stage.client();
        client.write(raw(case)).finish();
        let mut served = 0;
        let ended = loop {
            match client.answer("POST") {
                Ok(answer) if answer.status == 200 => served += 1,
                Ok(answer) => break Some(answer.status),
                Err(Broken::NoHead) => break None,
                Err(broken) => panic!("{at}: {broken:?}"),
            }
        };
        assert!(
            ended.is_none_or(|status| [400, 501].contains(&status)),
            "{at}: {ended:?}"
        );
        assert_eq!(
            told.try_iter().count(),
            served,
            "{at}: the origin read other requests than were answered"
        );
        match served {
            0 => refused += 1,
            _ => read += 1,
        }
    }
    println!(
        "smuggling: {refused} refused, {read} read in one way, of {}",
        refused + read
    );
    assert_eq!(refused + read, all["cases"].as_array().unwrap().len());
}

/// What comes before the end of a connection.
fn last(client: &mut Client) -> Result<u16, Broken> {
    client.answer("GET").map(|answer| answer.status)
}

#[test]
fn a_body_that_nobody_wants_is_never_read_as_a_request() {
    let stage = Stage::integrationhub();
    // Whole, in part with the rest behind it, and never sent.
    let inside = GET.repeat(40);
    for (path, status) in [("/v3.3/nothing", 404), ("/nowhere", 400), ("/v3.3/%2e%2e/x", 400)] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n",
            inside.len()
        );
        for sent in [inside.len(), 100, 0] {
            stage.backend().forget();
            let mut client = stage.client();
            client.write(&head).write(&inside.as_bytes()[..sent]);
            assert_eq!(last(&mut client), Ok(status), "{path} {sent}");
            client.write(&inside.as_bytes()[sent..]).write(GET);
            let after = last(&mut client);
            assert!(
                matches!(after, Ok(200) | Err(Broken::NoHead)),
                "{path} {sent}: {after:?}"
            );
            let asked = stage.backend().requests().len();
            assert_eq!(
                asked,
                usize::from(after.is_ok()),
                "{path} {sent}: read as requests"
            );
            assert!(after.is_ok() || client.has_ended());
        }
    }
}

#[test]
fn a_body_without_a_credential_is_never_read_as_a_request() {
    let stage = Setup::guarded().start();
    let inside = GET.repeat(2000);
    for sent in [0, 100, inside.len()] {
        let mut client = stage.client();
        client.write(format!(
            "POST /v3.3/customers HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n",
            inside.len()
        ));
        client.write(&inside.as_bytes()[..sent]);
        assert_eq!(last(&mut client), Ok(401), "{sent}");
        client.write(&inside.as_bytes()[sent..]).write(GET);
        let after = last(&mut client);
        assert!(
            matches!(after, Ok(401) | Err(Broken::NoHead)),
            "{sent}: {after:?}"
        );
        // One more at most: what stands behind the body, never what stands in it.
        assert!(after.is_err() || !client.has_begun_to_answer(), "{sent}");
    }
    assert!(stage.backend().requests().is_empty());
}

#[test]
fn a_refusal_reaches_a_client_that_is_still_sending() {
    let stage = Stage::integrationhub();
    for head in [
        "POST /v3.3/nothing HTTP/1.1\r\nhost: a\r\ncontent-length: 200000\r\n\r\n",
        "POST /v3.3/customers HTTP/1.1\r\nhost: a\r\ncontent-length: 200000\r\ncontent-length: 200000\r\n\r\n",
    ] {
        let mut client = stage.client();
        client.write(head).write(vec![b'x'; 200_000]);
        let status = last(&mut client).unwrap();
        assert!([400, 404].contains(&status), "{status}");
    }
}

#[test]
fn after_an_upgrade_that_was_not_taken_requests_are_checked_on_their_own() {
    let stage = Stage::integrationhub();
    let upgrade =
        "GET /v3.3/customers/cus_000017 HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
    let mut client = stage.client();
    client
        .write(upgrade)
        .write(GET)
        .write(upgrade)
        .write("GET /v3.3/nothing HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(
        [
            last(&mut client),
            last(&mut client),
            last(&mut client),
            last(&mut client)
        ],
        [Ok(200), Ok(200), Ok(200), Ok(404)]
    );
    client.write([upgrade, "GET /v3.3/customers HTTP/1.1\nhost: a\r\n\r\n", GET].concat());
    assert_eq!([last(&mut client), last(&mut client)], [Ok(200), Ok(400)]);
    assert!(client.has_ended());
    assert_eq!(
        stage.backend().requests().len(),
        4,
        "three that passed, and the one before the refused one"
    );
}

#[test]
fn after_an_upgrade_bytes_are_free() {
    let address = upstream(|mut stream, _| {
        drop(head(&mut stream));
        stream
            .write_all(b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n")
            .unwrap();
        let mut got = [0; 9];
        stream.read_exact(&mut got).unwrap();
        stream.write_all(&got).unwrap();
    });
    let stage = Setup::integrationhub().upstream(address).start();
    let mut client = stage.client();
    // Sent before anybody has switched, and nothing that HTTP would read.
    client.write(
        "GET /v3.3/customers HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n\0\n\r\0",
    );
    assert_eq!(last(&mut client), Ok(101));
    client.write("\r\n x\x01");
    assert_eq!(client.take(9), b"\0\n\r\0\r\n x\x01");
}

#[test]
fn a_chunk_that_breaks_behind_an_answer_ends_both_connections() {
    let (tell, told) = channel();
    let address = upstream(move |mut stream, _| {
        drop(head(&mut stream));
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n")
            .unwrap();
        let mut all = Vec::new();
        let ended = stream.read_to_end(&mut all);
        tell.send((ended.is_ok() || all.is_empty(), all)).unwrap();
    });
    let stage = Setup::integrationhub().upstream(address).start();
    let mut client = stage.client();
    client
        .write("POST /v3.3/customers HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n");
    assert_eq!(client.head().unwrap().0, 200);
    client.write("0x1\r\na\r\n0\r\n\r\n").write(GET);
    let (_, got) = told
        .recv_timeout(PATIENCE)
        .expect("the upstream's connection ends");
    assert!(
        !got.ends_with(b"0\r\n\r\n"),
        "a whole body: {:?}",
        String::from_utf8_lossy(&got)
    );
    let mut rest = Vec::new();
    while let [byte] = client.take_some()[..] {
        rest.push(byte);
    }
    assert!(!rest.ends_with(b"0\r\n\r\n"), "a whole answer");
}

#[test]
fn an_expectation_is_met_once_and_goes_no_further() {
    let stage = Stage::integrationhub();
    let body = json!({"name": "x"}).to_string();
    for path in CREATE {
        stage.backend().forget();
        let mut client = stage.client();
        client.write(format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        ));
        assert_eq!(client.head().unwrap().0, 100, "{path}");
        client.write(&body);
        let (status, _) = client.head().unwrap();
        assert!(status >= 200, "{path}: a second {status}");
        for asked in stage.backend().requests() {
            assert!(!asked.headers.contains_key("expect"), "{path}");
        }
    }
    // Without a body there is nothing to continue.
    let mut client = stage.client();
    client.write("GET /v3.3/customers/cus_000017 HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\n\r\n");
    assert_eq!(client.head().unwrap().0, 200);
}

#[test]
fn an_expectation_that_is_answered_early_closes() {
    let stage = Stage::integrationhub();
    let mut client = stage.client();
    client.write(
        "POST /v3.3/nothing HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 65\r\n\r\n",
    );
    let (status, headers) = client.head().unwrap();
    assert_eq!((status, headers["connection"].to_str().unwrap()), (404, "close"));
    client.write(GET).write(GET);
    drop(client.answer("GET"));
    assert!(stage.backend().requests().is_empty());
}

/// A stage on which nobody may be slow.
fn hasty() -> Setup {
    Setup::integrationhub().serve(|settings| {
        settings.head_within = Duration::from_secs(1);
        settings.body_grace = Duration::from_secs(1);
        settings.body_rate = 1000;
    })
}

/// Writes a byte at a time, until the connection is closed or has an answer.
fn drip(client: &mut Client, bytes: impl Iterator<Item = u8>) {
    for byte in bytes {
        client.write([byte]);
        std::thread::sleep(Duration::from_millis(50));
        if client.has_begun_to_answer() {
            return;
        }
    }
    panic!("it may go on for ever");
}

#[test]
fn a_header_that_drips_is_answered_408() {
    let stage = hasty().start();
    let mut client = stage.client();
    client.write("GET /v3.3/customers HTTP/1.1\r\nhost: a\r\n");
    drip(&mut client, b"x: aaaaaaaa\r\n".iter().copied().cycle().take(600));
    let answer = client.answer("GET").unwrap().expect(408);
    assert_eq!(
        (answer.json()["code"].as_str(), answer.header("connection")),
        (Some("request_timeout"), "close")
    );
    assert!(client.has_ended());
    assert!(stage.backend().requests().is_empty());
    // A client that says nothing at all is only let go.
    assert!(stage.client().has_ended());
}

#[test]
fn a_body_that_drips_is_answered_408() {
    let stage = hasty().start();
    for framing in ["content-length: 1000", "transfer-encoding: chunked"] {
        for path in CREATE {
            let mut client = stage.client();
            client.write(format!(
                "POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n{framing}\r\n\r\n"
            ));
            drip(&mut client, b"1\r\n{\r\n".iter().copied().cycle().take(600));
            let answer = client.answer("POST").unwrap().expect(408);
            assert_eq!(answer.list("connection"), "close", "{path} {framing}");
            assert!(client.has_ended(), "{path} {framing}");
        }
    }
    assert!(stage.backend().requests().is_empty());
}

#[test]
fn a_client_that_an_upstream_holds_up_is_not_slow() {
    let address = upstream(|mut stream, _| {
        drop(head(&mut stream));
        std::thread::sleep(Duration::from_secs(4));
        let mut body = vec![0; 8 << 20];
        stream.read_exact(&mut body).unwrap();
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            .unwrap();
    });
    let stage = hasty().upstream(address).start();
    let mut client = stage.client();
    client
        .write("POST /v3.3/customers HTTP/1.1\r\nhost: a\r\ncontent-length: 8388608\r\n\r\n")
        .write(vec![b' '; 8 << 20]);
    assert_eq!(last(&mut client), Ok(200));
}

#[test]
fn slow_clients_do_not_hold_up_others() {
    // The backend gets 200 connections at once.
    let patient = "timeouts: {connect: 20s, first_byte: 20s, idle: 20s}";
    let stage = hasty().upstream_setting(patient).start();
    let mut slow: Vec<_> = (0..200).map(|_| stage.client()).collect();
    for client in &mut slow {
        client.write("POST /v3.3/customers HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n{");
    }
    for _ in 0..50 {
        drop(stage.get("/v3.3/customers/cus_000017", &[]).expect(200));
    }
    for client in &mut slow {
        assert_eq!(last(client), Ok(408));
    }
}
