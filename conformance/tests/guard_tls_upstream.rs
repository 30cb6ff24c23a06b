//! TLS towards upstreams, over real sockets: always verified, never left out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use sluice_conformance::oracle::{self, Endpoint};
use sluice_conformance::stage::scripted::upstream;
use sluice_conformance::stage::tls::{Authority, Issued, secured_upstream, showing};
use sluice_conformance::stage::{Answer, Setup, Stage};
use tempfile::TempDir;

/// The upstream's own version: its answers pass as they are.
const VERSION: &str = "3.3";
const ANY: &[&rustls::SupportedProtocolVersion] = rustls::ALL_VERSIONS;

/// Who is trusted, on disk.
struct Trust {
    files: TempDir,
    authority: Authority,
}

impl Trust {
    fn new() -> Self {
        let (files, authority) = (tempfile::tempdir().unwrap(), Authority::new("Backends"));
        std::fs::write(files.path().join("backends.pem"), authority.pem()).unwrap();
        Self { files, authority }
    }

    fn path(&self) -> &Path {
        self.files.path()
    }

    /// Settings that trust this authority, and more.
    fn tls(&self, more: &str) -> String {
        format!(
            "tls: {{authorities: \"{}/backends.pem\"{more}}}",
            self.path().display()
        )
    }

    fn start(&self, address: SocketAddr, more: &str) -> Stage {
        setup(address, &self.tls(more)).start()
    }

    /// An upstream that shows this certificate.
    fn serving(&self, issued: &Issued) -> SocketAddr {
        secured_upstream(showing(issued, None, ANY))
    }
}

fn setup(address: SocketAddr, tls: &str) -> Setup {
    let setup = Setup::integrationhub().upstream_setting(tls).upstream(address);
    setup.serve(|settings| settings.workers = 1)
}

fn get(stage: &Stage) -> Answer {
    stage.get(
        &oracle::path(VERSION, Endpoint::Read, "cus_000017")
            .unwrap()
            .target,
        &[],
    )
}

fn told(stage: &Stage) -> Value {
    get(stage).expect(200).json()
}

#[track_caller]
fn untrusted(stage: &Stage) {
    for _ in 0..2 {
        let answer = get(stage);
        assert_eq!(answer.status, 502, "{}", answer.text());
        assert_eq!(answer.json()["error"]["code"], "upstream_untrusted");
        // Neither the address nor the reason is for the client.
        assert!(!answer.text().contains("127.0.0.1") && !answer.text().contains("certificate"));
    }
}

#[test]
fn the_certificate_has_to_be_for_the_endpoint_or_the_name_that_is_said() {
    let trust = Trust::new();
    let named = trust.serving(&trust.authority.issue(&["backend.test"]));
    let stage = trust.start(named, ", server_name: backend.test");
    let seen = told(&stage);
    assert_eq!(seen["server_name"], "backend.test");
    assert_eq!(seen["host"], format!("backend.test:{}", named.port()));
    assert_eq!(seen["protocol"], Value::Null, "no ALPN of the server");
    untrusted(&trust.start(named, ""));
    untrusted(&trust.start(named, ", server_name: other.test"));

    let by_address = trust.serving(&trust.authority.issue(&["127.0.0.1"]));
    let seen = told(&trust.start(by_address, ""));
    assert_eq!(seen["server_name"], Value::Null);
    assert_eq!(seen["host"], by_address.to_string());
}

#[test]
fn http_1_is_agreed_on_by_alpn() {
    let trust = Trust::new();
    let mut config = (*showing(&trust.authority.issue(&["backend.test"]), None, ANY)).clone();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stage = trust.start(secured_upstream(Arc::new(config)), ", server_name: backend.test");
    assert_eq!(told(&stage)["protocol"], "http/1.1");
}

