//! The console over sockets: what every answer carries, who may come in, which forms are its own, and what it makes of
//! hostile input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::time::Instant;

use sluice_conformance::console::{Console, HOSTILE, users};
use sluice_conformance::stage::{Answer, PATIENCE, Setup};
use sluice_gateway::auth::keys::Hasher;

const HTML: (&str, &str) = ("accept", "text/html");
const PAGES: [&str; 6] = [
    "/console",
    "/console?version=2.1",
    "/console/lineage",
    "/console/playground",
    "/console/version?version=2.0",
    "/console/consumer?name=acme",
];
const REPORTS: [&str; 10] = [
    "status",
    "timeline",
    "sunset",
    "fields",
    "health",
    "protection",
    "reloads",
    "who-uses",
    "lineage",
    "consumer",
];

fn report(name: &str) -> String {
    let more = if name == "consumer" { "?name=acme" } else { "" };
    format!("/console/api/{name}.json{more}")
}

#[track_caller]
fn is_hardened(answer: &Answer) {
    let policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    assert_eq!(answer.header("content-security-policy"), policy);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[test]
fn every_answer_is_hardened_and_every_page_is_there() {
    let console = Console::kept();
    console.fill();
    for page in PAGES {
        let answer = console.ask("GET", page, &[HTML], b"").expect(200);
        is_hardened(&answer);
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        let text = answer.text();
        assert!(
            text.ends_with("</html>") && text.contains("<main id=\"main\""),
            "{page}"
        );
        assert!(
            !text.contains("style=\"") && !text.contains("<script>"),
            "{page}: nothing inline"
        );
        let head = console.ask("HEAD", page, &[HTML], b"").expect(200);
        assert_eq!(
            head.header("content-length"),
            answer.header("content-length"),
            "{page}"
        );
    }
    for name in REPORTS {
        let answer = console.ask("GET", &report(name), &[], b"").expect(200);
        is_hardened(&answer);
        assert_eq!(answer.json()["demo"], false, "{name}");
    }
    let begin = console.ask("GET", "/", &[HTML], b"").expect(303);
    assert_eq!(begin.header("location"), "/console");
}

#[test]
fn what_is_not_there_is_told() {
    let console = Console::start(Setup::integrationhub());
    for (path, status) in [
        ("/console/no-such", 404),
        ("/console/", 404),
        ("/console/assets/console.css", 404),
        ("/console/api/no-such.json", 404),
        ("/console?api=nobody", 404),
        ("/console?api=customers&version=9.9", 400),
        ("/console/consumer", 400),
        ("/console?api=%ff", 400),
    ] {
        is_hardened(&console.ask("GET", path, &[HTML], b"").expect(status));
        let problem = console.ask("GET", path, &[], b"").expect(status);
        assert_eq!(
            problem.header("content-type"),
            "application/problem+json",
            "{path}"
        );
    }
    for (method, path, allow) in [
        ("POST", "/console", "GET, HEAD"),
        ("DELETE", "/console/lineage", "GET, HEAD"),
        ("PUT", "/console/playground", "GET, HEAD, POST"),
        ("GET", "/console/logout", "POST"),
        ("POST", "/console/api/timeline.json", "GET, HEAD"),
    ] {
        let refused = console.ask(method, path, &[], b"").expect(405);
        assert_eq!(refused.header("allow"), allow, "{method} {path}");
    }
    // Without a store there are no figures, and that is said with what to do.
    assert_eq!(
        console
            .ask("GET", "/console/api/timeline.json", &[], b"")
            .expect(404)
            .json()["code"],
        "usage_unkept"
    );
    assert!(console.page("/console").contains("usage:\n  store:"));
}

#[test]
fn assets_are_kept_for_ever_under_their_hash() {
    let console = Console::start(Setup::integrationhub());
    let page = console.page("/console");
    for (mark, media) in [
        ("rel=\"stylesheet\" href=\"", "text/css"),
        ("<script src=\"", "text/javascript"),
    ] {
        let path = page.split_once(mark).unwrap().1.split_once('"').unwrap().0;
        let asset = console.ask("GET", path, &[], b"").expect(200);
        assert!(asset.header("content-type").starts_with(media));
        assert_eq!(
            asset.header("cache-control"),
            "public, max-age=31536000, immutable"
        );
        console.ask("POST", path, &[], b"").expect(405);
    }
}

#[test]
fn a_host_that_points_here_sees_nothing() {
    let console = Console::kept();
    let port = console.address().port();
    for host in [
        "evil.example".to_owned(),
        format!("evil.example:{port}"),
        "10.1.2.3".to_owned(),
        format!("127.0.0.1.evil.example:{port}"),
    ] {
        for path in ["/console", "/console/api/sunset.json", "/console/playground"] {
            let refused = console
                .ask("GET", path, &[("host", &host), HTML], b"")
                .expect(421);
            is_hardened(&refused);
            assert!(!refused.text().contains("token"), "{host} {path}");
        }
        console
            .send("/console/playground", &[("host", &host)], &[])
            .expect(421);
        for (method, path) in [
            ("GET", "/plan"),
            ("GET", "/metrics"),
            ("POST", "/reload"),
            ("GET", "/no-such"),
        ] {
            let refused = console.ask(method, path, &[("host", &host)], b"");
            assert_eq!(refused.expect(421).json()["code"], "misdirected", "{host} {path}");
        }
        // Whoever probes may do so under any name.
        for path in ["/livez", "/readyz"] {
            console.ask("GET", path, &[("host", &host)], b"").expect(200);
        }
    }
    for host in [
        "localhost".to_owned(),
        format!("[::1]:{port}"),
        format!("127.0.0.1:{port}"),
    ] {
        for path in ["/console", "/plan", "/metrics"] {
            console
                .ask("GET", path, &[("host", &host), HTML], b"")
                .expect(200);
        }
        console
            .ask("POST", "/reload", &[("host", &host)], b"")
            .expect(200);
    }
}

/// A browser sends such a request without asking first; a page cannot read the answer, but it would be reloaded.
#[test]
fn a_page_of_another_site_reloads_nothing() {
    let console = Console::kept();
    let origin = format!("http://{}", console.address());
    for (name, value, status) in [
        ("origin", "http://evil.example", 403),
        ("origin", "http://127.0.0.1:1", 403),
        ("origin", "null", 403),
        ("sec-fetch-site", "cross-site", 403),
        ("sec-fetch-site", "same-site", 403),
        ("sec-fetch-site", "same-origin", 200),
        ("sec-fetch-site", "none", 200),
        ("origin", origin.as_str(), 200),
    ] {
        let answer = console.ask("POST", "/reload", &[(name, value)], b"");
        let told = answer.expect(status).json();
        assert_eq!(
            told["code"] == "forged_form",
            status == 403,
            "{name}: {value}: {told}"
        );
    }
    // Links of other sites lead to what is only read.
    console
        .ask("GET", "/plan", &[("sec-fetch-site", "cross-site")], b"")
        .expect(200);
}

#[test]
fn a_form_of_another_site_does_nothing() {
    let console = Console::start(Setup::integrationhub());
    let token = Console::token(&console.page("/console/playground"));
    let form = |token: &'static str| vec![("token", token), ("document", "{}"), ("subject", "type:Customer")];
    for wrong in ["", "0", "00000000000000000000000000000000"] {
        let refused = console
            .send("/console/playground", &[HTML], &form(wrong))
            .expect(403);
        is_hardened(&refused);
    }
    let own = [
        ("token", token.as_str()),
        ("document", "{}"),
        ("subject", "type:Customer"),
    ];
    let origin = format!("http://{}", console.address());
    console
        .send("/console/playground", &[("origin", &origin)], &own)
        .expect(200);
    for (name, value) in [
        ("origin", "http://evil.example"),
        ("origin", "https://127.0.0.1:1"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "none"),
    ] {
        console
            .send("/console/playground", &[(name, value)], &own)
            .expect(403);
    }
    // A form that is none, as other sites can send without asking.
    for media in [
        "text/plain",
        "application/json",
        "multipart/form-data; boundary=x",
    ] {
        let body = format!("token={token}");
        console
            .ask(
                "POST",
                "/console/playground",
                &[("content-type", media)],
                body.as_bytes(),
            )
            .expect(415);
    }
}

fn play(console: &Console, token: &str, path: &str, more: &[(&str, &str)]) -> Answer {
    let mut form = vec![("token", token), ("api", "customers")];
    form.extend(more);
    console.send(path, &[HTML], &form)
}

#[test]
fn a_document_is_shown_change_by_change() {
    let console = Console::start(Setup::integrationhub());
    let page = console.page("/console/playground");
    let token = Console::token(&page);
    let customer = console
        .stage()
        .get("/v3.3/customers/cus_000017", &[])
        .expect(200)
        .text();
    let fields = [
        ("subject", "type:Customer"),
        ("from", "3.3"),
        ("to", "1.0"),
        ("document", customer.as_str()),
    ];
    let shown = play(&console, &token, "/console/playground", &fields)
        .expect(200)
        .text();
    assert!(
        shown.contains("Carried from 3.3 to 1.0 through 10 changes"),
        "{shown}"
    );
    assert!(shown.contains("cust_id") && shown.contains("<ins>") && shown.contains("<del>"));
    let told = play(&console, &token, "/console/api/playground.json", &fields)
        .expect(200)
        .json();
    assert_eq!(
        (told["demo"].as_bool(), told["changes"].as_array().unwrap().len()),
        (Some(false), 10)
    );
    let carried: serde_json::Value = serde_json::from_str(told["document"].as_str().unwrap()).unwrap();
    let expected = console
        .stage()
        .get("/api/v1.0/getCustomer?id=17", &[])
        .expect(200)
        .json();
    assert_eq!(carried.to_string(), expected.to_string());
    // What an operation is sent, and what it answers.
    for (subject, from, to) in [
        ("answer:readCustomer", "3.3", "2.0"),
        ("request:createCustomer", "3.3", "3.3"),
    ] {
        let fields = [
            ("subject", subject),
            ("from", from),
            ("to", to),
            ("document", customer.as_str()),
        ];
        let told = play(&console, &token, "/console/api/playground.json", &fields)
            .expect(200)
            .json();
        assert!(
            told["fault"].is_null() && told["document"].is_string(),
            "{subject}: {told}"
        );
    }
    // An example in any version is a document that can be carried on.
    let example = play(
        &console,
        &token,
        "/console/playground",
        &[("from", "2.0"), ("example", "1"), ("document", "")],
    );
    assert!(example.expect(200).text().contains("&quot;address&quot;: &quot;"));
}

#[test]
fn hostile_documents_get_a_sentence() {
    let console = Console::start(Setup::integrationhub());
    let token = Console::token(&console.page("/console/playground"));
    let deep = "[".repeat(100_000);
    let nested = format!("{}1{}", "{\"a\":".repeat(120), "}".repeat(120));
    let wide = format!(
        "{{{}}}",
        (0..9_000)
            .map(|n| format!("\"k{n}\":{n}"))
            .collect::<Vec<_>>()
            .join(",")
    );
    let long = format!("\"{}\"", "x".repeat(120_000));
    let hostile = [
        "",
        "null",
        "{",
        "\u{0}",
        "{\"id\":1,\"id\":2}",
        "1e999999999",
        "\"\\ud800\"",
        "</textarea><script>alert(1)</script>",
        "{\"address\":{\"street\":\"</pre><script>alert(1)</script>\"}}",
        "{\"__proto__\":{}}",
        &deep,
        &nested,
        &wide,
        &long,
    ];
    for document in hostile {
        for subject in [
            "type:Customer",
            "type:Error",
            "request:replaceCustomer",
            "request:patchCustomer",
            "answer:listCustomers",
            "type:Nothing",
            "answer:",
            "nonsense",
            "",
        ] {
            let fields = [
                ("subject", subject),
                ("from", "1.0"),
                ("to", "4.0-beta"),
                ("document", document),
            ];
            let answer = play(&console, &token, "/console/playground", &fields);
            let shown: String = document.chars().take(40).collect();
            assert_eq!(answer.status, 200, "{subject} {shown}: {}", answer.text());
            assert!(!answer.text().contains("<script>alert"), "{subject} {shown}");
        }
    }
    let fields = [
        ("subject", "type:Customer"),
        ("from", "9.9"),
        ("to", "\"><script>"),
        ("document", "{}"),
    ];
    assert!(
        !play(&console, &token, "/console/playground", &fields)
            .expect(200)
            .text()
            .contains("\"><script>")
    );
    let large = "x".repeat(129 * 1024);
    play(&console, &token, "/console/playground", &[("document", &large)]).expect(413);
    let huge = "x".repeat(2 * 1024 * 1024);
    play(&console, &token, "/console/playground", &[("document", &huge)]).expect(413);
    // It serves on.
    console.page("/console");
}

#[test]
fn known_figures_are_told() {
    let console = Console::kept();
    assert!(
        console
            .page("/console")
            .contains("No request has been counted yet")
    );
    console.fill();
    let page = console.page("/console?version=2.0");
    for part in [
        "1,234",
        "42",
        "Customer /address",
        "rate_limited",
        "/address",
        "api@acme.example",
        "2.0",
    ] {
        assert!(page.contains(part), "{part} is missing");
    }
    assert!(
        !page.contains("<script>document") && page.contains("&lt;script&gt;document"),
        "{HOSTILE}"
    );
    let sunset = console.json("/console/api/sunset.json");
    let version = sunset["versions"]
        .as_array()
        .unwrap()
        .iter()
        .find(|v| v["version"] == "2.0")
        .unwrap();
    assert_eq!(version["blockers"][0]["who"], "acme");
    assert_eq!(version["blockers"][0]["last_7_days"], 1_234);
    let timeline = console.json("/console/api/timeline.json");
    assert_eq!(timeline["days"].as_array().unwrap().len(), 90);
    let fields = console.json("/console/api/fields.json?version=2.0");
    let verdict = |member: &str| {
        let all = fields["members"].as_array().unwrap();
        all.iter().find(|one| one["member"] == member).unwrap()["verdict"].clone()
    };
    assert_eq!(
        (verdict("Customer /address"), verdict("Customer /status")),
        ("used".into(), "unknown".into())
    );
    let consumer = console.json("/console/api/consumer.json?name=acme");
    assert_eq!(
        consumer["versions"][0]["operations"][0]["operation"],
        "readCustomer"
    );
    let users = console.json("/console/api/who-uses.json?version=2.0");
    assert_eq!(users["consumers"].as_array().unwrap().len(), 2);
    assert!(console.page("/console/consumer?name=acme").contains("1,200"));
    assert!(
        console
            .page("/console/consumer?name=%22%3E%3Cscript%3E")
            .contains("&lt;script&gt;")
    );
}

/// The page of somebody who is turned away at the door.
fn refused(console: &Console) -> String {
    let elsewhere = [("host", "evil.example"), HTML];
    console.ask("GET", "/console", &elsewhere, b"").expect(421).text()
}

#[test]
fn demo_data_is_marked_everywhere() {
    let console = Console::kept();
    console.fill();
    console.with_store(|store| async move { store.mark_demo().await });
    // For somebody who is turned away at the door the store is not asked.
    assert!(!refused(&console).contains("Demo data."));
    for page in PAGES {
        assert!(console.page(page).contains("Demo data."), "{page}");
    }
    for name in REPORTS {
        assert_eq!(console.json(&report(name))["demo"], true, "{name}");
    }
    let token = Console::token(&console.page("/console/playground"));
    let played = play(
        &console,
        &token,
        "/console/api/playground.json",
        &[("document", "{}")],
    );
    assert_eq!(played.expect(200).json()["demo"], true);
    let refused = console.ask("GET", "/console/consumer", &[HTML], b"").expect(400);
    assert!(refused.text().contains("Demo data."), "a refusal is a page, too");
    assert!(
        self::refused(&console).contains("Demo data."),
        "by now it is known"
    );
}

#[test]
fn many_clients_come_a_hundred_at_a_time() {
    let console = Console::kept();
    console.with_store(|store| async move { store.add(&users(230)).await });
    let (mut all, mut skip) = (BTreeSet::new(), 0);
    for (count, more) in [(100, 130), (100, 30), (30, 0)] {
        let page = console.json(&format!("/console/api/who-uses.json?version=2.0&skip={skip}"));
        let listed = page["consumers"].as_array().unwrap();
        assert_eq!((listed.len(), &page["more"]), (count, &more.into()));
        all.extend(listed.iter().map(|one| one["who"].as_str().unwrap().to_owned()));
        skip += count;
    }
    assert_eq!(all.len(), 230);
}

const SECRET: &str = "a-secret-of-more-than-sixteen-bytes";

fn hash(key: &str) -> String {
    let digits = Hasher::new(SECRET.as_bytes()).hash(key.as_bytes()).0;
    let digits: String = digits.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("hmac-sha256:{digits}")
}

/// With an administrator who has this key.
fn administered(key: &str) -> Setup {
    let access = format!("admin_access: {{keys: [{{name: ops, hash: \"{}\"}}]}}", hash(key));
    Setup::integrationhub().main(&format!("keys: {{secret: {SECRET}}}\n{access}"))
}

/// The cookie that an answer sets under this name.
fn cookie(answer: &Answer, name: &str) -> String {
    let lines = answer.headers.get_all("set-cookie").iter();
    let lines: Vec<&str> = lines.map(|line| line.to_str().unwrap()).collect();
    let line = lines.iter().find(|line| line.starts_with(&format!("{name}=")));
    let line = line.unwrap_or_else(|| panic!("no {name} in {lines:?}"));
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/console"] {
        assert!(line.contains(attribute), "{line}");
    }
    line.split(';').next().unwrap().to_owned()
}

