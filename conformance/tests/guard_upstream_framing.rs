//! Answers of upstreams are held to the framing rules: 502, the connection is dropped, and nothing reaches another client.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sluice_conformance::oracle::{self, Endpoint};
use sluice_conformance::stage::scripted::{head, upstream};
use sluice_conformance::stage::{Answer, Broken, PATIENCE, Setup, Stage};

/// The upstream's own version: its answers pass as they are.
const VERSION: &str = "3.3";

fn target(id: &str) -> String {
    oracle::path(VERSION, Endpoint::Read, id).unwrap().target
}

fn sound(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// What another client must never see.
fn poison() -> Vec<u8> {
    sound("{\"id\":\"poison\"}")
}

/// The id that a request asks for.
fn id(head: &str) -> String {
    let line = head.lines().next().unwrap();
    line.split(' ')
        .nth(1)
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned()
}

/// An upstream that answers `bad-N` with the bytes of that number, and anything else with its id. Gives how many requests
/// came on a connection after such bytes.
fn answering(bad: Vec<Vec<u8>>) -> (SocketAddr, Arc<AtomicUsize>) {
    let used_again = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&used_again);
    let address = upstream(move |mut stream, _| {
        let mut spoiled = false;
        while let Some(head) = head(&mut stream) {
            count.fetch_add(usize::from(spoiled), Ordering::Relaxed);
            let id = id(&head);
            let row = id.strip_prefix("bad-").map(|n| n.parse::<usize>().unwrap());
            spoiled |= row.is_some();
            let bytes = row.map_or_else(|| sound(&format!("{{\"id\":\"{id}\"}}")), |row| bad[row].clone());
            if stream.write_all(&bytes).is_err() {
                return;
            }
        }
    });
    (address, used_again)
}

fn start(address: SocketAddr) -> Stage {
    let setup = Setup::integrationhub().upstream(address);
    setup.serve(|settings| settings.workers = 1).start()
}

#[track_caller]
fn own(stage: &Stage, id: &str) {
    let answer = stage.get(&target(id), &[]).expect(200);
    assert_eq!(answer.json()["id"], id);
}

fn code(answer: &Answer) -> String {
    answer.json()["error"]["code"].as_str().unwrap().to_owned()
}

/// Each row of the specification for a head or a body that is there with it.
fn rows() -> Vec<(&'static str, Vec<u8>)> {
    let ok = |fields: &str, body: &str| format!("HTTP/1.1 200 OK\r\n{fields}\r\n{body}").into_bytes();
    vec![
        (
            "both lengths",
            ok("content-length: 5\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n"),
        ),
        (
            "both lengths, the other order",
            ok("transfer-encoding: chunked\r\ncontent-length: 5\r\n", "0\r\n\r\n"),
        ),
        (
            "two lengths, equal",
            ok("content-length: 2\r\ncontent-length: 2\r\n", "{}"),
        ),
        ("two lengths in one", ok("content-length: 2, 2\r\n", "{}")),
        ("a length that is none", ok("content-length: +2\r\n", "{}")),
        (
            "a length beyond all",
            ok("content-length: 18446744073709551616\r\n", "{}"),
        ),
        (
            "chunked twice",
            ok("transfer-encoding: chunked, chunked\r\n", "0\r\n\r\n"),
        ),
        (
            "a second coding line",
            ok(
                "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
                "0\r\n\r\n",
            ),
        ),
        (
            "another coding",
            ok("transfer-encoding: gzip, chunked\r\n", "0\r\n\r\n"),
        ),
        ("space before the colon", ok("content-length : 2\r\n", "{}")),
        (
            "chunked on HTTP/1.0",
            b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n".to_vec(),
        ),
        ("a bare LF", b"HTTP/1.1 200 OK\ncontent-length: 2\n\n{}".to_vec()),
        ("one bare LF", ok("a: b\ncontent-length: 2\r\n", "{}")),
        ("a bare CR", ok("a: b\rc\r\ncontent-length: 2\r\n", "{}")),
        ("a NUL", ok("a: b\0c\r\ncontent-length: 2\r\n", "{}")),
        ("a folded line", ok("a: b\r\n c\r\ncontent-length: 2\r\n", "{}")),
        (
            "a header of 100 KB",
            ok(&format!("a: {}\r\n", "x".repeat(100_000)), ""),
        ),
        ("2,000 header lines", ok(&"a: b\r\n".repeat(2000), "")),
        (
            "a storm of interim answers",
            "HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n"
                .repeat(1000)
                .into_bytes(),
        ),
        (
            "an interim answer with a body",
            b"HTTP/1.1 103 Early\r\ncontent-length: 2\r\n\r\n{}".to_vec(),
        ),
        (
            "a switch that nobody asked for",
            b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n".to_vec(),
        ),
        (
            "a 204 with a body",
            b"HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\n{}".to_vec(),
        ),
        (
            "a bad chunk",
            ok("transfer-encoding: chunked\r\n", "0x2\r\n{}\r\n0\r\n\r\n"),
        ),
        ("surplus after a body", [sound("{}"), poison()].concat()),
        (
            "surplus after chunks",
            [
                ok("transfer-encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"),
                poison(),
            ]
            .concat(),
        ),
        (
            "surplus after no body",
            [b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec(), poison()].concat(),
        ),
        ("no HTTP", b"SSH-2.0-OpenSSH\r\n".to_vec()),
    ]
}

