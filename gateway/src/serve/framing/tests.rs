//! Heads and bodies, whole and in every split.

use proptest::prelude::*;

use super::{Bounds, Fault, Reader, Step};
use crate::refusal::Kind;

const BOUNDS: Bounds = Bounds {
    head: 4096,
    lines: 20,
    target: 1024,
};

/// What a connection came to: what passed, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Outcome {
    passed: Vec<u8>,
    heads: u64,
    end: Option<Fault>,
}

/// Reads `bytes` in these pieces, as the adapter does.
fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut reader = Reader::new(BOUNDS);
    let (mut passed, mut held) = (Vec::new(), Vec::new());
    for piece in pieces {
        held.extend_from_slice(piece);
        let mut from = 0;
        while from < held.len() {
            match reader.read(&held[from..]) {
                Step::Pass(count) => {
                    assert!(count > 0 && count <= held.len() - from, "no progress");
                    passed.extend_from_slice(&held[from..from + count]);
                    from += count;
                }
                Step::More => break,
                Step::Wait => reader.decide(false),
                Step::Refuse(fault) | Step::Break(fault) => {
                    assert_eq!(reader.read(b"x"), Step::End, "it goes on after {fault:?}");
                    return Outcome {
                        passed,
                        heads: reader.heads(),
                        end: Some(fault),
                    };
                }
                Step::Flood => unreachable!("no flood"),
                Step::End => unreachable!("an end without a fault"),
            }
        }
        held.drain(..from);
    }
    Outcome {
        passed,
        heads: reader.heads(),
        end: None,
    }
}

fn whole(bytes: &[u8]) -> Outcome {
    read([bytes])
}

fn get(fields: &str) -> String {
    format!("GET /a HTTP/1.1\r\nhost: a\r\n{fields}\r\n")
}

#[track_caller]
fn refused(bytes: impl AsRef<[u8]>, kind: Kind) {
    let bytes = bytes.as_ref();
    let outcome = whole(bytes);
    let text = String::from_utf8_lossy(bytes);
    assert_eq!(
        outcome.end.map(|fault| fault.kind),
        Some(kind),
        "{text:?}: {outcome:?}"
    );
    assert_eq!(
        read(bytes.chunks(1)).end.map(|fault| fault.kind),
        Some(kind),
        "{text:?}, byte by byte"
    );
}

#[track_caller]
fn passes(bytes: impl AsRef<[u8]>, heads: u64) {
    let bytes = bytes.as_ref();
    let outcome = whole(bytes);
    assert_eq!(outcome.end, None, "{:?}", String::from_utf8_lossy(bytes));
    assert_eq!((outcome.heads, outcome.passed.as_slice()), (heads, bytes));
    for at in 0..=bytes.len() {
        assert_eq!(read([&bytes[..at], &bytes[at..]]), outcome, "split at {at}");
    }
    assert_eq!(read(bytes.chunks(1)), outcome, "byte by byte");
}