/// Tries a key in the form. The cookie and the answer.
fn log_in(console: &Console, key: &str, next: &str) -> Answer {
    let form = console.ask("GET", "/console/login", &[HTML], b"").expect(200);
    let bound = cookie(&form, "sluice_login");
    let token = Console::token(&form.text());
    let fields = [("cookie", bound.as_str()), HTML];
    console.send(
        "/console/login",
        &fields,
        &[("token", &token), ("key", key), ("next", next)],
    )
}

#[test]
fn administrators_log_in_and_out() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("audit.jsonl");
    let setup = administered("ops-key");
    let console = Console::start(setup.main(&format!("audit: {{file: \"{}\"}}", file.display())));
    // A browser is shown where; anything else is refused.
    let sent = console
        .ask("GET", "/console/lineage?api=customers", &[HTML], b"")
        .expect(303);
    assert_eq!(
        sent.header("location"),
        "/console/login?next=%2Fconsole%2Flineage%3Fapi%3Dcustomers"
    );
    let refused = console
        .ask("GET", "/console/api/status.json", &[], b"")
        .expect(401);
    assert_eq!(
        refused.header("www-authenticate"),
        "Bearer realm=\"sluice admin\""
    );
    for key in ["", "no", "demo-key-acme"] {
        let refused = log_in(&console, key, "/console").expect(401);
        assert!(
            refused.text().contains("no administrator's key") && !refused.headers.contains_key("location")
        );
    }
    let entered = log_in(&console, "ops-key", "/console/lineage?api=customers").expect(303);
    assert_eq!(entered.header("location"), "/console/lineage?api=customers");
    let session = cookie(&entered, "sluice_session");
    let fields = [("cookie", session.as_str()), HTML];
    let page = console.ask("GET", "/console", &fields, b"").expect(200).text();
    assert!(page.contains("ops") && page.contains("Log out"));
    // The token of one session is not another's.
    let other = cookie(&log_in(&console, "ops-key", "").expect(303), "sluice_session");
    let token = Console::token(&page);
    console
        .send("/console/playground", &[("cookie", &other)], &[("token", &token)])
        .expect(403);
    console
        .send("/console/logout", &fields, &[("token", "no")])
        .expect(403);
    let out = console
        .send("/console/logout", &fields, &[("token", &token)])
        .expect(303);
    assert_eq!(out.header("location"), "/console/login");
    console.ask("GET", "/console", &fields, b"").expect(303);
    console
        .ask("GET", "/console", &[("cookie", &other), HTML], b"")
        .expect(200);
    // A key in a field does, as for the rest of the admin API; it needs no token.
    console
        .ask(
            "GET",
            "/console/api/status.json",
            &[("x-api-key", "ops-key")],
            b"",
        )
        .expect(200);
    console
        .send(
            "/console/playground",
            &[("authorization", "Bearer ops-key")],
            &[("document", "{}")],
        )
        .expect(200);
    // Nobody is sent elsewhere.
    assert_eq!(
        log_in(&console, "ops-key", "//evil.example")
            .expect(303)
            .header("location"),
        "/console"
    );
    // A reload takes the key away, and the session with it.
    console.stage().publish(&administered("another-key"));
    console
        .ask("GET", "/console", &[("cookie", &other), HTML], b"")
        .expect(303);
    let events = |what: &str| {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        text.lines()
            .filter(|line| line.contains(&format!("\"what\":\"{what}\"")))
            .count()
    };
    let begun = Instant::now();
    while events("console_login") < 3 || events("console_logout") < 1 || events("console_login_refused") < 3 {
        assert!(
            begun.elapsed() < PATIENCE,
            "{}",
            std::fs::read_to_string(&file).unwrap_or_default()
        );
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(
        !text.contains("ops-key") && !text.contains("demo-key"),
        "keys are in no log"
    );
}

