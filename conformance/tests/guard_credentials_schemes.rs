//! HTTP Basic, client certificates, several schemes at once, administrators, and what operators are told of refusals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

use sluice_conformance::stage::tls::{Asking, Authority, Issued};
use sluice_conformance::stage::{Answer, Client, PATIENCE, Setup, Stage};
use sluice_gateway::auth::keys::Hasher;
use sluice_gateway::clock::Clock;
use sluice_gateway::serve::Listener;

const API: &str = "apis/customers/api.yaml";
const SECRET: &str = "a-secret-of-more-than-sixteen-bytes";
const TARGET: &str = "/v2.0/customers/cus_000017";
/// `correct horse`.
const HORSE: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$wQinIZvtF9IaU7U6WDm5fw$bMRsuq/cOyMDcai6dGeT3ZA5019+vLoqhQKRh2oWiiA";
/// `x`.
const X: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$mf54ATFOA0MxmOcnAPJ5Nw$DzJNTKMxljfJbBvsN6NIh/sBJvxSMmTH9CdIJZ29okc";

fn hash(key: &str) -> String {
    let digits = Hasher::new(SECRET.as_bytes()).hash(key.as_bytes()).0;
    let digits: String = digits.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("hmac-sha256:{digits}")
}

/// The example with these schemes in every version, and these consumers.
fn setup(schemes: &str, consumers: &str) -> Setup {
    Setup::integrationhub()
        .main(&format!("keys: {{secret: {SECRET}}}"))
        .append(
            API,
            &format!("authentication: [{{schemes: [{schemes}]}}]\nidentity: {{subject: X-Subject}}"),
        )
        .file("consumers.yaml", format!("sluice: 1\nconsumers:\n{consumers}"))
}

fn basic() -> Setup {
    let acme = format!(
        "  acme: {{keys: [{{hash: \"{}\"}}], passwords: [{{user: ada, hash: \"{HORSE}\"}}]}}\n",
        hash("key")
    );
    let globex = format!("  globex: {{passwords: [{{user: grace, hash: \"{X}\"}}]}}\n");
    setup(
        "{basic: {realm: the customers}}, {api_key: {header: X-API-Key}}",
        &(acme + &globex),
    )
}

/// `Authorization: Basic`, encoded by hand (RFC 4648 §4).
fn credential(text: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::from("Basic ");
    for three in text.chunks(3) {
        let bits = three
            .iter()
            .fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - three.len()));
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place)) as usize & 63];
            out.push(if place <= three.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    out
}

fn by(stage: &Stage, text: &str) -> Answer {
    stage.get(TARGET, &[("authorization", &credential(text.as_bytes()))])
}

fn counted(stage: &Stage, scheme: &str, reason: &str) -> f64 {
    let labels = [("api", "customers"), ("scheme", scheme), ("reason", reason)];
    stage
        .gateway()
        .shared
        .meters
        .value("sluice_credentials_refused", &labels)
}

#[test]
fn a_user_and_a_password_open() {
    let stage = basic().start();
    by(&stage, "ada:correct horse").expect(200);
    let seen = stage.backend().requests().pop().unwrap();
    assert_eq!(
        (&seen.headers["x-consumer"], &seen.headers["x-subject"]),
        (&"acme".parse().unwrap(), &"ada".parse().unwrap())
    );
    assert!(!seen.headers.contains_key("authorization"));
    let same = "the user or the password is wrong";
    for wrong in [
        "ada:correct",
        "grace:correct horse",
        "nobody:correct horse",
        "ada:",
        ":",
        "ada:correct horse ",
    ] {
        let refused = by(&stage, wrong).expect(401);
        assert_eq!(refused.json()["error"]["message"], same, "{wrong}");
        assert!(
            refused
                .list("www-authenticate")
                .contains("Basic realm=\"the customers\", charset=\"UTF-8\"")
        );
    }
    assert_eq!(counted(&stage, "basic", "wrong_password"), 4.0);
    assert_eq!(counted(&stage, "basic", "unknown_user"), 2.0);
    for malformed in [
        "Basic",
        "Basic !",
        "Basic YWRh",
        "Basic YWRhOmNvcnJlY3QgaG9yc2U= x",
    ] {
        stage.get(TARGET, &[("authorization", malformed)]).expect(401);
    }
    stage
        .get(TARGET, &[("authorization", &credential(b"ada:\xff"))])
        .expect(401);
    assert_eq!(counted(&stage, "basic", "malformed"), 5.0);
    let twice = credential(b"ada:correct horse");
    stage
        .get(TARGET, &[("authorization", &twice), ("authorization", &twice)])
        .expect(401);
    // Another scheme's credential in the same field is none of this scheme.
    stage
        .get(
            TARGET,
            &[("authorization", "Digest username=\"ada\""), ("x-api-key", "key")],
        )
        .expect(200);
}

