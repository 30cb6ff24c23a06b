//! TLS towards clients, over real sockets: certificates by host, client certificates, reloads.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use sluice_conformance::stage::http2::Http2;
use sluice_conformance::stage::tls::{Asking, Authority, Issued};
use sluice_conformance::stage::{Client, PATIENCE, Setup, Stage};
use sluice_gateway::reload::{Reloaded, Reloader};
use sluice_gateway::serve::Listener;
use tempfile::TempDir;

const TARGET: &str = "/v2.0/customers/cus_000017";

/// Two certificates on disk, and who issued them.
struct Shop {
    files: TempDir,
    authority: Authority,
}

impl Shop {
    fn new() -> Self {
        let (files, authority) = (tempfile::tempdir().unwrap(), Authority::new("Test authority"));
        authority
            .issue(&["api.example.com", "also.example.com"])
            .write(files.path(), "api");
        authority
            .issue(&["*.wild.test", "127.0.0.1"])
            .write(files.path(), "wild");
        Self { files, authority }
    }

    fn path(&self) -> &Path {
        self.files.path()
    }

    /// Settings with both certificates, and more.
    fn tls(&self, more: &str) -> String {
        let at = self.path().display();
        let pair = |name: &str| format!("{{certificate: \"{at}/{name}.pem\", key: \"{at}/{name}.key\"}}");
        format!("{{certificates: [{}, {}]{more}}}", pair("api"), pair("wild"))
    }

    fn start(&self, more: &str) -> Stage {
        Setup::integrationhub().secured(&self.tls(more)).start()
    }

    fn asking(&self) -> Asking<'_> {
        Asking::of(&self.authority)
    }
}

fn at(stage: &Stage) -> SocketAddr {
    *stage.addresses().last().unwrap()
}

/// The certificate that the gateway shows to whoever asks for this host.
fn shown(stage: &Stage, asking: &Asking<'_>, host: &str) -> Vec<u8> {
    asking.connect(at(stage), host).unwrap().shown()
}

fn get(stage: &Stage, asking: &Asking<'_>, host: &str) -> u16 {
    let secured = asking.connect(at(stage), host).unwrap();
    let mut client = Client::secured(secured, host);
    client.exchange("GET", TARGET, &[], b"").unwrap().status
}

fn leaf(issued: &Issued) -> Vec<u8> {
    issued.der().0[0].to_vec()
}

fn on_disk(shop: &Shop, name: &str) -> Vec<u8> {
    let read = |end: &str| std::fs::read_to_string(shop.path().join(format!("{name}.{end}"))).unwrap();
    leaf(&Issued {
        certificate: read("pem"),
        key: read("key"),
    })
}

#[test]
fn the_certificate_is_chosen_by_the_host_that_is_asked_for() {
    let shop = Shop::new();
    let stage = shop.start("");
    let (api, wild) = (on_disk(&shop, "api"), on_disk(&shop, "wild"));
    let asking = shop.asking();
    assert_eq!(shown(&stage, &asking, "api.example.com"), api);
    assert_eq!(shown(&stage, &asking, "ALSO.example.com"), api);
    assert_eq!(shown(&stage, &asking, "any.wild.test"), wild);
    // Nothing but the alert: the client learns neither another name nor a certificate.
    for host in ["unknown.test", "wild.test", "a.b.wild.test"] {
        let refused = asking.connect(at(&stage), host).err().expect(host).to_string();
        assert!(refused.contains("alert"), "{host}: {refused}");
    }
    assert_eq!(get(&stage, &asking, "api.example.com"), 200);
}