#[test]
fn what_is_unambiguous_passes_in_every_split() {
    passes("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1);
    passes("GET / HTTP/1.0\r\n\r\n", 1);
    passes("\r\nGET / HTTP/1.1\r\nHost: a:80\r\nx:\r\ny: \t b \r\n\r\n", 1);
    passes("GET http://A/x?y HTTP/1.1\r\nHost: a:80\r\n\r\n", 1);
    passes("OPTIONS * HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", 1);
    passes(
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nhost: a\r\n\r\n",
        2,
    );
    passes(
        "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: Chunked\r\n\r\n5;a=b\r\nhello\r\n0a\r\n0123456789\r\n\
         0\r\nx-sum: 1\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n",
        2,
    );
    passes(
        "GET / HTTP/1.1\r\nhost: a\r\nupgrade: x\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n",
        2,
    );
    passes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x02x", 0);
}

#[test]
fn request_lines_that_two_would_read_differently_are_refused() {
    for head in [
        "GET  /a HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET /a  HTTP/1.1\r\nhost: a\r\n\r\n",
        " GET /a HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET\t/a HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET /a HTTP/1.1 \r\nhost: a\r\n\r\n",
        "GET /a HTTP/1.2\r\nhost: a\r\n\r\n",
        "GET /a http/1.1\r\nhost: a\r\n\r\n",
        "GET /a HTTP/1.1\nhost: a\r\n\r\n",
        "GET /a\r\nhost: a\r\n\r\n",
        "GET /a#b HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET /a\0 HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET a HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET * HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET ftp://a/ HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET http://a?x HTTP/1.1\r\nhost: a\r\n\r\n",
        "\r\n\r\nGET /a HTTP/1.1\r\nhost: a\r\n\r\n",
        "\nGET /a HTTP/1.1\r\nhost: a\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
        "\x16\x03\x01\x02\x00",
    ] {
        refused(head, Kind::MalformedRequest);
    }
    refused(b"GET /\xff HTTP/1.1\r\nhost: a\r\n\r\n", Kind::MalformedRequest);
    refused("get /a HTTP/1.1\r\nhost: a\r\n\r\n", Kind::UnknownMethod);
    refused(
        "CONNECT a:80 HTTP/1.1\r\nhost: a:80\r\n\r\n",
        Kind::MethodNotSupported,
    );
}

#[test]
fn hosts_are_exactly_one_and_a_host() {
    refused("GET /a HTTP/1.1\r\n\r\n", Kind::BadHost);
    for host in [
        "a/b", "a@b", "a b", "", "a:x", "a,b", "a:0", "[::g]", "a\\b", "a#b",
    ] {
        refused(format!("GET /a HTTP/1.1\r\nhost: {host}\r\n\r\n"), Kind::BadHost);
    }
    refused(get("Host: a\r\n"), Kind::BadHost);
    refused("GET http://b/ HTTP/1.1\r\nhost: a\r\n\r\n", Kind::BadHost);
    refused("GET http://a@b/ HTTP/1.1\r\nhost: b\r\n\r\n", Kind::BadHost);
}

#[test]
fn lines_are_fields_and_end_with_cr_and_lf() {
    for fields in [
        "x: 1\ny: 2\r\n",
        "x: 1\ry: 2\r\n",
        "x: 1\0\r\n",
        "x: 1\x7f\r\n",
        "x: 1\r\n y\r\n",
        "x: 1\r\n\ty\r\n",
        "x : 1\r\n",
        ": 1\r\n",
        "x\r\n",
        "x y: 1\r\n",
        "x\u{e9}: 1\r\n",
        "x: 1\r\r\n",
    ] {
        refused(get(fields), Kind::MalformedRequest);
    }
}

#[test]
fn lengths_are_one_number() {
    for value in [
        "+1",
        "-1",
        "0x1",
        "",
        "1, 1",
        "1,1",
        "1 1",
        "01",
        "00",
        "18446744073709551616",
        "9223372036854775808",
        "1.0",
        "1;",
        "\t1",
        "1\t",
        "\u{661}",
    ] {
        refused(
            get(&format!("content-length: {value}\r\n")),
            Kind::MalformedRequest,
        );
    }
    refused(
        get("content-length: 1\r\ncontent-length: 1\r\n"),
        Kind::MalformedRequest,
    );
    refused(get("content_length: 1\r\n"), Kind::MalformedRequest);
}

#[test]
fn a_transfer_encoding_is_chunked_and_stands_alone() {
    for value in [
        "chunked, chunked",
        ",chunked",
        "chunked,",
        "xchunked",
        "chunked;a=b",
        "\"chunked\"",
        "\tchunked",
        "chunked\t",
        "chunked gzip",
        "",
        "identity",
        "chunked, gzip",
        "gzip,, chunked",
        "ch\u{b5}nked",
    ] {
        refused(
            get(&format!("transfer-encoding: {value}\r\n")),
            Kind::MalformedRequest,
        );
    }
    for value in ["gzip, chunked", "gzip", "deflate,chunked", "gzip, br, chunked"] {
        refused(
            get(&format!("transfer-encoding: {value}\r\n")),
            Kind::UnsupportedTransferCoding,
        );
    }
    for fields in [
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 1\r\n",
        "content-length: 1\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding : chunked\r\n",
        "transfer_encoding: chunked\r\n",
        " transfer-encoding: chunked\r\n",
    ] {
        refused(get(fields), Kind::MalformedRequest);
    }
    refused(
        "POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n",
        Kind::MalformedRequest,
    );
}

#[test]
fn expectations_are_one() {
    passes(get("expect: 100-Continue\r\n"), 1);
    for fields in [
        "expect: 100-continue\r\nexpect: 100-continue\r\n",
        "expect: 200-ok\r\n",
        "expect: 100-continue, x\r\n",
        "expect:\r\n",
    ] {
        refused(get(fields), Kind::ExpectationFailed);
    }
}

#[test]
fn bounds_are_kept_before_the_head_is_whole() {
    let endless = |begin: &str, with: &str| [begin.as_bytes(), &with.as_bytes().repeat(8192)].concat();
    refused(endless("GET /", "a"), Kind::TargetTooLong);
    refused(endless("GET /a HTTP/1.1\r\nx: ", "a"), Kind::HeadTooLarge);
    refused(endless("GET /a HTTP/1.1\r\n", "x: a\r\n"), Kind::HeadTooLarge);
    refused(endless("GET /a HTTP/1.1\r\n", "x"), Kind::HeadTooLarge);
    refused(endless("", "G"), Kind::UnknownMethod);
}

fn chunked(body: &str) -> String {
    format!("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n{body}")
}

#[test]
fn chunks_are_read_in_one_way() {
    for body in [
        "0x1\r\na\r\n0\r\n\r\n",
        "-1\r\na\r\n0\r\n\r\n",
        "+1\r\na\r\n0\r\n\r\n",
        "10000000000000000\r\na",
        "\r\n",
        "1 \r\na\r\n0\r\n\r\n",
        " 1\r\na\r\n0\r\n\r\n",
        "1\na\r\n0\r\n\r\n",
        "1\r\nab\r\n0\r\n\r\n",
        "1\r\na\n0\r\n\r\n",
        "1;a\nb\r\na\r\n0\r\n\r\n",
        "1\r\na\r\n0\r\n\n",
        "0\r\nx: 1\n\r\n",
        "0\r\nx : 1\r\n\r\n",
        "0\r\n x: 1\r\n\r\n",
        "0\r\ncontent-length: 1\r\n\r\n",
        "0\r\nTransfer_Encoding: chunked\r\n\r\n",
        "0\r\nhost: b\r\n\r\n",
        "0\r\n: b\r\n\r\n",
    ] {
        refused(chunked(body), Kind::MalformedRequest);
    }
    refused(
        chunked(&format!("1;{}\r\n", "a".repeat(20_000))),
        Kind::MalformedRequest,
    );
    refused(
        chunked(&"1;aaaaaaaaaaaaaaaaaaaa\r\na\r\n".repeat(1000)),
        Kind::MalformedRequest,
    );
    refused(
        chunked(&format!("0\r\n{}", "x: y\r\n".repeat(1000))),
        Kind::MalformedRequest,
    );
    refused(
        chunked(&format!("0\r\nx: {}", "y".repeat(20_000))),
        Kind::MalformedRequest,
    );
    passes(chunked("0\r\ntransfer-encoding-like: 1\r\nhosts: 2\r\n\r\n"), 1);
}

proptest! {
    /// However the bytes are cut, the same passes, and the same is refused.
    #[test]
    fn cuts_change_nothing(bytes in messages(), cuts in proptest::collection::vec(0_usize..400, 0..6)) {
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut from = 0;
        for cut in cuts {
            pieces.push(&bytes[from..cut]);
            from = cut;
        }
        pieces.push(&bytes[from..]);
        let (cut, whole) = (read(pieces), whole(&bytes));
        prop_assert_eq!(cut.end.map(|fault| fault.kind), whole.end.map(|fault| fault.kind));
        prop_assert_eq!(cut.heads, whole.heads);
        // What is behind the last head may have passed in part before a fault.
        prop_assert!(cut.end.is_some() || cut.passed == whole.passed);
    }

    /// Nothing makes it panic or stand still.
    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _outcome = whole(&bytes);
    }
}