#[test]
fn a_password_is_remembered_for_a_while_and_no_longer_than_it_is_listed() {
    let stage = basic().start();
    by(&stage, "ada:correct horse").expect(200);
    let begin = Instant::now();
    (0..50).for_each(|_| drop(by(&stage, "ada:correct horse").expect(200)));
    println!("50 requests with a remembered password: {:?}", begin.elapsed());
    stage.publish(&basic().replace("consumers.yaml", HORSE, X));
    by(&stage, "ada:correct horse").expect(401);
    by(&stage, "ada:x").expect(200);
    stage.publish(&basic().replace("consumers.yaml", "user: ada", "user: lovelace"));
    by(&stage, "ada:correct horse").expect(401);
    by(&stage, "lovelace:correct horse").expect(200);
}

#[test]
fn a_flood_of_passwords_holds_nobody_up() {
    let stage = basic().start();
    by(&stage, "ada:correct horse").expect(200);
    std::thread::scope(|scope| {
        let flood: Vec<_> = (0..100)
            .map(|n| {
                let stage = &stage;
                scope.spawn(move || by(stage, &format!("ada:guess {n}")).status)
            })
            .collect();
        // Who was verified before, and who comes with a key, does not wait for guesses.
        for _ in 0..20 {
            by(&stage, "ada:correct horse").expect(200);
            stage.get(TARGET, &[("x-api-key", "key")]).expect(200);
        }
        let statuses: Vec<u16> = flood.into_iter().map(|one| one.join().unwrap()).collect();
        let shed = statuses.iter().filter(|status| **status == 503).count();
        println!("100 guesses at once: {shed} shed");
        assert!(
            statuses.iter().all(|status| [401, 503].contains(status)),
            "{statuses:?}"
        );
        assert!(shed > 0 && shed < 100, "as many wait as may: {statuses:?}");
    });
    by(&stage, "grace:x").expect(200);
}

#[test]
fn a_wrong_credential_counts_whatever_else_is_good() {
    let stage = basic().start();
    let ada = credential(b"ada:correct horse");
    let both = |basic: &str, key: &str| stage.get(TARGET, &[("authorization", basic), ("x-api-key", key)]);
    both(&ada, "key").expect(200);
    both(&ada, "wrong").expect(401);
    both(&credential(b"ada:wrong"), "key").expect(401);
    let conflict = both(&credential(b"grace:x"), "key").expect(401);
    assert_eq!(
        conflict.json()["error"]["message"],
        "the request's credentials name different consumers"
    );
    assert_eq!(counted(&stage, "api_key", "conflict"), 1.0);
}

struct Shop {
    files: tempfile::TempDir,
    authority: Authority,
    clients: Authority,
}

impl Shop {
    fn new() -> Self {
        let files = tempfile::tempdir().unwrap();
        let (authority, clients) = (Authority::new("Servers"), Authority::new("Clients"));
        authority.issue(&["api.example.com"]).write(files.path(), "api");
        std::fs::write(files.path().join("clients.pem"), clients.pem()).unwrap();
        Self {
            files,
            authority,
            clients,
        }
    }

    fn tls(&self) -> String {
        let at = self.files.path().display();
        format!(
            "{{certificates: [{{certificate: \"{at}/api.pem\", key: \"{at}/api.key\"}}], clients: {{authorities: \"{at}/clients.pem\"}}}}"
        )
    }

