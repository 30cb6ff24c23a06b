//! What passes is the same messages to hyper as to us: as many, with the same heads and bodies, and no complaint.

use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Bounds, Reader, Step};

const BOUNDS: Bounds = Bounds {
    head: 4096,
    lines: 20,
    target: 1024,
};

/// One message: its request line without the version, and its body, if it came whole.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Message {
    line: String,
    body: Option<Vec<u8>>,
}

/// What we see, and the bytes that pass.
fn ours(bytes: &[u8]) -> (Vec<Message>, Vec<u8>) {
    let mut reader = Reader::new(BOUNDS);
    let (mut all, mut from) = (Vec::<(Vec<u8>, Vec<u8>, bool)>::new(), 0);
    while from < bytes.len() {
        let in_body = reader.is_in_body();
        match reader.read(&bytes[from..]) {
            Step::Pass(count) => {
                let piece = &bytes[from..from + count];
                match all.last_mut().filter(|_| in_body) {
                    Some((_, body, _)) => body.extend_from_slice(piece),
                    None => all.push((piece.to_vec(), Vec::new(), false)),
                }
                from += count;
                if let Some(last) = all.last_mut() {
                    last.2 = !reader.is_in_body();
                }
            }
            Step::Wait => reader.decide(false),
            _ => break,
        }
    }
    (all.iter().map(message).collect(), bytes[..from].to_vec())
}

fn message((head, body, whole): &(Vec<u8>, Vec<u8>, bool)) -> Message {
    let head = String::from_utf8_lossy(head);
    let line = head.trim_start_matches("\r\n").lines().next().unwrap_or_default();
    let line = line.rsplit_once(' ').map_or("", |(line, _)| line);
    let chunked = head.to_ascii_lowercase().contains("\r\ntransfer-encoding:");
    let body = if chunked { unchunked(body) } else { body.clone() };
    Message {
        line: line.to_owned(),
        body: whole.then_some(body),
    }
}

/// The data of chunks that are known to be well-formed.
fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    while let Some(end) = body.windows(2).position(|pair| pair == b"\r\n") {
        let size = body[..end].split(|byte| *byte == b';').next().unwrap_or_default();
        let size = usize::from_str_radix(&String::from_utf8_lossy(size), 16).unwrap_or(0);
        let Some(chunk) = body
            .get(end + 2..end + 2 + size)
            .filter(|chunk| !chunk.is_empty())
        else {
            break;
        };
        data.extend_from_slice(chunk);
        body = body.get(end + 4 + size..).unwrap_or_default();
    }
    data
}

/// What hyper sees, and what it says by itself.
async fn hypers(bytes: Vec<u8>) -> (Vec<Message>, String) {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let kept = Rc::clone(&seen);
    let service = service_fn(move |request: Request<Incoming>| {
        let kept = Rc::clone(&kept);
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.ok().map(|body| body.to_bytes().to_vec());
            let line = format!("{} {}", head.method, head.uri);
            kept.borrow_mut().push(Message { line, body });
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    let (mut client, server) = tokio::io::duplex(1 << 20);
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.half_close(true).max_headers(64).max_buf_size(16 * 1024);
    let served = builder.serve_connection(TokioIo::new(server), service);
    let talk = async move {
        let written = client.write_all(&bytes).await.and(client.shutdown().await);
        let mut answers = String::new();
        drop((written, client.read_to_string(&mut answers).await));
        answers
    };
    let (_, answers) = tokio::join!(served, talk);
    (seen.take(), answers)
}

/// Messages of many kinds, one behind another, with some bytes changed, put in or taken out.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    let method = prop::sample::select(vec!["GET", "POST", "OPTIONS", "FOO", "get"]);
    let target = prop::sample::select(vec![
        "/",
        "/a/b?c=d",
        "http://a/x",
        "*",
        "/%41",
        "/a{b}",
        "/\u{e4}",
        "//",
    ]);
    let field = prop::sample::select(vec![
        "x: 1",
        "x:",
        "x:\t1 ",
        "upgrade: x",
        "te: trailers",
        "expect: 100-continue",
        "x: \u{e4}",
        "connection: keep-alive",
        "transfer-encoding-x: 1",
        "cookie: a=b; c=\"d\"",
    ]);
    let body = prop_oneof![
        3 => Just("\r\n".to_owned()),
        3 => "[a-z\r\n]{0,40}".prop_map(|body| format!("content-length: {}\r\n\r\n{body}", body.len())),
        3 => proptest::collection::vec("[a-z\r\n]{1,20}", 0..4).prop_map(|chunks| {
            let chunks = chunks.iter().map(|data| format!("{:X};x=y\r\n{data}\r\n", data.len()));
            format!("transfer-encoding: chunked\r\n\r\n{}0\r\ny: 1\r\n\r\n", chunks.collect::<String>())
        }),
    ];
    let one = (method, target, proptest::collection::vec(field, 0..4), body).prop_map(
        |(method, target, fields, body)| {
            let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
            format!("{method} {target} HTTP/1.1\r\nHost: a\r\n{fields}{body}").into_bytes()
        },
    );
    let byte = prop::sample::select(b"\r\n :;,0129afAX\t\0_-\x80".to_vec());
    let change = (any::<prop::sample::Index>(), byte, 0..4_u8);
    (
        proptest::collection::vec(one, 1..4),
        proptest::collection::vec(change, 0..3),
    )
        .prop_map(|(all, changes)| {
            let mut bytes = all.concat();
            for (at, byte, how) in changes {
                let at = at.index(bytes.len());
                match how {
                    0 => bytes.insert(at, byte),
                    1 => drop(bytes.remove(at)),
                    _ => bytes[at] = byte,
                }
            }
            bytes
        })
}

/// After one of these hyper closes; what is behind it nobody reads.
fn is_last(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    text.contains("http/1.0\r\n") || text.contains("close")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_passes_is_the_same_to_hyper(bytes in streams()) {
        let (ours, passed) = ours(&bytes);
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let (theirs, answers) = runtime.map(|runtime| runtime.block_on(hypers(passed.clone()))).unwrap_or_default();
        let text = String::from_utf8_lossy(&passed);
        let count = if is_last(&passed) { theirs.len() } else { ours.len() };
        prop_assert_eq!(&theirs, &ours[..count], "{:?}", text);
        prop_assert!(!answers.contains("HTTP/1.1 4"), "hyper answered by itself: {:?}: {}", text, answers);
    }
}

#[test]
fn both_see_messages_at_all() {
    let bytes = b"POST /a HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi\
                  POST /b HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2;x\r\nhi\r\n0\r\ny: 1\r\n\r\n\
                  GET /c HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhi";
    let (ours, passed) = ours(bytes);
    let bodies: Vec<_> = ours.iter().map(|message| message.body.as_deref()).collect();
    assert_eq!(bodies, [Some(&b"hi"[..]), Some(b"hi"), None]);
    assert_eq!(passed, bytes);
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let theirs = runtime.map(|runtime| runtime.block_on(hypers(passed)).0);
    assert_eq!(theirs.unwrap_or_default(), ours);
}
