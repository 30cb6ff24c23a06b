//! Secrets stay where they are: planted in good and bad requests to the real binary, which tells everything it can tell,
//! none of them stands in any of its outputs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "cli/collector.rs"]
mod collector;
#[path = "cli/sluice.rs"]
mod sluice;

use std::fs;
use std::path::Path;

use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::PasswordHash;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use collector::Collector;
use serde_json::Value as Json;
use sluice::{Process, ask, example, free_address, get};
use sluice_gateway::auth::keys::Hasher;
use sluice_gateway::demo::backend;
use sluice_gateway::demo::issuer::Issuer;

/// What must be seen nowhere. Each is one word that nothing else contains.
const KEY_SECRET: &str = "plantedHashingSecretOfTheGateway";
const KEY: &str = "plantedGoodKeyOfMegacorp";
const QUERY_KEY: &str = "plantedKeyInTheQuery";
const WRONG_KEY: &str = "plantedKeyOfNobody";
const PASSWORD: &str = "plantedGoodPassword";
const WRONG_PASSWORD: &str = "plantedWrongPassword";
const COOKIE: &str = "plantedCookie";
const MEMBER: &str = "plantedMemberOfABody";
const BROKEN_TOKEN: &str = "plantedBrokenToken";
const ADMIN: &str = "plantedKeyOfAnAdministrator";
const OF_COLLECTOR: &str = "plantedTokenOfTheCollector";

const API: &str = "apis/customers/api.yaml";