#[test]
fn keys_are_not_guessed_quickly() {
    let console = Console::start(administered("ops-key"));
    let answers: Vec<u16> = (0..12).map(|_| log_in(&console, "guess", "").status).collect();
    assert_eq!(answers[..10], [401; 10]);
    assert_eq!(answers[10..], [429; 2]);
    let late = log_in(&console, "ops-key", "").expect(429);
    assert!(!late.header("retry-after").is_empty());
}

#[test]
fn a_login_form_of_another_site_does_nothing() {
    let console = Console::start(administered("ops-key"));
    let page = console.ask("GET", "/console/login", &[HTML], b"").expect(200);
    let token = Console::token(&page.text());
    let form = [("token", token.as_str()), ("key", "ops-key")];
    console.send("/console/login", &[], &form).expect(403);
    let bound = cookie(&page, "sluice_login");
    console
        .send(
            "/console/login",
            &[("cookie", &bound), ("origin", "http://evil.example")],
            &form,
        )
        .expect(403);
    console
        .send(
            "/console/login",
            &[("cookie", &bound)],
            &[("token", "x"), ("key", "ops-key")],
        )
        .expect(403);
    console
        .send("/console/login", &[("cookie", &bound)], &form)
        .expect(303);
}

#[test]
fn a_store_that_is_away_leaves_the_page() {
    let usage = "usage: {store: {postgres: \"postgres://sluice@127.0.0.1:1/usage\"}, flush: 1s}";
    let console = Console::start(Setup::integrationhub().main(usage));
    let page = console.page("/console");
    // Every panel of figures says so; the strip and the change log have their own.
    assert_eq!(
        page.matches("These figures are not to be had now").count(),
        5,
        "{page}"
    );
    assert!(page.contains("Generation") && page.contains("Change log"));
    for name in [
        "timeline",
        "sunset",
        "fields",
        "health",
        "protection",
        "who-uses",
        "consumer",
    ] {
        let refused = console.ask("GET", &report(name), &[], b"").expect(503).json();
        assert_eq!(refused["code"], "usage_unavailable", "{name}");
    }
    assert_eq!(console.json("/console/api/status.json")["ledger"]["kept"], true);
}

#[test]
fn several_apis_are_chosen_among() {
    let notes = "sluice: 1\napi: notes\nupstream: customers\norigin: \"1\"\nadditions: pass\nunmentioned: pass\nselect: [{path: {template: \"/notes/v{version}\"}}]\nversions: [{name: \"1\"}]\n";
    let console = Console::start(Setup::integrationhub().file("apis/notes/api.yaml", notes));
    let page = console.page("/console?api=notes");
    assert!(
        page.contains("<option value=\"customers\">customers</option>"),
        "{page}"
    );
    assert!(page.contains("<option value=\"notes\" selected>notes</option>"));
    assert!(page.contains("/console/lineage?api=notes"));
    let lineage = console.json("/console/api/lineage.json?api=notes");
    assert_eq!(
        (&lineage["api"], &lineage["origin"]),
        (&"notes".into(), &"1".into())
    );
    assert!(
        console
            .page("/console/lineage?api=notes")
            .contains("The first version.")
    );
    // A playground without a document, without a change and without a type says what there is.
    let played = console.page("/console/playground?api=notes");
    assert!(played.contains("1 (origin)"));
}
