//! Answers as bytes: what passes, where it ends, and that pieces are read as the whole is.

use proptest::prelude::*;

use super::*;

const BOUNDS: Bounds = Bounds {
    head: 2048,
    lines: 20,
};
const GET: Asked = Asked {
    head: false,
    upgrade: false,
};

/// What became of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    /// All are of the answer, and it is not whole.
    More,
    /// So many are the answer.
    Whole(usize),
    Refused(&'static str),
}

fn read(asked: Asked, pieces: &[&[u8]]) -> Outcome {
    let mut reader = Reader::new(BOUNDS);
    reader.ask(asked);
    let mut passed = 0;
    for piece in pieces {
        match reader.read(piece) {
            Step::Pass => passed += piece.len(),
            Step::Surplus(count) => return Outcome::Whole(passed + count),
            Step::Refuse(fault) => return Outcome::Refused(fault.detail),
        }
    }
    match reader.state {
        State::Quiet => Outcome::Whole(passed),
        _ => Outcome::More,
    }
}

fn get(bytes: &[u8]) -> Outcome {
    read(GET, &[bytes])
}

#[track_caller]
fn refused(bytes: &[u8], why: &str) {
    match get(bytes) {
        Outcome::Refused(detail) => assert!(detail.contains(why), "{detail}"),
        other => panic!("{other:?}: {}", bytes.escape_ascii()),
    }
}

#[test]
fn an_answer_ends_where_its_head_says() {
    let whole: [&[u8]; 8] = [
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200\r\ncontent-length: 1\r\n\r\nx",
        b"HTTP/1.1 404 \r\ntransfer-encoding: Chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nx: y\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\ncontent-length: 17\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nlink: <x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.1 299 \xe9\r\nx:\ty \r\nempty:\r\ncontent-length:3\r\n\r\nabc",
    ];
    for bytes in whole {
        assert_eq!(
            get(bytes),
            Outcome::Whole(bytes.len()),
            "{}",
            bytes.escape_ascii()
        );
        let more = [bytes, b"HTTP/1.1 200 OK\r\n\r\n"].concat();
        assert_eq!(
            get(&more),
            Outcome::Whole(bytes.len()),
            "{}",
            bytes.escape_ascii()
        );
    }
    let open = b"HTTP/1.1 200 OK\r\n\r\nuntil the end";
    assert_eq!(get(open), Outcome::More);
}

#[test]
fn what_was_asked_decides() {
    let head = Asked { head: true, ..GET };
    let bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";
    assert_eq!(read(head, &[bytes]), Outcome::Whole(bytes.len()));
    assert_eq!(read(head, &[bytes, b"hello"]), Outcome::Whole(bytes.len()));
    let switch = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\nanything\0\n";
    let upgrade = Asked { upgrade: true, ..GET };
    assert_eq!(read(upgrade, &[switch]), Outcome::More);
    refused(switch, "switched");
}

#[test]
fn nothing_ambiguous_passes() {
    let head = |lines: &str| format!("HTTP/1.1 200 OK\r\n{lines}\r\n").into_bytes();
    for (lines, why) in [
        ("content-length: 5\r\ntransfer-encoding: chunked\r\n", "both"),
        ("transfer-encoding: chunked\r\ncontent-length: 5\r\n", "both"),
        (
            "content-length: 5\r\ncontent-length: 5\r\n",
            "more than one Content-Length",
        ),
        ("content-length: 5, 5\r\n", "not one number"),
        ("content-length: +5\r\n", "not one number"),
        ("content-length: 0x5\r\n", "not one number"),
        ("content-length: -1\r\n", "not one number"),
        ("content-length:\r\n", "not one number"),
        ("content-length: 18446744073709551616\r\n", "not one number"),
        (
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
            "more than one Transfer",
        ),
        ("transfer-encoding: chunked, chunked\r\n", "not chunked"),
        ("transfer-encoding: gzip, chunked\r\n", "not chunked"),
        ("transfer-encoding: identity\r\n", "not chunked"),
        ("transfer-encoding : chunked\r\n", "white space"),
        (" folded: x\r\n", "white space"),
        ("a: b\r\n c\r\n", "white space"),
        ("a: b\n", "LF without a CR"),
        ("a: b\rc\r\n", "CR without an LF"),
        ("a: b\0c\r\n", "control"),
        ("a b: c\r\n", "white space"),
        (": c\r\n", "no field name"),
        ("no colon\r\n", "white space"),
    ] {
        refused(&head(lines), why);
    }
    for line in [
        "HTTP/1.1 200 OK\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 +20 OK\r\n\r\n",
        "HTTP/1.2 200 OK\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n",
        "http/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 O\rK\r\n\r\n",
        "SSH-2.0-OpenSSH\r\n",
        "\r\nHTTP/1.1 200 OK\r\n\r\n",
    ] {
        assert!(matches!(get(line.as_bytes()), Outcome::Refused(_)), "{line:?}");
    }
    refused(
        b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        "HTTP/1.0",
    );
    refused(b"HTTP/1.1 204 No\r\ncontent-length: 5\r\n\r\n", "204");
    refused(b"HTTP/1.1 103 Early\r\ncontent-length: 5\r\n\r\n", "interim");
    for chunks in [
        "0x5\r\nhello\r\n0\r\n\r\n",
        "-1\r\n",
        "5\nhello",
        "5\r\nhelloX",
        "5\r\nhello\n",
        "0\r\nx\n",
    ] {
        let bytes = [&head("transfer-encoding: chunked\r\n"), chunks.as_bytes()].concat();
        assert!(matches!(get(&bytes), Outcome::Refused(_)), "{chunks:?}");
    }
}