fn digits(key: &str) -> String {
    let hash = Hasher::new(KEY_SECRET.as_bytes()).hash(key.as_bytes()).0;
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A gateway with every way to prove who asks that needs no other server, an audit log, an access log and traces.
struct Planted {
    process: Process,
    data: std::net::SocketAddr,
    admin: std::net::SocketAddr,
    directory: tempfile::TempDir,
    backend: backend::Running,
    collector: Collector,
    token: String,
    password: String,
}

fn start(log: &str) -> Planted {
    let directory = tempfile::tempdir().unwrap();
    copy(Path::new(&example("integrationhub")), directory.path());
    let issuer = Issuer::new();
    let token = issuer.token(
        "megacorp",
        &["customers.read"],
        "customers",
        "https://id.integrationhub.example",
        jiff::Timestamp::now(),
        jiff::SignedDuration::from_secs(600),
    );
    let path = |name: &str| directory.path().join(name);
    fs::write(path("jwks.json"), issuer.jwks().to_string()).unwrap();
    let password: PasswordHash = Argon2::default().hash_password(PASSWORD.as_bytes()).unwrap();
    let password = password.to_string();
    fs::write(path("consumers.yaml"), consumers(&password)).unwrap();
    let collector = Collector::start();
    settings(directory.path(), &collector);
    let backend = backend::serve(([127, 0, 0, 1], 0).into()).unwrap();
    let (data, admin) = (free_address(), free_address());
    let environment = [
        ("SLUICE_LISTEN", data.to_string()),
        ("SLUICE_ADMIN", admin.to_string()),
        ("CUSTOMERS_UPSTREAM", backend.addr.to_string()),
        ("PLANTED_SECRET", KEY_SECRET.to_owned()),
        ("PLANTED_TOKEN", OF_COLLECTOR.to_owned()),
        ("RUST_LOG", log.to_owned()),
    ];
    let socket = path("upgrade.sock");
    let arguments = [
        "run",
        directory.path().to_str().unwrap(),
        "--upgrade-socket",
        socket.to_str().unwrap(),
    ];
    let process = Process::start(&arguments, &environment);
    process.until("readiness", || {
        get(admin, "/readyz").is_some_and(|answer| answer.status == 200)
    });
    Planted {
        process,
        data,
        admin,
        directory,
        backend,
        collector,
        token,
        password,
    }
}

fn consumers(password: &str) -> String {
    format!(
        "sluice: 1\nconsumers:\n  megacorp:\n    subjects: [megacorp]\n    keys: [{{hash: \"hmac-sha256:{}\"}}, {{hash: \"hmac-sha256:{}\"}}]\n    passwords: [{{user: erp, hash: \"{password}\"}}]\n",
        digits(KEY),
        digits(QUERY_KEY)
    )
}

/// The example with its own credentials taken out, and ours in their place.
fn settings(directory: &Path, collector: &Collector) {
    let main = directory.join("sluice.yaml");
    let text = without(&fs::read_to_string(&main).unwrap(), &["keys:"]);
    let more = "keys: {secret: \"${PLANTED_SECRET}\"}\naudit: {file: audit.jsonl}\n";
    let admin = format!(
        "admin_access: {{keys: [{{name: root, hash: \"hmac-sha256:{}\"}}]}}\n",
        digits(ADMIN)
    );
    let traces = format!(
        "traces: {{collector: \"http://{}/v1/traces\", share: 1, headers: {{authorization: \"${{PLANTED_TOKEN}}\"}}}}\n",
        collector.address
    );
    let access = "access_log: {to: {file: access.jsonl}, request: [user-agent], answer: [content-type], query: [id]}\n";
    fs::write(&main, format!("{text}\n{more}{admin}{traces}{access}")).unwrap();
    let api = directory.join(API);
    let text = without(
        &fs::read_to_string(&api).unwrap(),
        &["authentication:", "identity:"],
    );
    let jwt = "jwt: {jwks: jwks.json, issuer: \"https://id.integrationhub.example\", audience: [customers], algorithms: [ES256]}";
    let more = format!(
        "authentication:\n  - versions: {{to: \"1.0\"}}\n    schemes: [{{api_key: {{query: api_key}}}}]\n  - versions: {{from: \"1.1\", to: \"3.0-hotfix\"}}\n    schemes: [{{api_key: {{header: X-API-Key}}}}, {{basic: {{}}}}]\n  - schemes: [{{{jwt}}}]\n"
    );
    fs::write(&api, format!("{text}\n{more}")).unwrap();
}

/// A file without these keys of its first level.
fn without(text: &str, keys: &[&str]) -> String {
    let mut out = String::new();
    let mut skips = false;
    for line in text.lines() {
        if !line.starts_with([' ', '#']) && !line.is_empty() {
            skips = keys.iter().any(|key| line.starts_with(key));
        }
        if !skips {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

impl Planted {
    /// Asks in every way, good and bad. Gives all that clients were told.
    fn asked(&self) -> String {
        let basic = |password: &str| {
            let pair = BASE64_STANDARD.encode(format!("erp:{password}"));
            format!("Authorization: Basic {pair}\r\n")
        };
        let body = format!("{{\"name\": \"{MEMBER}\", \"status\": \"none\", \"balance\": \"{MEMBER}\"}}");
        let (json, cookie) = (
            "Content-Type: application/json\r\n",
            format!("Cookie: session={COOKIE}\r\n"),
        );
        let key = format!("X-API-Key: {KEY}\r\n{cookie}");
        let bearer = |token: &str| format!("Authorization: Bearer {token}\r\n{cookie}");
        let one = "/customers/cus_000017";
        let calls: Vec<(&str, String, String, &str, u16)> = vec![
            (
                "GET",
                format!("/api/v1.0/getCustomer?id=17&api_key={QUERY_KEY}"),
                cookie.clone(),
                "",
                200,
            ),
            (
                "GET",
                format!("/api/v1.0/getCustomer?id=17&api_key={WRONG_KEY}"),
                String::new(),
                "",
                401,
            ),
            (
                "GET",
                format!("/api/v1.0/getCustomer?id=x&api_key={QUERY_KEY}"),
                String::new(),
                "",
                0,
            ),
            (
                "GET",
                format!("/api/v1.0/none?api_key={QUERY_KEY}"),
                String::new(),
                "",
                404,
            ),
            (
                "GET",
                format!("/nowhere?api_key={QUERY_KEY}"),
                key.clone(),
                "",
                400,
            ),
            ("GET", format!("/v2.0{one}"), key.clone(), "", 200),
            (
                "GET",
                format!("/v2.0{one}"),
                format!("X-API-Key: {WRONG_KEY}\r\n"),
                "",
                401,
            ),
            (
                "GET",
                format!("/v2.0{one}"),
                format!("{key}X-API-Key: {WRONG_KEY}\r\n"),
                "",
                0,
            ),
            ("GET", format!("/v2.0{one}"), basic(PASSWORD), "", 200),
            ("GET", format!("/v2.0{one}"), basic(WRONG_PASSWORD), "", 401),
            (
                "GET",
                format!("/v2.0{one}"),
                format!("Authorization: Basic {WRONG_PASSWORD}\r\n"),
                "",
                401,
            ),
            (
                "POST",
                "/v2.3/customers".to_owned(),
                format!("{key}{json}"),
                &body,
                0,
            ),
            (
                "POST",
                "/v2.3/customers".to_owned(),
                format!("{key}{json}"),
                MEMBER,
                400,
            ),
            (
                "PATCH",
                format!("/v3.3{one}"),
                format!("{}{json}", bearer(&self.token)),
                &body,
                0,
            ),
            ("GET", format!("/v3.3{one}"), bearer(&self.token), "", 200),
            (
                "GET",
                format!("/v3.3{one}"),
                bearer(&format!("{}x", self.token)),
                "",
                401,
            ),
            ("GET", format!("/v3.3{one}"), bearer(BROKEN_TOKEN), "", 401),
            (
                "GET",
                format!("/v3.3{one}?api-version=2.0&api_key={QUERY_KEY}"),
                bearer(&self.token),
                "",
                400,
            ),
            ("GET", format!("/v2.0/../{WRONG_KEY}/%00"), key.clone(), "", 0),
        ];
        let mut told = String::new();
        for (method, target, fields, body, status) in calls {
            let answer = ask(self.data, method, &target, &fields, body).unwrap();
            let shown = || format!("{method} {target}: {}\n{}", answer.head, answer.body);
            assert!(status == 0 || answer.status == status, "{}", shown());
            // What a client is given of its own resource is its own.
            if answer.status >= 300 {
                told.push_str(&answer.head);
                told.push_str(&answer.body);
            }
        }
        told
    }

    /// The same over HTTP/2, whose library logs frames of its own accord.
    fn asked_by_frames(&self) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let call = |target: String, name: &'static str, value: String| {
            let uri = format!("http://{}{target}", self.data);
            let request = http::Request::get(uri)
                .header(name, value)
                .header("cookie", COOKIE);
            request
                .body(http_body_util::Empty::<bytes::Bytes>::new())
                .unwrap()
        };
        let calls = [
            (
                call(
                    "/v2.0/customers/cus_000017".to_owned(),
                    "x-api-key",
                    KEY.to_owned(),
                ),
                200,
            ),
            (
                call(
                    "/v2.0/customers/cus_000017".to_owned(),
                    "x-api-key",
                    WRONG_KEY.to_owned(),
                ),
                401,
            ),
            (
                call(
                    format!("/api/v1.0/getCustomer?id=17&api_key={QUERY_KEY}"),
                    "authorization",
                    BROKEN_TOKEN.to_owned(),
                ),
                200,
            ),
            (
                call(
                    "/v3.3/customers/cus_000017".to_owned(),
                    "authorization",
                    format!("Bearer {}", self.token),
                ),
                200,
            ),
        ];
        runtime.block_on(async {
            let stream = tokio::net::TcpStream::connect(self.data).await.unwrap();
            let io = hyper_util::rt::TokioIo::new(stream);
            let executor = hyper_util::rt::TokioExecutor::new();
            let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, io).await.unwrap();
            let driven = tokio::spawn(connection);
            let mut told = String::new();
            for (request, status) in calls {
                let answer = sender.send_request(request).await.unwrap();
                assert_eq!(answer.status(), status);
                told.push_str(&format!("{:?}", answer.headers()));
            }
            driven.abort();
            told
        })
    }

    /// Asks the admin API for everything, and for what there is not.
    fn administrated(&self) -> String {
        let key = format!("Authorization: Bearer {ADMIN}\r\n");
        let calls = [
            ("GET", "/plan"),
            ("GET", "/metrics"),
            ("POST", "/plan"),
            ("GET", "/none"),
            ("POST", "/reload"),
        ];
        let answers = calls.map(|(method, target)| ask(self.admin, method, target, &key, "").unwrap());
        let wrong = format!("X-API-Key: {WRONG_KEY}\r\n");
        let refused = ask(self.admin, "POST", "/reload", &wrong, "").unwrap();
        assert_eq!(refused.status, 401);
        answers.map(|answer| answer.head + &answer.body).concat() + &refused.head + &refused.body
    }

    /// A backend that is gone, and one reload each that is refused and that changes keys.
    fn troubled(&self) -> String {
        self.backend.inject(backend::Fault::Reset);
        let answer = ask(
            self.data,
            "GET",
            "/v2.0/customers/cus_000017",
            &format!("X-API-Key: {KEY}\r\n"),
            "",
        );
        let mut told = answer.map_or_else(String::new, |answer| answer.head + &answer.body);
        let consumers = self.directory.path().join("consumers.yaml");
        let sound = fs::read_to_string(&consumers).unwrap();
        fs::write(&consumers, sound.replace("hmac-sha256:", "hmac:")).unwrap();
        told.push_str(&self.administrated());
        let one_key = sound.replace(&format!(", {{hash: \"hmac-sha256:{}\"}}", digits(QUERY_KEY)), "");
        fs::write(&consumers, one_key).unwrap();
        told + &self.administrated()
    }

    /// Every form in which a secret could be seen.
    fn secrets(&self) -> Vec<String> {
        let mut all: Vec<String> = [
            KEY_SECRET,
            KEY,
            QUERY_KEY,
            WRONG_KEY,
            PASSWORD,
            WRONG_PASSWORD,
            COOKIE,
            BROKEN_TOKEN,
            ADMIN,
            OF_COLLECTOR,
        ]
        .map(str::to_owned)
        .into();
        all.push(MEMBER.to_owned());
        all.extend([
            digits(KEY),
            digits(QUERY_KEY),
            digits(ADMIN),
            self.password.clone(),
        ]);
        all.extend(
            [PASSWORD, WRONG_PASSWORD].map(|password| BASE64_STANDARD.encode(format!("erp:{password}"))),
        );
        // Its parts, too: what is signed is as good as the whole to whoever can sign.
        all.extend(self.token.split('.').skip(1).map(str::to_owned));
        // In lower case, as heads are read here.
        all.extend(all.clone().into_iter().map(|secret| secret.to_lowercase()));
        all
    }
}

fn seek(log: &str) {
    let mut planted = start(log);
    let mut outputs = vec![("what clients were told", planted.asked())];
    outputs.push(("what clients of HTTP/2 were told", planted.asked_by_frames()));
    outputs.push(("the admin API", planted.administrated()));
    outputs.push(("trouble", planted.troubled()));
    let backend = planted.backend.requests();
    planted.process.signal("TERM");
    planted.process.end();
    let audit = fs::read_to_string(planted.directory.path().join("audit.jsonl")).unwrap();
    recorded(&audit);
    outputs.push(("the audit log", audit));
    let access = fs::read_to_string(planted.directory.path().join("access.jsonl")).unwrap();
    let told: Vec<Json> = access
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(
        told.len() >= 20 && told.iter().all(|line| line["status"].is_u64()),
        "{access}"
    );
    outputs.push(("the access log", access));
    let traces = planted.collector.text();
    assert!(traces.contains("readCustomer") && traces.contains("authenticate"));
    outputs.push(("traces", traces));
    outputs.push(("standard output", planted.process.out()));
    outputs.push(("the log", planted.process.err()));
    for secret in planted.secrets() {
        for (name, output) in &outputs {
            let at = output.find(&secret);
            let around = at.map(|at| &output[output.floor_char_boundary(at.saturating_sub(300))..at]);
            // The client's own words about its own body are no secret to it.
            let own = secret.eq_ignore_ascii_case(MEMBER) && *name == "what clients were told";
            assert!(
                at.is_none() || own,
                "{secret} in {name}, after …{}",
                around.unwrap_or_default()
            );
        }
        // Credentials end at the gateway; bodies and cookies are the backend's.
        let theirs = secret.eq_ignore_ascii_case(MEMBER) || secret.eq_ignore_ascii_case(COOKIE);
        assert!(
            theirs || !format!("{backend:?}").contains(&secret),
            "{secret} at the backend"
        );
    }
    let sizes: Vec<String> = outputs
        .iter()
        .map(|(name, text)| format!("{name} {}", text.len()))
        .collect();
    println!(
        "looked for {} secrets in bytes of: {}",
        planted.secrets().len(),
        sizes.join(", ")
    );
    let log = &outputs.last().unwrap().1;
    assert!(
        log.contains("TRACE") || log.contains("DEBUG"),
        "there is a log to look through: {log}"
    );
}

/// The audit log holds what happened.
fn recorded(audit: &str) {
    let lines: Vec<Json> = audit
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |what: &str| {
        lines
            .iter()
            .filter(|line| line["what"] == what)
            .collect::<Vec<_>>()
    };
    assert!(of("credential_refused").len() >= 5, "{audit}");
    assert!(
        of("credential_refused")
            .iter()
            .all(|line| line["from"] == "127.0.0.1")
    );
    assert!(
        of("admin_call")
            .iter()
            .any(|line| line["path"] == "/reload" && line["status"] == 409),
        "{audit}"
    );
    let calls = of("admin_call");
    assert!(
        calls
            .iter()
            .any(|line| line["who"] == "root" && line["path"] == "/plan"),
        "{audit}"
    );
    assert!(
        calls
            .iter()
            .any(|line| line["who"] == "" && line["status"] == 401),
        "{audit}"
    );
    assert_eq!(of("reload")[0]["changes"][0], "the first edition");
    assert!(!of("reload_refused").is_empty(), "{audit}");
    let changed = of("reload")[1];
    assert_ne!(changed["hash"], changed["hash_before"]);
    let keys = of("keys_changed");
    assert_eq!((&keys[0]["added"], &keys[0]["removed"]), (&3.into(), &0.into()));
    let last = keys.last().unwrap();
    assert_eq!(
        (&last["consumer"], &last["added"], &last["removed"]),
        (&"megacorp".into(), &0.into(), &1.into())
    );
}

#[test]
fn nothing_that_is_told_at_trace_level_holds_a_secret() {
    seek("trace");
}

#[test]
fn nothing_that_is_told_at_debug_level_holds_a_secret() {
    seek("debug");
}
