//! Requests as bytes that two parsers could read differently, requests with bytes changed, hostile paths, guesses at
//! credentials.

use std::net::SocketAddr;

use super::Tally;
use super::connection::{Numbers, send};

/// Framing and heads that HTTP forbids (RFC 9112), each with a request behind it that must never be answered.
const FRAMING: &[&str] = &[
    "POST /v3.0/customers HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX",
    "POST /v3.0/customers HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "POST /v3.0/customers HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "POST /v3.0/customers HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "POST /v3.0/customers HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "POST /v3.0/customers HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc",
    "POST /v3.0/customers HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\nabc",
    "POST /v3.0/customers HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
    "POST /v3.0/customers HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
    "POST /v3.0/customers HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "GET /v3.0/customers HTTP/1.1\nHost: a\n\n",
    "GET /v3.0/customers HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
    "GET /v3.0/customers HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
    "GET /v3.0/customers HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "GET /v3.0/customers HTTP/1.1\r\n\r\n",
    "GET http://b/v3.0/customers HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /v3.0/customers#x HTTP/1.1\r\nHost: a\r\n\r\n",
    "get /v3.0/customers HTTP/1.1\r\nHost: a\r\n\r\n",
    "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
    "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n",
];

/// A pipelined request that a smuggled one would hide.
const BEHIND: &str = "GET /admin HTTP/1.1\r\nHost: a\r\n\r\n";

/// Ambiguous framing, and heads that are too large.
pub(super) fn framing(address: SocketAddr, tally: &Tally) {
    let huge = format!(
        "GET /v3.0/customers HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
        "x".repeat(100 * 1024)
    );
    let many = format!(
        "GET /v3.0/customers HTTP/1.1\r\nHost: a\r\n{}\r\n",
        "X: 1\r\n".repeat(2_000)
    );
    let long = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(100 * 1024));
    let mut round = FRAMING.iter().copied().chain([&*huge, &*many, &*long]).cycle();
    while let Some(request) = round.next().filter(|_| tally.goes_on()) {
        send(address, format!("{request}{BEHIND}").as_bytes(), tally);
    }
}

/// A good request with a few bytes changed, dropped or doubled.
pub(super) fn mutated(address: SocketAddr, tally: &Tally) {
    let good = "POST /v3.0/customers HTTP/1.1\r\nHost: a.example\r\nX-API-Key: demo-key-acme\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{\"a\":1}\r\n0\r\nX-Sum: 1\r\n\r\n";
    let mut numbers = Numbers::new(0x5eed);
    while tally.goes_on() {
        let mut bytes = good.as_bytes().to_vec();
        for _ in 0..=numbers.below(4) {
            let at = numbers.below(bytes.len());
            match numbers.below(4) {
                0 => bytes[at] = numbers.below(256) as u8,
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, b"\r\n \t:;,\0\x0b"[numbers.below(9)]),
                _ => bytes.insert(at, bytes[at]),
            }
        }
        send(address, &bytes, tally);
    }
}

/// Paths that mean something else to another parser.
pub(super) fn paths(address: SocketAddr, tally: &Tally) {
    const PARTS: &[&str] = &[
        "..",
        ".",
        "%2e%2e",
        "%2E.",
        "%2f",
        "%5c",
        "\\",
        "%00",
        "%252e",
        "",
        ";",
        "..;",
        "%c0%ae",
        "customers",
        "admin",
        "v2.0",
        "\u{ff0e}\u{ff0e}",
        "%ff",
        "%",
        "%zz",
        "cus_000017",
        "~",
        "a?b",
        "#",
    ];
    let mut numbers = Numbers::new(0xbad);
    while tally.goes_on() {
        let depth = 1 + numbers.below(8);
        let path: Vec<&str> = (0..depth).map(|_| PARTS[numbers.below(PARTS.len())]).collect();
        let request = format!(
            "GET /v2.0/{} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            path.join("/")
        );
        send(address, request.as_bytes(), tally);
    }
}

/// Guesses: keys in query and header, tokens that are none, some of them large.
pub(super) fn credentials(address: SocketAddr, tally: &Tally) {
    let mut numbers = Numbers::new(0x1dea);
    while tally.goes_on() {
        let guess = format!("{:x}{:x}", numbers.below(usize::MAX), numbers.below(usize::MAX));
        let size = if numbers.below(50) == 0 { 40_000 } else { 1 };
        let none = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJpbml0ZWNoIn0.";
        let request = match numbers.below(4) {
            0 => format!("GET /api/v1.0/getCustomer?id=17&api_key={guess} HTTP/1.1\r\nHost: a\r\n"),
            1 => format!("GET /v2.0/customers/cus_000017 HTTP/1.1\r\nHost: a\r\nX-API-Key: {guess}\r\n"),
            2 => format!(
                "GET /v3.3/customers/cus_000017 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {none}\r\n"
            ),
            _ => {
                let token = guess.repeat(size);
                format!(
                    "GET /v3.3/customers/cus_000017 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n"
                )
            }
        };
        send(
            address,
            format!("{request}Connection: close\r\n\r\n").as_bytes(),
            tally,
        );
    }
}