#[test]
fn heads_are_bounded() {
    let long = format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "x".repeat(3000));
    refused(long.as_bytes(), "larger than is read");
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(21));
    refused(many.as_bytes(), "more lines");
    let endless = "HTTP/1.1 200 ".to_owned() + &"x".repeat(3000);
    refused(endless.as_bytes(), "larger than is read");
    let storm = "HTTP/1.1 100 Continue\r\n\r\n".repeat(17);
    refused(storm.as_bytes(), "more interim");
    let large = format!("HTTP/1.1 103 Early\r\na: {}\r\n\r\n", "x".repeat(700)).repeat(3);
    refused(large.as_bytes(), "more interim");
}

#[test]
fn nothing_is_read_when_nothing_is_asked() {
    let mut reader = Reader::new(BOUNDS);
    assert_eq!(reader.read(b"HTTP/1.1 200 OK\r\n\r\n"), Step::Surplus(0));
}

/// Pieces of answers, good and bad.
fn answers() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&[u8]> = vec![
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.0 204 \r\n",
        b"content-length: 5\r\n",
        b"Content-Length: 11\r\n",
        b"transfer-encoding: chunked\r\n",
        b"x: y\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b"hello",
        b"5\r\nhello\r\n",
        b"0\r\n\r\n",
        b"\0",
        b" ",
    ];
    let piece = proptest::sample::select(pieces);
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// Answers that are often sound.
fn likely() -> impl Strategy<Value = Vec<u8>> {
    let some =
        |pieces: &[&'static [u8]]| proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..3);
    let begin = proptest::sample::select(vec![
        &b"HTTP/1.1 200 OK\r\n"[..],
        b"HTTP/1.0 200 \r\n",
        b"HTTP/1.1 204\r\n",
        b"HTTP/1.1 304 Not\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n",
    ]);
    let fields = some(&[
        b"content-length: 5\r\n",
        b"Content-Length:0\r\n",
        b"transfer-encoding: chunked\r\n",
        b"transfer-encoding: Chunked \r\n",
        b"x: y\r\n",
    ]);
    let body = some(&[
        b"hello",
        b"5\r\nhello\r\n",
        b"5;a=b\r\nhello\r\n",
        b"0\r\n\r\n",
        b"0\r\nx: y\r\n\r\n",
        b"00\r\n\r\n",
    ]);
    (begin, fields, body)
        .prop_map(|(begin, fields, body)| [begin, &fields.concat(), b"\r\n", &body.concat()].concat())
}

/// What hyper's client makes of the same bytes: status and body, if both come whole; and what it leaves unread is not told.
fn hyper(bytes: &[u8]) -> Option<(u16, Vec<u8>)> {
    use http_body_util::{BodyExt, Empty};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let runtime = tokio::runtime::Builder::new_current_thread().build().ok()?;
    runtime.block_on(async {
        let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
        let io = hyper_util::rt::TokioIo::new(ours);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.ok()?;
        let served = async {
            let mut head = [0; 512];
            let asked = theirs.read(&mut head).await.ok()?;
            (asked > 0).then_some(())?;
            theirs.write_all(bytes).await.ok()?;
            theirs.shutdown().await.ok()
        };
        let asked = async {
            let request = http::Request::get("/").body(Empty::<bytes::Bytes>::new()).ok()?;
            let (parts, body) = sender.send_request(request).await.ok()?.into_parts();
            Some((
                parts.status.as_u16(),
                body.collect().await.ok()?.to_bytes().to_vec(),
            ))
        };
        let (answer, _, _) = futures_util::future::join3(asked, served, connection).await;
        answer
    })
}

/// The status and the body that the reader sees, chunks taken apart.
fn ours(bytes: &[u8]) -> Option<(u16, Vec<u8>)> {
    let mut rest = bytes;
    loop {
        let end = rest.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
        let head = std::str::from_utf8(&rest[..end]).ok()?.to_ascii_lowercase();
        let status: u16 = head.get(9..12)?.parse().ok()?;
        rest = &rest[end..];
        if (100..200).contains(&status) {
            continue;
        }
        if !head.contains("\r\ntransfer-encoding:") || matches!(status, 204 | 304) {
            return Some((status, rest.to_vec()));
        }
        let mut body = Vec::new();
        loop {
            let line = rest.windows(2).position(|w| w == b"\r\n")?;
            let digits = std::str::from_utf8(&rest[..line]).ok()?;
            let size = usize::from_str_radix(digits.split(';').next()?, 16).ok()?;
            if size == 0 {
                return Some((status, body));
            }
            body.extend_from_slice(rest.get(line + 2..line + 2 + size)?);
            rest = rest.get(line + 2 + size + 2..)?;
        }
    }
}

#[test]
fn the_comparison_sees_bodies() {
    let chunked = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    for bytes in [&b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"[..], chunked] {
        let seen = Some((200, b"hello".to_vec()));
        assert_eq!((hyper(bytes), ours(bytes)), (seen.clone(), seen));
    }
}

proptest! {
    /// Whatever passes as a whole answer is the same answer to hyper.
    #[test]
    fn hyper_sees_what_passes(bytes in prop_oneof![likely(), answers()]) {
        if let Outcome::Whole(end) = get(&bytes) {
            prop_assert_eq!(hyper(&bytes[..end]), ours(&bytes[..end]), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn pieces_are_read_as_the_whole_is(bytes in answers(), cuts in proptest::collection::vec(0_usize..200, 0..6)) {
        // A line that comes in small pieces is judged at its end.
        let bytes = [&b"HTTP/1.1 200 OK\r\n"[..], &bytes, b"\n"].concat();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        let whole = get(&bytes);
        prop_assert_eq!(&read(GET, &pieces), &whole);
        prop_assert_eq!(&read(GET, &single), &whole);
    }
}