#[test]
fn a_client_without_a_host_gets_the_default() {
    let shop = Shop::new();
    let at_path = shop.path().display().to_string();
    let first = shop.start("");
    let connected = shop.asking().connect(at(&first), "127.0.0.1");
    // The first certificate is not for this address, and the client says so.
    let refused = connected.err().expect("refused").to_string();
    assert!(refused.contains("not valid for name"), "{refused}");
    let tls = format!(
        "{{certificates: [{{certificate: \"{at_path}/api.pem\", key: \"{at_path}/api.key\"}}, \
         {{certificate: \"{at_path}/wild.pem\", key: \"{at_path}/wild.key\", default: true}}]}}"
    );
    let second = Setup::integrationhub().secured(&tls).start();
    assert_eq!(
        shown(&second, &shop.asking(), "127.0.0.1"),
        on_disk(&shop, "wild")
    );
    assert_eq!(get(&second, &shop.asking(), "127.0.0.1"), 200);
}

#[test]
fn http_2_is_agreed_on_by_alpn_and_http_1_without() {
    let shop = Shop::new();
    let stage = shop.start("");
    for (offers, agreed) in [
        (&["h2", "http/1.1"][..], Some(&b"h2"[..])),
        (&["http/1.1"], Some(b"http/1.1")),
        (&[], None),
    ] {
        let asking = Asking {
            offers,
            ..shop.asking()
        };
        let secured = asking.connect(at(&stage), "api.example.com").unwrap();
        assert_eq!(secured.protocol(), agreed);
    }
    let asking = Asking {
        offers: &["spdy/1"],
        ..shop.asking()
    };
    assert!(asking.connect(at(&stage), "api.example.com").is_err());
    assert_eq!(get(&stage, &shop.asking(), "api.example.com"), 200);
}

#[tokio::test]
async fn http_2_over_tls_carries_requests_for_the_hosts_of_its_certificate() {
    let shop = Shop::new();
    let stage = shop.start("");
    let asking = Asking {
        offers: &["h2"],
        ..shop.asking()
    };
    let api = Http2::secured(at(&stage), "api.example.com", &asking).await;
    let answer = api.send("GET", TARGET, &[], b"").await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(
        stage.backend().requests().last().unwrap().headers["via"],
        "2 sluice"
    );
    let also = api.for_host("also.example.com:8443");
    assert_eq!(also.send("GET", TARGET, &[], b"").await.unwrap().status, 200);
    for other in ["any.wild.test", "unknown.test", "127.0.0.1"] {
        let misdirected = api.for_host(other).send("GET", TARGET, &[], b"").await.unwrap();
        assert_eq!(misdirected.status, 421, "{other}");
        assert_eq!(misdirected.json()["code"], "misdirected");
    }
    // The connection itself is as good as before.
    assert_eq!(api.send("GET", TARGET, &[], b"").await.unwrap().status, 200);
}

#[test]
fn versions_below_the_minimum_are_refused() {
    let shop = Shop::new();
    let old = Asking {
        versions: &[&rustls::version::TLS12],
        ..shop.asking()
    };
    let usual = shop.start("");
    let secured = old.connect(at(&usual), "api.example.com").unwrap();
    assert_eq!(secured.version(), Some(rustls::ProtocolVersion::TLSv1_2));
    let strict = shop.start(", minimum: \"1.3\"");
    let refused = old.connect(at(&strict), "api.example.com").err().unwrap();
    assert!(refused.to_string().contains("ProtocolVersion"), "{refused}");
    let secured = shop.asking().connect(at(&strict), "api.example.com").unwrap();
    assert_eq!(secured.version(), Some(rustls::ProtocolVersion::TLSv1_3));
}

/// A reloader of the stage's own configuration.
fn reloader(stage: &Stage) -> Reloader {
    let upstream = stage.backend().addr.to_string();
    let variables = BTreeMap::from([("CUSTOMERS_UPSTREAM".to_owned(), upstream)]);
    Reloader::embedded(stage.setup().sources(), variables)
}

