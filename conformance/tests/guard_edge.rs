//! What surrounds an exchange: proxies that are believed, addresses that may ask, what browsers are told, compression.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Read;

use serde_json::json;
use sluice_conformance::stage::{Answer, Setup, Stage, scripted};
use sluice_gateway::auth::keys::Hasher;

/// Fields that say who asks, by names that backends believe.
const FORGED: [&str; 16] = [
    "X-Consumer",
    "x_consumer",
    "X-Real-IP",
    "X_Real_IP",
    "X_Forwarded_For",
    "X-Client-IP",
    "True-Client-IP",
    "CF-Connecting-IP",
    "X-Forwarded-Prefix",
    "X-Forwarded-User",
    "X-Original-URL",
    "X-Rewrite-URL",
    "Client-Cert",
    "SSL-Client-Verify",
    "Remote-User",
    "Proxy",
];

fn behind_a_proxy() -> Stage {
    Setup::integrationhub()
        .main("trusted: [127.0.0.0/8, 10.0.0.0/8]")
        .start()
}

/// What the backend was told last, by field.
fn told(stage: &Stage, name: &str) -> String {
    let requests = stage.backend().requests();
    let last = requests.last().expect("a request");
    let lines = last.headers.get_all(name).iter();
    lines.map(|v| v.to_str().unwrap()).collect::<Vec<_>>().join(" | ")
}

#[test]
fn what_a_client_claims_of_itself_does_not_arrive() {
    let stage = Stage::integrationhub();
    for version in ["2.0", "3.3"] {
        let mut fields: Vec<_> = FORGED.iter().map(|name| (*name, "megacorp")).collect();
        fields.push(("X-Forwarded-For", "6.6.6.6"));
        fields.push(("Forwarded", "for=6.6.6.6;proto=https;host=evil"));
        fields.push(("X-Forwarded-Proto", "https"));
        fields.push(("X-Forwarded-Host", "evil.example"));
        stage
            .get(&format!("/v{version}/customers/cus_000017"), &fields)
            .expect(200);
        for name in FORGED {
            assert_eq!(told(&stage, name), "", "{name} in {version}");
        }
        assert_eq!(told(&stage, "x-forwarded-for"), "127.0.0.1");
        assert_eq!(told(&stage, "x-forwarded-proto"), "http");
        assert_eq!(told(&stage, "x-forwarded-host"), stage.address().to_string());
        let own = format!("for=127.0.0.1;host=\"{}\";proto=http", stage.address());
        assert_eq!(told(&stage, "forwarded"), own);
    }
}

#[test]
fn what_a_trusted_proxy_says_is_believed_and_handed_on() {
    let stage = behind_a_proxy();
    let fields = [
        ("x-forwarded-for", "6.6.6.6, 203.0.113.9, 10.0.0.2"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "API.example"),
        ("x-real-ip", "6.6.6.6"),
    ];
    for version in ["2.0", "3.3"] {
        stage
            .get(&format!("/v{version}/customers/cus_000017"), &fields)
            .expect(200);
        assert_eq!(
            told(&stage, "x-forwarded-for"),
            "203.0.113.9, 10.0.0.2, 127.0.0.1"
        );
        let chain = "for=203.0.113.9;host=\"api.example\";proto=https, for=10.0.0.2, for=127.0.0.1";
        assert_eq!(told(&stage, "forwarded"), chain);
        assert_eq!(told(&stage, "x-forwarded-proto"), "https");
        assert_eq!(told(&stage, "x-forwarded-host"), "api.example");
        assert_eq!(told(&stage, "x-real-ip"), "");
    }
    let standard = [(
        "forwarded",
        "for=_hidden, for=\"[2001:db8::1]:99\";proto=https;host=a.example",
    )];
    stage.get("/v3.3/customers", &standard).expect(200);
    assert_eq!(told(&stage, "x-forwarded-for"), "2001:db8::1, 127.0.0.1");
    assert_eq!(told(&stage, "x-forwarded-proto"), "https");
}