#[test]
fn ambiguous_answers_are_502_and_the_next_client_gets_its_own() {
    let rows = rows();
    let (address, used_again) = answering(rows.iter().map(|row| row.1.clone()).collect());
    let stage = start(address);
    for (number, (name, _)) in rows.iter().enumerate() {
        // The connection that the bad answer comes over is one that was kept.
        own(&stage, "before");
        let answer = stage.get(&target(&format!("bad-{number}")), &[]);
        assert_eq!(answer.status, 502, "{name}: {}", answer.text());
        assert_eq!(code(&answer), "upstream_garbage", "{name}");
        own(&stage, "after");
    }
    assert_eq!(used_again.load(Ordering::Relaxed), 0);
}

#[test]
fn a_few_interim_answers_are_skipped() {
    let interim = "HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n".repeat(8);
    let bytes = [interim.into_bytes(), sound("{\"id\":\"x\"}")].concat();
    let (address, _) = answering(vec![bytes]);
    let stage = start(address);
    assert_eq!(stage.get(&target("bad-0"), &[]).expect(200).json()["id"], "x");
}

#[test]
fn a_body_that_breaks_is_aborted_and_its_connection_not_used_again() {
    let begun = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n";
    let breaks: [&[u8]; 4] = [
        b"5\r\nhelloXX",
        b"zz\r\n",
        b"5\nhello\r\n",
        b"0\r\ncontent-length: 5\r\n\r\n",
    ];
    let count = breaks.len();
    let address = upstream(move |mut stream, _| {
        while let Some(head) = head(&mut stream) {
            let id = id(&head);
            let Some(row) = id.strip_prefix("bad-") else {
                let _sent = stream.write_all(&sound(&format!("{{\"id\":\"{id}\"}}")));
                continue;
            };
            let _sent = stream.write_all(begun);
            // The head is on its way to the client before the rest comes.
            std::thread::sleep(Duration::from_millis(100));
            let _sent = stream.write_all(breaks[row.parse::<usize>().unwrap()]);
            // Held open: only the check ends it.
            let _end = stream.read_to_end(&mut Vec::new());
        }
    });
    let stage = start(address);
    for row in 0..count {
        let mut client = stage.client();
        let broken = client.exchange("GET", &target(&format!("bad-{row}")), &[], b"");
        let Err(Broken::Cut { status: 200, got }) = broken else {
            panic!("{row}: {broken:?}");
        };
        assert!(got <= 10, "{row}: {got}");
        own(&stage, "after");
    }
}

/// Reads until the other side closes, or fails.
fn closes(stream: &mut TcpStream) -> bool {
    let begun = Instant::now();
    let _end = stream.read_to_end(&mut Vec::new());
    begun.elapsed() < PATIENCE
}

#[test]
fn an_answer_on_an_idle_connection_closes_it() {
    let (tell, told) = std::sync::mpsc::channel();
    let address = upstream(move |mut stream, before| {
        while let Some(head) = head(&mut stream) {
            let _sent = stream.write_all(&sound(&format!("{{\"id\":\"{}\"}}", id(&head))));
            if before == 0 {
                std::thread::sleep(Duration::from_millis(100));
                let _sent = stream.write_all(&poison());
                tell.send(closes(&mut stream)).unwrap();
                return;
            }
        }
    });
    let stage = start(address);
    own(&stage, "first");
    assert_eq!(told.recv_timeout(PATIENCE), Ok(true));
    own(&stage, "second");
}

#[test]
fn surplus_that_comes_behind_a_long_body_never_reaches_another_client() {
    // Longer than is read at once: the end of the body and the poison come in reads of their own, in every way.
    let address = upstream(|mut stream, _| {
        while let Some(head) = head(&mut stream) {
            let id = id(&head);
            let filler =
                "x".repeat(9_000 + 377 * (id.len() % 7) + id.bytes().map(usize::from).sum::<usize>());
            let body = format!("{{\"id\":\"{id}\",\"filler\":\"{filler}\"}}");
            let _sent = stream.write_all(&[sound(&body), poison()].concat());
        }
    });
    let stage = start(address);
    let mut whole = 0;
    for round in 0..300 {
        let id = format!("cus_{round:06}");
        // Surplus that is seen with the head is a 502; else the answer stands, and it is this client's own.
        match stage.try_send("GET", &target(&id), &[], "") {
            Ok(answer) if answer.status == 200 => {
                assert_eq!(answer.json()["id"], id);
                whole += 1;
            }
            Ok(answer) => assert_eq!(answer.status, 502, "{}", answer.text()),
            Err(broken) => panic!("{broken:?}"),
        }
    }
    assert!(whole > 0);
}

#[test]
fn the_body_of_an_answer_to_head_is_not_read_as_an_answer() {
    let address = upstream(|mut stream, _| {
        while let Some(head) = head(&mut stream) {
            let answer = sound(&format!("{{\"id\":\"{}\"}}", id(&head)));
            let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
            let is_head = head.starts_with("head ");
            let _sent = stream.write_all(&answer[..end]);
            // An upstream that sends the body all the same, a little later.
            std::thread::sleep(Duration::from_millis(if is_head { 50 } else { 0 }));
            let _sent = stream.write_all(&answer[end..]);
        }
    });
    let stage = start(address);
    for round in 0..6 {
        let answer = stage.send("HEAD", &target("headed"), &[], "");
        assert_eq!((answer.status, answer.body.len()), (200, 0));
        if round % 2 == 0 {
            std::thread::sleep(Duration::from_millis(300));
            own(&stage, "own");
            continue;
        }
        // The next request may be on its way before the body comes: then it fails, and is not answered with it.
        let answer = stage.get(&target("own"), &[]);
        match answer.status {
            200 => assert_eq!(answer.json()["id"], "own"),
            status => assert_eq!(status, 502, "{}", answer.text()),
        }
    }
}