#[test]
fn new_files_are_taken_without_a_restart_and_open_connections_live_on() {
    let shop = Shop::new();
    let stage = shop.start("");
    let reloader = reloader(&stage);
    assert!(matches!(
        reloader.reload(stage.gateway(), "same"),
        Reloaded::Unchanged { .. }
    ));
    let before = on_disk(&shop, "api");
    let secured = shop.asking().connect(at(&stage), "api.example.com").unwrap();
    assert_eq!(secured.shown(), before);
    let mut open = Client::secured(secured, "api.example.com");
    assert_eq!(open.exchange("GET", TARGET, &[], b"").unwrap().status, 200);

    // The plan is as it was; only the files are new.
    let renewed = shop.authority.issue(&["api.example.com"]);
    renewed.write(shop.path(), "api");
    assert!(reloader.is_stale(stage.gateway()));
    assert!(!reloader.is_stale(stage.gateway()), "told once");
    assert!(matches!(
        reloader.reload(stage.gateway(), "files"),
        Reloaded::Published { .. }
    ));
    assert!(!reloader.is_stale(stage.gateway()));
    assert_eq!(shown(&stage, &shop.asking(), "api.example.com"), leaf(&renewed));
    assert_ne!(before, leaf(&renewed));
    assert_eq!(open.exchange("GET", TARGET, &[], b"").unwrap().status, 200);
}

#[test]
fn files_that_cannot_be_used_leave_the_running_edition() {
    let shop = Shop::new();
    let stage = shop.start("");
    let reloader = reloader(&stage);
    reloader.reload(stage.gateway(), "first");
    let api = on_disk(&shop, "api");
    let (pem, key) = (shop.path().join("api.pem"), shop.path().join("api.key"));
    let good = (std::fs::read(&pem).unwrap(), std::fs::read(&key).unwrap());
    let other = shop.authority.issue(&["api.example.com"]);
    let breakages: [(&str, &dyn Fn(), &str); 6] = [
        (
            "missing",
            &|| std::fs::remove_file(&pem).unwrap(),
            "error[SLU0034]",
        ),
        (
            "misfit",
            &|| std::fs::write(&key, &other.key).unwrap(),
            "does not belong to",
        ),
        (
            "empty",
            &|| std::fs::write(&pem, "").unwrap(),
            "holds no certificate",
        ),
        (
            "no key",
            &|| std::fs::write(&key, &other.certificate).unwrap(),
            "holds no private key",
        ),
        (
            "garbage",
            &|| std::fs::write(&pem, "-----BEGIN CERTIFICATE-----\nx\n").unwrap(),
            "not a certificate",
        ),
        (
            "huge",
            &|| std::fs::write(&pem, vec![b'x'; 2 << 20]).unwrap(),
            "larger than",
        ),
    ];
    for (name, breaks, told) in breakages {
        breaks();
        let Reloaded::Refused { rendered, .. } = reloader.reload(stage.gateway(), name) else {
            panic!("{name} was published");
        };
        assert!(
            rendered.contains(told) && rendered.contains("sluice.yaml"),
            "{name}: {rendered}"
        );
        assert!(!rendered.contains("PRIVATE KEY-"), "{name}: {rendered}");
        assert_eq!(shown(&stage, &shop.asking(), "api.example.com"), api, "{name}");
        std::fs::write(&pem, &good.0).unwrap();
        std::fs::write(&key, &good.1).unwrap();
    }
    let expired = shop.authority.issue_until(&["api.example.com"], 2020);
    expired.write(shop.path(), "api");
    let Reloaded::Published { warnings, .. } = reloader.reload(stage.gateway(), "expired") else {
        panic!("an expired certificate is only a warning");
    };
    assert!(warnings[0].message.contains("has expired"), "{warnings:?}");
}

#[test]
fn two_certificates_for_one_host_are_a_fault() {
    let shop = Shop::new();
    let stage = shop.start("");
    shop.authority
        .issue(&["also.example.com"])
        .write(shop.path(), "wild");
    let reloader = reloader(&stage);
    let Reloaded::Refused { rendered, .. } = reloader.reload(stage.gateway(), "twice") else {
        panic!("published");
    };
    assert!(
        rendered.contains("SLU0071") && rendered.contains("also.example.com"),
        "{rendered}"
    );
}