#[test]
fn chains_that_cannot_be_read_end_at_the_nearest_hop() {
    let stage = behind_a_proxy();
    let thousand = vec!["10.0.0.7"; 1000].join(",");
    let long = vec!["10.0.0.7"; 32].join(", ") + ", 127.0.0.1";
    for (chain, expected) in [
        ("203.0.113.9, garbage", "127.0.0.1"),
        ("203.0.113.9, unknown, 10.0.0.2", "10.0.0.2, 127.0.0.1"),
        ("\u{1}", "127.0.0.1"),
        (&thousand, &long),
    ] {
        let chain = chain.trim_matches('\u{1}');
        stage
            .get("/v3.3/customers", &[("x-forwarded-for", chain)])
            .expect(200);
        assert_eq!(told(&stage, "x-forwarded-for"), expected, "{chain}");
    }
}

#[test]
fn two_families_that_disagree_are_refused() {
    let stage = behind_a_proxy();
    for fields in [
        [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=10.0.0.3")],
        [
            ("x-forwarded-proto", "http"),
            ("forwarded", "for=203.0.113.9;proto=https"),
        ],
        [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-host", "a/b")],
    ] {
        let fields: Vec<_> = match fields[0].0 {
            "x-forwarded-proto" => [&fields[..], &[("x-forwarded-for", "203.0.113.9")]].concat(),
            _ => fields.to_vec(),
        };
        stage.get("/v3.3/customers", &fields).expect(400);
    }
    assert!(stage.backend().requests().is_empty());
}

#[test]
fn a_method_is_named_in_one_place() {
    let stage = Stage::integrationhub();
    for name in ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"] {
        let answer = stage
            .get("/v3.3/customers/cus_000017", &[(name, "DELETE")])
            .expect(400);
        assert_eq!(answer.json()["code"], "malformed_request");
    }
    assert!(stage.backend().requests().is_empty());
    stage
        .get("/v3.3/customers/cus_000017", &[("X-HTTP-Method-Override", "get")])
        .expect(200);
    assert_eq!(told(&stage, "x-http-method-override"), "");
}

#[test]
fn addresses_are_denied_for_all_apis_or_for_one() {
    let proxied = |setup: Setup| setup.main("trusted: [127.0.0.0/8]").start();
    let of_all = proxied(
        Setup::integrationhub().main("addresses: {allow: [10.0.0.0/8, \"fd00::/8\"], deny: [10.6.0.0/16]}"),
    );
    let of_one = proxied(Setup::integrationhub().replace(
        "apis/customers/api.yaml",
        "api: customers\n",
        "api: customers\naddresses: {allow: [10.0.0.0/8, \"fd00::/8\"], deny: [10.6.0.0/16]}\n",
    ));
    for stage in [&of_all, &of_one] {
        for (client, status) in [
            ("10.1.1.1", 200),
            ("::ffff:10.1.1.1", 200),
            ("fd00::9", 200),
            ("10.6.0.1", 403),
            ("::ffff:10.6.0.1", 403),
            ("192.0.2.1", 403),
            ("2001:db8::1", 403),
        ] {
            for (method, target) in [
                ("GET", "/v3.3/customers"),
                ("GET", "/v2.0/customers"),
                ("HEAD", "/v2.0/customers"),
            ] {
                let answer = stage.send(method, target, &[("x-forwarded-for", client)], b"");
                assert_eq!(answer.status, status, "{client} {method} {target}");
            }
            let asked = stage.send("OPTIONS", "/v3.3/customers", &[("x-forwarded-for", client)], b"");
            assert_eq!(asked.status, if status == 200 { 204 } else { 403 }, "{client}");
        }
        // The peer itself is not allowed either.
        assert_eq!(stage.get("/v3.3/customers", &[]).status, 403);
    }
    let refused = of_one.get("/v3.3/customers", &[("x-forwarded-for", "10.6.0.1")]);
    assert!(refused.text().contains("address_denied"), "{}", refused.text());
    // What is no API is told to nobody who may not ask at all.
    assert_eq!(of_all.get("/elsewhere", &[]).status, 403);
}

/// The example with further settings of its API.
fn with(settings: &str) -> Setup {
    Setup::integrationhub().replace(
        "apis/customers/api.yaml",
        "api: customers\n",
        &format!("api: customers\n{settings}\n"),
    )
}

const APP: (&str, &str) = ("origin", "https://app.example");

#[test]
fn pages_of_listed_sites_may_read_answers_and_refusals() {
    let stage = with("cors: {origins: [\"https://app.example\", \"https://*.apps.example\"]}").start();
    for (target, status) in [
        ("/v3.3/customers", 200),
        ("/v2.0/customers", 200),
        ("/v2.0/nothing", 404),
        ("/v9.9/customers", 400),
        ("/customers", 400),
    ] {
        let answer = stage.get(target, &[APP]).expect(status);
        assert_eq!(answer.header("access-control-allow-origin"), APP.1, "{target}");
        assert!(
            answer
                .list("access-control-expose-headers")
                .contains("api-version")
        );
        assert!(!answer.has("access-control-allow-credentials"));
        for other in [
            "https://evil.example",
            "https://app.example.evil",
            "null",
            "http://app.example",
        ] {
            let answer = stage.get(target, &[("origin", other)]).expect(status);
            assert!(!answer.has("access-control-allow-origin"), "{other} {target}");
            assert!(answer.list("vary").contains("origin"));
        }
        let plain = stage.get(target, &[]).expect(status);
        assert!(!plain.has("access-control-allow-origin"));
        assert!(
            plain.list("vary").contains("origin"),
            "{target}: {}",
            plain.list("vary")
        );
    }
    let below = ("origin", "https://one.apps.example");
    let answer = stage.get("/v3.3/customers", &[below]);
    assert_eq!(answer.header("access-control-allow-origin"), below.1);
}

#[test]
fn a_preflight_is_answered_from_all_versions_without_a_credential() {
    let stage = with(
        "cors: {origins: [\"https://app.example\"], credentials: true, headers: [x-api-key, content-type], max_age: 1h}",
    )
    .start();
    let asked = [
        APP,
        ("access-control-request-method", "PATCH"),
        ("access-control-request-headers", "x-api-key"),
    ];
    // Without a version, named by a header later; and in a version's own path.
    for target in ["/customers/cus_000017", "/v2.0/customers/cus_000017"] {
        let answer = stage.send("OPTIONS", target, &asked, b"").expect(204);
        assert_eq!(answer.header("access-control-allow-origin"), APP.1);
        assert_eq!(answer.header("access-control-allow-credentials"), "true");
        let methods = answer.header("access-control-allow-methods");
        assert!(methods.contains("PATCH") && methods.contains("GET"), "{methods}");
        assert_eq!(
            answer.header("access-control-allow-headers"),
            "x-api-key,content-type"
        );
        assert_eq!(answer.header("access-control-max-age"), "3600");
        assert!(answer.list("vary").contains("access-control-request-method"));
    }
    let mut other = asked;
    other[0] = ("origin", "https://evil.example");
    let refused = stage.send("OPTIONS", "/v2.0/customers", &other, b"").expect(204);
    assert!(!refused.has("access-control-allow-origin"));
    let unknown = stage.send("OPTIONS", "/v2.0/nothing", &asked, b"");
    assert_eq!(unknown.status, 404);
    assert!(stage.backend().requests().is_empty());
}

#[test]
fn every_site_is_told_the_same_and_the_upstream_nothing() {
    let stage = with("cors: {origins: [\"*\"], expose: []}").upstream(saying(
        "access-control-allow-origin: https://other.example\r\naccess-control-allow-credentials: true\r\n",
        "{}",
    ));
    let stage = stage.start();
    let answer = stage.get("/v3.3/customers/cus_000017", &[APP]).expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert!(!answer.has("access-control-allow-credentials"));
    assert!(!answer.list("vary").contains("origin"));
}

/// An upstream that answers everything with these fields and this body.
fn saying(fields: &'static str, body: &'static str) -> std::net::SocketAddr {
    use std::io::Write;
    scripted::upstream(move |mut stream, _| {
        while scripted::head(&mut stream).is_some() {
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{fields}content-length: {length}\r\n\r\n{body}"
            );
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    })
}

fn opened(answer: &Answer) -> Vec<u8> {
    let mut out = Vec::new();
    let read = match answer.header("content-encoding") {
        "gzip" => flate2::read::GzDecoder::new(&answer.body[..]).read_to_end(&mut out),
        "br" => brotli::Decompressor::new(&answer.body[..], 4096).read_to_end(&mut out),
        _ => return answer.body.clone(),
    };
    read.expect("a compressed body");
    out
}

#[test]
fn answers_are_compressed_for_who_accepts_it() {
    let stage = with("compression: {minimum: 300B}").start();
    let target = "/v2.0/customers/cus_000017";
    let plain = stage.get(target, &[]).expect(200);
    assert!(plain.list("vary").contains("accept-encoding") && !plain.has("content-encoding"));
    for (codings, expected) in [
        ("gzip", "gzip"),
        ("br", "br"),
        ("gzip;q=0.5, br;q=0.1", "gzip"),
        ("identity;q=0, gzip", "gzip"),
        ("zstd", ""),
        ("gzip;q=0", ""),
        ("identity;q=0", ""),
        ("*;q=0", ""),
    ] {
        let plain = stage.get(target, &[]).expect(200);
        let answer = stage.get(target, &[("accept-encoding", codings)]).expect(200);
        assert_eq!(answer.header("content-encoding"), expected, "{codings}");
        assert_eq!(opened(&answer), plain.body, "{codings}");
        let tag = plain.header("etag");
        match expected {
            "" => assert_eq!(answer.header("etag"), tag),
            _ => {
                assert!(!answer.has("content-length"));
                assert_eq!(answer.header("etag"), format!("W/{tag}"));
                let again = stage.get(target, &[("if-none-match", &format!("W/{tag}"))]);
                assert_eq!(again.status, 304);
                // The tag that a client was given is good for a write.
                let name = [("if-match", &*format!("W/{tag}"))];
                let written = stage.write("PATCH", target, &name, &json!({"name": "Renamed"}));
                assert_eq!(written.status, 200, "{}", written.text());
                let stale = stage.write("PATCH", target, &name, &json!({"name": "Again"}));
                assert_eq!(stale.status, 412);
                stage.backend().clear();
                sluice_gateway::demo::backend::customers()
                    .into_iter()
                    .for_each(|c| stage.backend().put(c));
            }
        }
    }
    let small = stage
        .get("/v2.0/nothing", &[("accept-encoding", "gzip")])
        .expect(404);
    assert!(!small.has("content-encoding"), "{small:?}");
    let head = stage
        .send("HEAD", target, &[("accept-encoding", "gzip")], b"")
        .expect(200);
    assert!(!head.has("content-encoding") && head.list("vary").contains("accept-encoding"));
}

const LONG: &str = "{\"a\": \"0123456789012345678901234567890123456789012345678901234567890123456789\"}";

#[test]
fn what_is_compressed_already_or_must_not_change_stays() {
    for (fields, compressed) in [
        ("", true),
        ("cache-control: no-transform\r\n", false),
        ("cache-control: private, No-Transform\r\n", false),
        ("content-encoding: identity2\r\n", false),
    ] {
        let stage = with("compression: {minimum: 10B}")
            .upstream(saying(fields, LONG))
            .start();
        let answer = stage
            .get("/v3.3/customers/cus_000017", &[("accept-encoding", "gzip")])
            .expect(200);
        assert_eq!(
            answer.header("content-encoding") == "gzip",
            compressed,
            "{fields}"
        );
        assert_eq!(opened(&answer), LONG.as_bytes());
    }
    let typed = with("compression: {minimum: 10B, media_types: [\"text/*\"]}")
        .upstream(saying("", LONG))
        .start();
    let answer = typed
        .get("/v3.3/customers/cus_000017", &[("accept-encoding", "gzip")])
        .expect(200);
    assert!(!answer.has("content-encoding") && !answer.list("vary").contains("accept-encoding"));
}

#[test]
fn a_long_answer_is_compressed_whole_and_on_a_connection_that_lives_on() {
    let customers = sluice_gateway::demo::backend::customers();
    let stage = with("compression: {}").customers(customers).start();
    let plain = stage.get("/v3.3/customers?per_page=100", &[]).expect(200);
    let mut client = stage.client();
    for coding in ["gzip", "br", "gzip"] {
        let answer = client.exchange(
            "GET",
            "/v3.3/customers?per_page=100",
            &[("accept-encoding", coding)],
            b"",
        );
        let answer = answer.expect("an answer");
        assert_eq!(
            (answer.header("content-encoding"), opened(&answer)),
            (coding, plain.body.clone())
        );
    }
}

#[test]
fn answers_carry_security_fields_and_nothing_of_the_backend() {
    let settings = "security_headers:\n  strict_transport_security: {max_age: 365d, subdomains: true}\n  nosniff: true\n  \
                    frame_options: deny\n  referrer_policy: no-referrer\n  content_security_policy: \"default-src 'none'\"\n  \
                    set: {Permissions-Policy: camera=()}\n  remove: [Server, X-Powered-By]";
    let told = "server: Backend/1.0\r\nx-powered-by: Tea\r\nx-content-type-options: sniff\r\nreferrer-policy: origin\r\n";
    let stage = with(settings)
        .main("trusted: [127.0.0.0/8]")
        .upstream(saying(told, "{}"))
        .start();
    for (target, status, referrer) in [
        ("/v3.3/customers/x", 200, "origin"),
        ("/v3.3/nothing", 404, "no-referrer"),
    ] {
        let answer = stage.get(target, &[]).expect(status);
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("referrer-policy"), referrer);
        assert_eq!(answer.header("content-security-policy"), "default-src 'none'");
        assert_eq!(answer.header("permissions-policy"), "camera=()");
        for gone in ["server", "x-powered-by", "strict-transport-security"] {
            assert!(!answer.has(gone), "{gone}");
        }
        let over_tls = [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-proto", "https")];
        let answer = stage.get(target, &over_tls).expect(status);
        let expected = "max-age=31536000; includeSubDomains";
        assert_eq!(answer.header("strict-transport-security"), expected);
    }
}

/// Keys for every version, which the backend hears of in fields; few requests an hour.
fn keyed(more: &str) -> Setup {
    let hasher = Hasher::new(b"a-secret-of-more-than-sixteen-bytes");
    let hash: String = hasher
        .hash(b"key-acme")
        .0
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let consumers = format!(
        "sluice: 1\nconsumers:\n  acme: {{keys: [{{hash: \"hmac-sha256:{hash}\"}}], groups: [gold]}}\n"
    );
    let settings = "authentication: [{schemes: [{api_key: {header: X-API-Key}}]}]\n\
                    identity: {consumer: X-Consumer, groups: X-Team}\n";
    with(&format!("{settings}{more}"))
        .file("consumers.yaml", consumers)
        .main("keys: {secret: \"${KEY_SECRET:-a-secret-of-more-than-sixteen-bytes}\"}")
}

const KEY: (&str, &str) = ("x-api-key", "key-acme");

#[test]
fn what_connection_names_takes_nothing_of_the_gateways_away() {
    let stage = keyed("").start();
    for version in ["2.0", "3.3"] {
        let fields = [
            KEY,
            (
                "connection",
                "X-Consumer, X-Team, Authorization, X-Forwarded-For, Forwarded, Via, X-API-Key, close",
            ),
            ("x-consumer", "megacorp"),
            ("x-team", "admins"),
            ("x_team", "admins"),
            ("authorization", "Basic eDp5"),
            ("x-private", "1"),
        ];
        stage.get(&format!("/v{version}/customers"), &fields).expect(200);
        assert_eq!(told(&stage, "x-consumer"), "acme", "{version}");
        assert_eq!(told(&stage, "x-team"), "gold");
        assert_eq!(told(&stage, "x-forwarded-for"), "127.0.0.1");
        assert_eq!(told(&stage, "via"), "1.1 sluice");
        for gone in ["x_team", "authorization", "x-api-key", "connection"] {
            assert_eq!(told(&stage, gone), "", "{gone}");
        }
        assert_eq!(told(&stage, "x-private"), "1");
    }
}

#[test]
fn identity_does_not_come_after_the_body() {
    let (heard, hears) = std::sync::mpsc::channel();
    let address = scripted::upstream(move |mut stream, _| {
        let head = scripted::head(&mut stream).unwrap();
        let (mut body, mut rest) = (Vec::new(), [0; 256]);
        while !body.ends_with(b"0\r\n\r\n") && !body.ends_with(b"x\r\n\r\n") {
            match stream.read(&mut rest) {
                Ok(count @ 1..) => body.extend_from_slice(&rest[..count]),
                _ => break,
            }
        }
        let body = String::from_utf8_lossy(&body).to_ascii_lowercase();
        heard.send(head + &body).unwrap();
        // Each connection answers once, and says so: else the next request may meet one that is about to end.
        let answer = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
        std::io::Write::write_all(&mut stream, answer).unwrap();
    });
    let stage = keyed("").upstream(address).start();
    for name in ["X-Consumer", "X-Team", "x_team", "X-Forwarded-For", "Remote-User"] {
        let fields = [KEY, ("transfer-encoding", "chunked"), ("trailer", name)];
        let body = format!("3\r\nabc\r\n0\r\n{name}: admins x\r\n\r\n");
        stage.send("PUT", "/v3.3/customers/x", &fields, body).expect(204);
        let sent = hears.recv().unwrap();
        assert!(!sent.contains("admins"), "{sent}");
    }
}

#[test]
fn refusals_of_every_stage_may_be_read_by_pages() {
    let stage =
        keyed("cors: {origins: [\"https://app.example\"]}\nlimits: [{name: few, rate: 2/h, burst: 2}]")
            .start();
    let seen = [
        ("/v2.0/customers", false, 401),
        ("/v2.0/customers", true, 200),
        ("/v3.3/customers", true, 200),
    ];
    for (target, known, status) in seen.into_iter().chain([("/v2.0/customers", true, 429)]) {
        let fields: &[_] = if known { &[APP, KEY] } else { &[APP] };
        let answer = stage.get(target, fields).expect(status);
        assert_eq!(answer.header("access-control-allow-origin"), APP.1, "{status}");
        assert!(answer.list("vary").contains("origin"), "{status}");
    }
    // A preflight needs no credential and counts for nothing.
    let preflight = [APP, ("access-control-request-method", "GET")];
    stage
        .send("OPTIONS", "/v2.0/customers", &preflight, b"")
        .expect(204);
    // Who is no browser's preflight is asked for a credential before it is told what there is.
    for target in ["/v2.0/customers", "/v2.0/nothing"] {
        stage.send("OPTIONS", target, &[], b"").expect(401);
    }
    let told = stage.send("OPTIONS", "/v2.0/customers", &[KEY], b"").expect(204);
    assert!(told.header("allow").contains("POST"));
}

#[test]
fn no_upgrade_carries_requests_past_the_gateway() {
    let stage = Stage::integrationhub();
    for protocol in ["h2c", "H2C", "websocket, h2c", "TLS/1.2", "HTTP/2.0"] {
        let fields = [
            ("connection", "Upgrade, HTTP2-Settings"),
            ("upgrade", protocol),
            ("http2-settings", "AAMAAABkAARAAAAAAAIAAAAA"),
        ];
        stage.get("/v3.3/customers", &fields).expect(200);
        for name in ["upgrade", "http2-settings", "connection"] {
            assert_eq!(told(&stage, name), "", "{protocol}");
        }
    }
    let unnamed = [("upgrade", "h2c"), ("http2-settings", "AAMAAABkAARAAAAAAAIAAAAA")];
    stage.get("/v3.3/customers", &unnamed).expect(200);
    assert_eq!(told(&stage, "http2-settings"), "");
}
