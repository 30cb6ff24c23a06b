//! What surrounds an exchange: proxies that are believed, addresses that may ask.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use sluice_conformance::stage::{Setup, Stage};

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