#[test]
fn client_certificates_are_verified() {
    let shop = Shop::new();
    let clients = Authority::new("Clients");
    std::fs::write(shop.path().join("clients.pem"), clients.pem()).unwrap();
    let (own, foreign) = (clients.issue(&["megacorp"]), shop.authority.issue(&["megacorp"]));
    let expired = clients.issue_until(&["megacorp"], 2020);
    let authorities = format!("authorities: \"{}/clients.pem\"", shop.path().display());

    let optional = shop.start(&format!(", clients: {{{authorities}}}"));
    let required = shop.start(&format!(", clients: {{{authorities}, required: true}}"));
    let host = "api.example.com";
    assert_eq!(get(&optional, &shop.asking(), host), 200);
    assert_eq!(get(&optional, &shop.asking().showing(&own), host), 200);
    assert_eq!(get(&required, &shop.asking().showing(&own), host), 200);
    // In TLS 1.3 the client has finished before the server refuses: the first read tells.
    let refuses = |stage: &Stage, asking: Asking<'_>| match asking.connect(at(stage), host) {
        Err(_) => true,
        Ok(mut secured) => {
            let _lost = secured.write_all(b"GET / HTTP/1.1\r\nhost: api.example.com\r\n\r\n");
            secured.read(&mut [0; 1]).is_err()
        }
    };
    assert!(refuses(&required, shop.asking()));
    for stage in [&optional, &required] {
        assert!(refuses(stage, shop.asking().showing(&foreign)));
        assert!(refuses(stage, shop.asking().showing(&expired)));
    }
    let old = Asking {
        versions: &[&rustls::version::TLS12],
        ..shop.asking()
    };
    assert!(refuses(&required, old));
}

#[test]
fn what_is_no_handshake_ends() {
    let shop = Shop::new();
    let stage = shop.start(", handshake: 1s");
    let mut garbage = TcpStream::connect(at(&stage)).unwrap();
    garbage.set_read_timeout(Some(PATIENCE)).unwrap();
    garbage
        .write_all(b"GET / HTTP/1.1\r\nhost: api.example.com\r\n\r\n")
        .unwrap();
    // At most an alert; never an answer.
    let mut said = Vec::new();
    let _reset = garbage.read_to_end(&mut said);
    assert!(said.len() < 16 && !said.starts_with(b"HTTP"), "{said:?}");

    let mut silent = TcpStream::connect(at(&stage)).unwrap();
    silent.set_read_timeout(Some(PATIENCE)).unwrap();
    // A whole record header and nothing more.
    silent.write_all(&[22, 3, 1, 2, 0]).unwrap();
    assert_eq!(silent.read(&mut [0; 1]).unwrap_or(0), 0, "the deadline ends it");
    assert_eq!(get(&stage, &shop.asking(), "api.example.com"), 200);
}

#[test]
fn half_open_connections_are_bounded() {
    let shop = Shop::new();
    let setup = Setup::integrationhub().secured(&shop.tls(", handshake: 60s"));
    let admin = Listener::admin(([127, 0, 0, 1], 0).into()).secured(true);
    let stage = setup
        .serve(|settings| {
            settings.handshakes = 4;
            settings.listeners.insert(1, admin);
        })
        .start();
    let open = || {
        let mut stream = TcpStream::connect(at(&stage)).unwrap();
        stream.write_all(&[22, 3, 1, 2, 0]).unwrap();
        stream
    };
    let held: Vec<TcpStream> = (0..4).map(|_| open()).collect();
    // Plain listeners are not concerned, and the admin listener has places of its own.
    assert_eq!(stage.get(TARGET, &[]).status, 200);
    let admin = shop.asking().connect(stage.addresses()[1], "api.example.com");
    let mut admin = Client::secured(admin.unwrap(), "api.example.com");
    assert_eq!(admin.exchange("GET", "/livez", &[], b"").unwrap().status, 200);
    let mut more = open();
    more.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(more.read(&mut [0; 1]).unwrap_or(0), 0, "closed at once");
    drop(held);
    // Their places are free again.
    let begun = std::time::Instant::now();
    while shop.asking().connect(at(&stage), "api.example.com").is_err() {
        assert!(begun.elapsed() < PATIENCE);
    }
}