#[test]
fn foreign_and_expired_certificates_are_not_trusted() {
    let trust = Trust::new();
    let name = ", server_name: backend.test";
    let foreign = Authority::new("Foreign").issue(&["backend.test"]);
    untrusted(&trust.start(trust.serving(&foreign), name));
    let expired = trust.authority.issue_until(&["backend.test"], 2020);
    untrusted(&trust.start(trust.serving(&expired), name));
    // The system's authorities do not know ours.
    let own = trust.serving(&trust.authority.issue(&["backend.test"]));
    untrusted(&setup(own, "tls: {server_name: backend.test}").start());
    // A day on which it was valid: the gateway's clock decides.
    let then = sluice_gateway::clock::Clock::Fixed("2019-06-01T00:00:00Z".parse().unwrap());
    let stage = setup(trust.serving(&expired), &trust.tls(name))
        .clock(then)
        .start();
    assert_eq!(told(&stage)["server_name"], "backend.test");
}

#[test]
fn the_gateway_shows_its_own_certificate_and_takes_a_new_one() {
    let trust = Trust::new();
    let gateways = Authority::new("Gateways");
    let shown = trust.authority.issue(&["backend.test"]);
    let pair = format!(
        ", server_name: backend.test, certificate: \"{0}/own.pem\", key: \"{0}/own.key\"",
        trust.path().display()
    );
    for versions in [ANY, &[&rustls::version::TLS12]] {
        let address = secured_upstream(showing(&shown, Some(&gateways), versions));
        gateways.issue(&["gateway"]).write(trust.path(), "own");
        let stage = trust.start(address, &pair);
        assert_eq!(told(&stage)["shown"], 1);
        untrusted(&trust.start(address, ", server_name: backend.test"));
        // One that the upstream does not trust; the plan is the same, only the files are new.
        trust.authority.issue(&["gateway"]).write(trust.path(), "own");
        stage.publish(stage.setup());
        untrusted(&stage);
        gateways.issue(&["gateway"]).write(trust.path(), "own");
        stage.publish(stage.setup());
        assert_eq!(told(&stage)["shown"], 1);
    }
}

#[test]
fn versions_below_the_minimum_are_not_spoken() {
    let trust = Trust::new();
    let shown = trust.authority.issue(&["backend.test"]);
    let old = secured_upstream(showing(&shown, None, &[&rustls::version::TLS12]));
    told(&trust.start(old, ", server_name: backend.test"));
    untrusted(&trust.start(old, ", server_name: backend.test, minimum: \"1.3\""));
}

#[test]
fn an_upstream_without_tls_gets_no_request() {
    let trust = Trust::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let plain = upstream(move |mut stream, _| {
        let mut bytes = [0; 512];
        let count = stream.read(&mut bytes).unwrap_or(0);
        kept.lock().unwrap().push(bytes[..count].to_vec());
        let _sent = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    });
    untrusted(&trust.start(plain, ", server_name: backend.test"));
    let seen = seen.lock().unwrap();
    assert!(!seen.is_empty());
    // A handshake record each time, and no word of HTTP.
    for bytes in &*seen {
        assert_eq!(bytes[0], 22);
        assert!(!bytes.windows(5).any(|w| w == b"GET /"));
    }
}

#[test]
fn connections_with_tls_are_kept_and_used_again() {
    let trust = Trust::new();
    let config = showing(&trust.authority.issue(&["backend.test"]), None, ANY);
    let handshakes = Arc::new(Mutex::new(0));
    let count = Arc::clone(&handshakes);
    let inner = secured_upstream(config);
    // A relay that counts connections.
    let relay = upstream(move |client, _| {
        *count.lock().unwrap() += 1;
        let server = std::net::TcpStream::connect(inner).unwrap();
        let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        std::thread::spawn(move || std::io::copy(&mut from, &mut to));
        let (mut from, mut to) = (server, client);
        let _ended = std::io::copy(&mut from, &mut to);
    });
    let stage = trust.start(relay, ", server_name: backend.test");
    for _ in 0..10 {
        told(&stage);
    }
    assert_eq!(*handshakes.lock().unwrap(), 1);
    // A reload that changes nothing about it leaves its connections.
    stage.publish(stage.setup());
    told(&stage);
    assert_eq!(*handshakes.lock().unwrap(), 1);
}