    fn client(&self, stage: &Stage, shows: Option<&Issued>) -> Client {
        let asking = Asking::of(&self.authority);
        let asking = match shows {
            Some(issued) => asking.showing(issued),
            None => asking,
        };
        let secured = asking
            .connect(*stage.addresses().last().unwrap(), "api.example.com")
            .unwrap();
        Client::secured(secured, "api.example.com")
    }

    fn get(&self, stage: &Stage, shows: Option<&Issued>) -> Answer {
        self.client(stage, shows)
            .exchange("GET", TARGET, &[], b"")
            .unwrap()
    }
}

#[test]
fn a_client_certificate_names_its_consumer() {
    let shop = Shop::new();
    let by_name = shop.clients.issue(&["ERP.megacorp.example"]);
    let by_print = shop.clients.issue(&["print.example"]);
    let unknown = shop.clients.issue(&["nobody.example"]);
    let several = shop.clients.issue(&["erp.megacorp.example", "globex.example"]);
    let by_subject = shop.clients.issue(&["initech.example"]);
    let print: String = sha256(&by_print.der().0[0]);
    let consumers = format!(
        "  megacorp: {{certificates: [{{dns: erp.megacorp.example}}]}}\n  acme: {{certificates: [{{fingerprint: \"sha256:{print}\"}}]}}\n  \
         globex: {{certificates: [{{dns: globex.example}}]}}\n  \
         initech: {{certificates: [{{subject: \"CN=initech.example\"}}]}}\n"
    );
    let setup = || setup("{certificate: {}}", &consumers).secured(&shop.tls());
    let stage = setup().start();
    for (issued, consumer) in [
        (&by_name, "megacorp"),
        (&by_print, "acme"),
        (&by_subject, "initech"),
    ] {
        shop.get(&stage, Some(issued)).expect(200);
        let seen = stage.backend().requests().pop().unwrap();
        assert_eq!(seen.headers["x-consumer"], consumer);
    }
    let refused = shop.get(&stage, None).expect(401);
    assert_eq!(
        refused.header("www-authenticate"),
        "Certificate realm=\"customers\""
    );
    shop.get(&stage, Some(&unknown)).expect(401);
    shop.get(&stage, Some(&several)).expect(401);
    assert_eq!(counted(&stage, "certificate", "unknown_certificate"), 1.0);
    assert_eq!(counted(&stage, "certificate", "conflict"), 1.0);
    // Over a plain connection nobody shows a certificate, whatever is written in a field.
    stage
        .get(
            TARGET,
            &[("x-client-cert", &by_name.certificate.replace('\n', " "))],
        )
        .expect(401);
    // A connection that outlives its certificate, which ends with the year 3999.
    let evening = Clock::starting_at("3999-12-31T23:59:57Z".parse().unwrap());
    let late = setup().clock(evening).start();
    let mut client = shop.client(&late, Some(&by_name));
    let begin = Instant::now();
    let target = "/v3.3/customers/cus_000017";
    let mut get = || client.exchange("GET", target, &[], b"").unwrap().status;
    assert_eq!(get(), 200);
    while get() == 200 {
        assert!(begin.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(counted(&late, "certificate", "expired"), 1.0);
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The lines of an audit log, once there are so many.
fn lines(file: &Path, count: usize) -> Vec<serde_json::Value> {
    let begin = Instant::now();
    loop {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let lines: Vec<_> = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        if lines.len() >= count {
            return lines;
        }
        assert!(begin.elapsed() < PATIENCE, "{text}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn guesses_are_on_record_and_no_credential_is() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("audit.jsonl");
    let stage = basic()
        .main(&format!("audit: {{file: \"{}\"}}", file.display()))
        .start();
    for n in 0..20 {
        stage
            .get(TARGET, &[("x-api-key", &format!("guessed-{n}"))])
            .expect(401);
    }
    by(&stage, "ada:guessed-password").expect(401);
    assert_eq!(counted(&stage, "api_key", "unknown_key"), 20.0);
    let events = lines(&file, 21);
    let refused: Vec<_> = events
        .iter()
        .filter(|event| event["what"] == "credential_refused")
        .collect();
    assert_eq!(refused.len(), 21);
    for event in &refused {
        assert_eq!(
            (&event["from"], &event["api"], &event["version"]),
            (&"127.0.0.1".into(), &"customers".into(), &"2.0".into()),
            "{event}"
        );
    }
    let last = refused.last().unwrap();
    assert_eq!(
        (&last["who"], &last["reason"], &last["scheme"]),
        (&"acme".into(), &"wrong_password".into(), &"basic".into()),
        "{last}"
    );
    assert!(!std::fs::read_to_string(&file).unwrap().contains("guessed"));
}

/// An administrator's listener at this address, and a key for it.
fn administered(at: SocketAddr) -> Setup {
    let access = format!(
        "admin_access: {{keys: [{{name: ops, hash: \"{}\"}}, {{name: old, hash: \"{}\", expires: 2026-01-01T00:00:00Z}}]}}",
        hash("ops-key"),
        hash("old-key")
    );
    basic()
        .main(&access)
        .serve(|settings| settings.listeners.push(Listener::admin(at)))
}

fn admin(stage: &Stage, method: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
    Client::connect(*stage.addresses().last().unwrap())
        .exchange(method, path, fields, b"")
        .unwrap()
}

#[test]
fn the_admin_api_knows_its_administrators() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("audit.jsonl");
    let local = SocketAddr::from(([127, 0, 0, 1], 0));
    let stage = administered(local)
        .main(&format!("audit: {{file: \"{}\"}}", file.display()))
        .start();
    for open in ["/livez", "/readyz"] {
        admin(&stage, "GET", open, &[]).expect(200);
    }
    for field in [
        ("authorization", "Bearer ops-key"),
        ("authorization", "bearer  ops-key"),
        ("x-api-key", "ops-key"),
    ] {
        admin(&stage, "GET", "/plan", &[field]).expect(200);
        admin(&stage, "GET", "/metrics", &[field]).expect(200);
    }
    let wrong: [&[(&str, &str)]; 8] = [
        &[],
        &[("x-api-key", "")],
        &[("x-api-key", "key")],
        &[("x-api-key", "old-key")],
        &[("authorization", "ops-key")],
        &[("authorization", "Basic ops-key")],
        &[("x-api-key", "ops-key"), ("x-api-key", "ops-key")],
        &[("x-api-key", "ops-key"), ("authorization", "Bearer no")],
    ];
    for fields in wrong {
        for (method, path) in [
            ("GET", "/plan"),
            ("GET", "/metrics"),
            ("POST", "/reload"),
            ("GET", "/no/such"),
        ] {
            let refused = admin(&stage, method, path, fields).expect(401);
            assert_eq!(
                refused.header("www-authenticate"),
                "Bearer realm=\"sluice admin\"",
                "{fields:?}"
            );
        }
    }
    // An administrator's key is no consumer's, and the admin API is not on the data port.
    stage.get(TARGET, &[("x-api-key", "ops-key")]).expect(401);
    stage.get("/v2.0/plan", &[("x-api-key", "key")]).expect(404);
    let events = lines(&file, 3 + 32);
    let calls: Vec<_> = events
        .iter()
        .filter(|event| event["what"] == "admin_call")
        .collect();
    assert_eq!(
        calls
            .iter()
            .filter(|call| call["who"] == "ops" && call["status"] == 200)
            .count(),
        3,
        "{calls:?}"
    );
    assert_eq!(calls.iter().filter(|call| call["status"] == 401).count(), 32);
    assert!(
        calls
            .iter()
            .any(|call| call["who"] == "old" && call["reason"] == "expired")
    );
    assert!(!std::fs::read_to_string(&file).unwrap().contains("-key\""));
}

#[test]
fn a_reload_that_takes_the_administrators_away_closes_what_others_can_reach() {
    let Some(outer) = outer_address() else {
        println!("skipped: this machine has no address but the loopback's");
        return;
    };
    let stage = administered((outer, 0).into()).start();
    admin(&stage, "GET", "/plan", &[("x-api-key", "ops-key")]).expect(200);
    stage.publish(&basic());
    admin(&stage, "GET", "/plan", &[("x-api-key", "ops-key")]).expect(401);
    admin(&stage, "GET", "/plan", &[]).expect(401);
    admin(&stage, "GET", "/livez", &[]).expect(200);
}

/// An address of this machine that others can reach. Nothing is sent.
fn outer_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}