#[test]
fn a_plain_client_on_a_plain_listener_is_not_judged_by_certificates() {
    let shop = Shop::new();
    let stage = shop.start("");
    assert_eq!(stage.get(TARGET, &[("host", "unknown.test")]).status, 200);
}

#[test]
fn upstreams_are_told_of_tls() {
    let shop = Shop::new();
    let stage = shop.start("");
    assert_eq!(get(&stage, &shop.asking(), "api.example.com"), 200);
    let seen = stage.backend().requests();
    assert_eq!(seen.last().unwrap().headers["x-forwarded-proto"], "https");
    stage.get(TARGET, &[]).expect(200);
    let seen = stage.backend().requests();
    assert_eq!(seen.last().unwrap().headers["x-forwarded-proto"], "http");
}

#[test]
fn the_framing_check_stands_within_tls_whatever_was_agreed_on() {
    let shop = Shop::new();
    let stage = shop.start("");
    let before = stage.backend().requests().len();
    for offers in [&["h2"][..], &["http/1.1"], &[]] {
        let asking = Asking {
            offers,
            ..shop.asking()
        };
        let secured = asking.connect(at(&stage), "api.example.com").unwrap();
        let mut client = Client::secured(secured, "api.example.com");
        // HTTP/1 although HTTP/2 was agreed on: read as what it is, and as strictly.
        client.write(format!(
            "POST {TARGET} HTTP/1.1\r\nhost: api.example.com\r\ncontent-length: 6\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nG"
        ));
        assert_eq!(client.answer("POST").unwrap().status, 400, "{offers:?}");
        assert!(client.has_ended());
    }
    assert_eq!(stage.backend().requests().len(), before);
}

#[test]
fn other_terms_hold_for_new_connections_and_no_open_one() {
    let shop = Shop::new();
    let stage = shop.start("");
    let old = Asking {
        versions: &[&rustls::version::TLS12],
        ..shop.asking()
    };
    let secured = old.connect(at(&stage), "api.example.com").unwrap();
    let mut open = Client::secured(secured, "api.example.com");
    assert_eq!(open.exchange("GET", TARGET, &[], b"").unwrap().status, 200);
    stage.publish(&Setup::integrationhub().secured(&shop.tls(", minimum: \"1.3\"")));
    assert!(old.connect(at(&stage), "api.example.com").is_err());
    assert_eq!(get(&stage, &shop.asking(), "api.example.com"), 200);
    assert_eq!(open.exchange("GET", TARGET, &[], b"").unwrap().status, 200);
}

#[test]
fn a_connection_with_a_client_certificate_is_never_resumed() {
    let shop = Shop::new();
    let clients = Authority::new("Clients");
    std::fs::write(shop.path().join("clients.pem"), clients.pem()).unwrap();
    let own = clients.issue(&["megacorp"]);
    let more = format!(
        ", clients: {{authorities: \"{}/clients.pem\"}}",
        shop.path().display()
    );
    for (more, resumed) in [("", true), (more.as_str(), false)] {
        let stage = shop.start(more);
        for versions in [[&rustls::version::TLS12], [&rustls::version::TLS13]] {
            let asking = Asking {
                versions: &versions,
                ..shop.asking().showing(&own)
            };
            let config = asking.config();
            let mut kinds = Vec::new();
            for _ in 0..3 {
                let secured = asking
                    .connect_with(&config, at(&stage), "api.example.com")
                    .unwrap();
                let mut client = Client::secured(secured, "api.example.com");
                // A ticket comes with the first answer.
                assert_eq!(client.exchange("GET", TARGET, &[], b"").unwrap().status, 200);
                kinds.push(client.was_resumed());
            }
            assert_eq!(kinds.contains(&true), resumed, "{kinds:?}");
        }
    }
}