/// Messages with some bytes changed.
fn messages() -> impl Strategy<Value = Vec<u8>> {
    let one = prop_oneof![
        Just(get("x: 1\r\n")),
        Just(get("upgrade: x\r\n")),
        Just("POST /b HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc".to_owned()),
        Just(chunked("3;x\r\nabc\r\n0\r\ny: z\r\n\r\n")),
    ];
    let changes = proptest::collection::vec(
        (
            any::<prop::sample::Index>(),
            prop::sample::select(b"\r\n :;0a,\t\0_C".to_vec()),
        ),
        0..3,
    );
    (proptest::collection::vec(one, 1..4), changes).prop_map(|(all, changes)| {
        let mut bytes = all.concat().into_bytes();
        for (at, to) in changes {
            let at = at.index(bytes.len());
            bytes[at] = to;
        }
        bytes
    })
}

/// `cargo test --release -p sluice-gateway --lib cost_of_a_head -- --ignored --nocapture`
#[test]
#[ignore = "it measures, and asserts nothing"]
fn cost_of_a_head() {
    let heads = [
        (
            "small",
            "GET /v3.3/customers/cus_000017 HTTP/1.1\r\nhost: localhost:8080\r\n\r\n".to_owned(),
        ),
        (
            "browser",
            format!(
                "GET /v3.3/customers/cus_000017?a=b HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: {}\r\n\
                 Accept: application/json\r\nAccept-Encoding: gzip, deflate, br\r\nAuthorization: Bearer {}\r\n\
                 Content-Type: application/json\r\nX-Request-Id: 0123456789abcdef\r\n\r\n",
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36".repeat(2),
                "a".repeat(200)
            ),
        ),
    ];
    for (name, head) in heads {
        const TIMES: u32 = 1_000_000;
        let mut reader = Reader::new(BOUNDS);
        let begun = std::time::Instant::now();
        for _ in 0..TIMES {
            assert_eq!(
                reader.read(std::hint::black_box(head.as_bytes())),
                Step::Pass(head.len())
            );
        }
        let each = begun.elapsed().as_nanos() / u128::from(TIMES);
        println!("{name}: {} bytes, {each} ns", head.len());
    }
}
